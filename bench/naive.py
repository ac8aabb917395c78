"""A plain way to take reading events: what a straightforward use of the ORM costs.

For each event: look the version up, look for a repeat, add, flush, look the progress up and change
it; one commit for the batch, and no HTTP, no validation, no signing in. Kinder than it would be.
"""

import uuid
from datetime import datetime, timedelta

from sqlalchemy import ARRAY, DateTime, Integer, Text, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

import models
from handbook import clock, ids

SECONDS = 90


class Base(DeclarativeBase):
    """The base of the one table."""


class Event(Base):
    """A row of the copy of the table of events."""

    __tablename__ = "bench_event"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    member_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    version_id: Mapped[uuid.UUID]
    device_id: Mapped[uuid.UUID]
    parts: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    started_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    active_seconds: Mapped[int]
    credited_seconds: Mapped[int]
    offline: Mapped[bool]
    flags: Mapped[list[str]] = mapped_column(ARRAY(Text))


def take(session: Session, member: uuid.UUID, version: uuid.UUID, number: int) -> None:
    """Take a batch of ``number`` events and commit."""
    for _ in range(number):
        _take_one(session, member, version)
    session.commit()


def _take_one(session: Session, member: uuid.UUID, version: uuid.UUID) -> None:
    known = session.scalar(
        select(models.DocumentVersion).where(models.DocumentVersion.id == version)
    )
    if known is None:
        raise LookupError(version)
    event = _event(member, version)
    repeated = select(Event).where(Event.id == event.id, Event.member_id == member)
    if session.scalar(repeated) is not None:
        return
    session.add(event)
    session.flush()
    progress = session.scalar(
        select(models.Progress).where(
            models.Progress.member_id == member, models.Progress.version_id == version
        )
    )
    if progress is not None:
        progress.credited_seconds += 1


def _event(member: uuid.UUID, version: uuid.UUID) -> Event:
    now = clock.now()
    return Event(
        id=ids.new(),
        member_id=member,
        version_id=version,
        device_id=uuid.uuid4(),
        parts=[1],
        started_at=now,
        ended_at=now + timedelta(seconds=SECONDS),
        active_seconds=SECONDS,
        credited_seconds=SECONDS,
        offline=False,
        flags=[],
    )
