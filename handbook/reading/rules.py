"""What of the reported reading counts: pure functions, so that order and repeats do not matter."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

# Nobody reads Vietnamese faster than this many words (syllables) a minute; a document of any
# length counts as read after at most MOST_MINIMUM seconds. House rules, not from a regulation.
FASTEST_WPM = 900
MOST_MINIMUM = 1800
OLDEST = timedelta(days=400)
AHEAD = timedelta(days=1)
LONGEST = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Told:
    """A stretch of reading as the phone told it, by the phone's clock."""

    id: uuid.UUID
    version_id: uuid.UUID
    parts: tuple[int, ...]
    started_at: datetime
    ended_at: datetime
    active_seconds: int
    offline: bool


@dataclass(frozen=True, slots=True)
class Readable:
    """What a version is to a member: whether it ever was theirs, and the words of its parts."""

    document_id: uuid.UUID
    theirs: bool
    part_words: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of reading by the server's clock, in whole seconds."""

    id: uuid.UUID
    version_id: uuid.UUID
    started_at: datetime
    ended_at: datetime
    active_seconds: int
    parts: tuple[int, ...] = ()
    flags: tuple[str, ...] = ()
    offline: bool = False

    @property
    def length(self) -> int:
        """Return the seconds from start to end."""
        return (self.ended_at - self.started_at) // _SECOND


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a stretch does not count: ``refused`` for good, or ``quarantined`` and kept."""

    outcome: str
    reason: str


@dataclass(frozen=True, slots=True)
class Counted:
    """A stretch of one version with the seconds it counts for, and when it was received."""

    id: uuid.UUID
    ended_at: datetime
    parts: tuple[int, ...]
    credited_seconds: int
    received_at: datetime


_SECOND = timedelta(seconds=1)


def corrected(instant: datetime, offset: timedelta, now: datetime) -> datetime | None:
    """Return an instant of the phone by the server's clock, never after ``now``, in whole seconds.

    None if it lies outside the calendar.
    """
    try:
        found = instant.astimezone(UTC) + offset
    except OverflowError:
        return None
    return min(found, now).replace(microsecond=0)


def judge_id(made_at: datetime, offset: timedelta, now: datetime) -> Fault | None:
    """Return why an event whose id was made at ``made_at`` by the phone's clock is refused.

    The id's time decides where the event is kept, so ids far from now are not taken.
    """
    try:
        made = made_at + offset
    except OverflowError:
        return Fault("refused", "id_time")
    return None if now - OLDEST <= made <= now + AHEAD else Fault("refused", "id_time")


def judge(
    told: Told, readable: Readable | None, offset: timedelta, now: datetime
) -> Stretch | Fault:
    """Return the stretch that counts, or why it is quarantined.

    What only looks wrong is taken with a flag: ``future`` (the end was after now, and is now),
    ``longer_than_interval`` (more active seconds than passed), ``too_fast`` (the parts cannot be
    read in the active seconds).
    """
    fault = _fault(told, readable)
    if fault is not None or readable is None:
        return Fault("quarantined", fault or "unknown_version")
    started = corrected(told.started_at, offset, now)
    ended = corrected(told.ended_at, offset, now)
    if started is None or ended is None or started < now - OLDEST:
        return Fault("quarantined", "time_out_of_range")
    flags = []
    if told.ended_at.astimezone(UTC) + offset > now:
        flags.append("future")
    if told.active_seconds > (told.ended_at - told.started_at).total_seconds() + 1:
        flags.append("longer_than_interval")
    words = sum(readable.part_words[number - 1] for number in set(told.parts))
    if words * 60 > FASTEST_WPM * max(told.active_seconds, 1):
        flags.append("too_fast")
    return Stretch(
        id=told.id,
        version_id=told.version_id,
        started_at=started,
        ended_at=ended,
        active_seconds=told.active_seconds,
        parts=tuple(sorted(set(told.parts))),
        flags=tuple(flags),
        offline=told.offline,
    )


def _fault(told: Told, readable: Readable | None) -> str | None:
    """Return why a stretch cannot be counted whatever the clocks say."""
    if readable is None:
        return "unknown_version"
    if not readable.theirs:
        return "not_yours"
    if max(told.parts) > len(readable.part_words):
        return "unknown_part"
    if told.ended_at < told.started_at:
        return "ends_before_start"
    if told.ended_at - told.started_at > LONGEST:
        return "too_long"
    return None


def credit(stretches: Iterable[Stretch]) -> dict[uuid.UUID, int]:
    """Return stretch id → the seconds it counts for, over all documents and devices of a member.

    Taken in order of (start, id), each stretch fills the earliest seconds of its interval that no
    earlier one has filled, up to its active seconds. So no second counts twice, repeats count once,
    the order of telling does not matter, and more stretches never make the sum smaller. What is
    filled after any start is one block, so one edge is all that has to be remembered.
    """
    found: dict[uuid.UUID, int] = {}
    edge: datetime | None = None
    for one in sorted(stretches, key=lambda stretch: (stretch.started_at, stretch.id)):
        if one.id in found:
            continue
        begin = one.started_at if edge is None else max(edge, one.started_at)
        seconds = max(0, min((one.ended_at - begin) // _SECOND, one.active_seconds))
        found[one.id] = seconds
        if seconds:
            edge = begin + timedelta(seconds=seconds)
    return found


def islands(stretches: Iterable[Stretch]) -> list[list[Stretch]]:
    """Return the stretches in groups that overlap or touch: nothing counts across groups."""
    groups: list[list[Stretch]] = []
    end: datetime | None = None
    for one in sorted(stretches, key=lambda stretch: (stretch.started_at, stretch.id)):
        if end is None or one.started_at > end:
            groups.append([])
            end = one.ended_at
        groups[-1].append(one)
        end = max(end, one.ended_at)
    return groups


def is_curtailed(stretch: Stretch, credited: int) -> bool:
    """Return whether a stretch counts for less than it would alone: it overlaps another."""
    return credited < min(stretch.length, stretch.active_seconds)


def minimum_seconds(words: int) -> int:
    """Return the credited seconds from which a version of ``words`` words may count as read."""
    return min(-(-words * 60 // FASTEST_WPM), MOST_MINIMUM)


def is_complete(parts_seen: int, credited: int, *, parts_total: int, words: int) -> bool:
    """Return whether a version counts as read: every part seen, and time enough to have read it."""
    return 0 < parts_total <= parts_seen and credited >= minimum_seconds(words)


def completed(
    counted: Sequence[Counted], *, parts_total: int, words: int
) -> tuple[datetime, datetime] | None:
    """Return (when the version became complete by the corrected clock, when that was received).

    Stretches are taken in the order of their ends; the first with which the version is complete
    decides. It was received when the last of those up to it was. None if it is not complete.
    """
    seen: set[int] = set()
    seconds = 0
    received: datetime | None = None
    for one in sorted(counted, key=lambda one: (one.ended_at, one.id)):
        seen |= set(one.parts)
        seconds += one.credited_seconds
        received = one.received_at if received is None else max(received, one.received_at)
        if is_complete(len(seen), seconds, parts_total=parts_total, words=words):
            return one.ended_at, received
    return None
