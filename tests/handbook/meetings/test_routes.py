"""The phone's view of meetings."""

import uuid
from typing import Any

import pytest
from sqlalchemy import select

from handbook import database
from models import Meeting
from tests.handbook.meetings import house as scene
from tests.handbook.meetings.house import Office
from tests.support import build
from tests.support.phone import Phone


def change(phone: Phone, meeting: str, json: Any, match: str | None = '"1"') -> Any:
    headers = {"If-Match": match} if match else {}
    return phone.patch(f"/meetings/{meeting}", json, headers=headers)


def test_from_draft_to_reply(office: Office) -> None:
    paper = scene.document(office.place.cell, office.place.secretary)
    drafted = office.secretary.post("/meetings", office.wire(material_ids=[paper.id]))
    assert (drafted.status_code, drafted.headers["ETag"]) == (201, '"1"')
    path = f"/meetings/{drafted.get_json()['id']}"
    assert office.an.get(path).status_code == 404

    called = office.secretary.post(f"{path}/invitations", {})
    assert (called.status_code, called.headers["ETag"]) == (201, '"2"')
    assert called.get_json()["warnings"] == []

    seen = office.an.get(path)
    assert seen.status_code == 200
    assert seen.get_json()["starts_at"] == "2026-03-05T19:30:00+07:00"
    assert seen.get_json()["materials"] == [
        {"document_id": str(paper.id), "line": "Số 05-BC/CB", "abstract": paper.abstract}
    ]
    assert (seen.get_json()["reply"], seen.get_json()["reply_counts"]) == (None, None)
    assert [line["answer"] for line in office.an.get("/meetings").get_json()["items"]] == [None]

    replied = office.an.put(f"{path}/replies/me", {"answer": "absent", "reason": "Đi công tác"})
    assert replied.status_code == 204
    assert office.an.get(path).get_json()["reply"] == {
        "answer": "absent",
        "reason": "Đi công tác",
        "replied_at": "2026-03-02T08:00:00+07:00",
    }
    assert [line["answer"] for line in office.an.get("/meetings").get_json()["items"]] == ["absent"]
    assert office.secretary.get(path).get_json()["reply_counts"] == {
        "invited": 3,
        "coming": 0,
        "absent": 1,
        "unanswered": 2,
    }


def test_warnings_are_spoken_in_vietnamese(office: Office) -> None:
    meeting = office.draft(agenda=[])
    answer = office.secretary.post(f"/meetings/{meeting}/invitations", {})
    assert answer.get_json()["warnings"] == [
        {"code": "no_agenda", "text": "Cuộc họp chưa có chương trình."}
    ]


def test_change_demands_the_revision(office: Office) -> None:
    meeting = office.called()
    assert change(office.secretary, meeting, {"place": "Xã"}, None).status_code == 428
    assert change(office.secretary, meeting, {"place": "Xã"}, '"1"').status_code == 412
    answer = change(office.secretary, meeting, {"place": "Xã"}, '"2"')
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"3"')
    assert office.an.get(f"/meetings/{meeting}").get_json()["place"] == "Xã"


def test_conflicts(office: Office) -> None:
    meeting = office.called()
    path = f"/meetings/{meeting}"
    hidden = scene.document(office.place.cell, office.place.secretary, state="draft")
    drafted = office.draft(material_ids=[hidden.id])
    refused = office.secretary.post(f"/meetings/{drafted}/invitations", {})
    assert (refused.status_code, refused.get_json()["code"]) == (409, "material_not_visible")
    assert [(name, faults[0]["code"]) for name, faults in refused.get_json()["errors"].items()] == [
        (str(hidden.id), "not_visible")
    ]
    again = office.secretary.post(f"{path}/invitations", {})
    assert (again.status_code, again.get_json()["code"]) == (409, "meeting_not_draft")
    title = change(office.secretary, meeting, {"title": "Khác"}, '"2"')
    assert (title.status_code, title.get_json()["code"]) == (409, "meeting_fixed")
    early = office.secretary.post(f"/meetings/{drafted}/cancellation", {"reason": "Bão"})
    assert (early.status_code, early.get_json()["code"]) == (409, "meeting_not_called")
    cancelled = office.secretary.post(f"{path}/cancellation", {"reason": "Bão"})
    assert (cancelled.status_code, cancelled.get_json()["state"]) == (200, "cancelled")
    late = office.an.put(f"{path}/replies/me", {"answer": "coming"})
    assert (late.status_code, late.get_json()["code"]) == (409, "meeting_is_cancelled")
    assert [line["state"] for line in office.an.get("/meetings").get_json()["items"]] == [
        "cancelled"
    ]


