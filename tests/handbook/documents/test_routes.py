"""The clerk's desk over HTTP: drafts, rights, what a state allows."""

from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from handbook import database, ids
from handbook.http import Handbook
from models import (
    Document,
    DocumentVersion,
    Issuer,
    Notice,
)
from tests.support import build, library, office
from tests.support.counting import assert_queries
from tests.support.library import Library
from tests.support.phone import Phone


def test_from_draft_to_reader(db: Session, scene: Library, clerk: Phone, reader: Phone) -> None:
    issuer = clerk.post("/issuers", {"name": "Đảng ủy xã Tân An", "symbol": "ĐU"}).json
    made = library.drafted(clerk, scene, issuer_id=issuer["id"], number=5, urgency="flash")
    path = f"/documents/{made['id']}"
    assert (made["number_line"], made["state"]) == ("Số 05-BC/ĐU", "draft")
    body = {"audience": library.audience(scene.commune), "attestation": True}
    early = clerk.post(f"{path}/publication", body)
    assert (early.status_code, early.json["code"]) == (409, "version_not_ready")
    letter = office.make_letter()
    version = library.upload(clerk, made["id"], letter, "Báo cáo quý III.docx")
    assert (version.status_code, version.json["state"]) == (201, "waiting")
    assert version.json["file"]["name"] == "Báo cáo quý III.docx"
    assert clerk.post(f"{path}/publication", body).json["code"] == "version_not_ready"
    library.render()
    (ready,) = clerk.get(f"{path}/versions").json["items"]
    assert (ready["state"], ready["failure"]) == ("ready", None)
    preview = clerk.get(f"{path}/parts/1")
    assert preview.json["of"] == ready["parts_total"] > 0
    assert reader.get(path).status_code == 404
    assert reader.get(f"{path}/parts/1").status_code == 404

    assert clerk.post(f"{path}/publication", body).json["state"] == "published"
    seen = reader.get(path)
    assert seen.json["version"]["id"] == ready["id"]
    numbers = [line["number"] for line in seen.json["parts"]]
    assert numbers == [*range(1, ready["parts_total"] + 1)]
    part = reader.get(f"{path}/parts/1")
    assert part.json["html"] == preview.json["html"]
    assert part.get_etag() == (library.sha256(part.data), False)
    assert seen.json["parts"][0]["sha256"] == library.sha256(part.data)
    assert reader.get(f"{path}/file").data == letter
    assert [line["id"] for line in reader.get("/documents").json["items"]] == [made["id"]]
    notice = database.session().scalars(select(Notice)).one()
    assert (notice.kind, notice.urgent) == ("document_published", True)
    assert notice.params == {
        "reference": "Báo cáo số 05-BC/ĐU",
        "abstract": "Kết quả học tập quý III",
    }
    assert library.actions() == [
        "issuer.added",
        "document.drafted",
        "document.version_added",
        "document.published",
    ]


@pytest.mark.parametrize(
    ("change", "status", "code", "field"),
    [
        ({"secrecy": "mat"}, 422, "secret_document_refused", "secrecy"),
        ({"secrecy": "toi_mat"}, 422, "secret_document_refused", "secrecy"),
        ({"secrecy": "tuyet_mat"}, 422, "secret_document_refused", "secrecy"),
        ({"secrecy": None}, 422, "invalid", "secrecy"),
        ({"type_code": "poem"}, 422, "invalid", "type_code"),
        ({"issuer_id": "0198b2f0-0000-7000-8000-000000000000"}, 422, "invalid", "issuer_id"),
        ({"number": 0}, 422, "invalid", "number"),
        ({"number": "5"}, 422, "invalid", "number"),
        ({"abstract": " "}, 422, "invalid", "abstract"),
        ({"surprise": 1}, 422, "invalid", "surprise"),
    ],
)
def test_a_draft_that_is_wrong(
    db: Session,
    scene: Library,
    clerk: Phone,
    change: dict[str, Any],
    status: int,
    code: str,
    field: str,
) -> None:
    answer = clerk.post("/documents", library.body(scene.commune, **change))
    assert (answer.status_code, answer.json["code"]) == (status, code)
    assert field in answer.json["errors"]
    assert database.session().scalar(select(func.count()).select_from(Document)) == 0
    assert library.drafted(clerk, scene)["abstract"] == "Kết quả học tập quý III"


