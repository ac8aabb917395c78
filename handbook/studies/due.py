"""What falls due in studies: freezing target lists, settling stale marks, reminding the late.

Writers of facts only mark targets as stale. Here targets are derived anew from the facts, cells are
counted anew from the targets, and a mark is deleted only if no writer has raised it meanwhile.
"""

import uuid
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from sqlalchemy import exists, func, update
from sqlalchemy.orm import Session

from handbook import clock
from handbook.audiences import service as audiences
from handbook.changes import service as changes
from handbook.notifications import service as notifications
from handbook.studies import derived, queries, rules
from models import Campaign, StaleMark, claim
from push.work import Tick, Work

SLICE = 5000
MARKS = 500
LEASE_SECONDS = 120
# Facts that were under way while their target was being frozen are not older than this.
UNDER_WAY = timedelta(hours=1)
NEW_DEVICES = timedelta(minutes=15)
_FIRST = uuid.UUID(int=0)
_FRESH = {"populate_existing": True}


class Freezing(NamedTuple):
    """A campaign whose target list is being frozen, as claimed."""

    id: uuid.UUID
    fence: int


class Mark(NamedTuple):
    """A stale mark as claimed: of a target (second is the member) or a cell (the unit)."""

    first_id: uuid.UUID
    second_id: uuid.UUID
    version: int
    fence: int


def claim_freezing(session: Session) -> Sequence[Freezing]:
    """Lease one campaign that was issued and is not wholly frozen."""
    statement = claim(
        Campaign,
        key=(Campaign.id,),
        where=Campaign.state == rules.ISSUING,
        limit=1,
        lease_seconds=LEASE_SECONDS,
    )
    rows = session.execute(statement, execution_options=_FRESH).scalars().all()
    return [Freezing(row.id, row.fence) for row in rows]


def settle_freezing(session: Session, claimed: Sequence[Freezing], _done: Any) -> None:
    """Freeze one slice of each campaign claimed, or finish it when no member is left."""
    for one in claimed:
        row = session.get(Campaign, one.id, with_for_update=True, populate_existing=True)
        if row is None or row.fence != one.fence or row.state != rules.ISSUING:
            continue
        row.lease_until = None
        if row.quiet_after is None:
            _freeze_slice(session, row)
        elif session.execute(derived.QUIET, {"mark": row.quiet_after}).scalar_one():
            _finish(session, row)
        else:
            _later(session, row)
        session.flush()


def _freeze_slice(session: Session, row: Campaign) -> None:
    assert row.issued_at is not None  # noqa: S101 - a CHECK of the table
    found = session.execute(
        derived.FREEZE,
        {
            "campaign": row.id,
            "audience": row.audience_id,
            "day": clock.day_of(row.issued_at),
            "after": row.frozen_up_to or _FIRST,
            "most": SLICE,
        },
    )
    members = list(found.scalars())
    if members:
        row.frozen_up_to = members[-1]
        _derive(session, [(row.id, member) for member in members])
    else:
        row.quiet_after = session.execute(derived.THIS_TRANSACTION).scalar_one()


def _finish(session: Session, row: Campaign) -> None:
    """Count the cells, and ask for another look at whoever did something meanwhile."""
    assert row.issued_at is not None  # noqa: S101 - a CHECK of the table
    session.execute(derived.COUNT_ALL, {"campaign": row.id})
    since = row.issued_at - UNDER_WAY
    recent = session.execute(derived.RECENT, {"campaign": row.id, "since": since}).scalars()
    changes.mark_stale("campaign_target", [(row.id, member) for member in recent])
    row.state = rules.ISSUED


def _later(session: Session, row: Campaign) -> None:
    """Come back in a second: a transaction from before the last slice is still running."""
    session.execute(
        update(Campaign)
        .where(Campaign.id == row.id)
        .values(due_at=func.now() + timedelta(seconds=1))
        .execution_options(synchronize_session=False)
    )


def _claimer(kind: str) -> Callable[[Session], Sequence[Mark]]:
    """Return the claim of marks of ``kind``; those of a campaign still being frozen wait."""
    frozen = ~exists().where(Campaign.id == StaleMark.first_id, Campaign.state == rules.ISSUING)

    def claim_marks(session: Session) -> Sequence[Mark]:
        statement = claim(
            StaleMark,
            key=(StaleMark.kind, StaleMark.first_id, StaleMark.second_id),
            where=(StaleMark.kind == kind) & frozen,
            limit=MARKS,
            lease_seconds=LEASE_SECONDS,
        )
        rows = session.execute(statement, execution_options=_FRESH).scalars().all()
        return [Mark(row.first_id, row.second_id, row.version, row.fence) for row in rows]

    return claim_marks


