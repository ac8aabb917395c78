"""The bucket log and the stale marks, as one writer leaves them."""

import uuid

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from handbook import ids
from handbook.audiences import service as audiences
from handbook.changes import service as changes
from models import BucketHead, Change, StaleMark
from tests.support import build, counting


@pytest.fixture
def buckets(db: Session) -> list[uuid.UUID]:
    """Return three buckets in order."""
    return sorted(audiences.unit_bucket(build.unit(kind="commune").id) for _ in range(3))


def log(db: Session) -> list[tuple[uuid.UUID, int, uuid.UUID, str]]:
    rows = db.execute(
        select(Change.bucket_id, Change.position, Change.object_id, Change.op).order_by(
            Change.bucket_id, Change.position
        )
    )
    return [(row.bucket_id, row.position, row.object_id, row.op) for row in rows]


def heads(db: Session) -> dict[uuid.UUID, int]:
    rows = db.execute(select(BucketHead.bucket_id, BucketHead.position))
    return {row.bucket_id: row.position for row in rows}


def test_each_bucket_numbers_its_changes_without_gaps(
    db: Session, buckets: list[uuid.UUID]
) -> None:
    one, two = ids.new(), ids.new()
    first, second, _ = buckets
    changes.touch("document", one, [first, second])
    changes.touch("document", two, [first])
    changes.flush(db)
    changes.touch("document", two, [second], removed=True)
    changes.flush(db)
    assert log(db) == [
        (first, 1, one, "put"),
        (first, 2, two, "put"),
        (second, 1, one, "put"),
        (second, 2, two, "remove"),
    ]
    assert heads(db) == {first: 2, second: 2}


def test_only_the_newest_change_of_an_object_stays(db: Session, buckets: list[uuid.UUID]) -> None:
    one, two = ids.new(), ids.new()
    for key in (one, two, one):
        changes.touch("document", key, buckets[:1])
        changes.flush(db)
    assert log(db) == [(buckets[0], 2, two, "put"), (buckets[0], 3, one, "put")]


def test_the_last_word_in_a_transaction_counts(db: Session, buckets: list[uuid.UUID]) -> None:
    one, two = ids.new(), ids.new()
    changes.touch("document", one, buckets[:1])
    changes.touch("document", two, buckets[:1])
    changes.touch("document", one, buckets[:1], removed=True)
    changes.flush(db)
    assert log(db) == [(buckets[0], 1, two, "put"), (buckets[0], 2, one, "remove")]


def test_nothing_touched_writes_nothing(db: Session) -> None:
    with counting.assert_queries(0):
        changes.flush(db)
        changes.mark_stale("campaign_target", [])


@pytest.mark.parametrize("size", [1, 50])
def test_the_number_of_statements_is_flat(db: Session, buckets: list[uuid.UUID], size: int) -> None:
    for _ in range(size):
        changes.touch("document", ids.new(), buckets)
    with counting.assert_queries(3):
        changes.flush(db)
        changes.mark_stale("campaign_count", [(ids.new(), ids.new()) for _ in range(size)])


def test_a_mark_is_raised_when_it_is_there(db: Session) -> None:
    key = (ids.new(), ids.new())
    changes.mark_stale("campaign_target", [key, key])
    assert db.scalars(select(StaleMark.version)).all() == [1]
    changes.mark_stale("campaign_target", [key])
    assert db.scalars(select(StaleMark.version)).all() == [2]
