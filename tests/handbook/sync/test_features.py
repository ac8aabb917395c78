"""After every use case of the walk the old state plus the delta equals a full fetch."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from handbook import database
from handbook.http import Handbook
from handbook.sync import receipts
from models import Member, Membership, Unit
from tests.handbook.reading.conftest import event_id
from tests.support import build, library
from tests.support.phone import Phone
from tests.support.syncing import PhoneStore, assert_delta_equals_full

NOW = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)


class Commune:
    """A commune with a cell: its secretary, clerk and reader, each with a phone that keeps."""

    def __init__(self, app: Handbook) -> None:
        """Build it; the reader's store is what is watched."""
        self.unit = build.unit(kind="commune")
        self.cell = build.unit(self.unit)
        self.other = build.unit(self.unit)
        self.reader = build.member(self.cell)
        self.secretary = self._officer("secretary", self.cell)
        self.clerk = self._officer("clerk", self.unit)
        self.officer = self._officer("propaganda_officer", self.unit)
        self.app = app
        self.phones = {
            who.id: Phone(app, who)
            for who in (self.reader, self.secretary, self.clerk, self.officer)
        }
        self.store = PhoneStore(self.phone(self.reader))

    def _officer(self, role: str, at: Unit) -> Member:
        found = build.member(self.cell)
        build.position(found, at, role)
        return found

    def phone(self, who: Member) -> Phone:
        """Return the phone of one of the four."""
        return self.phones[who.id]

    def do(self, who: Member, method: str, path: str, json: Any = None, **more: Any) -> Any:
        """Return the JSON answer to an act that must succeed, and check the reader's delta."""
        answer = self.phone(who).call(method, path, json=json, **more)
        assert answer.status_code < 300, answer.json
        assert_delta_equals_full(self.store)
        return answer.json

    def published(self) -> Any:
        """Return a draft with a rendered version that the clerk published to the commune."""
        draft = library.document(self.unit, self.clerk)
        library.version(draft, ["Phần một.", "Phần hai."])
        return self.do(
            self.clerk,
            "POST",
            f"/documents/{draft.id}/publication",
            {"attestation": True, "audience": library.audience(self.unit)},
        )


@pytest.fixture
def commune(app: Handbook, db: Session, at: Callable[[datetime], None]) -> Commune:
    """Return the commune at a stopped clock."""
    at(NOW)
    receipts.MEMORY.forget()
    return Commune(app)


def test_documents_reading_and_recall(commune: Commune) -> None:
    store, reader = commune.store, commune.reader
    document = commune.published()
    assert set(store.of_kind("document")) == {document["id"]}
    [notice] = store.of_kind("notice").values()
    assert (notice["kind"], notice["object_id"]) == ("document_published", document["id"])
    commune.do(reader, "PUT", f"/inbox/{notice['id']}/read", {"dismissed": False})
    assert store.of_kind("notice_state")[notice["id"]]["opened_at"] is not None
    version = store.of_kind("document")[document["id"]]["version"]["id"]
    start = NOW - timedelta(minutes=5)
    event = {
        "id": str(event_id(start)),
        "version_id": version,
        "parts": [1, 2],
        "started_at": start.isoformat(),
        "ended_at": NOW.isoformat(),
        "active_seconds": 60,
    }
    batch = {"device_time": NOW.isoformat(), "events": [event]}
    commune.do(reader, "POST", "/reading/events", batch)
    assert store.of_kind("document_state")[document["id"]]["read_at"] is not None
    body = {"version_id": version, "acknowledged_at": NOW.isoformat()}
    commune.do(reader, "PUT", f"/acknowledgements/{event_id(NOW)}", body)
    assert store.of_kind("document_state")[document["id"]]["acknowledged_version"] == version
    commune.do(commune.clerk, "POST", f"/documents/{document['id']}/recall", {"reason": "nhầm"})
    assert store.of_kind("document") == {}
    assert {one["kind"] for one in store.of_kind("notice").values()} == {"document_recalled"}


def test_a_meeting_and_its_cancellation(commune: Commune) -> None:
    store, cell = commune.store, commune.cell
    meeting = commune.do(
        commune.secretary,
        "POST",
        "/meetings",
        {
            "unit_id": str(cell.id),
            "kind": "regular",
            "title": "Sinh hoạt thường kỳ",
            "starts_at": (NOW + timedelta(days=3)).isoformat(),
            "minutes_planned": 90,
            "place": "Nhà văn hóa",
            "agenda": [{"title": "Kết quả tháng trước", "minutes": 30, "presenter": "Bí thư"}],
            "material_ids": [],
        },
    )
    path = f"/meetings/{meeting['id']}"
    assert store.of_kind("meeting") == {}
    call = {"audience": None, "combined": False}
    commune.do(commune.secretary, "POST", f"{path}/invitations", call)
    assert set(store.of_kind("meeting")) == {meeting["id"]}
    commune.do(commune.reader, "PUT", f"{path}/replies/me", {"answer": "absent", "reason": "ốm"})
    assert set(store.of_kind("meeting_reply")) == {meeting["id"]}
    commune.do(commune.secretary, "POST", f"{path}/cancellation", {"reason": "bão"})
    assert set(store.of_kind("meeting")) == {meeting["id"]}


def test_a_move_takes_away_what_is_not_theirs_any_more(commune: Commune) -> None:
    document = commune.published()
    assert set(commune.store.of_kind("document")) == {document["id"]}
    moved = NOW.date() - timedelta(days=1)
    database.session().execute(
        update(Membership)
        .where(Membership.member_id == commune.reader.id)
        .values(during=Range(date(2020, 1, 1), moved))
    )
    build.membership(commune.reader, build.unit(kind="commune"), start=moved)
    assert_delta_equals_full(commune.store)
    assert commune.store.objects == {}
