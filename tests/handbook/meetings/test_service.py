"""Use cases of meetings: what they change, who is told, what they refuse."""

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from handbook.access import Permission
from handbook.errors import Conflict, Invalid, NotFound
from handbook.meetings import papers, queries, service
from models import BELOW, FanOut, Meeting, Notice
from tests.handbook.meetings import house as scene
from tests.handbook.meetings.house import NOW, STARTS, House

Stop = Callable[[datetime], None]


def change(of: House, meeting: Meeting, **body: Any) -> None:
    who = scene.actor(of.secretary)
    found = service.find_for(who, meeting.id, Permission.MEETING_WRITE, lock="update")
    service.change(who, found, body)


def test_a_draft_is_kept_and_nobody_is_told(place: House) -> None:
    paper = scene.document(place.cell, place.secretary)
    meeting = scene.drafted(place, material_ids=[paper.id])
    shown = service.show(
        scene.actor(place.secretary),
        service.find_for(scene.actor(place.secretary), meeting.id),
    )
    assert shown["state"] == "draft"
    assert shown["agenda"] == scene.body(place)["agenda"]
    assert shown["chair_name"] == "Trần Thị Cúc"
    assert shown["materials"] == [
        {"document_id": paper.id, "line": "Số 05-BC/CB", "abstract": paper.abstract}
    ]
    assert shown["reply_counts"] == {"invited": 0, "coming": 0, "absent": 0, "unanswered": 0}
    assert scene.trail(meeting.id) == [("meeting.drafted", {"revision": 1})]
    assert scene.notices(meeting) == []
    assert scene.touched("meeting", meeting.id) == {}


@pytest.mark.parametrize(
    ("differs", "error"),
    [
        (lambda place: {"unit_id": place.other.id}, NotFound),
        (lambda place: {"unit_id": place.commune.id}, NotFound),
        (lambda place: {"chair_id": place.stranger.id}, Invalid),
        (lambda _place: {"material_ids": [uuid.uuid4()]}, Invalid),
    ],
)
def test_a_draft_keeps_to_its_unit(
    place: House, differs: Callable[[House], dict[str, Any]], error: type[Exception]
) -> None:
    with pytest.raises(error):
        scene.drafted(place, **differs(place))


def test_a_dissolved_unit_meets_no_more(place: House, db: Session) -> None:
    place.cell.dissolved_on = NOW.date()
    db.flush()
    with pytest.raises(Invalid):
        scene.drafted(place)


def test_a_call_reaches_the_cell_and_wakes_phones(place: House, db: Session) -> None:
    meeting = scene.drafted(place)
    who = scene.actor(place.secretary)
    found, amiss = service.call(who, meeting.id, scene.NO_AUDIENCE)
    assert (found.meeting.state, found.meeting.called_at, amiss) == ("called", NOW, [])
    assert scene.touched("meeting", meeting.id) == {scene.bucket(place.cell): "put"}
    assert scene.notices(meeting) == ["meeting_called"]
    waiting = select(func.count()).select_from(FanOut).join(Notice)
    assert db.scalar(waiting.where(Notice.object_id == meeting.id)) == 1
    last = {"revision": 2, "warnings": []}
    assert scene.trail(meeting.id)[1:] == [("meeting.called", last)]
    for member, seen in ((place.an, True), (place.overseer, False), (place.stranger, False)):
        rows = db.execute(queries.mine(scene.actor(member), NOW)).all()
        assert [row.id for row in rows] == ([meeting.id] if seen else [])


def test_no_name_stands_in_trail_or_push(place: House) -> None:
    meeting = scene.called(place)
    change(place, meeting, agenda=[{"title": "Mới", "minutes": None, "presenter": "Nguyễn Văn An"}])
    service.reply(scene.actor(place.an), meeting.id, answer="absent", reason="Ốm")
    service.cancel(scene.actor(place.secretary), meeting.id, "Đồng chí An ốm")
    told = str(scene.trail(meeting.id))
    assert "meeting.cancelled" in told
    assert not any(name in told for name in ("An", "Cúc", "Ốm", "Mới"))


def test_a_call_warns_and_does_not_block(place: House, at: Stop) -> None:
    meeting = scene.drafted(place, agenda=[], chair_id=None, minutes_planned=100)
    at(scene.before_start(hours=23))
    who = scene.actor(place.secretary)
    _, amiss = service.call(who, meeting.id, {"audience": None, "combined": True})
    assert amiss == ["papers_late", "no_agenda", "no_chair", "too_short"]
    assert meeting.state == "called"


def test_a_call_may_name_its_audience(place: House) -> None:
    meeting = scene.drafted(place)
    who = scene.actor(place.secretary)
    terms = [{"unit_id": place.cell.id, "reach": BELOW, "role": "secretary"}]
    service.call(who, meeting.id, {"audience": {"include": terms}, "combined": False})
    assert scene.touched("meeting", meeting.id) == {
        scene.bucket(place.cell, role="secretary"): "put"
    }
    with pytest.raises(NotFound):
        service.find_for(scene.actor(place.an), meeting.id)


