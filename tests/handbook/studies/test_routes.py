from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from handbook import ids
from handbook.http import Handbook
from models import Campaign
from tests.handbook.studies import house
from tests.handbook.studies.house import NOW, House
from tests.support import build
from tests.support.counting import statements
from tests.support.phone import Phone


@pytest.fixture
def place(db: Session, at: Callable[[datetime], None]) -> House:
    at(NOW)
    return House()


@pytest.fixture
def row(place: House) -> Campaign:
    """Return an issued campaign whose targets are frozen."""
    document = house.document(place.commune)
    found = house.campaign(place.commune, [document], by=place.officer)
    house.work(house.FREEZE)
    return found


def draft_of(place: House) -> dict[str, Any]:
    return {
        "unit_id": str(place.commune.id),
        "title": "Học tập nghị quyết",
        "document_ids": [str(house.document(place.commune).id)],
        "deadline": "2026-11-30T17:00:00+07:00",
    }


def audience(place: House) -> dict[str, Any]:
    return {"audience": {"include": [{"unit_id": str(place.commune.id)}]}}


def test_a_campaign_goes_from_draft_to_the_members_list(app: Handbook, place: House) -> None:
    officer, member = Phone(app, place.officer), Phone(app, place.an)
    drafted = officer.post("/campaigns", draft_of(place))
    assert drafted.status_code == 201
    assert drafted.json is not None
    assert drafted.json["deadline"] == "2026-11-30T17:00:00+07:00"
    path = f"/campaigns/{drafted.json['id']}"
    assert member.get(path).status_code == 404
    changed = officer.patch(path, {"title": "Mới"}, headers={"If-Match": drafted.headers["ETag"]})
    assert (changed.status_code, changed.headers["ETag"]) == (200, '"2"')
    issued = officer.post(f"{path}/issuance", audience(place))
    assert (issued.status_code, issued.json["state"]) == (202, "issuing")
    house.work(house.FREEZE)
    listed = member.get("/campaigns").json
    assert listed is not None
    assert [(one["title"], one["own_state"]) for one in listed["items"]] == [("Mới", "pending")]
    assert member.get(path).status_code == 200
    assert member.get(path, headers={"If-None-Match": '"3"'}).status_code == 304


def test_a_repeated_draft_is_one_campaign(app: Handbook, place: House) -> None:
    officer = Phone(app, place.officer)
    body, headers = draft_of(place), {"Idempotency-Key": build.key()}
    first = officer.post("/campaigns", body, headers=headers)
    again = officer.post("/campaigns", body, headers=headers)
    assert first.json == again.json
    assert len(officer.get("/campaigns/managed").json["items"]) == 1


@pytest.mark.parametrize(
    ("fault", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": "\x00"}, "title"),
        ({"document_ids": []}, "document_ids"),
        ({"document_ids": ["x"]}, "document_ids.0"),
        ({"deadline": "2026-11-30"}, "deadline"),
        ({"deadline": "2026-11-01T17:00:00+07:00"}, "deadline"),
        ({"requires_read": False}, "requires_read"),
        ({"requires_read": 1}, "requires_read"),
        ({"kind": "x"}, "kind"),
    ],
)
def test_a_faulty_draft_is_refused(
    app: Handbook, place: House, fault: dict[str, Any], field: str
) -> None:
    officer = Phone(app, place.officer)
    sound = draft_of(place)
    refused = officer.post("/campaigns", {**sound, **fault})
    assert refused.status_code == 422
    assert list(refused.json["errors"]) == [field]
    assert officer.post("/campaigns", sound).status_code == 201


def test_only_who_may_write_campaigns_drafts_changes_and_issues(
    app: Handbook, place: House
) -> None:
    drafted = Phone(app, place.officer).post("/campaigns", draft_of(place))
    path = f"/campaigns/{drafted.json['id']}"
    match = {"If-Match": '"1"'}
    nobody, member = Phone(app, None), Phone(app, place.an)
    foreign = Phone(app, place.stranger)
    for phone, status in ((nobody, 401), (member, 403), (foreign, 404)):
        assert phone.patch(path, {"title": "Khác"}, headers=match).status_code == status
        assert phone.post(f"{path}/issuance", audience(place)).status_code == status
    assert nobody.post("/campaigns", draft_of(place)).status_code == 401
    assert member.post("/campaigns", draft_of(place)).status_code == 403
    assert foreign.post("/campaigns", draft_of(place)).status_code == 404


