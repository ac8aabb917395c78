"""Rendering: claimed once, settled only by the holder of the lease, failing with a code."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from handbook import ids
from handbook.documents import due
from handbook.files import child, place
from models import Document, DocumentVersion, Part, StoredFile
from tests.support import library, office

PARTS = (child.Part(1, "I", "<p>một</p>", "một", 1), child.Part(2, None, "<p>hai</p>", "hai", 1))


@pytest.fixture
def waiting(db: Session) -> DocumentVersion:
    """Return a version that waits to be rendered."""
    scene = library.make()
    return _waiting(db, library.document(scene.commune, scene.clerk), office.make_letter())


def _waiting(db: Session, document: Document, content: bytes) -> DocumentVersion:
    put = place.store().put(content)
    db.merge(StoredFile(sha256=put.sha256, size=put.size, kind="docx"))
    db.flush()
    row = DocumentVersion(
        id=ids.new(),
        document_id=document.id,
        number=1,
        file_sha256=put.sha256,
        file_name="a.docx",
        created_by=document.created_by,
    )
    db.add(row)
    db.flush()
    return row


def test_a_letter_becomes_parts(db: Session, waiting: DocumentVersion) -> None:
    assert library.render() == 1
    db.refresh(waiting)
    parts = db.scalars(
        select(Part).where(Part.version_id == waiting.id).order_by(Part.number)
    ).all()
    assert waiting.state == "ready"
    assert waiting.lease_until is None
    assert waiting.parts_total == len(parts) > 0
    assert waiting.words == sum(part.words for part in parts) > 0
    assert "Kế hoạch học tập" in parts[0].html
    assert library.render() == 0


def test_a_damaged_file_fails_at_once_with_its_code(db: Session) -> None:
    scene = library.make()
    bad = office.rezip(office.make_letter(), {"word/document.xml": b"<w:document"})
    version = _waiting(db, library.document(scene.commune, scene.clerk), bad)
    library.render()
    db.refresh(version)
    assert (version.state, version.failure) == ("failed", "damaged")


def test_two_at_once_and_no_more(db: Session) -> None:
    scene = library.make()
    for _ in range(3):
        document = library.document(scene.commune, scene.clerk)
        _waiting(db, document, office.make_letter())
    assert len(due.claim_waiting(db)) == 2
    assert len(due.claim_waiting(db)) == 1
    assert due.claim_waiting(db) == []


def test_who_lost_the_lease_settles_nothing(db: Session, waiting: DocumentVersion) -> None:
    slow = due.claim_waiting(db)
    db.execute(update(DocumentVersion).values(lease_until=None))
    quick = due.claim_waiting(db)
    assert [one.fence for one in quick] == [slow[0].fence + 1]
    due.settle(db, slow, [due.Outcome(failure="too_slow")])
    db.refresh(waiting)
    assert waiting.state == "waiting"
    due.settle(db, quick, [due.Outcome(PARTS)])
    due.settle(db, quick, [due.Outcome(PARTS)])
    db.refresh(waiting)
    assert (waiting.state, waiting.parts_total, waiting.words) == ("ready", 2, 2)


def test_a_file_that_cannot_be_read_now_is_tried_three_times(
    db: Session, waiting: DocumentVersion
) -> None:
    place.store().delete(waiting.file_sha256)
    for attempt in (1, 2, 3):
        assert library.render() == 1
        db.refresh(waiting)
        assert (waiting.state, waiting.attempts) == ("waiting", attempt)
        assert library.render() == 0, "it waits before the next try"
        waiting.due_at -= timedelta(minutes=1)
        db.flush()
    library.render()
    db.refresh(waiting)
    assert (waiting.state, waiting.failure) == ("failed", due.FAILED)


def test_the_lease_outlives_the_slowest_batch() -> None:
    assert due.MOST_AT_ONCE * child.Limits().wall_seconds < due.LEASE_SECONDS
