"""Fan-out: from one notice to one outbox row for each device it reaches, in slices.

A slice is one statement; the edge it came to is kept on the row, so a killed worker's successor
goes on from there. A finished fan-out never runs again.
"""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial

from sqlalchemy import func, text, update
from sqlalchemy.orm import Session

from models import FanOut, claim
from push.work import Work

SLICE = 20_000
# A device that has not refreshed its address for so long is taken for gone.
STALE_DAYS = 60


@dataclass(frozen=True)
class Claimed:
    """A leased fan-out: the notice, and the device up to which rows were made."""

    notice_id: uuid.UUID
    fence: int
    devices_up_to: uuid.UUID | None


# The members are found first and once, as a set; then their devices, in order, up to the slice.
_MAKE = text(
    """
    WITH reached AS MATERIALIZED (
      SELECT DISTINCT bm.member_id
      FROM notice n
      JOIN addressing x ON x.audience_id = n.audience_id
      JOIN bucket_member bm ON bm.bucket_id = x.bucket_id
      WHERE n.id = :notice AND n.withdrawn_at IS NULL AND bm.during @> CAST(:today AS date)
    ), slice AS MATERIALIZED (
      SELECT DISTINCT ON (d.id) d.id AS device_id, r.member_id
      FROM reached r
      JOIN member m ON m.id = r.member_id
      JOIN account a ON a.member_id = r.member_id
      JOIN device_account e ON e.account_id = a.id
      JOIN device d ON d.id = e.device_id
      WHERE d.id > :after AND d.address IS NOT NULL
        AND d.refreshed_at > now() - make_interval(days => :stale)
        AND a.disabled_at IS NULL
        AND (m.left_on IS NULL OR m.left_on > CAST(:today AS date))
      ORDER BY d.id, r.member_id
      LIMIT :slice
    ), made AS (
      INSERT INTO outbox (notice_id, device_id, member_id)
      SELECT :notice, device_id, member_id FROM slice
      ON CONFLICT (notice_id, device_id) DO NOTHING
    )
    SELECT count(*) AS devices, (array_agg(device_id ORDER BY device_id DESC))[1] AS last
    FROM slice
    """
)


def work(*, today: Callable[[], date], lease_seconds: float) -> Work:
    """Return the work of making outbox rows for notices that wait for it."""
    return Work(
        name="fan_out",
        claim=partial(claim_waiting, lease_seconds=lease_seconds),
        settle=partial(settle, today=today),
    )


def claim_waiting(session: Session, *, lease_seconds: float) -> list[Claimed]:
    """Lease one notice whose devices are not all in the outbox yet."""
    leased = session.scalars(
        claim(
            FanOut,
            key=[FanOut.notice_id],
            where=FanOut.state == "waiting",
            limit=1,
            lease_seconds=lease_seconds,
        ),
        execution_options={"populate_existing": True},
    ).all()
    return [Claimed(one.notice_id, one.fence, one.devices_up_to) for one in leased]


def settle(
    session: Session, claimed: Sequence[Claimed], _result: object, *, today: Callable[[], date]
) -> None:
    """Make the next slice of rows, if the fence still holds, and give the lease back."""
    for one in claimed:
        if _still_held(session, one):
            _advance(session, one, today())


def _still_held(session: Session, one: Claimed) -> bool:
    """Lock the row; return whether nobody else has taken it over."""
    row = session.execute(
        update(FanOut)
        .where(
            FanOut.notice_id == one.notice_id,
            FanOut.fence == one.fence,
            FanOut.state == "waiting",
        )
        .values(lease_until=None)
        .returning(FanOut.notice_id)
        .execution_options(synchronize_session=False)
    )
    return row.first() is not None


def _advance(session: Session, one: Claimed, today: date) -> None:
    made = session.execute(
        _MAKE,
        {
            "notice": one.notice_id,
            "after": one.devices_up_to or uuid.UUID(int=0),
            "today": today,
            "stale": STALE_DAYS,
            "slice": SLICE,
        },
    ).one()
    done = made.devices < SLICE
    session.execute(
        update(FanOut)
        .where(FanOut.notice_id == one.notice_id)
        .values(
            devices_up_to=made.last or one.devices_up_to,
            state="done" if done else "waiting",
            finished_at=func.now() if done else None,
        )
        .execution_options(synchronize_session=False)
    )
