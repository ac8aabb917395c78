"""The worker: claims, does and settles, and survives what goes wrong."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
import structlog
from sqlalchemy import URL, make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from push import runner
from push.work import Jobs, Work
from tests.conftest import Real

SOON = 10.0
NOWHERE = "postgresql://127.0.0.1:1/none"


class Rows:
    """Work on a list: each claim takes one row, and everything that happens is noted."""

    def __init__(self, *rows: Any) -> None:
        self.waiting = list(rows)
        self.done: list[Any] = []
        self.settled: list[Any] = []
        self.renewed = 0
        self.finished = threading.Event()

    def claim(self, _session: Session) -> Sequence[Any]:
        if not self.waiting:
            self.finished.set()
            return []
        return [self.waiting.pop(0)]

    def do(self, claimed: Sequence[Any]) -> str:
        self.done += claimed
        return f"did {claimed[0]}"

    def settle(self, _session: Session, claimed: Sequence[Any], result: Any) -> None:
        self.settled.append((*claimed, result))

    def renew(self, _session: Session, _claimed: Sequence[Any]) -> None:
        self.renewed += 1

    def work(self, name: str = "rows", **more: Any) -> Work:
        return Work(name, self.claim, **{"settle": self.settle, "do": self.do, **more})


@contextmanager
def transaction() -> Iterator[Session]:
    """Give a session that is never used."""
    yield Session()


@contextmanager
def running(
    *works: Work, sweep: float = 0.02, url: str = NOWHERE, **more: Any
) -> Iterator[runner.Worker]:
    """Run a worker for the length of the block; it must stop in good time."""
    stop = threading.Event()
    worker = runner.Worker(Jobs(works), transaction, url, sweep_seconds=sweep, **more)
    thread = threading.Thread(target=worker.run, args=(stop,))
    thread.start()
    try:
        yield worker
    finally:
        stop.set()
        thread.join(SOON)
        assert not thread.is_alive()


def test_a_step_claims_does_and_settles() -> None:
    rows, points = Rows("a", "b"), list[str]()
    assert runner.step(rows.work(), transaction, points.append) == 1
    assert rows.settled == [("a", "did a")]
    assert points == ["after_claim", "after_do", "before_commit"]


def test_a_step_without_anything_due_touches_nothing() -> None:
    rows, points = Rows(), list[str]()
    assert runner.step(rows.work(), transaction, points.append) == 0
    assert (rows.settled, points) == ([], [])


def test_work_within_the_database_is_settled_without_doing() -> None:
    rows = Rows("a")
    runner.step(rows.work(do=None), transaction)
    assert rows.settled == [("a", None)]


def test_no_transaction_is_held_while_doing() -> None:
    held = list[str]()

    @contextmanager
    def counted() -> Iterator[Session]:
        held.append("open")
        yield Session()
        held.append("closed")

    rows = Rows("a")
    seen = list[list[str]]()
    runner.step(rows.work(do=lambda _claimed: seen.append(list(held))), counted)
    assert seen == [["open", "closed"]]
    assert held == ["open", "closed"] * 2


def test_draining_does_all_kinds_until_nothing_is_left() -> None:
    first, second = Rows("a", "b"), Rows("c")

    def feed(_session: Session, claimed: Sequence[Any], _result: Any) -> None:
        first.waiting += [f"{one} again" for one in claimed]

    jobs = Jobs((first.work("first"), second.work("second", settle=feed)))
    assert runner.drain(jobs, transaction) == 4
    assert first.done == ["a", "b", "c again"]


def test_draining_raises_what_goes_wrong() -> None:
    def fail(_claimed: Sequence[Any]) -> None:
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        runner.drain(Jobs((Rows("a").work(do=fail),)), transaction)


def lost(message: str = "the server closed the connection") -> OperationalError:
    """Return the error of a statement whose connection was lost."""
    return OperationalError("UPDATE", {}, psycopg.OperationalError(message))


def failing(times: int, settle: Callable[..., None]) -> Callable[..., None]:
    """Return ``settle`` that loses its connection the first ``times`` times."""
    left = [times]

    def attempt(*arguments: Any) -> None:
        if left[0]:
            left[0] -= 1
            raise lost()
        settle(*arguments)

    return attempt


def test_what_was_done_is_settled_again_while_the_database_is_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(runner, "SETTLE_AGAIN_SECONDS", (0.0, 0.0))
    rows = Rows("a")
    runner.step(rows.work(settle=failing(2, rows.settle)), transaction)
    assert rows.done == ["a"]
    assert rows.settled == [("a", "did a")]


def test_in_the_end_the_lease_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "SETTLE_AGAIN_SECONDS", (0.0,))
    rows = Rows("a")
    with pytest.raises(OperationalError):
        runner.step(rows.work(settle=failing(2, rows.settle)), transaction)
    assert not rows.settled


def test_leases_are_renewed_while_doing_even_after_a_failure() -> None:
    rows = Rows("a")
    renew = failing(1, rows.renew)

    def wait(_claimed: Sequence[Any]) -> None:
        until = time.monotonic() + SOON
        while rows.renewed < 2 and time.monotonic() < until:
            time.sleep(0.005)

    with structlog.testing.capture_logs() as logs:
        runner.step(rows.work(do=wait, renew=renew), transaction, renew_seconds=0.01)
    renewed = rows.renewed
    assert renewed >= 2
    assert [line["event"] for line in logs] == ["renewal_failed"]
    time.sleep(0.05)
    assert rows.renewed == renewed


def test_the_worker_repeats_a_kind_while_it_finds_something() -> None:
    rows = Rows(*range(20))
    with running(rows.work(), sweep=60):
        assert rows.finished.wait(SOON)
    assert rows.done == list(range(20))


def test_the_sweep_finds_what_nobody_told_of() -> None:
    rows = Rows()
    with running(rows.work()):
        assert rows.finished.wait(SOON)
        rows.finished.clear()
        rows.waiting.append("late")
        assert rows.finished.wait(SOON)
        assert rows.finished.wait(SOON)
    assert rows.done == ["late"]


def test_a_fault_in_one_kind_backs_off_that_kind_alone() -> None:
    good, bad = Rows("a", "b"), Rows("x", "y")
    times = list[float]()

    def fail(_session: Session, _claimed: Sequence[Any], _result: Any) -> None:
        times.append(time.monotonic())
        raise RuntimeError("a defect")

    with (
        structlog.testing.capture_logs() as logs,
        running(good.work("good"), bad.work("bad", settle=fail, do=None), sweep=0.05),
    ):
        assert good.finished.wait(SOON)
        assert bad.finished.wait(SOON)
    assert good.done == ["a", "b"]
    assert times[1] - times[0] >= 0.05
    told = [(line["work"], line["again_in_seconds"]) for line in logs if "work" in line]
    assert told == [("bad", 0.05), ("bad", 0.1)]


def test_a_slow_send_does_not_hold_up_rendering() -> None:
    slow, quick, release = Rows("a"), Rows("b"), threading.Event()
    with running(slow.work("slow", do=lambda _claimed: release.wait(SOON)), quick.work("quick")):
        assert quick.finished.wait(SOON)
        assert quick.settled
        assert not slow.settled
        release.set()


def test_stopping_finishes_the_slice_in_hand() -> None:
    rows, started, release = Rows("a", "b"), threading.Event(), threading.Event()

    def wait(_claimed: Sequence[Any]) -> str:
        started.set()
        release.wait(SOON)
        return "whole"

    with running(rows.work(do=wait), sweep=60):
        assert started.wait(SOON)
        threading.Timer(0.1, release.set).start()
    assert rows.settled == [("a", "whole")]
    assert rows.waiting == ["b"]


def plain(url: str) -> str:
    """Return the address as psycopg takes it."""
    address: URL = make_url(url).set(drivername="postgresql")
    return address.render_as_string(hide_password=False)


def notify(url: str) -> None:
    with psycopg.connect(plain(url), autocommit=True) as connection:
        connection.execute("SELECT pg_notify('handbook_work', '')")


def until(condition: Callable[[], object], what: str) -> None:
    """Wait until ``condition`` holds."""
    end = time.monotonic() + SOON
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.02)


def listeners(url: str) -> list[int]:
    """Return the server processes that listen for work in the database."""
    with psycopg.connect(plain(url), autocommit=True) as connection:
        rows = connection.execute(
            "SELECT pid FROM pg_stat_activity"
            " WHERE datname = current_database() AND query = 'LISTEN handbook_work'"
        )
        return [row[0] for row in rows]


def test_a_notification_wakes_the_worker_also_after_the_database_was_away(real: Real) -> None:
    rows = Rows()
    with structlog.testing.capture_logs(), running(rows.work(), sweep=600, url=plain(real.url)):
        for attempt in range(2):
            until(lambda: listeners(real.url), "nobody listens")
            assert rows.finished.wait(SOON)
            rows.waiting.append(attempt)
            notify(real.url)
            until(lambda: len(rows.done) > attempt, "not woken")  # noqa: B023 - called at once
            with psycopg.connect(plain(real.url), autocommit=True) as connection:
                for pid in listeners(real.url):
                    connection.execute("SELECT pg_terminate_backend(%s)", (pid,))
    assert rows.done == [0, 1]
