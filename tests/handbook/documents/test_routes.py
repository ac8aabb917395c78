"""The clerk's desk over HTTP: drafts, files, publication, recall."""

from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from handbook import database
from handbook.http import Handbook
from models import (
    Addressing,
    AuditEntry,
    Change,
    Document,
    DocumentVersion,
    Holder,
    Issuer,
    Notice,
    Part,
)
from tests.support import build, library, office
from tests.support.counting import assert_queries
from tests.support.library import Library
from tests.support.phone import Phone


@pytest.fixture
def scene(db: Session) -> Library:
    """Return two communes with their clerks and readers."""
    return library.make()


@pytest.fixture
def clerk(app: Handbook, scene: Library) -> Phone:
    """Return the phone of the commune's clerk."""
    return Phone(app, scene.clerk)


@pytest.fixture
def reader(app: Handbook, scene: Library) -> Phone:
    """Return the phone of a member of the commune's cell."""
    return Phone(app, scene.reader)


def draft(phone: Phone, scene: Library, **more: Any) -> dict[str, Any]:
    """Return a draft of the commune made over HTTP."""
    answer = phone.post("/documents", library.body(scene.commune, **more))
    assert answer.status_code == 201, answer.json
    found: dict[str, Any] = answer.json
    return found


def actions() -> list[str]:
    """Return the audit actions so far, in order."""
    return list(database.session().scalars(select(AuditEntry.action).order_by(AuditEntry.number)))