def test_an_audience_outside_the_scope_is_refused(place: House) -> None:
    meeting = scene.drafted(place)
    audience = {"include": [{"unit_id": place.other.id}]}
    with pytest.raises(Invalid, match="audience_not_allowed"):
        service.call(
            scene.actor(place.secretary), meeting.id, {"audience": audience, "combined": False}
        )


def test_a_meeting_is_called_once_and_before_it_starts(place: House, at: Stop) -> None:
    meeting = scene.called(place)
    with pytest.raises(Conflict, match="meeting_not_draft"):
        service.call(scene.actor(place.secretary), meeting.id, scene.NO_AUDIENCE)
    late = scene.drafted(place)
    at(STARTS)
    with pytest.raises(Conflict, match="meeting_started"):
        service.call(scene.actor(place.secretary), late.id, scene.NO_AUDIENCE)
    assert scene.notices(late) == []


def test_everyone_invited_must_be_able_to_read_the_papers(place: House) -> None:
    good = scene.document(place.cell, place.secretary, number=1)
    secretaries = [scene.bucket(place.cell, role="secretary")]
    narrow = scene.document(place.cell, place.secretary, buckets=secretaries, number=2)
    unpublished = scene.document(place.cell, place.secretary, state="draft", number=3)
    meeting = scene.drafted(place, material_ids=[good.id, narrow.id, unpublished.id])
    who = scene.actor(place.secretary)
    with pytest.raises(Conflict) as refused:
        service.call(who, meeting.id, scene.NO_AUDIENCE)
    assert refused.value.code == "material_not_visible"
    assert refused.value.errors.keys() == {str(narrow.id), str(unpublished.id)}
    change(place, meeting, material_ids=[good.id])
    service.call(who, meeting.id, scene.NO_AUDIENCE)
    with pytest.raises(Conflict, match="material_not_visible"):
        change(place, meeting, material_ids=[good.id, narrow.id])
    assert papers.materials(meeting.id) == [good.id]


def test_a_recalled_paper_does_not_stop_other_news(place: House, db: Session) -> None:
    paper = scene.document(place.cell, place.secretary)
    meeting = scene.called(place, material_ids=[paper.id])
    paper.state, paper.recalled_at, paper.recall_reason = "recalled", NOW, "Nhầm"
    db.flush()
    change(place, meeting, place="Trụ sở xã")
    who = scene.actor(place.an)
    shown = service.show(who, service.find_for(who, meeting.id))
    assert shown["place"] == "Trụ sở xã"
    assert shown["materials"] == [{"document_id": paper.id, "line": None, "abstract": None}]


def test_a_change_after_the_call_is_told(place: House) -> None:
    meeting = scene.called(place)
    later = STARTS + timedelta(days=1)
    change(place, meeting, starts_at=later, place="Trụ sở xã", agenda=[])
    assert (meeting.starts_at, meeting.place, meeting.revision) == (later, "Trụ sở xã", 3)
    assert scene.notices(meeting) == ["meeting_called", "meeting_changed"]
    assert scene.trail(meeting.id)[-1] == (
        "meeting.changed",
        {"revision": 3, "fields": ["agenda", "place", "starts_at"]},
    )


def test_a_change_of_a_draft_is_not_told(place: House) -> None:
    meeting = scene.drafted(place)
    change(place, meeting, title="Sinh hoạt chuyên đề", kind="thematic", chair_id=None)
    assert (meeting.title, meeting.kind, meeting.chair_id) == (
        "Sinh hoạt chuyên đề",
        "thematic",
        None,
    )
    assert scene.notices(meeting) == []
    assert scene.touched("meeting", meeting.id) == {}


def test_what_stands_already_is_no_change(place: House) -> None:
    paper = scene.document(place.cell, place.secretary)
    meeting = scene.called(place, material_ids=[paper.id])
    same = scene.body(place, material_ids=[paper.id])
    del same["unit_id"]
    change(place, meeting, **same)
    assert meeting.revision == 2
    assert scene.notices(meeting) == ["meeting_called"]


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"title": "Khác"}, Conflict),
        ({"chair_id": None}, Conflict),
        ({"starts_at": NOW}, Invalid),
    ],
)
def test_a_called_meeting_does_not_change_its_nature(
    place: House, body: dict[str, Any], error: type[Exception]
) -> None:
    meeting = scene.called(place)
    with pytest.raises(error):
        change(place, meeting, **body)
    assert scene.notices(meeting) == ["meeting_called"]


def test_a_cancelled_meeting_stays_on_phones_and_its_notices_go(place: House) -> None:
    meeting = scene.called(place)
    service.cancel(scene.actor(place.secretary), meeting.id, "Bão số 3")
    assert (meeting.state, meeting.cancel_reason) == ("cancelled", "Bão số 3")
    assert scene.touched("meeting", meeting.id) == {scene.bucket(place.cell): "put"}
    assert scene.notices(meeting) == ["meeting_cancelled"]
    assert scene.trail(meeting.id)[-1] == ("meeting.cancelled", {"revision": 3})
    with pytest.raises(Conflict, match="meeting_is_cancelled"):
        service.cancel(scene.actor(place.secretary), meeting.id, "Lần nữa")
    with pytest.raises(Conflict, match="meeting_is_cancelled"):
        service.reply(scene.actor(place.an), meeting.id, answer="coming", reason=None)
