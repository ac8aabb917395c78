"""What phones are shown of meetings."""

from collections.abc import Callable
from datetime import datetime

import orjson
from sqlalchemy import select

from handbook import database
from handbook.access import Permission
from handbook.changes import service as changes
from handbook.http import Handbook
from handbook.meetings import feed, service
from handbook.organisation import members
from models import BucketHead
from tests.handbook.meetings import house as scene
from tests.handbook.meetings.house import NOW, STARTS, House
from tests.support import build
from tests.support.counting import statements

Stop = Callable[[datetime], None]


def test_a_called_meeting_is_shown_whole_and_alike_to_all(place: House) -> None:
    papers = [scene.document(place.cell, place.secretary, number=number).id for number in (1, 2)]
    meeting = scene.called(place, material_ids=papers[::-1])
    service.reply(scene.actor(place.an), meeting.id, answer="coming", reason=None)
    shown = feed.FEEDS["meeting"]([meeting.id], scene.actor(place.an))
    assert shown == feed.FEEDS["meeting"]([meeting.id], scene.actor(place.binh))
    assert shown[meeting.id] == {
        "id": meeting.id,
        "unit_id": place.cell.id,
        "kind": "regular",
        "title": "Sinh hoạt thường kỳ tháng 3",
        "starts_at": STARTS,
        "minutes_planned": 90,
        "place": "Nhà văn hóa thôn 1",
        "note": None,
        "chair_id": place.secretary.id,
        "chair_name": "Trần Thị Cúc",
        "state": "called",
        "cancel_reason": None,
        "agenda": [{"title": "Kết quả tháng 2", "minutes": 30, "presenter": "Trần Thị Cúc"}],
        "materials": papers[::-1],
    }
    assert orjson.dumps(shown[meeting.id])


def test_a_cancelled_meeting_is_shown_as_such(place: House) -> None:
    meeting = scene.called(place)
    service.cancel(scene.actor(place.secretary), meeting.id, "Bão số 3")
    shown = feed.FEEDS["meeting"]([meeting.id], scene.actor(place.an))[meeting.id]
    assert (shown["state"], shown["cancel_reason"]) == ("cancelled", "Bão số 3")


def test_drafts_and_meetings_of_others_are_missing(place: House) -> None:
    meeting = scene.called(place)
    draft = service.draft(scene.actor(place.secretary), scene.body(place)).meeting
    wanted = [meeting.id, draft.id]
    assert feed.FEEDS["meeting"](wanted, scene.actor(place.an)).keys() == {meeting.id}
    assert feed.FEEDS["meeting"](wanted, scene.actor(place.secretary)).keys() == {meeting.id}
    assert feed.FEEDS["meeting"](wanted, scene.actor(place.stranger)) == {}


def test_a_reply_is_shown_to_its_member_only(place: House) -> None:
    meeting = scene.called(place)
    service.reply(scene.actor(place.an), meeting.id, answer="absent", reason="Ốm")
    assert feed.FEEDS["meeting_reply"]([meeting.id], scene.actor(place.an)) == {
        meeting.id: {
            "meeting_id": meeting.id,
            "answer": "absent",
            "reason": "Ốm",
            "replied_at": NOW,
        }
    }
    assert feed.FEEDS["meeting_reply"]([meeting.id], scene.actor(place.binh)) == {}


def test_many_meetings_cost_what_one_costs(place: House) -> None:
    paper = scene.document(place.cell, place.secretary).id
    meetings = [scene.called(place, material_ids=[paper]).id for _ in range(50)]
    who = scene.actor(place.an)
    counts = []
    for wanted in (meetings[:1], meetings):
        with statements() as found:
            assert feed.FEEDS["meeting"](wanted, who).keys() == set(wanted)
        counts.append(len(found))
    assert counts == [3, 3]


def test_phones_hear_of_a_chair_who_is_renamed(place: House, app: Handbook) -> None:
    officer = build.member(place.cell)
    build.position(officer, place.commune, "organisation_officer")
    meeting, draft = scene.called(place), scene.drafted(place)
    scene.touched("meeting", meeting.id)
    here = scene.bucket(place.cell)
    head = select(BucketHead.position).where(BucketHead.bucket_id == here)
    before = database.session().scalars(head).one()

    def rename(**body: object) -> int:
        actor = scene.actor(officer)
        row = members.get_member(actor, place.secretary.id, Permission.MEMBER_WRITE)
        members.change(actor, row, body, app.extensions["handbook_sealer"])
        changes.flush(database.session())
        return database.session().scalars(head).one()

    assert rename(sex="female") == before
    assert rename(full_name="Trần Thị Thu Cúc") == before + 1
    assert scene.touched("meeting", meeting.id) == {here: "put"}
    assert scene.touched("meeting", draft.id) == {}
    shown = feed.FEEDS["meeting"]([meeting.id], scene.actor(place.an))[meeting.id]
    assert shown["chair_name"] == "Trần Thị Thu Cúc"