def test_a_change_demands_the_revision(app: Handbook, place: House) -> None:
    officer = Phone(app, place.officer)
    path = f"/campaigns/{officer.post('/campaigns', draft_of(place)).json['id']}"
    assert officer.patch(path, {"title": "Mới"}).status_code == 428
    old = officer.patch(path, {"title": "Mới"}, headers={"If-Match": '"7"'})
    assert old.status_code == 412
    assert officer.get(path).json["title"] == "Học tập nghị quyết"


def test_an_issued_campaign_is_not_issued_again(app: Handbook, place: House) -> None:
    officer = Phone(app, place.officer)
    path = f"/campaigns/{officer.post('/campaigns', draft_of(place)).json['id']}"
    assert officer.post(f"{path}/issuance", audience(place)).status_code == 202
    again = officer.post(f"{path}/issuance", audience(place))
    assert (again.status_code, again.json["code"]) == (409, "campaign_issued")


def test_an_audience_outside_the_scope_is_refused(app: Handbook, place: House) -> None:
    officer = Phone(app, place.officer)
    path = f"/campaigns/{officer.post('/campaigns', draft_of(place)).json['id']}"
    elsewhere = {"audience": {"include": [{"unit_id": str(place.other.id)}]}}
    refused = officer.post(f"{path}/issuance", elsewhere)
    assert (refused.status_code, refused.json["code"]) == (422, "audience_not_allowed")


def test_progress_is_the_member_s_own(app: Handbook, place: House, row: Campaign) -> None:
    path = f"/campaigns/{row.id}/progress"
    own = Phone(app, place.an).get(path)
    assert own.status_code == 200
    assert own.json["state"] == "pending"
    assert Phone(app, place.stranger).get(path).status_code == 404
    assert Phone(app, None).get(path).status_code == 401


def test_the_managed_list_shows_what_concerns_the_actor(
    app: Handbook, place: House, row: Campaign
) -> None:
    house.campaign(place.commune, [house.document(place.commune)], by=place.officer, issue=False)

    def seen(who: Any) -> list[str]:
        answer = Phone(app, who).get("/campaigns/managed")
        assert answer.status_code == 200
        return sorted(one["state"] for one in answer.json["items"])

    assert seen(place.officer) == ["draft", "issuing"]
    assert seen(place.stranger) == []
    house.freeze(row)
    # The secretary of a cell that is targeted sees the campaign of the commune, not its drafts.
    assert Phone(app, place.an).get("/campaigns/managed").status_code == 403
    only = Phone(app, place.officer).get("/campaigns/managed?state=draft").json
    assert [one["state"] for one in only["items"]] == ["draft"]
    assert seen(place.secretary) == ["issued"]


def test_targets_are_listed_by_name_inside_the_scope(
    app: Handbook, place: House, row: Campaign
) -> None:
    build.device(place.an)
    path = f"/campaigns/{row.id}/targets"
    officer = Phone(app, place.officer).get(path)
    assert officer.status_code == 200
    names = [line["full_name"] for line in officer.json["items"]]
    assert names == ["Nguyễn Văn An", "Lê Văn Bí", "Nguyễn Thị Bình", "Phạm Thị Chi"]
    cell = Phone(app, place.secretary).get(path)
    assert len(cell.json["items"]) == 3
    one_cell = Phone(app, place.officer).get(f"{path}?unit_id={place.second.id}&state=pending")
    (line,) = one_cell.json["items"]
    assert line == {
        "member_id": str(place.chi.id),
        "full_name": "Phạm Thị Chi",
        "unit_id": str(place.second.id),
        "unit_name": "Chi bộ ấp 2",
        "state": "pending",
        "documents_done": 0,
        "completed_at": None,
        "has_device": False,
        "entered": False,
    }
    assert officer.json["items"][0]["has_device"] is True
    none = Phone(app, place.officer).get(f"{path}?state=completed")
    assert none.json["items"] == []
    assert Phone(app, place.stranger).get(path).status_code == 404
    assert Phone(app, place.chi).get(path).status_code == 403