def test_secrecy_must_be_said(scene: Library, clerk: Phone) -> None:
    body = library.body(scene.commune)
    del body["secrecy"]
    answer = clerk.post("/documents", body)
    assert answer.json["errors"]["secrecy"][0]["code"] == "required"


def test_a_cell_issues_only_what_cells_may(app: Handbook, db: Session, scene: Library) -> None:
    secretary = build.member(scene.cell)
    build.position(secretary, scene.cell, "secretary")
    phone = Phone(app, secretary)
    refused = phone.post("/documents", library.body(scene.cell, type_code="directive"))
    assert (refused.status_code, refused.json["code"]) == (422, "type_not_for_cell")
    made = phone.post("/documents", library.body(scene.cell))
    assert made.status_code == 201
    changed = phone.patch(
        f"/documents/{made.json['id']}", {"type_code": "directive"}, headers={"If-Match": '"1"'}
    )
    assert changed.json["code"] == "type_not_for_cell"
    assert (
        Phone(app, scene.clerk)
        .post("/documents", library.body(scene.commune, type_code="directive"))
        .status_code
        == 201
    )


def test_rights(app: Handbook, db: Session, scene: Library, clerk: Phone, reader: Phone) -> None:
    made = library.drafted(clerk, scene)
    shown = library.published(scene.commune, scene.clerk)
    foreign = Phone(app, scene.other_clerk)
    nobody = Phone(app, None)
    path, seen = f"/documents/{made['id']}", f"/documents/{shown.id}"
    publication = {"audience": library.audience(scene.commune), "attestation": True}
    calls: list[tuple[str, str, Any]] = [
        ("GET", path, None),
        ("PATCH", path, {"abstract": "x"}),
        ("DELETE", path, None),
        ("GET", f"{path}/versions", None),
        ("POST", f"{path}/publication", publication),
        ("POST", f"{path}/recall", {"reason": "x"}),
        ("GET", f"{path}/holders", None),
        ("GET", f"{seen}/parts/1", None),
        ("GET", f"{seen}/file", None),
        ("GET", seen, None),
    ]
    for method, target, body in calls:
        more: dict[str, Any] = {"headers": {"If-Match": '"1"'}} if target == path else {}
        if body is not None:
            more["json"] = body
        assert nobody.call(method, target, **more).status_code == 401, (method, target)
        assert foreign.call(method, target, **more).status_code == 404, (method, target)
    for method, target, body in calls[1:7]:
        more = {"json": body} if body is not None else {}
        assert reader.call(method, target, **more).status_code == 403, (method, target)
    assert library.upload(foreign, made["id"], office.make_letter()).status_code == 404
    assert foreign.post("/documents", library.body(scene.commune)).status_code == 404
    assert reader.post("/documents", library.body(scene.commune)).status_code == 403
    assert foreign.get("/documents/managed").json["items"] == []
    assert len(clerk.get("/documents/managed").json["items"]) == 2
    assert clerk.get(f"{seen}/parts/1").status_code == 200
    assert reader.get(f"{seen}/parts/1").status_code == 200


def test_who_may_read_but_not_recall_is_told_so(app: Handbook, db: Session, scene: Library) -> None:
    secretary = build.member(scene.cell)
    build.position(secretary, scene.cell, "secretary")
    shown = library.published(scene.commune, scene.clerk)
    answer = Phone(app, secretary).post(f"/documents/{shown.id}/recall", {"reason": "x"})
    assert answer.status_code == 403


