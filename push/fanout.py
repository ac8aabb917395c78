"""Fan-out: from one notice to one outbox row for each device, in slices of devices.

A slice is one INSERT … SELECT in one transaction with the progress it makes, so a killed worker
leaves either the whole slice or none of it. A finished fan-out never runs again.

The statements are shaped by hand, because the planner cannot know how many members stand behind an
audience: a small audience is walked from its units to devices, a large one from devices to units.
``IS TRUE`` keeps each ``IN`` a look into a hash table (without it the planner joins, which is
thousands of times slower) and dates off the slower of two indexes. ``OFFSET 0`` keeps it from
reading whole tables for a few units.
"""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import TextClause, func, select, text, update
from sqlalchemy.orm import Session

import models
from models import FanOut, Notice
from push.work import Work

SLICE = 10_000
FRESH = timedelta(days=60)
_MANY_PLACES = 1000
_FIRST = uuid.UUID(int=0)

_PLANNING = text(
    "SELECT set_config('plan_cache_mode', 'force_custom_plan', true),"
    " set_config('work_mem', '64MB', true)"
)
_WAKE = text("SELECT pg_notify('handbook_work', '')")

# What an audience comes down to: places (unit, role) and persons. The same pairs as in the
# view bucket_member, which a test holds equal.
_AUDIENCE = """
WITH place AS MATERIALIZED (
    SELECT DISTINCT below.id, b.role
    FROM addressing x
    JOIN bucket b ON b.id = x.bucket_id
    JOIN unit top ON top.id = b.unit_id
    JOIN unit below ON below.path >= top.path
        AND below.path < top.path || CASE b.reach WHEN 'below' THEN '~' ELSE ' ' END
    WHERE x.audience_id = :audience
), person AS MATERIALIZED (
    SELECT b.member_id
    FROM addressing x JOIN bucket b ON b.id = x.bucket_id
    WHERE x.audience_id = :audience AND b.member_id IS NOT NULL
)
"""
_USABLE = """
    a.disabled_at IS NULL AND (m.left_on IS NULL OR m.left_on > :today)
    AND d.id > :after AND d.address IS NOT NULL AND d.refreshed_at > :fresh
"""
_FROM_PLACES = """
, reached AS MATERIALIZED (
    SELECT held.member_id
    FROM place CROSS JOIN LATERAL (
        SELECT h.member_id FROM membership h
        WHERE h.unit_id = place.id AND place.role = 'everyone' AND (h.during @> :day) IS TRUE
        UNION ALL
        SELECT h.member_id FROM position h
        WHERE h.unit_id = place.id AND place.role IN ('everyone', h.role)
          AND (h.during @> :day) IS TRUE
        OFFSET 0
    ) held
    UNION
    SELECT member_id FROM person
), slice AS MATERIALIZED (
    SELECT DISTINCT ON (owned.id) owned.id, reached.member_id
    FROM reached CROSS JOIN LATERAL (
        SELECT d.id
        FROM account a
        JOIN member m ON m.id = a.member_id
        JOIN device_account da ON da.account_id = a.id
        JOIN device d ON d.id = da.device_id
        WHERE a.member_id = reached.member_id AND {usable}
        OFFSET 0
    ) owned
    ORDER BY owned.id, reached.member_id
    LIMIT :most
)
"""
_FROM_DEVICES = """
, slice AS MATERIALIZED (
    SELECT d.id, holder.member_id
    FROM device d CROSS JOIN LATERAL (
        SELECT m.id AS member_id
        FROM device_account da
        JOIN account a ON a.id = da.account_id
        JOIN member m ON m.id = a.member_id
        WHERE da.device_id = d.id AND {usable} AND (
            EXISTS (
                SELECT 1 FROM membership h
                WHERE h.member_id = m.id AND (h.during @> :day) IS TRUE
                  AND (h.unit_id IN (SELECT id FROM place WHERE role = 'everyone')) IS TRUE
            )
            OR m.id IN (SELECT member_id FROM person)
            OR EXISTS (
                SELECT 1 FROM position h
                WHERE h.member_id = m.id AND (h.during @> :day) IS TRUE
                  AND (h.unit_id IN (SELECT id FROM place WHERE role = 'everyone')
                       OR (h.unit_id, h.role) IN (SELECT id, role FROM place)) IS TRUE
            )
        ) IS TRUE
        ORDER BY m.id
        LIMIT 1
    ) holder
    WHERE d.id > :after AND d.address IS NOT NULL AND d.refreshed_at > :fresh
    ORDER BY d.id
    LIMIT :most
)
"""
_MADE = """
, made AS (
    INSERT INTO outbox (notice_id, device_id, member_id)
    SELECT CAST(:notice AS uuid), id, member_id FROM slice ORDER BY id
    ON CONFLICT (notice_id, device_id) DO NOTHING
)
SELECT count(*) AS devices, (SELECT id FROM slice ORDER BY id DESC LIMIT 1) AS last FROM slice
"""