def test_a_whole_life(db: Session, scene: Library, clerk: Phone, reader: Phone) -> None:
    issuer = clerk.post("/issuers", {"name": "Đảng ủy xã Tân An", "symbol": "ĐU"}).json
    made = draft(clerk, scene, issuer_id=issuer["id"], number=5, urgency="flash")
    path = f"/documents/{made['id']}"
    assert made["number_line"] == "Số 05-BC/ĐU"
    assert made["state"] == "draft"
    body = {"audience": library.audience(scene.commune), "attestation": True}

    early = clerk.post(f"{path}/publication", body)
    assert (early.status_code, early.json["code"]) == (409, "version_not_ready")
    letter = office.make_letter()
    version = library.upload(clerk, made["id"], letter, "Báo cáo quý III.docx")
    assert version.status_code == 201
    assert version.json["state"] == "waiting"
    assert version.json["file"]["name"] == "Báo cáo quý III.docx"
    assert clerk.post(f"{path}/publication", body).json["code"] == "version_not_ready"
    library.render()
    (ready,) = clerk.get(f"{path}/versions").json["items"]
    assert (ready["state"], ready["failure"]) == ("ready", None)
    assert ready["parts_total"] > 0
    preview = clerk.get(f"{path}/parts/1")
    assert preview.json["of"] == ready["parts_total"]
    assert reader.get(path).status_code == 404
    assert reader.get(f"{path}/parts/1").status_code == 404

    published = clerk.post(f"{path}/publication", body)
    assert published.status_code == 200
    assert published.json["state"] == "published"
    seen = reader.get(path)
    assert seen.json["version"]["id"] == ready["id"]
    assert [line["number"] for line in seen.json["parts"]] == [*range(1, ready["parts_total"] + 1)]
    part = reader.get(f"{path}/parts/1")
    assert part.json["html"] == preview.json["html"]
    assert part.get_etag() == (library.sha256(part.data), False)
    assert seen.json["parts"][0]["sha256"] == library.sha256(part.data)
    assert reader.get(f"{path}/file").data == letter
    notice = database.session().scalars(select(Notice)).one()
    assert (notice.kind, notice.urgent) == ("document_published", True)
    assert notice.params == {
        "reference": "Báo cáo số 05-BC/ĐU",
        "abstract": "Kết quả học tập quý III",
    }
    (listed,) = reader.get("/documents").json["items"]
    assert listed["id"] == made["id"]

    recalled = clerk.post(f"{path}/recall", {"reason": "Phát hành nhầm phạm vi"})
    assert recalled.json["state"] == "recalled"
    assert recalled.json["recall_reason"] == "Phát hành nhầm phạm vi"
    for gone in (path, f"{path}/parts/1", f"{path}/file"):
        assert reader.get(gone).status_code == 404
    assert reader.get("/documents").json["items"] == []
    assert clerk.get(path).status_code == 200
    assert clerk.get("/documents/managed?state=recalled").json["items"][0]["id"] == made["id"]
    kinds = select(Notice.kind, Notice.withdrawn_at.is_(None)).order_by(Notice.published_at)
    assert database.session().execute(kinds).all() == [
        ("document_published", False),
        ("document_recalled", True),
    ]
    op = select(Change.op).where(Change.kind == "document")
    assert database.session().scalars(op).all() == ["remove"]
    held = {line["member_id"]: line["had"] for line in clerk.get(f"{path}/holders").json["items"]}
    assert held == {str(scene.reader.id): "content", str(scene.clerk.id): "content"}
    again = clerk.post(f"{path}/recall", {"reason": "x"})
    assert (again.status_code, again.json["code"]) == (409, "document_recalled")
    assert actions() == [
        "issuer.added",
        "document.drafted",
        "document.version_added",
        "document.published",
        "document.recalled",
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
    assert draft(clerk, scene)["abstract"] == "Kết quả học tập quý III"


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
    made = draft(clerk, scene)
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
    made = draft(clerk, scene)
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
    draft_only = draft(clerk, scene)
    early = clerk.post(f"/documents/{draft_only['id']}/recall", {"reason": "x"})
    assert early.json["code"] == "document_not_published"


def test_a_number_is_taken_once(db: Session, scene: Library, clerk: Phone) -> None:
    issuer = Issuer(id=build.ids.new(), name="Đảng ủy xã", name_folded="dang uy xa")
    database.session().add(issuer)
    database.session().flush()
    same = {"issuer_id": str(issuer.id), "number": 3, "term": "2025-2030"}
    draft(clerk, scene, **same)
    taken = clerk.post("/documents", library.body(scene.commune, **same))
    assert (taken.status_code, taken.json["code"]) == (409, "document_number_taken")
    draft(clerk, scene, **{**same, "term": "2020-2025"})
    draft(clerk, scene, **same, type_code="plan")
    draft(clerk, scene, number=3)
    draft(clerk, scene, number=3)


def test_a_retry_drafts_once(db: Session, scene: Library, clerk: Phone) -> None:
    headers = {"Idempotency-Key": build.key()}
    first, again = (
        clerk.post("/documents", library.body(scene.commune), headers=headers) for _ in range(2)
    )
    assert first.json == again.json
    assert database.session().scalar(select(func.count()).select_from(Document)) == 1


def test_uploads(db: Session, scene: Library, clerk: Phone) -> None:
    made = draft(clerk, scene)
    path = f"/documents/{made['id']}/versions"
    assert clerk.post(path, {"file": "x"}).status_code == 415
    assert clerk.post(path, data={}, content_type="multipart/form-data").status_code in {400, 422}
    macros = library.upload(clerk, made["id"], office.make_macro_docx())
    assert (macros.status_code, macros.json["code"]) == (415, "file_macros")
    empty = library.upload(clerk, made["id"], b"")
    assert (empty.status_code, empty.json["code"]) == (422, "file_empty")
    numbers = [
        library.upload(clerk, made["id"], office.make_letter()).json["number"] for _ in range(2)
    ]
    assert numbers == [1, 2]
    listed = clerk.get(path).json["items"]
    assert [line["number"] for line in listed] == [2, 1]


@pytest.mark.parametrize(
    ("data", "field", "code"),
    [
        ({}, "file", "required"),
        ({"other": "file"}, "other", "unknown"),
        ({"file": "file", "note": "text"}, "note", "unknown"),
        ({"file": ["file", "file"]}, "file", "duplicate"),
    ],
)
def test_an_upload_is_one_file(
    scene: Library, clerk: Phone, data: dict[str, Any], field: str, code: str
) -> None:
    def filled(value: Any) -> Any:
        if isinstance(value, list):
            return [filled(one) for one in value]
        return (library.io.BytesIO(b"chu"), "a.txt") if value == "file" else value

    made = draft(clerk, scene)
    answer = clerk.post(
        f"/documents/{made['id']}/versions",
        data={name: filled(value) for name, value in {"": "", **data}.items() if name},
        content_type="multipart/form-data",
    )
    assert answer.status_code == 422, answer.json
    assert answer.json["errors"][field][0]["code"] == code


def test_an_upload_has_a_limit(
    app: Handbook, scene: Library, clerk: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = draft(clerk, scene)
    large = b"a" * (2 << 20)
    assert library.upload(clerk, made["id"], large, "a.txt").status_code == 201
    settings = app.extensions["handbook_settings"]
    monkeypatch.setitem(vars(settings), "upload_max_bytes", 1000)
    assert library.upload(clerk, made["id"], b"a" * 1001, "a.txt").status_code == 413
    assert library.upload(clerk, made["id"], large, "a.txt").status_code == 413
    assert library.upload(clerk, made["id"], b"a" * 1000, "a.txt").status_code == 201


def test_a_failed_version_is_not_published(db: Session, scene: Library, clerk: Phone) -> None:
    made = draft(clerk, scene)
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
    assert database.session().scalar(select(func.count()).select_from(Part)) > 0


def test_publication_needs_a_word_and_an_audience_inside(
    db: Session, scene: Library, clerk: Phone
) -> None:
    made = draft(clerk, scene)
    library.version(database.session().get_one(Document, build.uuid.UUID(made["id"])))
    path = f"/documents/{made['id']}/publication"
    inside, outside = library.audience(scene.commune), library.audience(scene.other)
    unsaid = clerk.post(path, {"audience": inside, "attestation": False})
    assert (unsaid.status_code, unsaid.json["code"]) == (422, "attestation_missing")
    assert clerk.post(path, {"audience": inside}).status_code == 422
    far = clerk.post(path, {"audience": outside, "attestation": True})
    assert (far.status_code, far.json["code"]) == (422, "audience_not_allowed")
    assert database.session().scalar(select(func.count()).select_from(Addressing)) == 0
    assert clerk.post(path, {"audience": inside, "attestation": True}).status_code == 200


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


def test_types_and_issuers(db: Session, scene: Library, clerk: Phone, reader: Phone) -> None:
    types = reader.get("/document-types").json["items"]
    report = next(line for line in types if line["code"] == "report")
    assert (report["symbol"], report["name"], report["cell_may_issue"]) == ("BC", "Báo cáo", True)
    body = {"name": "Tỉnh ủy Đồng Nai", "symbol": "TU", "unit_id": str(scene.commune.id)}
    made = clerk.post("/issuers", body)
    assert made.status_code == 201
    clerk.post("/issuers", {"name": "Ban Bí thư"})
    names = [line["name"] for line in reader.get("/issuers").json["items"]]
    assert names == ["Ban Bí thư", "Tỉnh ủy Đồng Nai"]
    (found,) = reader.get("/issuers?q=dong nai").json["items"]
    assert found == made.json
    assert reader.get("/issuers?q=%25").json["items"] == []
    assert reader.post("/issuers", body).status_code == 403
    outside = clerk.post("/issuers", {**body, "unit_id": str(scene.other.id)})
    assert outside.json["errors"]["unit_id"][0]["code"] == "choice"
    assert Phone(clerk.client.application, None).get("/document-types").status_code == 401


def test_issuers_are_flat(db: Session, scene: Library, reader: Phone) -> None:
    def add(count: int) -> None:
        for number in range(count):
            database.session().add(
                Issuer(id=build.ids.new(), name=f"Ban {number}", name_folded=f"ban {number}")
            )
        database.session().flush()

    for count in (1, 50):
        add(count)
        with assert_queries(2):
            reader.get("/issuers?limit=200")
