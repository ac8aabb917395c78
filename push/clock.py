"""The clock: acts at certain times, in the worker process only.

APScheduler only ticks. What a tick does is one transaction that first takes the (task, slot) row;
a second scheduler finds the row taken and goes on, so two workers do no harm.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from sqlalchemy import delete, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

import models
from push.work import Jobs, Tick

LOG = structlog.get_logger(__name__)
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
KEPT = timedelta(days=40)
Transaction = Callable[[], AbstractContextManager[Session]]
_LOCK = text("SELECT pg_try_advisory_xact_lock(hashtextextended('tick:' || :task, 0))")


def scheduler(
    jobs: Jobs, transaction: Transaction, now: Callable[[], datetime]
) -> BackgroundScheduler:
    """Return a scheduler, not yet started, that runs the ticks of ``jobs``."""
    made = BackgroundScheduler(
        timezone=ZONE, job_defaults={"coalesce": True, "misfire_grace_time": None}
    )
    for tick in jobs.ticks:
        made.add_job(
            run,
            CronTrigger(timezone=ZONE, **tick.cron),
            args=(tick, transaction, now),
            id=tick.name,
        )
    return made


def run(tick: Tick, transaction: Transaction, now: Callable[[], datetime]) -> bool:
    """Act if this slot of the tick is still free; return whether it was. Faults are told."""
    slot = slot_of(tick, now())
    try:
        with transaction() as session:
            if not _take(session, tick.name, slot):
                return False
            tick.act(session)
    except Exception:
        # The transaction rolled back, so the slot is free again for the next scheduler or tick.
        LOG.exception("tick_failed", tick=tick.name)
        return False
    return True


def slot_of(tick: Tick, instant: datetime) -> datetime:
    """Return the newest time of the tick's own calendar that is not after ``instant``.

    Two schedulers that fire a little apart, or late, name the same slot.
    """
    trigger = CronTrigger(timezone=ZONE, **tick.cron)
    found: datetime | None = None
    for back in (timedelta(minutes=11), timedelta(hours=25), timedelta(days=32)):
        found = _newest(trigger, instant - back, instant)
        if found is not None:
            return found
    return instant.replace(second=0, microsecond=0)


def _newest(trigger: CronTrigger, start: datetime, end: datetime) -> datetime | None:
    found: datetime | None = None
    following = trigger.get_next_fire_time(None, start)
    while following is not None and following <= end:
        found = following
        following = trigger.get_next_fire_time(following, following + timedelta(microseconds=1))
    return found


def _take(session: Session, task: str, slot: datetime) -> bool:
    """Take a slot; while another scheduler is at the same task, do not wait for it."""
    if not session.execute(_LOCK, {"task": task}).scalar_one():
        return False
    taken = session.execute(
        insert(models.Tick)
        .values(task=task, slot=slot)
        .on_conflict_do_nothing()
        .returning(models.Tick.task)
    )
    return taken.first() is not None


def forget_old(session: Session, now: datetime) -> None:
    """Delete the rows of ticks older than 40 days."""
    session.execute(delete(models.Tick).where(models.Tick.slot < now - KEPT))
