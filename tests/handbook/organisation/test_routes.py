"""The phone's view of units, members and posts."""

import uuid
from typing import Any

import pytest
from sqlalchemy.orm import Session

from handbook import clock
from handbook.http import Handbook
from models import Unit
from tests.handbook.organisation.conftest import House
from tests.support import build
from tests.support.counting import assert_queries
from tests.support.phone import Phone

NOWHERE = uuid.UUID(int=7)
MEMBER = {"full_name": "Phạm Hoàng Yến", "standing": "official", "phone": "0912345678"}


def ids_of(answer: Any) -> list[str]:
    return [item["id"] for item in answer.json["items"]]


def match(revision: int) -> dict[str, str]:
    return {"If-Match": f'"{revision}"'}


def test_a_member_sees_the_way_up(house: House) -> None:
    phone = house.phone(house.plain)
    chain = [house.province, house.commune, house.cell]
    assert ids_of(phone.get("/units")) == [str(unit.id) for unit in chain]
    assert phone.get(f"/units/{house.cell.id}").status_code == 200
    for unit in (house.other_cell, house.neighbour):
        assert phone.get(f"/units/{unit.id}").status_code == 404
    assert phone.get(f"/units/{NOWHERE}").status_code == 404


def test_an_officer_sees_the_subtree(house: House) -> None:
    phone = house.phone(house.officer)
    assert len(ids_of(phone.get("/units"))) == 4
    below = phone.get(f"/units?parent_id={house.commune.id}")
    assert ids_of(below) == [str(house.cell.id), str(house.other_cell.id)]
    assert ids_of(phone.get("/units?q=thon+hai")) == [str(house.other_cell.id)]
    assert ids_of(phone.get(f"/units?parent_id={house.neighbour.id}")) == []
    first = phone.get("/units?limit=3").json
    rest = phone.get(f"/units?limit=3&cursor={first['next_cursor']}").json
    assert (len(first["items"]), len(rest["items"]), rest["next_cursor"]) == (3, 1, None)


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=201", "page=1", "parent_id=x", "q=", "limit=1&limit=2", "limit=1.0"]
)
def test_a_query_that_cannot_be(house: House, query: str) -> None:
    assert house.phone(house.plain).get(f"/units?{query}").status_code == 422


def test_a_cursor_of_another_list_is_refused(house: House) -> None:
    phone = house.phone(house.officer)
    cursor = phone.get("/units?limit=1").json["next_cursor"]
    answer = phone.get(f"/units/{house.cell.id}/members?cursor={cursor}")
    assert (answer.status_code, answer.json["code"]) == (400, "bad_cursor")


def test_a_unit_unchanged_is_304_only_for_who_may_see_it(house: House) -> None:
    phone = house.phone(house.plain)
    answer = phone.get(f"/units/{house.cell.id}")
    known = {"If-None-Match": answer.headers["ETag"]}
    assert phone.get(f"/units/{house.cell.id}", headers=known).status_code == 304
    path = f"/units/{house.other_cell.id}"
    assert phone.get(path, headers=known).status_code == 404
    assert Phone(house.app, None).get(path, headers=known).status_code == 401


def test_create_unit(house: House) -> None:
    phone = house.phone(house.officer)
    body = {"parent_id": str(house.commune.id), "kind": "cell", "name": "Chi bộ thôn Bốn"}
    key = {"Idempotency-Key": build.key()}
    made = phone.post("/units", body, headers=key)
    assert (made.status_code, made.headers["ETag"]) == (201, '"1"')
    again = phone.post("/units", body, headers=key)
    assert (again.status_code, again.json) == (201, made.json)
    assert len(ids_of(phone.get("/units"))) == 5
    wrong = phone.post("/units", {**body, "kind": "group"})
    assert (wrong.status_code, wrong.json["code"]) == (422, "unit_kind_misplaced")
    hidden = phone.post("/units", {**body, "parent_id": str(house.neighbour.id)})
    assert hidden.status_code == 404
    above = phone.post("/units", {**body, "parent_id": str(house.province.id)})
    assert above.status_code == 403
    assert house.phone(house.secretary).post("/units", body).status_code == 403
    assert len(ids_of(phone.get("/units"))) == 5


def test_a_unit_code_is_taken_once(house: House) -> None:
    phone = house.phone(house.officer)
    body = {
        "parent_id": str(house.commune.id),
        "kind": "cell",
        "name": "Chi bộ",
        "code": "38.168",
    }
    assert phone.post("/units", body).status_code == 201
    answer = phone.post("/units", body)
    assert (answer.status_code, answer.json["code"]) == (409, "unit_code_taken")


def test_change_unit_demands_the_revision(house: House) -> None:
    phone = house.phone(house.officer)
    path, body = f"/units/{house.cell.id}", {"name": "Chi bộ thôn Mới"}
    assert phone.patch(path, body).status_code == 428
    assert phone.patch(path, body, headers=match(7)).status_code == 412
    answer = phone.patch(path, body, headers=match(1))
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"2"')
    assert answer.json["name"] == "Chi bộ thôn Mới"
    assert phone.patch(path, body, headers=match(1)).status_code == 412
    secretary = house.phone(house.secretary)
    assert secretary.patch(path, body, headers=match(2)).status_code == 403
    foreign = f"/units/{house.neighbour.id}"
    assert phone.patch(foreign, body, headers=match(1)).status_code == 404