def test_pages_of_targets_meet(app: Handbook, place: House, row: Campaign) -> None:
    officer = Phone(app, place.officer)
    found: list[str] = []
    path = f"/campaigns/{row.id}/targets?limit=3"
    answer = officer.get(path).json
    found += [line["member_id"] for line in answer["items"]]
    answer = officer.get(f"{path}&cursor={answer['next_cursor']}").json
    found += [line["member_id"] for line in answer["items"]]
    assert answer["next_cursor"] is None
    assert sorted(found) == sorted(str(member.id) for member in place.members)


def test_a_record_is_put_and_deleted_by_the_cell_s_secretary(
    app: Handbook, place: House, row: Campaign
) -> None:
    path = f"/campaigns/{row.id}/members/{place.an.id}/record"
    body = {"form": "conference", "studied_on": "2026-11-15"}
    secretary = Phone(app, place.secretary)
    put = secretary.put(path, body)
    assert put.status_code == 200
    assert put.json == {
        "campaign_id": str(row.id),
        "member_id": str(place.an.id),
        "form": "conference",
        "studied_on": "2026-11-15",
        "note": None,
        "recorded_at": "2026-11-16T09:00:00+07:00",
        "has_device": False,
    }
    entry = Phone(app, place.an).get(f"/campaigns/{row.id}/progress").json["entry"]
    assert entry["form"] == "conference"
    assert secretary.delete(f"{path}?reason=unknown").status_code == 422
    assert secretary.delete(f"{path}?reason=wrong_member").status_code == 204
    assert secretary.delete(path).status_code == 404


@pytest.mark.parametrize("who", ["an", "officer", "stranger", None])
def test_a_record_is_refused_to_others(
    app: Handbook, place: House, row: Campaign, who: str | None
) -> None:
    path = f"/campaigns/{row.id}/members/{place.an.id}/record"
    body = {"form": "paper", "studied_on": "2026-11-15"}
    expected = {"an": 403, "officer": 403, "stranger": 404, None: 401}[who]
    phone = Phone(app, getattr(place, who) if who else None)
    assert phone.put(path, body).status_code == expected
    assert phone.delete(path).status_code == expected
    assert Phone(app, place.secretary).put(path, body).status_code == 200


@pytest.mark.parametrize(
    "fault", [{"form": "video"}, {"studied_on": "2026-11-17"}, {"studied_on": 1}, {"note": ""}]
)
def test_a_faulty_record_is_refused(
    app: Handbook, place: House, row: Campaign, fault: dict[str, Any]
) -> None:
    path = f"/campaigns/{row.id}/members/{place.an.id}/record"
    body = {"form": "paper", "studied_on": "2026-11-15", **fault}
    assert Phone(app, place.secretary).put(path, body).status_code == 422


@pytest.mark.parametrize("path", ["/campaigns", "/campaigns/managed"])
def test_lists_take_as_many_statements_for_fifty_as_for_one(
    app: Handbook, place: House, path: str
) -> None:
    document = house.document(place.commune)
    phone = Phone(app, place.officer if path.endswith("managed") else place.an)

    def asked() -> tuple[int, int]:
        with statements() as found:
            answer = phone.get(path)
        return len(answer.json["items"]), len(found)

    house.campaign(place.commune, [document], by=place.officer)
    one = asked()
    for _ in range(49):
        house.campaign(place.commune, [document], by=place.officer)
    assert (one[0], asked()) == (1, (50, one[1]))


def test_the_list_of_targets_takes_as_many_statements_for_fifty_as_for_one(
    app: Handbook, place: House
) -> None:
    document = house.document(place.commune)
    phone = Phone(app, place.officer)
    row = house.campaign(place.commune, [document], by=place.officer)
    house.work(house.FREEZE)

    def asked() -> tuple[int, int]:
        with statements() as found:
            answer = phone.get(f"/campaigns/{row.id}/targets")
        return len(answer.json["items"]), len(found)

    few = asked()
    for number in range(46):
        build.member(place.first, f"Trần Văn {number}")
    build.flush().execute(text("UPDATE campaign SET frozen_up_to = NULL"))
    house.work(house.FREEZE)
    assert (few[0], asked()) == (4, (50, few[1]))


def test_an_unknown_campaign_is_not_found(app: Handbook, place: House) -> None:
    phone = Phone(app, place.officer)
    unknown = ids.new()
    for path in ("", "/progress", "/targets"):
        assert phone.get(f"/campaigns/{unknown}{path}").status_code == 404
