"""What holds of units, members and posts, told over plain values."""

import re
from collections.abc import Mapping
from datetime import date

from handbook import text

LABEL_WIDTH = 4
PHONE_DIGITS = range(8, 16)
_SIGNS = "0123456789abcdefghijklmnopqrstuvwxyz"
_NUMBER_LIKE = re.compile(r"\+?[0-9 .()-]*[0-9][0-9 .()-]*")
_OFFICE_PARENTS = frozenset({"centre", "province", "commune", "grassroots", "office"})

# Which kinds may stand directly below which. Source: the plan's domain.md: three levels since
# 1/7/2025, below a commune grassroots organisations and cells, levels between may be left out, so
# the depth is not fixed; only tổ đảng (groups) stand below a cell.
_BELOW: Mapping[str, frozenset[str]] = {
    "centre": frozenset({"province", "grassroots", "section", "cell"}),
    "province": frozenset({"commune", "grassroots", "section", "cell"}),
    "commune": frozenset({"grassroots", "section", "cell"}),
    "grassroots": frozenset({"section", "cell"}),
    "section": frozenset({"cell"}),
    "cell": frozenset({"group"}),
    "group": frozenset(),
    "office": frozenset(),
}
# Members sit in cells; a group is a part of its cell.
HOMES = frozenset({"cell", "group"})


def path_label(number: int) -> str:
    """Return the label of a unit's number in paths: base 36, four signs, in order of the number.

    ValueError if the number is negative or needs a fifth sign (1,679,616 and above).
    """
    label = ""
    rest = number
    for _ in range(LABEL_WIDTH):
        rest, digit = divmod(rest, len(_SIGNS))
        label = _SIGNS[digit] + label
    if rest:
        message = f"the unit number {number} does not fit into a path label"
        raise ValueError(message)
    return label


def ancestors(path: str) -> list[str]:
    """Return the paths from the root down to ``path`` itself."""
    return [path[:width] for width in range(LABEL_WIDTH, len(path) + 1, LABEL_WIDTH)]


def may_stand_below(kind: str, parent_kind: str) -> bool:
    """Return whether a unit of ``kind`` may stand directly below one of ``parent_kind``."""
    if kind == "office":
        return parent_kind in _OFFICE_PARENTS
    return kind in _BELOW[parent_kind]


def is_dissolved(dissolved_on: date | None, today: date) -> bool:
    """Return whether a unit is dissolved on ``today``: from the day of the decision on."""
    return dissolved_on is not None and dissolved_on <= today


def spelled(written: str) -> str:
    """Return the one spelling of a phone number, card number or handle, for blind indexes.

    What consists of digits and separators becomes its digits alone, with ``+84`` as ``0``; anything
    else becomes its key (case, width and Unicode form do not count).
    """
    key = text.key(written)
    if not _NUMBER_LIKE.fullmatch(key):
        return key
    digits = "".join(sign for sign in key if sign.isdigit())
    return f"0{digits[2:]}" if key.startswith("+84") else digits


def is_phone(number: str) -> bool:
    """Return whether a spelled number can be a phone's."""
    return number.isdigit() and number.isascii() and len(number) in PHONE_DIGITS


def masked(number: str | None) -> str | None:
    """Return a number as answers show it: the last three signs (of six or more), dots before."""
    if number is None:
        return None
    shown = number[-3:] if len(number) >= 2 * 3 else ""
    return "•" * (len(number) - len(shown)) + shown


def person_faults(
    *,
    standing: str,
    birth_date: date | None,
    admitted_on: date | None,
    official_on: date | None,
    has_card: bool,
    today: date,
) -> dict[str, list[str]]:
    """Return the faults of a member's record by field: dates out of order, or beyond ``today``.

    A probationary member has no card and no day of recognition (domain.md, Members).
    """
    faults: dict[str, list[str]] = {}
    days = {"birth_date": birth_date, "admitted_on": admitted_on, "official_on": official_on}
    latest: date | None = None
    for name, day in days.items():
        if day is None:
            continue
        if day > today or (latest is not None and day < latest):
            faults[name] = ["range"]
        latest = day
    if standing == "probationary":
        if official_on is not None:
            faults["official_on"] = ["probationary"]
        if has_card:
            faults["card_number"] = ["probationary"]
    return faults


def change_day_fits(day: date, *, began: date | None, today: date) -> bool:
    """Return whether a unit's present version, begun on a day, may be followed from ``day`` on.

    The present cannot change from a day to come, nor from before its own beginning.
    """
    return day <= today and (began is None or day >= began)


def end_fits(until: date, began: date) -> bool:
    """Return whether a post begun on a day may end with ``until`` as its first day without it."""
    return until > began
