"""The worker: claims due rows, does the work, settles it, and owns the transactions of all three.

Each kind of work runs in a thread of its own, so a slow send does not hold up rendering; a fault in
one kind is told and backs off that kind alone. More worker processes anywhere share the same rows.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import psycopg
import structlog
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from push.work import Jobs, Work

LOG = structlog.get_logger(__name__)
CHANNEL = "handbook_work"
LONGEST_BACK_OFF_SECONDS = 60.0
RENEW_SECONDS = 15.0
# Waits before settling again what the database would not take: what was sent must be noted.
SETTLE_AGAIN_SECONDS = (0.2, 1.0, 3.0, 9.0)
Transaction = Callable[[], AbstractContextManager[Session]]


def nothing(_point: str) -> None:
    """Do nothing: what stands at the named crash points outside tests."""


def step(
    work: Work,
    transaction: Transaction,
    crash: Callable[[str], None] = nothing,
    *,
    renew_seconds: float = RENEW_SECONDS,
) -> int:
    """Claim, do and settle one slice of a kind of work; return how many rows were claimed.

    The lease is renewed every ``renew_seconds`` until the slice is settled. What was done outside
    the database is settled again while the database is away or refuses for the moment.
    """
    with transaction() as session:
        claimed = work.claim(session)
    if not claimed:
        return 0
    crash("after_claim")
    if work.do is None:
        _settle(work, transaction, claimed, None, crash)
        return len(claimed)
    with _renewed(work, transaction, claimed, renew_seconds):
        result = work.do(claimed)
        crash("after_do")
        for wait in SETTLE_AGAIN_SECONDS:
            try:
                _settle(work, transaction, claimed, result, crash)
            except OperationalError as error:
                LOG.warning("settling_again", work=work.name, error=type(error.orig).__name__)
                time.sleep(wait)
            else:
                return len(claimed)
        _settle(work, transaction, claimed, result, crash)
    return len(claimed)


def _settle(
    work: Work,
    transaction: Transaction,
    claimed: Sequence[Any],
    result: Any,
    crash: Callable[[str], None],
) -> None:
    with transaction() as session:
        work.settle(session, claimed, result)
        crash("before_commit")


@contextmanager
def _renewed(
    work: Work, transaction: Transaction, claimed: Sequence[Any], seconds: float
) -> Iterator[None]:
    """Keep the lease of ``claimed`` alive while the block runs, if the work knows how."""
    if work.renew is None:
        yield
        return
    renew, done = work.renew, threading.Event()

    def keep() -> None:
        while not done.wait(seconds):
            try:
                with transaction() as session:
                    renew(session, claimed)
            except Exception:
                # The lease may end; then the fence keeps two holders from settling the same row.
                LOG.exception("renewal_failed", work=work.name)

    thread = threading.Thread(target=keep, name=f"{work.name}-renew", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def drain(jobs: Jobs, transaction: Transaction, *, rounds: int = 10_000) -> int:
    """Do everything that is due, kind after kind, until nothing is left; return how many rows.

    For demo data, the tour and tests. A fault is raised, not retried.
    """
    total = 0
    for _ in range(rounds):
        found = sum(step(work, transaction) for work in jobs.works)
        if not found:
            break
        total += found
    return total


class Worker:
    """Runs all kinds of work until it is asked to stop."""

    def __init__(
        self,
        jobs: Jobs,
        transaction: Transaction,
        listen_url: str,
        *,
        sweep_seconds: float,
        renew_seconds: float = RENEW_SECONDS,
        crash: Callable[[str], None] = nothing,
    ) -> None:
        """Work in transactions of ``transaction``; ``listen_url`` is a plain PostgreSQL address.

        It looks for due work every ``sweep_seconds`` at the latest and renews leases every
        ``renew_seconds``, a third of a lease. ``crash`` is called at named points; tests end the
        process there.
        """
        self._jobs = jobs
        self._transaction = transaction
        self._listen_url = listen_url
        self._sweep_seconds = sweep_seconds
        self._renew_seconds = renew_seconds
        self._crash = crash
        self._wakers = [threading.Event() for _ in jobs.works]

    def run(self, stop: threading.Event) -> None:
        """Work until ``stop`` is set; each kind finishes the slice it is in."""
        threads = [
            threading.Thread(target=self._loop, args=(work, waker, stop), name=work.name)
            for work, waker in zip(self._jobs.works, self._wakers, strict=True)
        ]
        listener = threading.Thread(target=self._listen, args=(stop,), name="listen", daemon=True)
        for thread in (*threads, listener):
            thread.start()
        stop.wait()
        self._wake()
        for thread in (*threads, listener):
            thread.join()

    def _wake(self) -> None:
        for waker in self._wakers:
            waker.set()

    def _loop(self, work: Work, waker: threading.Event, stop: threading.Event) -> None:
        back_off = self._sweep_seconds
        while True:
            waker.clear()  # before looking at stop and at the rows: a later call is not missed
            if stop.is_set():
                return
            try:
                found = step(
                    work, self._transaction, self._crash, renew_seconds=self._renew_seconds
                )
            except Exception:
                # Whatever it is must not end the worker: the rows stay leased and are taken again.
                LOG.exception("work_failed", work=work.name, again_in_seconds=back_off)
                stop.wait(back_off)
                back_off = min(back_off * 2, LONGEST_BACK_OFF_SECONDS)
                continue
            back_off = self._sweep_seconds
            if not found:
                waker.wait(self._sweep_seconds)

    def _listen(self, stop: threading.Event) -> None:
        """Wake all kinds whenever a transaction said so; without the database, the sweep does."""
        while not stop.is_set():
            try:
                with psycopg.connect(self._listen_url, autocommit=True) as connection:
                    connection.execute(f"LISTEN {CHANNEL}")
                    self._wake()
                    while not stop.is_set():
                        for _ in connection.notifies(timeout=1, stop_after=1):
                            self._wake()
            except psycopg.Error as error:
                LOG.warning("listening_interrupted", error=type(error).__name__)
                stop.wait(1)