def test_a_create_is_done_once(office: Office) -> None:
    key = {"Idempotency-Key": build.key()}
    first = office.secretary.post("/meetings", office.wire(), headers=key)
    again = office.secretary.post("/meetings", office.wire(), headers=key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json == again.json
    assert len(database.session().scalars(select(Meeting.id)).all()) == 1
    other = office.secretary.post("/meetings", office.wire(title="Khác"), headers=key)
    assert other.status_code == 422
    bare = office.secretary.client.post(
        "/api/v1/meetings",
        json=office.wire(),
        headers={"Authorization": f"Bearer {office.secretary.token}"},
    )
    assert bare.status_code == 428


GOOD_REPLY = {"answer": "coming"}


@pytest.mark.parametrize(
    ("method", "path", "json"),
    [
        ("POST", "", "draft"),
        ("GET", "", None),
        ("GET", "/managed", None),
        ("GET", "/{id}", None),
        ("PATCH", "/{id}", {"place": "Xã"}),
        ("POST", "/{id}/invitations", {}),
        ("POST", "/{id}/cancellation", {"reason": "Bão"}),
        ("PUT", "/{id}/replies/me", GOOD_REPLY),
        ("GET", "/{id}/replies", None),
    ],
)
def test_who_may_use_a_route(office: Office, method: str, path: str, json: Any) -> None:
    place = office.place
    meeting = office.draft() if path.endswith("/invitations") else office.called()
    body = office.wire() if json == "draft" else json
    match = {"If-Match": '"2"'} if method == "PATCH" else {}

    def status(phone: Phone) -> int:
        whole = f"/meetings{path.format(id=meeting)}"
        more = {} if method == "GET" else {"json": body}
        return phone.call(method, whole, headers=match, **more).status_code

    assert status(Phone(office.app, None)) == 401
    seen = {
        "stranger": status(office.phone(place.stranger)),
        "neighbour": status(office.phone(place.neighbour)),
        "overseer": status(office.phone(place.overseer)),
        "member": status(office.an),
        "secretary": status(office.secretary),
    }
    expected = {
        ("POST", ""): (403, 404, 403, 403, 201),
        ("GET", ""): (200, 200, 200, 200, 200),
        ("GET", "/managed"): (403, 200, 200, 403, 200),
        ("GET", "/{id}"): (404, 404, 200, 200, 200),
        ("PATCH", "/{id}"): (403, 404, 403, 403, 200),
        ("POST", "/{id}/invitations"): (403, 404, 403, 403, 201),
        ("POST", "/{id}/cancellation"): (403, 404, 403, 403, 200),
        ("PUT", "/{id}/replies/me"): (404, 404, 404, 204, 204),
        ("GET", "/{id}/replies"): (403, 404, 200, 403, 200),
    }[method, path]
    assert seen == dict(zip(seen, expected, strict=True))


@pytest.mark.parametrize(
    ("differs", "field"),
    [
        ({"starts_at": "2026-03-05T19:30:00"}, "starts_at"),
        ({"starts_at": "9999-12-31T23:59:59Z"}, "starts_at"),
        ({"starts_at": "0001-01-01T00:00:00Z"}, "starts_at"),
        ({"kind": "picnic"}, "kind"),
        ({"minutes_planned": 0}, "minutes_planned"),
        ({"minutes_planned": 2**63}, "minutes_planned"),
        ({"minutes_planned": "90"}, "minutes_planned"),
        ({"title": "x\x00"}, "title"),
        ({"place": " "}, "place"),
        ({"place": None}, "place"),
        ({"agenda": [{"title": "x"}] * 51}, "agenda"),
        ({"agenda": [{"title": "x", "minutes": 0}]}, "agenda.0.minutes"),
        ({"material_ids": [str(uuid.UUID(int=1))] * 2}, "material_ids"),
        ({"material_ids": [str(uuid.UUID(int=1))]}, "material_ids"),
        ({"chair_id": str(uuid.UUID(int=1))}, "chair_id"),
        ({"state": "called"}, "state"),
    ],
)
def test_a_wrong_draft_is_refused_and_nothing_kept(
    office: Office, differs: dict[str, Any], field: str
) -> None:
    answer = office.secretary.post("/meetings", {**office.wire(), **differs})
    assert answer.status_code == 422
    assert list(answer.get_json()["errors"]) == [field]
    assert database.session().scalars(select(Meeting.id)).all() == []


@pytest.mark.parametrize(
    ("method", "path", "json", "field"),
    [
        ("PUT", "replies/me", {"answer": "absent"}, "reason"),
        ("PUT", "replies/me", {"answer": "absent", "reason": " "}, "reason"),
        ("PUT", "replies/me", {"answer": "maybe"}, "answer"),
        ("POST", "cancellation", {}, "reason"),
        ("POST", "invitations", {"audience": {"include": []}}, "audience.include"),
        ("PATCH", "", {"title": None}, "title"),
        ("PATCH", "", {"unit_id": str(uuid.UUID(int=1))}, "unit_id"),
    ],
)
def test_a_wrong_body_is_refused(
    office: Office, method: str, path: str, json: Any, field: str
) -> None:
    meeting = office.called()
    whole = f"/meetings/{meeting}/{path}".rstrip("/")
    answer = office.secretary.call(method, whole, json=json, headers={"If-Match": '"2"'})
    assert answer.status_code == 422, answer.json
    assert list(answer.get_json()["errors"]) == [field]
    assert office.secretary.get(f"/meetings/{meeting}").get_json()["revision"] == 2
