"""How far a member has come in a campaign, derived from the facts; nothing is kept by hand.

Source of the rule: the plan's architecture ("Phones: sync and reading" and "Derived, not patched").
``queries.DERIVED`` says the same for thousands at once; a property test holds the two equal.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

# A fact of before the deadline counts as on time if it reached the server within this time after.
GRACE = timedelta(days=7)
REMIND_DAYS = (3, 1)

DRAFT, ISSUING, ISSUED, CLOSED = "draft", "issuing", "issued", "closed"
PENDING, STARTED, COMPLETED, COMPLETED_LATE = "pending", "started", "completed", "completed_late"
STATES = (PENDING, STARTED, COMPLETED, COMPLETED_LATE)
FORMS = ("paper", "read_aloud", "conference")

_ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
_TICK = timedelta(microseconds=1)


@dataclass(frozen=True)
class Requirements:
    """What a campaign demands of each of its documents, at least one of the two."""

    documents: Sequence[uuid.UUID]
    read: bool
    acknowledgement: bool


@dataclass(frozen=True)
class Fact:
    """Something done: by the corrected clock of the phone, and when the server learned of it."""

    at: datetime
    received_at: datetime


@dataclass(frozen=True)
class DocumentFacts:
    """What a member did with a document, in any of its versions."""

    reads: Sequence[Fact] = ()
    acknowledgements: Sequence[Fact] = ()


@dataclass(frozen=True)
class Entry:
    """The secretary's entry: the Vietnamese day of study, and when it was recorded."""

    studied_on: date
    recorded_at: datetime


@dataclass(frozen=True)
class State:
    """How far a member has come; ``completed_at`` is set in the two completed states only."""

    state: str
    documents_done: int
    completed_at: datetime | None


@dataclass(frozen=True)
class _Way:
    """A way to have completed: at which instant, and whether on time."""

    at: datetime
    on_time: bool


def completion(
    requirements: Requirements,
    facts: Mapping[uuid.UUID, DocumentFacts],
    entry: Entry | None,
    deadline: datetime,
) -> State:
    """Return how far a member has come.

    A document is done when it was read and acknowledged as demanded. A fact is on time if it is not
    after ``deadline`` and was received within ``GRACE`` after it. An entry fulfils everything. Of
    two ways to have completed, the one on time counts, then the earlier one.
    """
    wanted = [facts.get(document, DocumentFacts()) for document in requirements.documents]
    done = [way for found in wanted if (way := _document(requirements, found, deadline))]
    ways = []
    if wanted and len(done) == len(wanted):
        ways.append(_Way(max(way.at for way in done), all(way.on_time for way in done)))
    if entry is not None:
        ways.append(_entry(entry, deadline))
    number = len(wanted) if entry is not None else len(done)
    if ways:
        best = min(ways, key=lambda way: (not way.on_time, way.at))
        return State(COMPLETED if best.on_time else COMPLETED_LATE, number, best.at)
    begun = any(found.reads or found.acknowledgements for found in wanted)
    return State(STARTED if begun else PENDING, number, None)


def is_done(requirements: Requirements, found: DocumentFacts) -> bool:
    """Return whether one document fulfils what is demanded, on time or late."""
    return bool(
        (found.reads or not requirements.read)
        and (found.acknowledgements or not requirements.acknowledgement)
    )


def _document(requirements: Requirements, found: DocumentFacts, deadline: datetime) -> _Way | None:
    if not is_done(requirements, found):
        return None
    chosen = []
    if requirements.read:
        chosen.append(_best(found.reads, deadline))
    if requirements.acknowledgement:
        chosen.append(_best(found.acknowledgements, deadline))
    return _Way(max(way.at for way in chosen), all(way.on_time for way in chosen))


def _best(facts: Sequence[Fact], deadline: datetime) -> _Way:
    ways = [
        _Way(fact.at, fact.at <= deadline and fact.received_at <= deadline + GRACE)
        for fact in facts
    ]
    return min(ways, key=lambda way: (not way.on_time, way.at))


def _entry(entry: Entry, deadline: datetime) -> _Way:
    """Return the way of an entry: at the end of the day of study, never after the recording."""
    next_day = entry.studied_on + timedelta(days=1)
    end = datetime.combine(next_day, time.min, tzinfo=_ZONE) - _TICK
    on_time = (
        entry.studied_on <= deadline.astimezone(_ZONE).date()
        and entry.recorded_at <= deadline + GRACE
    )
    return _Way(min(end, entry.recorded_at), on_time)


def reminds_on(deadline: datetime, today: date) -> bool:
    """Return whether a campaign reminds its late members on a Vietnamese day."""
    return (deadline.astimezone(_ZONE).date() - today).days in REMIND_DAYS


def spoken(instant: datetime) -> str:
    """Return an instant as people read it: ``17:00 30/11/2026`` on the Vietnamese clock."""
    return instant.astimezone(_ZONE).strftime("%H:%M %d/%m/%Y")
