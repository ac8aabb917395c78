"""Who sees a meeting, who is invited, and what they answer."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from handbook.access import Permission
from handbook.audiences import service as audiences
from handbook.errors import Conflict, Forbidden, NotFound
from handbook.meetings import service
from models import Meeting, MeetingReply, Member
from tests.handbook.meetings import house as scene
from tests.handbook.meetings.house import NOW, STARTS, House
from tests.support import build

Stop = Callable[[datetime], None]


def test_the_last_reply_counts_and_touches_the_own_bucket_only(
    place: House, db: Session, at: Stop
) -> None:
    meeting = scene.called(place)
    before = scene.touched("meeting", meeting.id)
    service.reply(scene.actor(place.an), meeting.id, answer="absent", reason="Đi công tác")
    at(NOW + timedelta(hours=1))
    service.reply(scene.actor(place.an), meeting.id, answer="coming", reason=None)
    (kept,) = db.scalars(select(MeetingReply).where(MeetingReply.meeting_id == meeting.id))
    assert (kept.answer, kept.reason, kept.replied_at) == (
        "coming",
        None,
        NOW + timedelta(hours=1),
    )
    own = audiences.personal_buckets([place.an.id])[place.an.id]
    assert scene.touched("meeting_reply", meeting.id) == {own: "put"}
    assert scene.touched("meeting", meeting.id) == before
    assert len(scene.trail(meeting.id)) == 2


def test_replies_are_for_the_invited_until_the_start(place: House, at: Stop) -> None:
    meeting, draft = scene.called(place), scene.drafted(place)
    for who, of in ((place.stranger, meeting), (place.overseer, meeting), (place.an, draft)):
        with pytest.raises(NotFound):
            service.reply(scene.actor(who), of.id, answer="coming", reason=None)
    at(scene.before_start(seconds=1))
    service.reply(scene.actor(place.an), meeting.id, answer="coming", reason=None)
    at(STARTS)
    with pytest.raises(Conflict, match="reply_closed"):
        service.reply(scene.actor(place.an), meeting.id, answer="coming", reason=None)


def test_the_gate(place: House) -> None:
    meeting, draft = scene.called(place), scene.drafted(place)

    def seen(who: Member, of: Meeting) -> bool:
        try:
            return bool(service.find_for(scene.actor(who), of.id))
        except NotFound:
            return False

    table = {
        "secretary": (seen(place.secretary, meeting), seen(place.secretary, draft)),
        "overseer": (seen(place.overseer, meeting), seen(place.overseer, draft)),
        "member": (seen(place.an, meeting), seen(place.an, draft)),
        "neighbour": (seen(place.neighbour, meeting), seen(place.neighbour, draft)),
    }
    assert table == {
        "secretary": (True, True),
        "overseer": (True, True),
        "member": (True, False),
        "neighbour": (False, False),
    }
    with pytest.raises(Forbidden):
        service.find_for(scene.actor(place.overseer), meeting.id, Permission.MEETING_WRITE)
    with pytest.raises(Forbidden):
        service.cancel(scene.actor(place.an), meeting.id, "Không")
    with pytest.raises(NotFound):
        service.cancel(scene.actor(place.neighbour), meeting.id, "Không")
    assert meeting.state == "called"


def test_the_counts_are_for_who_prepares_or_oversees(place: House) -> None:
    meeting = scene.called(place)
    service.reply(scene.actor(place.an), meeting.id, answer="coming", reason=None)
    service.reply(scene.actor(place.binh), meeting.id, answer="absent", reason="Ốm")
    shown = {
        who.full_name: service.show(
            scene.actor(who), service.find_for(scene.actor(who), meeting.id)
        )
        for who in (place.an, place.overseer)
    }
    assert shown[place.an.full_name]["reply_counts"] is None
    assert shown[place.an.full_name]["reply"].answer == "coming"
    assert shown[place.overseer.full_name]["reply"] is None
    assert shown[place.overseer.full_name]["reply_counts"] == {
        "invited": 3,
        "coming": 1,
        "absent": 1,
        "unanswered": 1,
    }


def test_a_member_who_has_left_is_not_among_the_invited(place: House, db: Session) -> None:
    meeting = scene.called(place)
    place.binh.left_on = NOW.date()
    build.member(place.cell, "Cao Thị Oanh", start=STARTS.date())
    db.flush()
    who = scene.actor(place.secretary)
    shown = service.show(who, service.find_for(who, meeting.id))
    assert shown["reply_counts"]["invited"] == 2