def test_amend_and_delete_a_draft(db: Session, scene: Library, clerk: Phone) -> None:
    made = library.drafted(clerk, scene)
    path = f"/documents/{made['id']}"
    tag = clerk.get(path).headers["ETag"]
    assert clerk.get(path, headers={"If-None-Match": tag}).status_code == 304
    assert clerk.patch(path, {"abstract": "Mới"}).status_code == 428
    changed = clerk.patch(
        path, {"abstract": "Mới", "number": 7, "term": None}, headers={"If-Match": tag}
    )
    assert (changed.json["abstract"], changed.json["number"]) == ("Mới", 7)
    assert changed.json["urgency"] == made["urgency"]
    stale = clerk.patch(path, {"abstract": "Cũ"}, headers={"If-Match": tag})
    assert (stale.status_code, stale.json["code"]) == (412, "precondition_failed")
    assert clerk.delete(path, headers={"If-Match": tag}).status_code == 412
    library.upload(clerk, made["id"], office.make_letter())
    gone = clerk.delete(path, headers={"If-Match": changed.headers["ETag"]})
    assert gone.status_code == 204
    assert clerk.get(path).status_code == 404
    assert database.session().scalar(select(func.count()).select_from(DocumentVersion)) == 0


def test_a_published_document_stands(db: Session, scene: Library, clerk: Phone) -> None:
    shown = library.published(scene.commune, scene.clerk)
    path, match = f"/documents/{shown.id}", {"If-Match": '"1"'}
    body = {"audience": library.audience(scene.commune), "attestation": True}
    answers = [
        clerk.patch(path, {"abstract": "x"}, headers=match),
        clerk.delete(path, headers=match),
        library.upload(clerk, shown.id, office.make_letter()),
        clerk.post(f"{path}/publication", body),
    ]
    assert {(one.status_code, one.json["code"]) for one in answers} == {(409, "document_published")}
    draft_only = library.drafted(clerk, scene)
    early = clerk.post(f"/documents/{draft_only['id']}/recall", {"reason": "x"})
    assert early.json["code"] == "document_not_published"


def test_a_number_is_taken_once(db: Session, scene: Library, clerk: Phone) -> None:
    issuer = Issuer(id=ids.new(), name="Đảng ủy xã", name_folded="dang uy xa")
    database.session().add(issuer)
    database.session().flush()
    same = {"issuer_id": str(issuer.id), "number": 3, "term": "2025-2030"}
    library.drafted(clerk, scene, **same)
    taken = clerk.post("/documents", library.body(scene.commune, **same))
    assert (taken.status_code, taken.json["code"]) == (409, "document_number_taken")
    library.drafted(clerk, scene, **{**same, "term": "2020-2025"})
    library.drafted(clerk, scene, **same, type_code="plan")
    library.drafted(clerk, scene, number=3)
    library.drafted(clerk, scene, number=3)


def test_a_retry_drafts_once(db: Session, scene: Library, clerk: Phone) -> None:
    headers = {"Idempotency-Key": build.key()}
    first, again = (
        clerk.post("/documents", library.body(scene.commune), headers=headers) for _ in range(2)
    )
    assert first.json == again.json
    assert database.session().scalar(select(func.count()).select_from(Document)) == 1


def test_managed_is_filtered_and_flat(db: Session, scene: Library, clerk: Phone) -> None:
    library.document(scene.commune, scene.clerk)
    with assert_queries(2):
        assert len(clerk.get("/documents/managed").json["items"]) == 1
    for _ in range(50):
        library.document(scene.cell, scene.clerk)
    with assert_queries(2):
        first = clerk.get("/documents/managed?limit=40").json
    rest = clerk.get(f"/documents/managed?limit=40&cursor={first['next_cursor']}").json
    found = [line["id"] for line in first["items"] + rest["items"]]
    assert found == sorted(set(found), reverse=True)
    assert len(found) == 51
    assert rest["next_cursor"] is None
    here = clerk.get(f"/documents/managed?unit_id={scene.commune.id}").json["items"]
    assert [line["unit_id"] for line in here] == [str(scene.commune.id)]
    assert clerk.get("/documents/managed?state=published").json["items"] == []
    assert clerk.get("/documents/managed?state=burnt").status_code == 422