def settle_targets(session: Session, claimed: Sequence[Mark], _done: Any) -> None:
    """Derive the targets claimed from the facts; mark their cells, tell their members."""
    pairs = [(mark.first_id, mark.second_id) for mark in claimed]
    keys = {"campaigns": [pair[0] for pair in pairs], "members": [pair[1] for pair in pairs]}
    session.execute(derived.LOCK_TARGETS, keys)
    changed = _derive(session, pairs)
    changes.mark_stale("campaign_count", [(row.campaign_id, row.unit_id) for row in changed])
    _delete_marks(session, "campaign_target", claimed)


def settle_counts(session: Session, claimed: Sequence[Mark], _done: Any) -> None:
    """Count the cells claimed from their targets."""
    keys = {
        "campaigns": [mark.first_id for mark in claimed],
        "units": [mark.second_id for mark in claimed],
    }
    session.execute(derived.LOCK_COUNTS, keys)
    session.execute(derived.COUNT, keys)
    _delete_marks(session, "campaign_count", claimed)


def _derive(session: Session, pairs: Sequence[tuple[uuid.UUID, uuid.UUID]]) -> Sequence[Any]:
    """Derive targets, touch the state of those that changed on their phones, return these."""
    keys = {"campaigns": [pair[0] for pair in pairs], "members": [pair[1] for pair in pairs]}
    changed = session.execute(derived.DERIVE, keys).all()
    buckets = audiences.personal_buckets(row.member_id for row in changed)
    for row in changed:
        changes.touch("campaign_state", row.campaign_id, [buckets[row.member_id]])
    return changed


def _delete_marks(session: Session, kind: str, claimed: Iterable[Mark]) -> None:
    firsts, seconds, versions, fences = zip(*claimed, strict=True)
    keys = {
        "kind": kind,
        "firsts": list(firsts),
        "seconds": list(seconds),
        "versions": list(versions),
        "fences": list(fences),
    }
    for statement in (derived.LOCK_MARKS, derived.DELETE_MARKS, derived.FREE_MARKS):
        session.execute(statement, keys)


def remind(session: Session) -> None:
    """Remind the targets who have not completed, three days and one day before the deadline.

    A second run on the same Vietnamese day finds the notice of the first and does nothing.
    """
    today = clock.today()
    start = clock.start_of_day(today)
    last = start + timedelta(days=max(rules.REMIND_DAYS) + 1)
    for row in session.execute(queries.ending(start, last)).scalars().all():
        if not rules.reminds_on(row.deadline, today):
            continue
        if session.execute(queries.reminded(row.id, start)).scalar_one():
            continue
        _remind(session, row)


def _remind(session: Session, row: Campaign) -> None:
    late = session.execute(queries.late_members(row.id)).scalars()
    buckets = audiences.personal_buckets(late)
    if buckets:
        notifications.notify(
            queries.REMINDER,
            "campaign",
            row.id,
            buckets=sorted(buckets.values()),
            params={"title": row.title, "deadline": rules.spoken(row.deadline)},
            lasts=row.deadline - clock.now(),
        )


def count_new_devices(session: Session) -> None:
    """Mark the cells of open campaigns in which somebody has enrolled a device of late."""
    since = clock.now() - NEW_DEVICES
    rows = session.execute(derived.DEVICES_NEW, {"since": since})
    changes.mark_stale("campaign_count", [(row.campaign_id, row.unit_id) for row in rows])


def recount_devices(session: Session) -> None:
    """Mark the cells of open campaigns whose count of members without a device has moved."""
    rows = session.execute(derived.DEVICES_MOVED)
    changes.mark_stale("campaign_count", [(row.campaign_id, row.unit_id) for row in rows])


WORKS = (
    Work("studies.freeze", claim_freezing, settle_freezing),
    Work("studies.targets", _claimer("campaign_target"), settle_targets),
    Work("studies.counts", _claimer("campaign_count"), settle_counts),
)
TICKS = (
    Tick("studies.remind", {"hour": 7, "minute": 30}, remind),
    Tick("studies.new_devices", {"minute": "*/10"}, count_new_devices),
    Tick("studies.devices", {"hour": 2, "minute": 20}, recount_devices),
)
