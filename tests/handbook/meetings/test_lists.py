"""The lists of meetings and of replies, as phones page through them."""

from datetime import timedelta

from handbook.meetings import service
from tests.handbook.meetings import house as scene
from tests.handbook.meetings.house import NOW, STARTS, Office
from tests.support import build
from tests.support.counting import statements
from tests.support.phone import Phone


def test_managed_lists_drafts_and_narrows(office: Office) -> None:
    draft, called = office.draft(), office.called(starts_at=STARTS + timedelta(days=30))
    overseer = office.phone(office.place.overseer)

    def listed(phone: Phone, query: str = "") -> list[str]:
        items = phone.get(f"/meetings/managed{query}").get_json()["items"]
        return [line["id"] for line in items]

    assert listed(office.secretary) == [called, draft]
    assert listed(overseer) == [called, draft]
    assert listed(office.phone(office.place.neighbour)) == []
    assert listed(overseer, "?state=draft") == [draft]
    assert listed(overseer, f"?unit_id={office.place.cell.id}") == [called, draft]
    assert listed(overseer, f"?unit_id={office.place.other.id}") == []


def test_my_meetings_are_those_to_come_unless_asked(office: Office) -> None:
    past = office.called(starts_at=NOW + timedelta(hours=1))
    far = office.called(starts_at=STARTS + timedelta(days=30))
    soon = office.called()

    def listed(query: str = "") -> list[str]:
        return [line["id"] for line in office.an.get(f"/meetings{query}").get_json()["items"]]

    assert listed() == [past, soon, far]
    assert listed("?from=2026-03-03T00:00:00%2B07:00") == [soon, far]
    first = office.an.get("/meetings?limit=2").get_json()
    assert listed(f"?limit=2&cursor={first['next_cursor']}") == [far]


def test_lists_cost_the_same_for_one_and_for_fifty(office: Office) -> None:
    place = office.place
    term = {"member_id": str(place.secretary.id)}
    first = office.draft()
    office.secretary.post(f"/meetings/{first}/invitations", {"audience": {"include": [term]}})
    full = office.called()
    for number in range(47):
        build.member(place.cell, f"Nguyễn Văn {number}")
    lists = ("/meetings?limit=200", "/meetings/managed?limit=200")

    def cost(path: str, items: int) -> int:
        with statements() as found:
            answer = office.secretary.get(path)
        assert len(answer.get_json()["items"]) == items
        return len(found)

    replies = [(f"/meetings/{first}/replies", 1), (f"/meetings/{full}/replies", 50)]
    one, fifty = (cost(path, items) for path, items in replies)
    assert one == fifty
    few = [cost(path, 2) for path in lists]
    who = scene.actor(place.secretary)
    for _ in range(48):
        meeting = service.draft(who, scene.body(place)).meeting
        service.call(who, meeting.id, {"audience": None, "combined": False})
    assert [cost(path, 50) for path in lists] == few


def test_replies_stand_in_order_of_names_with_who_has_no_device(office: Office) -> None:
    meeting = office.called()
    office.an.put(f"/meetings/{meeting}/replies/me", {"answer": "coming"})
    answer = office.secretary.get(f"/meetings/{meeting}/replies?limit=2")
    page = answer.get_json()
    lines = [(line["full_name"], line["answer"], line["has_device"]) for line in page["items"]]
    assert lines == [("Nguyễn Văn An", "coming", True), ("Nguyễn Thị Bình", None, False)]
    cursor = page["next_cursor"]
    rest = office.secretary.get(f"/meetings/{meeting}/replies?limit=2&cursor={cursor}")
    assert [line["full_name"] for line in rest.get_json()["items"]] == ["Trần Thị Cúc"]
    assert rest.get_json()["next_cursor"] is None
