"""Builders of notices and of what follows from them: fan-outs, outbox rows, work done by hand."""

import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.orm import Session

from handbook import clock, database, ids
from handbook.audiences import service as audiences
from handbook.notifications import service
from models import Device, DeviceAccount, FanOut, Member, Outbox, Unit
from push import fanout, outbox, runner
from push.recheck import Quiet
from push.sender import Message, Outcome, Sender
from push.work import Work
from tests.support import build

# 09:00 on Monday 16 November 2026 in Vietnam: no quiet hours.
MORNING = datetime(2026, 11, 16, 2, tzinfo=UTC)
LEASE_SECONDS = 60.0


def texts(kind: str, language: str) -> tuple[str, str]:
    """Return texts from which a test can read kind and language."""
    return f"{kind} ({language})", "Mở ứng dụng để xem."


class Recorder:
    """A sender that accepts everything, or answers what ``answer`` makes of a message."""

    def __init__(self, answer: Callable[[Message], Outcome] | None = None) -> None:
        """Start with nothing sent."""
        self.sent: list[Message] = []
        self._answer = answer or (lambda one: Outcome(one.id, "accepted", "accepted", "p/1"))

    def send(self, messages: Sequence[Message]) -> list[Outcome]:
        """Note the messages and answer each."""
        self.sent += messages
        return [self._answer(message) for message in messages]


@contextmanager
def same() -> Iterator[Session]:
    """Give the current session: for work within the one transaction of a test."""
    session = database.session()
    yield session
    session.flush()


def publish(
    *units: Unit, members: Sequence[Member] = (), urgent: bool = False, **more: Any
) -> uuid.UUID:
    """Return a new notice about a document to everybody in and below ``units``, and ``members``."""
    buckets = [audiences.unit_bucket(unit.id) for unit in units]
    buckets += audiences.personal_buckets([one.id for one in members]).values()
    return service.notify(
        "document_published",
        "document",
        more.pop("about", uuid.uuid4()),
        buckets=buckets,
        params={"reference": "01-NQ/TW", "abstract": "Nghị quyết về học tập"},
        urgent=urgent,
        **more,
    )


def fan_out(*, slice_size: int = fanout.SLICE) -> Work:
    """Return the work that makes outbox rows."""
    return fanout.work(
        now=clock.now, day_of=clock.day_of, lease_seconds=LEASE_SECONDS, slice_size=slice_size
    )


def dispatch(sender: Sender, *, quiet_hours: Quiet = None) -> Work:
    """Return the work that sends what waits in the outbox."""
    return outbox.work(
        sender,
        texts=texts,
        now=clock.now,
        quiet_hours=quiet_hours,
        lease_seconds=LEASE_SECONDS,
    )


def spread() -> None:
    """Make all outbox rows that are due, in the current transaction."""
    while runner.step(fan_out(), same):
        pass


def send(sender: Sender, *, quiet_hours: Quiet = None) -> int:
    """Send one slice in the current transaction; return how many rows it had."""
    return runner.step(dispatch(sender, quiet_hours=quiet_hours), same)


def rows(notice: uuid.UUID) -> Sequence[Row[Any]]:
    """Return the outbox rows of a notice by device, as they stand in the database."""
    found = database.session().execute(
        select(*Outbox.__table__.columns)
        .where(Outbox.notice_id == notice)
        .order_by(Outbox.device_id)
    )
    return found.all()


def row(notice: uuid.UUID) -> Row[Any]:
    """Return the one outbox row of a notice."""
    (found,) = rows(notice)
    return found


def make_due(*, end_leases: bool = True) -> None:
    """Let every waiting row fall due now and, unless told otherwise, every lease have ended."""
    session = database.session()
    past = func.now() - timedelta(seconds=1)
    for table in (Outbox, FanOut):
        values: dict[str, Any] = {"due_at": past}
        if end_leases:
            values["lease_until"] = past
        session.execute(update(table).values(values).execution_options(synchronize_session=False))


def many_phones(of: Member, number: int) -> None:
    """Give a member ``number`` phones, in two statements."""
    session = database.session()
    made = [ids.new() for _ in range(number)]
    plain = {"platform": "android", "address_kind": "token", "refreshed_at": clock.now()}
    session.execute(
        insert(Device), [{**plain, "id": one, "address": f"many-{one}"} for one in made]
    )
    account = build.account(of).id
    session.execute(
        insert(DeviceAccount), [{"device_id": one, "account_id": account} for one in made]
    )


def cell_with(phones: int, name: str = "Chi bộ") -> tuple[Unit, list[Member]]:
    """Return a cell with members who have one phone each, addressed ``phone-<n>-<cell>``."""
    cell = build.unit(name=name)
    people = [build.member(cell) for _ in range(phones)]
    for number, one in enumerate(people):
        build.device(one, f"phone-{number}-{cell.number}")
    return cell, people
