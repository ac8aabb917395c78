"""The inbox as the phone sees it, and what a committee sees of the pushes."""

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from handbook.http import Handbook
from models import Member, Unit
from tests.support import build, counting, notices
from tests.support.phone import Phone


@pytest.fixture(autouse=True)
def _morning(at: Callable[[datetime], None]) -> None:
    at(notices.MORNING)


def told(cell: Unit, number: int, at: Callable[[datetime], None]) -> list[uuid.UUID]:
    """Publish so many notices, a minute apart."""
    made = []
    for minute in range(number):
        at(notices.MORNING + timedelta(minutes=minute))
        made.append(notices.publish(cell))
    return made


def test_the_inbox_newest_first_in_pages(
    app: Handbook, db: Session, at: Callable[[datetime], None]
) -> None:
    cell, (an,) = notices.cell_with(1)
    phone = Phone(app, an)
    made = told(cell, 5, at)

    found, cursor = [], ""
    for _ in range(3):
        answer = phone.get(f"/inbox?limit=2{cursor}")
        assert answer.status_code == 200
        page = answer.get_json()
        found += [uuid.UUID(item["id"]) for item in page["items"]]
        assert page["unread"] == 5
        cursor = f"&cursor={page['next_cursor']}"

    assert page["next_cursor"] is None
    assert found == made[::-1]
    item = page["items"][0]
    assert item["title"] == "Văn bản mới"
    assert item["body"] == "01-NQ/TW: Nghị quyết về học tập"
    assert item["published_at"] == "2026-11-16T09:00:00+07:00"
    assert (item["opened_at"], item["dismissed_at"], item["urgent"]) == (None, None, False)


def test_the_inbox_in_english(app: Handbook, db: Session) -> None:
    cell, (an,) = notices.cell_with(1)
    notices.publish(cell)
    answer = Phone(app, an).get("/inbox", headers={"Accept-Language": "en"})
    assert answer.get_json()["items"][0]["title"] != "Văn bản mới"


def test_the_inbox_takes_the_same_statements_for_one_and_for_fifty(
    app: Handbook, db: Session, at: Callable[[datetime], None]
) -> None:
    cell, (an,) = notices.cell_with(1)
    phone = Phone(app, an)
    told(cell, 1, at)
    with counting.statements() as few:
        assert len(phone.get("/inbox").get_json()["items"]) == 1
    told(cell, 49, at)
    with counting.assert_queries(len(few)):
        assert len(phone.get("/inbox").get_json()["items"]) == 50


def test_marking_read_and_reading_up_to(
    app: Handbook, db: Session, at: Callable[[datetime], None]
) -> None:
    cell, (an,) = notices.cell_with(1)
    phone = Phone(app, an)
    first, second, third = told(cell, 3, at)

    assert phone.put(f"/inbox/{third}/read", {"dismissed": True}).status_code == 204
    assert phone.put(f"/inbox/{third}/read", {}).status_code == 204
    page = phone.get("/inbox").get_json()
    assert page["unread"] == 2
    assert page["items"][0]["opened_at"] == page["items"][0]["dismissed_at"] is not None

    assert phone.put(f"/inbox/{first}/read-up-to").status_code == 204
    assert phone.get("/inbox").get_json()["unread"] == 1
    assert phone.put(f"/inbox/{second}/read-up-to").status_code == 204
    assert phone.get("/inbox").get_json()["unread"] == 0


@pytest.mark.parametrize("act", ["read", "read-up-to"])
def test_what_does_not_stand_in_the_inbox_is_not_found(
    app: Handbook, db: Session, act: str
) -> None:
    (cell, (an,)), (_, (stranger,)) = notices.cell_with(1), notices.cell_with(1)
    notice = notices.publish(cell)
    body: dict[str, object] | None = {} if act == "read" else None

    assert Phone(app, an).put(f"/inbox/{notice}/{act}", body).status_code == 204
    refused = Phone(app, stranger).put(f"/inbox/{notice}/{act}", body)
    unknown = Phone(app, an).put(f"/inbox/{uuid.uuid4()}/{act}", body)
    assert [refused.status_code, unknown.status_code] == [404, 404]
    assert refused.get_json()["code"] == "not_found"


