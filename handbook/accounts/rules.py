"""What holds of passwords, refresh tokens and devices, told over plain values."""

import enum
import unicodedata
from datetime import datetime, timedelta

# Shortest password beside an enrolled device, which is the second factor (quality.md, passwords).
SHORTEST_PASSWORD = 8
# How long a lost answer may be asked for again: the same device gets the same successor.
REPEAT_WINDOW = timedelta(seconds=60)


class Verdict(enum.Enum):
    """What a presented refresh token means for its session."""

    ROTATE = "rotate"
    REPEAT = "repeat"
    REPLAY = "replay"


def judge(presented: int, *, current: int, rotated_at: datetime, now: datetime) -> Verdict:
    """Return what to do with refresh token number ``presented`` of a session.

    The current number rotates. The one before it is repeated, with the successor already given,
    within 60 seconds of the rotation: its answer was lost, or two requests ran at once. Anything
    else was copied, and the session must end.
    """
    if presented == current:
        return Verdict.ROTATE
    if presented == current - 1 and now - rotated_at <= REPEAT_WINDOW:
        return Verdict.REPEAT
    return Verdict.REPLAY


def spelled_password(password: str) -> str:
    """Return the one form of a password (NFKC), however the keyboard composed it."""
    return unicodedata.normalize("NFKC", password)


def password_faults(new: str, old: str) -> list[str]:
    """Return the codes of what is wrong with a new password; there are no rules of composition."""
    spelled = spelled_password(new)
    if len(spelled) < SHORTEST_PASSWORD:
        return ["too_short"]
    return ["same"] if spelled == spelled_password(old) else []
