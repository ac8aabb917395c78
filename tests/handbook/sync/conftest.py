"""A member with three units' buckets and a shelf of made-up objects that phones are shown."""

import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy.orm import Session

from handbook import database
from handbook.access import Actor
from handbook.audiences import service as audiences
from handbook.changes import service as changes
from handbook.http import Handbook
from handbook.sync import receipts, service
from models import Member, Unit
from tests.support import build
from tests.support.phone import Phone
from tests.support.syncing import PhoneStore

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


@dataclass
class Shelf:
    """The objects there are, the buckets they are put in, and the feed that shows them."""

    reader: Member
    units: list[Unit]
    buckets: list[uuid.UUID]
    personal: uuid.UUID
    phone: Phone
    store: PhoneStore
    objects: dict[uuid.UUID, dict[str, Any]] = field(default_factory=dict)
    asked: list[int] = field(default_factory=list)

    def feed(self, ids: Sequence[uuid.UUID], _actor: Actor) -> dict[uuid.UUID, dict[str, Any]]:
        """Return the objects that are there."""
        self.asked.append(len(ids))
        return {one: self.objects[one] for one in ids if one in self.objects}

    def put(self, *buckets: uuid.UUID, key: uuid.UUID | None = None) -> uuid.UUID:
        """Return the id of an object that is new or changed in ``buckets``."""
        key = key or uuid.uuid4()
        version = self.objects.get(key, {"version": 0})["version"]
        self.objects[key] = {"id": str(key), "version": version + 1}
        self.touch(key, *buckets)
        return key

    def touch(self, key: uuid.UUID, *buckets: uuid.UUID, removed: bool = False) -> None:
        """Write to the log of ``buckets``."""
        changes.touch("thing", key, buckets, removed=removed)
        changes.flush(database.session())


@pytest.fixture
def shelf(
    app: Handbook,
    db: Session,
    at: Callable[[datetime], None],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Shelf]:
    """Return the shelf; the reader sits in the first unit, the second is its parent."""
    at(NOW)
    parent, far = build.unit(kind="commune"), build.unit(kind="commune")
    home = build.unit(parent)
    units = [home, parent, far]
    reader = build.member(home)
    phone = Phone(app, reader)
    made = Shelf(
        reader,
        units,
        [audiences.unit_bucket(unit.id) for unit in units],
        audiences.personal_buckets([reader.id])[reader.id],
        phone,
        PhoneStore(phone),
    )
    monkeypatch.setattr(service, "FEEDS", {"thing": made.feed})
    receipts.MEMORY.forget()
    yield made
    receipts.MEMORY.forget()