def _typed(*parts: str) -> TextClause:
    """Return the statement with its parameters cast, so that no plan hangs on guessed types."""
    statement = "".join(parts)
    kinds = {
        "audience": "uuid",
        "after": "uuid",
        "day": "date",
        "today": "date",
        "fresh": "timestamptz",
    }
    for name, kind in kinds.items():
        statement = statement.replace(f":{name}", f"CAST(:{name} AS {kind})")
    return text(statement)


_COUNT_PLACES = _typed(_AUDIENCE, "SELECT count(*) FROM place")
_SMALL = _typed(_AUDIENCE, _FROM_PLACES.format(usable=_USABLE), _MADE)
_LARGE = _typed(_AUDIENCE, _FROM_DEVICES.format(usable=_USABLE), _MADE)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A fan-out in hand: good as long as its row bears this fence."""

    notice_id: uuid.UUID
    fence: int


def work(
    *,
    now: Callable[[], datetime],
    day_of: Callable[[datetime], date],
    lease_seconds: float,
    slice_size: int = SLICE,
) -> Work:
    """Return the work that makes outbox rows: one for each device and notice, never two.

    Reached are devices with an address, refreshed within 60 days, of enabled accounts of members
    who have not left and who held a bucket of the notice on the day it was published, as in the
    inbox. ``now`` gives the aware instant, ``day_of`` the day on which one falls. Each settling
    makes one slice and lets others have their turn; a withdrawn or expired notice is finished as it
    stands.
    """

    def claim(session: Session) -> Sequence[Claimed]:
        statement = models.claim(
            FanOut,
            key=[FanOut.notice_id],
            where=FanOut.state == "waiting",
            limit=1,
            lease_seconds=lease_seconds,
        )
        fresh = statement.execution_options(populate_existing=True)
        return [Claimed(row.notice_id, row.fence) for row in session.scalars(fresh)]

    def settle(session: Session, claimed: Sequence[Claimed], _done: object) -> None:
        for one in claimed:
            _make_slice(session, one, now(), day_of, slice_size)

    return Work("fan_out", claim, settle)


def _make_slice(
    session: Session,
    claimed: Claimed,
    now: datetime,
    day_of: Callable[[datetime], date],
    size: int,
) -> None:
    """Make one slice of outbox rows and note the progress, unless the fence is lost."""
    row = session.execute(
        select(
            FanOut.devices_up_to,
            Notice.audience_id,
            Notice.published_at,
            Notice.withdrawn_at,
            Notice.expires_at,
        )
        .join(Notice, Notice.id == FanOut.notice_id)
        .where(
            FanOut.notice_id == claimed.notice_id,
            FanOut.fence == claimed.fence,
            FanOut.state == "waiting",
        )
        .with_for_update(of=FanOut)
    ).one_or_none()
    if row is None:
        return
    if row.withdrawn_at is not None or row.expires_at <= now:
        _note(session, claimed, {"state": "done", "finished_at": now})
        return
    parameters = {
        "notice": claimed.notice_id,
        "audience": row.audience_id,
        "after": row.devices_up_to or _FIRST,
        "day": day_of(row.published_at),
        "today": day_of(now),
        "fresh": now - FRESH,
        "most": size,
    }
    session.execute(_PLANNING)
    places = session.execute(_COUNT_PLACES, parameters).scalar_one()
    statement = _LARGE if places > _MANY_PLACES else _SMALL
    made = session.execute(statement, parameters).one()
    progress: dict[str, object] = {"devices_up_to": made.last} if made.devices else {}
    if made.devices < size:
        progress |= {"state": "done", "finished_at": now}
    _note(session, claimed, progress)
    if made.devices:
        session.execute(_WAKE)


def _note(session: Session, claimed: Claimed, values: dict[str, object]) -> None:
    """Write progress and let go; going to the end of the queue lets other fan-outs run between."""
    session.execute(
        update(FanOut)
        .where(FanOut.notice_id == claimed.notice_id)
        .values(lease_until=None, attempts=0, due_at=func.now(), **values)
        .execution_options(synchronize_session=False)
    )
