"""Rules of meetings: states, the reply window, what guidance asks of a call, when to remind."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

DRAFT = "draft"
CALLED = "called"
CANCELLED = "cancelled"
COMING = "coming"
ABSENT = "absent"
ANSWERS = (COMING, ABSENT)

# What may still be changed once the members have been called.
OPEN_AFTER_CALL = frozenset(
    {"starts_at", "minutes_planned", "place", "note", "agenda", "material_ids"}
)


@dataclass(frozen=True)
class Guidance:
    """What guidance asks of the preparation of a meeting, from a day on.

    ``papers_before``: how long before the start papers must be on the handbook. ``least_minutes``:
    the shortest length by kind of meeting. ``combined_minutes``: the same for a regular meeting
    held together with a thematic one.
    """

    source: str
    since: date
    papers_before: timedelta
    least_minutes: Mapping[str, int]
    combined_minutes: int


GUIDANCE: tuple[Guidance, ...] = (
    Guidance(
        source="Hướng dẫn 42-HD/BTCTW, 28/10/2025",
        since=date(2025, 10, 28),
        papers_before=timedelta(days=1),
        least_minutes={"regular": 90, "thematic": 90},
        combined_minutes=120,
    ),
)


@dataclass(frozen=True)
class Call:
    """What a warning looks at when members are called to a meeting."""

    kind: str
    day: date
    notice: timedelta
    minutes: int
    agenda_items: int
    has_chair: bool
    combined: bool = False


def guidance_on(day: date, known: Sequence[Guidance] = GUIDANCE) -> Guidance | None:
    """Return the newest guidance in force on a day, None before the first."""
    in_force = [one for one in known if one.since <= day]
    return max(in_force, key=lambda one: one.since, default=None)


def warnings(call: Call, known: Sequence[Guidance] = GUIDANCE) -> list[str]:
    """Return the codes of what is amiss with a call; they advise and never block.

    ``papers_late``, ``no_agenda``, ``no_chair``, ``too_short``, in this order.
    """
    asked = guidance_on(call.day, known)
    late = asked is not None and call.notice < asked.papers_before
    short = asked is not None and call.minutes < _least_minutes(call, asked)
    amiss = {
        "papers_late": late,
        "no_agenda": call.agenda_items == 0,
        "no_chair": not call.has_chair,
        "too_short": short,
    }
    return [code for code, found in amiss.items() if found]


def _least_minutes(call: Call, asked: Guidance) -> int:
    return asked.combined_minutes if call.combined else asked.least_minutes.get(call.kind, 0)


def default_reach(unit_kind: str) -> str:
    """Return how far the invitation reaches when no audience is named.

    A cell's with the groups below it; any other unit's own members and post holders alone.
    """
    return "below" if unit_kind == "cell" else "alone"


def refuse_change(
    state: str, fields: Iterable[str], *, starts_at: datetime, now: datetime
) -> str | None:
    """Return why ``fields`` of a meeting may not be changed now, None when they may.

    A draft is free. A called meeting may change until it starts, and only in ``OPEN_AFTER_CALL``.
    """
    if state == DRAFT:
        return None
    if state == CANCELLED:
        return "meeting_is_cancelled"
    if now >= starts_at:
        return "meeting_started"
    return None if OPEN_AFTER_CALL.issuperset(fields) else "meeting_fixed"


def refuse_call(state: str, *, starts_at: datetime, now: datetime) -> str | None:
    """Return why members may not be called now, None when they may: a draft, before its start."""
    if state != DRAFT:
        return "meeting_not_draft"
    return "meeting_started" if now >= starts_at else None


def refuse_cancel(state: str, *, ends_at: datetime, now: datetime) -> str | None:
    """Return why a meeting may not be cancelled now: it must be called and its time not over."""
    if state == DRAFT:
        return "meeting_not_called"
    if state == CANCELLED:
        return "meeting_is_cancelled"
    return "meeting_over" if now >= ends_at else None


def refuse_reply(state: str, *, starts_at: datetime, now: datetime) -> str | None:
    """Return why replies are closed, None while they are open: from the call to the start."""
    if state != CALLED:
        return "meeting_is_cancelled" if state == CANCELLED else "meeting_not_called"
    return "reply_closed" if now >= starts_at else None


_NIGHT = timedelta(hours=12)
# Stage of a reminder → how long before the start it goes out; the nearest stage counts.
STAGES: Mapping[str, timedelta] = {"hours": timedelta(hours=2), "day": timedelta(days=1)}


def stage(*, starts_at: datetime, called_at: datetime, now: datetime) -> str | None:
    """Return the stage of the reminder that is due now, None when none is.

    A call that itself came within the time of a stage stands for that stage's reminder.
    """
    left = starts_at - now
    if left <= timedelta(0):
        return None
    for name, before in STAGES.items():
        if left <= before:
            return name if called_at <= starts_at - before else None
    return None


def is_urgent(*, starts_at: datetime, now: datetime) -> bool:
    """Return whether news of a meeting cannot wait for the morning: it starts within 12 hours."""
    return starts_at - now <= _NIGHT


def told_for(*, starts_at: datetime, now: datetime) -> timedelta:
    """Return how long news of a meeting is worth pushing: until its start, at least an hour."""
    return max(starts_at - now, timedelta(hours=1))
