"""The reader's library: the right rows, newest first, in pages, cheap, and equal to its schema."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import orjson
import pytest
from sqlalchemy.orm import Session

from handbook import access, database, ids
from handbook.access import Actor
from handbook.audiences import service as audiences
from handbook.changes import service as changes
from handbook.documents import newest, schemas
from handbook.http import Handbook
from models import Acknowledgement, Document, Issuer, Progress
from tests.support import library
from tests.support.counting import assert_queries
from tests.support.library import Library
from tests.support.phone import Phone

NOON = datetime(2026, 11, 1, 5, tzinfo=UTC)
Stop = Callable[[datetime], None]


def publish(scene: Library, at: Stop, count: int, start: int = 0) -> list[str]:
    """Return the ids of documents published a minute apart, the newest first."""
    found = []
    for number in range(start, start + count):
        at(NOON + timedelta(minutes=number))
        found.append(str(library.published(scene.commune, scene.clerk).id))
    return found[::-1]


def actor_of(phone: Phone) -> Actor:
    """Return the actor behind a phone."""
    assert phone.session is not None
    return access.load_actor(database.session(), phone.session.id, phone.session.account_id)


def test_only_what_is_addressed_to_me(db: Session, scene: Library, reader: Phone, at: Stop) -> None:
    at(NOON)
    mine = library.published(scene.commune, scene.clerk)
    at(NOON + timedelta(hours=1))
    own = audiences.personal_buckets([scene.reader.id])
    personal = library.published(
        scene.other, scene.other_clerk, [*own.values(), audiences.unit_bucket(scene.cell.id)]
    )
    library.published(scene.other, scene.other_clerk)
    library.document(scene.commune, scene.clerk)
    recalled = library.published(scene.commune, scene.clerk)
    recalled.state, recalled.recalled_at, recalled.recall_reason = "recalled", NOON, "x"
    items = reader.get("/documents").json["items"]
    assert [line["id"] for line in items] == [str(personal.id), str(mine.id)]


def test_recalled_ones_do_not_shorten_a_page(
    db: Session, scene: Library, reader: Phone, at: Stop
) -> None:
    kept = publish(scene, at, 3)
    for one in publish(scene, at, 5, start=10):
        row = database.session().get_one(Document, uuid.UUID(one))
        row.state, row.recalled_at, row.recall_reason = "recalled", NOON, "x"
    page = reader.get("/documents?limit=2").json
    assert [line["id"] for line in page["items"]] == kept[:2]
    assert page["next_cursor"] is not None


def test_pages_meet_without_gap_or_repeat(
    db: Session, scene: Library, reader: Phone, at: Stop
) -> None:
    expected = publish(scene, at, 4)
    at(NOON - timedelta(days=1))
    same_instant = {str(library.published(scene.cell, scene.clerk).id) for _ in range(3)}
    found: list[str] = []
    cursor = ""
    while True:
        page = reader.get(f"/documents?limit=2{cursor}").json
        found += [line["id"] for line in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert found[:4] == expected
    assert set(found[4:]) == same_instant
    assert len(found) == 7


@pytest.mark.parametrize("cursor", ["x", "WzFd.abc", "%00"])
def test_a_made_up_cursor_is_refused(reader: Phone, cursor: str) -> None:
    assert reader.get(f"/documents?cursor={cursor}").status_code in {400, 422}


def test_own_state_is_mine_alone(app: Handbook, db: Session, scene: Library, reader: Phone) -> None:
    shown = library.published(scene.commune, scene.clerk)
    assert shown.version_id is not None
    database.session().add(
        Progress(
            member_id=scene.reader.id,
            version_id=shown.version_id,
            document_id=shown.id,
            parts_seen=[1, 2],
            credited_seconds=90,
            read_at=NOON,
        )
    )
    database.session().add(
        Acknowledgement(
            id=ids.new(),
            member_id=scene.reader.id,
            document_id=shown.id,
            version_id=shown.version_id,
            source="member",
            acknowledged_at=NOON,
        )
    )
    database.session().flush()
    (line,) = reader.get("/documents").json["items"]
    assert line["own"] == {
        "parts_seen": 2,
        "credited_seconds": 90,
        "read": True,
        "acknowledged_at": "2026-11-01T12:00:00+07:00",
    }
    (other,) = Phone(app, scene.clerk).get("/documents").json["items"]
    assert other["own"] == {
        "parts_seen": 0,
        "credited_seconds": 0,
        "read": False,
        "acknowledged_at": None,
    }


def test_rows_dumped_by_hand_equal_the_schema(
    db: Session, scene: Library, reader: Phone, at: Stop
) -> None:
    issuer = Issuer(id=ids.new(), name="Tỉnh ủy", name_folded="tinh uy", symbol="TU")
    database.session().add(issuer)
    database.session().flush()
    at(NOON + timedelta(microseconds=1500))
    library.published(
        scene.commune,
        scene.clerk,
        issuer_id=issuer.id,
        number=9,
        issued_on=NOON.date(),
        urgency="flash",
    )
    publish(scene, at, 1)
    page = orjson.loads(newest.read(actor_of(reader), {"limit": 1, "cursor": None}))
    assert page["next_cursor"]
    actor = actor_of(reader)
    rows = newest.rows(actor, limit=50, cursor=None)
    plain = newest.shape(rows, "c")
    assert len(rows) == 2
    by_schema = schemas.DocumentPage().dump(plain)
    assert orjson.loads(orjson.dumps(plain)) == orjson.loads(orjson.dumps(by_schema))


def test_flat_and_two_statements(db: Session, scene: Library, reader: Phone, at: Stop) -> None:
    publish(scene, at, 1)
    with assert_queries(2):
        assert len(reader.get("/documents").json["items"]) == 1
    publish(scene, at, 50, start=10)
    with assert_queries(2):
        assert len(reader.get("/documents?limit=60").json["items"]) == 51


def test_nothing_new_is_304_after_authorisation(
    app: Handbook, db: Session, scene: Library, reader: Phone, at: Stop
) -> None:
    publish(scene, at, 1)
    headers = {"If-None-Match": reader.get("/documents").headers["ETag"]}
    with assert_queries(1):
        assert reader.get("/documents", headers=headers).status_code == 304
    assert Phone(app, None).get("/documents", headers=headers).status_code == 401
    assert Phone(app, scene.other_reader).get("/documents", headers=headers).status_code == 200
    own = audiences.personal_buckets([scene.reader.id])
    changes.touch("document_state", ids.new(), own.values())
    changes.flush(database.session())
    changed = reader.get("/documents", headers=headers)
    assert changed.status_code == 200
    headers = {"If-None-Match": changed.headers["ETag"]}
    library.published(scene.commune, scene.clerk)
    assert len(reader.get("/documents", headers=headers).json["items"]) == 2
