"""The phone's view of oneself: record, places, posts, rights, sessions, device."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session as Database

from handbook import clock, database
from handbook.http import Handbook
from models import AuditEntry, Device, Member
from tests.support import build
from tests.support.counting import assert_queries
from tests.support.phone import Phone


@pytest.fixture
def member(db: Database) -> Member:
    cell = build.unit(build.unit(kind="commune", name="Đảng bộ xã"), name="Chi bộ 1")
    return build.member(cell)


def test_me(app: Handbook, member: Member) -> None:
    commune = build.unit(kind="commune", name="Đảng bộ phường")
    build.position(member, commune, "organisation_officer")
    build.position(member, commune, "overseer", end=clock.today())
    answer = Phone(app, member).get("/me")
    assert answer.status_code == 200
    assert answer.json["member"]["full_name"] == "Nguyễn Văn An"
    assert answer.json["member"]["unit_name"] == "Chi bộ 1"
    assert [place["unit_name"] for place in answer.json["places"]] == ["Chi bộ 1"]
    assert [(post["role"], post["unit_name"]) for post in answer.json["posts"]] == [
        ("organisation_officer", "Đảng bộ phường")
    ]
    rights = {one["permission"]: one["unit_ids"] for one in answer.json["permissions"]}
    assert rights["member_write"] == [str(commune.id)]
    assert "document_publish" not in rights
    assert "signed_in" not in rights
    assert answer.json["device"]["kind"] is None


def test_me_asks_the_same_statements_for_many_posts(app: Handbook, member: Member) -> None:
    few = Phone(app, member)
    with assert_queries(4):
        assert few.get("/me").status_code == 200
    for _ in range(50):
        build.position(member, build.unit(kind="commune"), "secretary")
    with assert_queries(4):
        answer = few.get("/me")
    assert len(answer.json["posts"]) == 50


def test_sessions_are_listed_and_ended_one_by_one(app: Handbook, member: Member) -> None:
    mine, lost = Phone(app, member), Phone(app, member)
    stranger = Phone(app, build.member())
    assert mine.session is not None
    assert lost.session is not None
    listed = mine.get("/me/sessions").json["items"]
    assert [(line["id"], line["current"]) for line in listed] == [
        (str(lost.session.id), False),
        (str(mine.session.id), True),
    ]
    path = f"/me/sessions/{lost.session.id}"
    assert stranger.delete(path).status_code == 404
    assert lost.get("/me").status_code == 200
    assert mine.delete(path).status_code == 204
    assert lost.get("/me").json["code"] == "session_revoked"
    assert mine.delete(path).status_code == 204
    assert len(mine.get("/me/sessions").json["items"]) == 1


def test_sessions_are_listed_in_the_same_statements(app: Handbook, member: Member) -> None:
    phone = Phone(app, member)
    with assert_queries(2):
        assert len(phone.get("/me/sessions").json["items"]) == 1
    for _ in range(49):
        build.session_of(member)
    with assert_queries(2):
        assert len(phone.get("/me/sessions").json["items"]) == 50
    page = phone.get("/me/sessions?limit=20").json
    rest = phone.get(f"/me/sessions?limit=200&cursor={page['next_cursor']}").json
    found = [line["id"] for line in page["items"] + rest["items"]]
    assert len(set(found)) == 50
    assert found == sorted(found, reverse=True)


def test_put_device(app: Handbook, member: Member) -> None:
    other = build.device(build.member(), "address-1")
    phone = Phone(app, member)
    assert phone.session is not None
    mine = phone.session.device_id
    body = {"platform": "ios", "kind": "fid", "address": "address-1", "app_version": "2.1"}
    answer = phone.put(f"/me/devices/{mine}", body)
    assert answer.status_code == 200
    assert (answer.json["platform"], answer.json["kind"]) == ("ios", "fid")
    assert "address" not in answer.json
    db = database.session()
    assert db.get_one(Device, mine).address == "address-1"
    assert db.get_one(Device, other.id).address is None
    assert phone.put(f"/me/devices/{other.id}", body).status_code == 404
    lines = select(AuditEntry).where(AuditEntry.object_id == mine)
    assert phone.put(f"/me/devices/{mine}", body).status_code == 200
    assert [line.action for line in db.scalars(lines)] == ["device.enrolled"]
    answer = phone.put(f"/me/devices/{mine}", {"platform": "ios"})
    assert answer.json["kind"] is None
