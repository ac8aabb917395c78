"""A cell with a reader and a document of three parts of 90 words, at a stopped clock."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session as DbSession

from handbook import clock, database
from handbook.http import Handbook
from models import Document, Member, Unit
from tests.support import build, published
from tests.support.phone import Phone

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


@dataclass
class Scene:
    """What the tests of reading stand on."""

    cell: Unit
    reader: Member
    document: Document
    version_id: uuid.UUID
    phone: Phone

    @property
    def session(self) -> DbSession:
        """Return the session of now: a request lets go of the one before."""
        return database.session()

    def event(self, start: float = -600, length: float = 60, **more: Any) -> dict[str, Any]:
        """Return an event that began ``start`` seconds from now and lasted ``length`` seconds."""
        begin = clock.now() + timedelta(seconds=start)
        return {
            "id": str(event_id(begin)),
            "version_id": str(self.version_id),
            "parts": [1, 2, 3],
            "started_at": begin.isoformat(),
            "ended_at": (begin + timedelta(seconds=length)).isoformat(),
            "active_seconds": int(length),
            "offline": False,
        } | more

    def send(self, *events: Any, on: Phone | None = None) -> Any:
        """Return the answer to a batch sent by a phone whose clock is right."""
        body = {"device_time": clock.now().isoformat(), "events": list(events)}
        return (on or self.phone).post("/reading/events", body)


def event_id(made: datetime) -> uuid.UUID:
    """Return an id of version 7 made at an instant."""
    milliseconds = int(made.timestamp() * 1000)
    tail = uuid.uuid4().int & ((1 << 80) - 1)
    value = (milliseconds << 80) | tail
    value = value & ~(0xF << 76) | (7 << 76)
    return uuid.UUID(int=value & ~(0x3 << 62) | (2 << 62))


@pytest.fixture
def scene(app: Handbook, db: DbSession, at: Callable[[datetime], None]) -> Scene:
    """Return the scene."""
    at(NOW)
    cell = build.unit(build.unit(kind="commune"))
    reader = build.member(cell)
    document = published.document(cell)
    assert document.version_id is not None
    return Scene(cell, reader, document, document.version_id, Phone(app, reader))
