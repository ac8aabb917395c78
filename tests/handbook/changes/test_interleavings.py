"""Two writers, and a phone that pulls while they commit: real commits on several connections."""

import random
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from handbook import database, ids
from handbook.audiences import service as audiences
from handbook.changes import service as changes
from handbook.database import Transaction
from models import BucketHead, Change, Progress, StaleMark
from tests.conftest import Real
from tests.support import build, published

WRITERS = 4
WRITES = 60


def make_buckets(real: Real, number: int) -> list[uuid.UUID]:
    with real.write():
        return sorted(audiences.unit_bucket(build.unit(kind="commune").id) for _ in range(number))


def at_once(*jobs: Callable[[], object]) -> None:
    """Run jobs in threads of their own and raise what any of them raised."""
    with ThreadPoolExecutor(len(jobs)) as pool:
        for done in [pool.submit(job) for job in jobs]:
            done.result(30)


def test_a_second_writer_waits_for_the_first_and_numbers_after_it(real: Real) -> None:
    [bucket] = make_buckets(real, 1)
    numbered, may_commit = threading.Event(), threading.Event()
    first, second = ids.new(), ids.new()
    order: list[str] = []

    def slow() -> None:
        with real.write() as session:
            changes.touch("document", first, [bucket])
            changes.flush(session)
            numbered.set()
            assert may_commit.wait(10)
            order.append("first")

    def quick() -> None:
        assert numbered.wait(10)
        with real.write():
            changes.touch("document", second, [bucket])
        order.append("second")

    def watch() -> None:
        assert numbered.wait(10)
        time.sleep(0.2)
        assert heads_and_log(real, bucket) == (None, [])
        may_commit.set()

    at_once(slow, quick, watch)
    assert order == ["first", "second"]
    assert heads_and_log(real, bucket) == (2, [(1, first), (2, second)])


def heads_and_log(real: Real, bucket: uuid.UUID) -> tuple[int | None, list[tuple[int, uuid.UUID]]]:
    """Return the head and the log of a bucket in one snapshot."""
    with real.context(), database.transaction(real.app, Transaction.SNAPSHOT):
        session = database.session()
        head = session.scalar(select(BucketHead.position).where(BucketHead.bucket_id == bucket))
        rows = session.execute(
            select(Change.position, Change.object_id)
            .where(Change.bucket_id == bucket)
            .order_by(Change.position)
        )
        return head, [(row.position, row.object_id) for row in rows]


def test_a_cursor_pulled_while_writers_commit_loses_nothing(real: Real) -> None:
    buckets = make_buckets(real, 3)
    written: list[list[tuple[uuid.UUID, uuid.UUID]]] = [[] for _ in range(WRITERS)]
    writing = threading.Event()
    writing.set()
    seen: set[tuple[uuid.UUID, uuid.UUID]] = set()
    cursor = dict.fromkeys(buckets, 0)

    def write(number: int) -> None:
        chance = random.Random(number)  # noqa: S311 - which buckets
        for _ in range(WRITES):
            key = ids.new()
            chosen = chance.sample(buckets, chance.randint(1, 3))
            with real.write():
                changes.touch("document", key, chosen)
            written[number] += [(bucket, key) for bucket in chosen]

    def pull_once() -> None:
        for bucket in buckets:
            head, rows = heads_and_log(real, bucket)
            fresh = [(position, key) for position, key in rows if position > cursor[bucket]]
            seen.update((bucket, key) for _, key in fresh)
            cursor[bucket] = head or 0

    def pull() -> None:
        while writing.is_set():
            pull_once()

    def write_all() -> None:
        try:
            at_once(*(lambda one=one: write(one) for one in range(WRITERS)))
        finally:
            writing.clear()

    at_once(write_all, pull)
    pull_once()
    expected = {pair for pairs in written for pair in pairs}
    assert seen == expected
    for bucket in buckets:
        head, rows = heads_and_log(real, bucket)
        assert [position for position, _ in rows] == list(range(1, (head or 0) + 1))