def test_a_dissolved_unit_refuses_writes(house: House, db: Session) -> None:
    phone = house.phone(house.officer)
    path = f"/units/{house.other_cell.id}"
    assert phone.post(f"{path}/members", MEMBER).status_code == 201
    db.get_one(Unit, house.other_cell.id).dissolved_on = clock.today()
    db.commit()
    for answer in (
        phone.post(f"{path}/members", MEMBER),
        phone.patch(path, {"name": "x"}, headers=match(1)),
        phone.post("/units", {"parent_id": path[-36:], "kind": "group", "name": "x"}),
    ):
        assert (answer.status_code, answer.json["code"]) == (409, "unit_dissolved")
    assert phone.get(path).json["dissolved_on"] == clock.today().isoformat()


def test_members_are_listed_by_given_name(house: House) -> None:
    for name in ("Trần Văn Ân", "Đỗ Thị Ánh", "Vũ Văn An", "Bùi Văn Đức", "Bùi Văn Dũng"):
        build.member(house.other_cell, name)
    phone = house.phone(house.officer)
    path = f"/units/{house.commune.id}/members"
    assert ids_of(phone.get(path)) == []
    found: list[str] = []
    cursor = ""
    while True:
        page = phone.get(f"{path}?subtree=true&limit=3{cursor}").json
        found += [item["full_name"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert found == [
        "Nguyễn Văn An",
        "Vũ Văn An",
        "Đỗ Thị Ánh",
        "Trần Văn Ân",
        "Trần Thị Bình",
        "Lê Văn Cường",
        "Bùi Văn Dũng",
        "Bùi Văn Đức",
    ]
    only = phone.get(f"{path}?subtree=true&q=DUC").json["items"]
    assert [item["full_name"] for item in only] == ["Bùi Văn Đức"]
    assert phone.get(f"/units/{house.neighbour.id}/members").status_code == 404
    assert phone.get(f"/units/{house.province.id}/members").status_code == 403
    assert house.phone(house.plain).get(path).status_code == 403


def test_lists_ask_the_same_statements_for_one_row_and_fifty(house: House) -> None:
    phone = house.phone(house.officer)
    counts = {
        f"/units?parent_id={house.commune.id}": 2,
        f"/units/{house.other_cell.id}/members": 3,
        f"/members/{house.plain.id}/positions": 3,
    }
    build.member(house.other_cell)
    build.position(house.plain, house.cell, "deputy")
    for path, number in counts.items():
        with assert_queries(number):
            assert phone.get(path).status_code == 200
    for _ in range(49):
        build.position(house.plain, build.unit(house.commune), "deputy")
        build.member(house.other_cell)
    for path, number in counts.items():
        with assert_queries(number):
            assert len(ids_of(phone.get(path))) == 50


def test_admit_show_and_change_a_member(house: House) -> None:
    phone = house.phone(house.officer)
    body = {**MEMBER, "card_number": "038 168 000 001", "birth_date": "1990-05-01"}
    made = phone.post(f"/units/{house.cell.id}/members", body)
    assert (made.status_code, made.headers["ETag"]) == (201, '"1"')
    assert made.headers["Cache-Control"] == "private, no-store"
    assert (made.json["phone"], made.json["card_number"]) == ("•••••••678", "•••••••••001")
    path = f"/members/{made.json['id']}"
    assert phone.get(path).json == made.json
    assert phone.patch(path, {"sex": "female"}).status_code == 428
    changed = phone.patch(path, {"sex": "female"}, headers=match(1))
    assert (changed.status_code, changed.json["sex"], changed.json["revision"]) == (
        200,
        "female",
        2,
    )
    assert phone.patch(path, {"sex": "male"}, headers=match(1)).status_code == 412
    taken = phone.post(f"/units/{house.cell.id}/members", body)
    assert (taken.status_code, taken.json["code"]) == (409, "card_number_taken")


def test_members_outside_the_scope_are_not_found(house: House) -> None:
    stranger = build.member(house.neighbour_cell)
    phone = house.phone(house.officer)
    for path in (f"/members/{stranger.id}", f"/members/{NOWHERE}"):
        assert phone.get(path).status_code == 404
        assert phone.patch(path, {"sex": "male"}, headers=match(1)).status_code == 404
        assert phone.get(f"{path}/positions").status_code == 404
    assert phone.get(f"/members/{house.plain.id}").status_code == 200
    assert house.phone(house.plain).get(f"/members/{house.plain.id}").status_code == 403


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"full_name": "a" * 201}, "full_name"),
        ({"full_name": "a\x00"}, "full_name"),
        ({"full_name": None}, "full_name"),
        ({"birth_date": "22/11/2026"}, "birth_date"),
        ({"sex": 1}, "sex"),
        ({"standing": "guest"}, "standing"),
        ({"phone": "0912 abc"}, "phone"),
        ({"phone": "1"}, "phone"),
        ({"from": "9999-12-31"}, "from"),
        ({"rank": 1}, "rank"),
    ],
)
def test_a_member_that_cannot_be(house: House, change: dict[str, Any], field: str) -> None:
    phone = house.phone(house.officer)
    answer = phone.post(f"/units/{house.cell.id}/members", {**MEMBER, **change})
    assert answer.status_code == 422
    assert list(answer.json["errors"]) == [field]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/units"),
        ("GET", f"/units/{NOWHERE}"),
        ("POST", "/units"),
        ("PATCH", f"/units/{NOWHERE}"),
        ("GET", f"/units/{NOWHERE}/members"),
        ("POST", f"/units/{NOWHERE}/members"),
        ("GET", f"/members/{NOWHERE}"),
        ("PATCH", f"/members/{NOWHERE}"),
        ("GET", f"/members/{NOWHERE}/positions"),
        ("POST", f"/members/{NOWHERE}/positions"),
        ("PATCH", f"/positions/{NOWHERE}"),
    ],
)
def test_nobody_signed_in_is_401(app: Handbook, db: Session, method: str, path: str) -> None:
    answer = Phone(app, None).call(method, path, json={})
    assert (answer.status_code, answer.json["code"]) == (401, "unauthenticated")
