"""Claiming: due rows, each by one holder at a time, by the database's clock."""

import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

import models
from models import StaleMark
from tests.conftest import Real


def claim(session: Session, limit: int = 10, lease_seconds: float = 60) -> Sequence[StaleMark]:
    """Claim stale marks."""
    statement = models.claim(
        StaleMark,
        key=[StaleMark.kind, StaleMark.first_id, StaleMark.second_id],
        where=StaleMark.kind == "campaign_count",
        limit=limit,
        lease_seconds=lease_seconds,
    ).execution_options(populate_existing=True)
    return session.scalars(statement).all()


def put(session: Session, number: int, **more: Any) -> list[uuid.UUID]:
    """Put so many marks; return their first ids in order of need."""
    made = [uuid.uuid4() for _ in range(number)]
    for age, one in enumerate(made):
        values = {
            "kind": "campaign_count",
            "first_id": one,
            "second_id": one,
            "due_at": func.now() - timedelta(minutes=number - age),
        }
        session.execute(insert(StaleMark).values(values | more))
    return made


def test_the_longest_due_come_first_and_no_more_than_asked(db: Session) -> None:
    made = put(db, 5)
    assert {mark.first_id for mark in claim(db, 2)} == set(made[:2])
    assert {mark.first_id for mark in claim(db, 2)} == set(made[2:4])
    assert {mark.first_id for mark in claim(db, 2)} == set(made[4:])
    assert not claim(db, 2)


def test_what_is_not_due_or_of_another_kind_is_left(db: Session) -> None:
    put(db, 1, due_at=func.now() + timedelta(seconds=1))
    put(db, 1, kind="campaign_target")
    assert not claim(db)


def test_a_claim_takes_a_lease_and_raises_fence_and_attempts(db: Session) -> None:
    put(db, 1)
    (mark,) = claim(db, lease_seconds=90)
    assert (mark.fence, mark.attempts) == (1, 1)
    left = select(func.extract("epoch", StaleMark.lease_until - func.now()))
    assert float(db.execute(left).scalar_one()) == 90

    assert not claim(db)
    db.execute(
        update(StaleMark)
        .values(lease_until=func.now() - timedelta(microseconds=1))
        .execution_options(synchronize_session=False)
    )
    (mark,) = claim(db)
    assert (mark.fence, mark.attempts) == (2, 2)


def test_what_another_holds_is_passed_over_without_waiting(real: Real) -> None:
    with real.write() as session:
        made = put(session, 6)
    with real.write() as first:
        ours = {mark.first_id for mark in claim(first, 4)}
        with Session(first.get_bind()) as second:
            theirs = {mark.first_id for mark in claim(second, 4)}
            second.rollback()
    assert ours == set(made[:4])
    assert theirs == set(made[4:])
    with real.write() as session:
        assert {mark.first_id for mark in claim(session)} == set(made[4:])