def test_writers_in_opposite_order_do_not_deadlock(real: Real) -> None:
    buckets = make_buckets(real, 6)

    def write(order: list[uuid.UUID]) -> None:
        for _ in range(40):
            with real.write():
                for bucket in order:
                    changes.touch("document", ids.new(), [bucket])
                changes.mark_stale("campaign_count", [(bucket, bucket) for bucket in order])

    at_once(lambda: write(buckets), lambda: write(buckets[::-1]))
    for bucket in buckets:
        assert heads_and_log(real, bucket)[0] == 80


def test_a_writer_that_rolls_back_leaves_no_gap(real: Real) -> None:
    [bucket] = make_buckets(real, 1)

    def fail() -> None:
        with real.write() as session:
            changes.touch("document", ids.new(), [bucket])
            changes.flush(session)
            _ = 1 / 0

    with pytest.raises(ZeroDivisionError):
        fail()
    with real.write():
        pass
    assert heads_and_log(real, bucket) == (None, [])


KEY = (uuid.UUID(int=1), uuid.UUID(int=2))


def consume(session: Session, version: int) -> int:
    """Delete the mark as the worker does: only in the version that was claimed."""
    result = session.execute(
        delete(StaleMark).where(
            StaleMark.first_id == KEY[0],
            StaleMark.second_id == KEY[1],
            StaleMark.version == version,
        )
    )
    return int(result.rowcount)  # type: ignore[attr-defined]  # a DELETE gives a CursorResult


def marks(real: Real) -> list[int]:
    with real.write() as session:
        return list(session.scalars(select(StaleMark.version)))


def test_a_mark_written_while_it_is_consumed_stays(real: Real) -> None:
    with real.write():
        changes.mark_stale("campaign_target", [KEY])
    with real.write() as worker:
        claimed = worker.scalars(select(StaleMark.version)).one()
    with real.write():
        changes.mark_stale("campaign_target", [KEY])
    with real.write() as worker:
        assert consume(worker, claimed) == 0
    assert marks(real) == [2]
    with real.write() as worker:
        assert consume(worker, 2) == 1
    assert marks(real) == []


def test_a_mark_written_in_an_open_transaction_while_it_is_consumed_is_not_lost(
    real: Real,
) -> None:
    """The writer raises the mark first; the worker's delete waits, and then finds it raised."""
    with real.write():
        changes.mark_stale("campaign_target", [KEY])
    raised, consumed = threading.Event(), threading.Event()

    def write() -> None:
        with real.write():
            changes.mark_stale("campaign_target", [KEY])
            raised.set()
            assert not consumed.wait(0.3), "the worker did not wait for the writer"

    def work() -> None:
        assert raised.wait(10)
        with real.write() as worker:
            assert consume(worker, 1) == 0
        consumed.set()

    at_once(write, work)
    assert marks(real) == [2]


def test_overlapping_facts_are_both_counted(real: Real) -> None:
    """Two facts committed at once, one mark: whoever consumes it computes with both.

    The fact here is a row of progress, the derived state how many there are.
    """
    with real.write():
        cell = build.unit(kind="commune")
        document = published.document(cell)
        members = [build.member(cell).id for _ in range(2)]
        version, key = document.version_id, document.id
    derived: list[int] = []
    both_written = threading.Barrier(2, timeout=10)

    def write(member: uuid.UUID) -> None:
        with real.write() as session:
            session.add(Progress(member_id=member, version_id=version, document_id=key))
            session.flush()
            both_written.wait()
            changes.mark_stale("campaign_target", [KEY])

    def work() -> None:
        until = time.monotonic() + 10
        while (not derived or derived[-1] < 2) and time.monotonic() < until:
            with real.write() as worker:
                claimed = worker.scalars(select(StaleMark.version)).one_or_none()
            if claimed is None:
                continue
            with real.write() as worker:
                derived.append(worker.scalars(select(func.count()).select_from(Progress)).one())
                consume(worker, claimed)

    at_once(lambda: write(members[0]), lambda: write(members[1]), work)
    assert derived[-1] == 2
