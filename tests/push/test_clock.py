"""Ticks: each slot once, however many schedulers there are."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from handbook import jobs
from handbook.http import Handbook
from models import Tick as TakenTick
from push import clock
from push.work import Jobs, Tick
from tests.conftest import Real
from tests.support import notices

MINUTELY = {"minute": "*"}
DAILY = {"hour": 7, "minute": 30}


def vietnamese(text: str) -> datetime:
    """Return an instant from Vietnamese wall-clock time."""
    return datetime.fromisoformat(text).replace(tzinfo=clock.ZONE)


@pytest.mark.parametrize(
    ("cron", "now", "slot"),
    [
        (MINUTELY, "2026-11-16T09:00:00", "2026-11-16T09:00:00"),
        (MINUTELY, "2026-11-16T09:00:59.9", "2026-11-16T09:00:00"),
        ({"minute": "*/10"}, "2026-11-16T09:09:59", "2026-11-16T09:00:00"),
        ({"minute": "*/10"}, "2026-11-16T09:10:00", "2026-11-16T09:10:00"),
        (DAILY, "2026-11-16T07:30:00", "2026-11-16T07:30:00"),
        (DAILY, "2026-11-16T07:29:59", "2026-11-15T07:30:00"),
        (DAILY, "2026-11-16T00:10:00", "2026-11-15T07:30:00"),
        ({"day": 1, "hour": 0, "minute": 5}, "2026-11-30T23:00:00", "2026-11-01T00:05:00"),
    ],
)
def test_a_late_scheduler_names_the_slot_that_was_due(
    cron: dict[str, int | str], now: str, slot: str
) -> None:
    tick = Tick("t", cron, lambda _session: None)
    assert clock.slot_of(tick, vietnamese(now)) == vietnamese(slot)
    assert clock.slot_of(tick, vietnamese(now).astimezone(UTC)) == vietnamese(slot)


def counting() -> tuple[list[Session], Tick]:
    """Return a tick and the list of its acts."""
    acts: list[Session] = []
    return acts, Tick("count", MINUTELY, acts.append)


def test_two_schedulers_act_once_in_a_slot(db: Session) -> None:
    acts, tick = counting()
    now = vietnamese("2026-11-16T09:00:01")

    assert clock.run(tick, notices.same, lambda: now)
    assert not clock.run(tick, notices.same, lambda: now + timedelta(seconds=50))
    assert clock.run(tick, notices.same, lambda: now + timedelta(seconds=60))

    assert len(acts) == 2


def test_a_second_scheduler_does_not_wait_for_the_first(real: Real) -> None:
    transaction = jobs.transactions(real.app)
    now = vietnamese("2026-11-16T09:00:01")
    acts, tick = counting()
    seen: list[bool] = []

    def act(session: Session) -> None:
        with ThreadPoolExecutor() as pool:
            other = pool.submit(clock.run, tick, transaction, lambda: now)
            seen.append(other.result(timeout=4))

    assert clock.run(Tick(tick.name, tick.cron, act), transaction, lambda: now)
    assert not clock.run(tick, transaction, lambda: now)
    assert (seen, acts) == ([False], [])


def test_ticks_of_two_tasks_do_not_meet(db: Session) -> None:
    now = vietnamese("2026-11-16T09:00:01")
    acts: list[str] = []
    for name in ("one", "two"):
        tick = Tick(name, MINUTELY, lambda _session, name=name: acts.append(name))  # type: ignore[misc]  # the name of this turn
        assert clock.run(tick, notices.same, lambda: now)
    assert acts == ["one", "two"]


def test_an_act_that_fails_leaves_its_slot_free(app: Handbook, db: Session) -> None:
    transaction = jobs.transactions(app)
    now = vietnamese("2026-11-16T09:00:01")

    def fail(_session: Session) -> None:
        raise RuntimeError("no")

    with structlog.testing.capture_logs() as logs:
        assert not clock.run(Tick("t", MINUTELY, fail), transaction, lambda: now)
    assert [line["event"] for line in logs] == ["tick_failed"]
    assert clock.run(Tick("t", MINUTELY, lambda _session: None), notices.same, lambda: now)


def test_old_ticks_are_forgotten(db: Session) -> None:
    now = vietnamese("2026-11-16T09:00:00")
    for age in (39, 41):
        tick = Tick("t", MINUTELY, lambda _session: None)
        clock.run(tick, notices.same, lambda age=age: now - timedelta(days=age))  # type: ignore[misc]  # the age of this turn

    clock.forget_old(db, now)

    assert db.execute(select(func.count()).select_from(TakenTick)).scalar_one() == 1


def test_the_scheduler_only_ticks(db: Session) -> None:
    _, tick = counting()
    daily = Tick("daily", DAILY, lambda _session: None)
    made = clock.scheduler(Jobs((), (tick, daily)), notices.same, lambda: notices.MORNING)
    made.start(paused=True)
    try:
        listed = {job.id: job for job in made.get_jobs()}
        assert set(listed) == {"count", "daily"}
        for job in listed.values():
            assert (job.coalesce, job.misfire_grace_time) == (True, None)
            assert str(job.trigger.timezone) == "Asia/Ho_Chi_Minh"
        fire = listed["daily"].trigger.get_next_fire_time(None, vietnamese("2026-11-16T08:00:00"))
        assert fire == vietnamese("2026-11-17T07:30:00")
    finally:
        made.shutdown(wait=False)