@pytest.mark.parametrize(
    ("body", "field"), [({"dismissed": "yes"}, "dismissed"), ({"x": 1}, "x"), ([], "body")]
)
def test_a_malformed_mark_is_refused(app: Handbook, db: Session, body: object, field: str) -> None:
    cell, (an,) = notices.cell_with(1)
    notice = notices.publish(cell)
    answer = Phone(app, an).put(f"/inbox/{notice}/read", json=body)
    assert answer.status_code == 422
    assert field in answer.get_json()["errors"]


def test_without_a_session_there_is_no_inbox(app: Handbook, db: Session) -> None:
    assert Phone(app, None).get("/inbox").status_code == 401


@pytest.fixture
def commune(db: Session) -> tuple[Unit, Unit, Unit]:
    """Return a commune with two cells."""
    top = build.unit(build.unit(kind="province"), "commune")
    return top, build.unit(top), build.unit(top)


def secretary_of(unit: Unit) -> Member:
    """Return a secretary who sits elsewhere."""
    found = build.member(build.unit())
    build.position(found, unit, "secretary")
    return found


def test_deliveries_show_what_became_of_each_push_inside_the_scope(
    app: Handbook, db: Session, commune: tuple[Unit, Unit, Unit]
) -> None:
    top, first, second = commune
    an, binh = build.member(first, "Lê Văn An"), build.member(second, "Lê Thị Bình")
    build.device(an, "an")
    build.device(binh, "binh")
    notice = notices.publish(top)
    notices.spread()
    notices.send(notices.Recorder())
    assert Phone(app, binh).put(f"/inbox/{notice}/read-up-to").status_code == 204
    path = f"/notices/{notice}/deliveries"

    whole = Phone(app, secretary_of(top)).get(path).get_json()["items"]
    part = Phone(app, secretary_of(first)).get(path).get_json()["items"]

    assert {item["full_name"] for item in whole} == {"Lê Văn An", "Lê Thị Bình"}
    assert {item["full_name"]: item["opened_at"] is not None for item in whole} == {
        "Lê Văn An": False,
        "Lê Thị Bình": True,
    }
    (item,) = part
    assert (item["full_name"], item["unit"], item["state"]) == (
        "Lê Văn An",
        first.name,
        "accepted",
    )
    assert "address" not in item


def test_deliveries_are_for_those_who_read_reports(
    app: Handbook, db: Session, commune: tuple[Unit, Unit, Unit]
) -> None:
    top, first, second = commune
    an = build.member(first)
    build.device(an, "an")
    notice = notices.publish(first)
    notices.spread()
    path = f"/notices/{notice}/deliveries"

    assert Phone(app, secretary_of(top)).get(path).status_code == 200
    assert Phone(app, an).get(path).status_code == 403
    assert Phone(app, secretary_of(second)).get(path).status_code == 404
    unknown = f"/notices/{uuid.uuid4()}/deliveries"
    assert Phone(app, secretary_of(top)).get(unknown).status_code == 404


def test_deliveries_come_in_pages(
    app: Handbook, db: Session, commune: tuple[Unit, Unit, Unit]
) -> None:
    top, first, _ = commune
    notices.many_phones(build.member(first), 7)
    notice = notices.publish(first)
    notices.spread()
    phone = Phone(app, secretary_of(top))

    found, cursor = set(), ""
    for _ in range(3):
        page = phone.get(f"/notices/{notice}/deliveries?limit=3{cursor}").get_json()
        found |= {item["id"] for item in page["items"]}
        cursor = f"&cursor={page['next_cursor']}"
    assert page["next_cursor"] is None
    assert len(found) == 7
