"""Publication and recall: who is told, who had it, who proved to have removed it."""

import uuid

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from handbook import database
from handbook.audiences import service as audiences
from handbook.changes import service as changes
from handbook.http import Handbook
from models import (
    Addressing,
    Change,
    Document,
    Holder,
    Notice,
    Part,
    Receipt,
)
from tests.support import build, library, office
from tests.support.counting import assert_queries
from tests.support.library import Library
from tests.support.phone import Phone


def test_a_recall_hides_and_remembers(
    app: Handbook, db: Session, scene: Library, clerk: Phone, reader: Phone
) -> None:
    made = library.drafted(clerk, scene)
    path = f"/documents/{made['id']}"
    library.upload(clerk, made["id"], office.make_letter())
    library.render()
    body = {"audience": library.audience(scene.commune), "attestation": True}
    assert clerk.post(f"{path}/publication", body).status_code == 200
    assert reader.get(f"{path}/parts/1").status_code == 200
    pulled, behind = (build.device(build.member(scene.cell)) for _ in range(2))
    change = database.session().scalars(select(Change).where(Change.kind == "document")).one()
    library.receive(pulled, change.bucket_id, change.position)
    library.receive(behind, change.bucket_id, change.position - 1)

    recalled = clerk.post(f"{path}/recall", {"reason": "Phát hành nhầm phạm vi"})
    assert recalled.json["state"] == "recalled"
    assert recalled.json["recall_reason"] == "Phát hành nhầm phạm vi"
    for gone in (path, f"{path}/parts/1", f"{path}/file"):
        assert reader.get(gone).status_code == 404
    assert reader.get("/documents").json["items"] == []
    assert clerk.get(path).status_code == 200
    assert clerk.get("/documents/managed?state=recalled").json["items"][0]["id"] == made["id"]
    op = select(Change.op).where(Change.kind == "document")
    assert database.session().scalars(op).all() == ["remove"]
    kinds = select(Notice.kind, Notice.withdrawn_at.is_(None)).order_by(Notice.published_at)
    assert database.session().execute(kinds).all() == [
        ("document_published", False),
        ("document_recalled", True),
    ]
    held = clerk.get(f"{path}/holders").json["items"]
    assert reader.session is not None
    assert {(line["device_id"], line["had"]) for line in held} == {
        (str(reader.session.device_id), "content"),
        (str(pulled.id), "record"),
    }
    again = clerk.post(f"{path}/recall", {"reason": "x"})
    assert (again.status_code, again.json["code"]) == (409, "document_recalled")
    assert library.actions()[-1] == "document.recalled"


def test_a_holder_proves_the_removal(db: Session, scene: Library, clerk: Phone) -> None:
    shown = library.published(scene.commune, scene.clerk)
    device = build.device(scene.reader)
    change = database.session().scalars(select(Change)).one()
    library.receive(device, change.bucket_id, change.position)
    path = f"/documents/{shown.id}"
    clerk.post(f"{path}/recall", {"reason": "x"})
    (line,) = clerk.get(f"{path}/holders").json["items"]
    assert (line["member_id"], line["removed_at"]) == (str(scene.reader.id), None)
    (removal,) = database.session().scalars(
        select(Change.position).where(Change.kind == "document", Change.op == "remove")
    )
    database.session().execute(update(Receipt).values(position=removal))
    (line,) = clerk.get(f"{path}/holders").json["items"]
    assert line["removed_at"] is not None


def test_a_recall_reaches_those_who_study_it(
    app: Handbook, db: Session, scene: Library, clerk: Phone
) -> None:
    shown = library.published(scene.commune, scene.clerk)
    (own,) = audiences.personal_buckets([scene.other_reader.id]).values()
    library.study(scene, shown.id, scene.other_reader)
    changes.touch("document", shown.id, [own])
    changes.flush(database.session())
    far = Phone(app, scene.other_reader)
    assert far.get(f"/documents/{shown.id}").status_code == 200
    assert far.get(f"/documents/{shown.id}/parts/1").status_code == 200
    assert clerk.post(f"/documents/{shown.id}/recall", {"reason": "x"}).status_code == 200
    assert far.get(f"/documents/{shown.id}").status_code == 404
    ops = select(Change.op).where(Change.kind == "document", Change.bucket_id == own)
    assert database.session().scalars(ops).all() == ["remove"]


def test_a_failed_version_is_not_published(db: Session, scene: Library, clerk: Phone) -> None:
    made = library.drafted(clerk, scene)
    path = f"/documents/{made['id']}"
    bad = office.rezip(office.make_letter(), {"word/document.xml": b"<w:document"})
    library.upload(clerk, made["id"], bad)
    library.render()
    body = {"audience": library.audience(scene.commune), "attestation": True}
    answer = clerk.post(f"{path}/publication", body)
    assert (answer.status_code, answer.json["code"]) == (409, "version_failed")
    assert answer.json["errors"]["version"][0]["code"] == "damaged"
    library.upload(clerk, made["id"], office.make_letter())
    library.render()
    assert clerk.post(f"{path}/publication", body).status_code == 200
    assert database.session().scalar(select(func.count()).select_from(Part))


def test_a_newer_version_is_not_published_unseen(db: Session, scene: Library, clerk: Phone) -> None:
    made = library.drafted(clerk, scene)
    path = f"/documents/{made['id']}"
    seen, newer = (
        library.upload(clerk, made["id"], office.make_letter()).json["id"] for _ in range(2)
    )
    library.render()
    body = {"audience": library.audience(scene.commune), "attestation": True}
    answer = clerk.post(f"{path}/publication", {**body, "version_id": seen})
    assert (answer.status_code, answer.json["code"]) == (409, "version_conflict")
    answer = clerk.post(f"{path}/publication", {**body, "version_id": newer})
    assert answer.json["version"]["id"] == newer


def test_publication_needs_a_word_and_an_audience_inside(
    db: Session, scene: Library, clerk: Phone
) -> None:
    made = library.drafted(clerk, scene)
    library.version(database.session().get_one(Document, uuid.UUID(made["id"])))
    path = f"/documents/{made['id']}/publication"
    inside, outside = library.audience(scene.commune), library.audience(scene.other)
    unsaid = clerk.post(path, {"audience": inside, "attestation": False})
    assert (unsaid.status_code, unsaid.json["code"]) == (422, "attestation_missing")
    assert clerk.post(path, {"audience": inside}).status_code == 422
    far = clerk.post(path, {"audience": outside, "attestation": True})
    assert (far.status_code, far.json["code"]) == (422, "audience_not_allowed")
    assert database.session().scalar(select(func.count()).select_from(Addressing)) == 0
    assert clerk.post(path, {"audience": inside, "attestation": True}).status_code == 200


def test_holders_are_paged_and_flat(app: Handbook, db: Session, scene: Library) -> None:
    shown = library.published(scene.commune, scene.clerk)
    clerk = Phone(app, scene.clerk)
    path = f"/documents/{shown.id}/holders"

    def hold(count: int) -> None:
        for _ in range(count):
            member = build.member(scene.cell)
            device = build.device(member)
            database.session().add(
                Holder(document_id=shown.id, device_id=device.id, member_id=member.id, had="record")
            )
        database.session().flush()

    hold(1)
    with assert_queries(3):
        assert len(clerk.get(path).json["items"]) == 1
    hold(50)
    with assert_queries(3):
        answer = clerk.get(f"{path}?limit=50").json
    assert len(answer["items"]) == 50
    assert len(clerk.get(f"{path}?cursor={answer['next_cursor']}").json["items"]) == 1
