"""Reminders of meetings: to whom, when, and once."""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from handbook.audiences import service as audiences
from handbook.meetings import due, news, service
from models import Meeting, Notice
from tests.handbook.meetings import house as scene
from tests.handbook.meetings.house import STARTS, House

Stop = Callable[[datetime], None]


def remind(at: Stop, now: datetime) -> None:
    at(now)
    (tick,) = due.TICKS
    tick.act(None)  # type: ignore[arg-type]  # the session of the context is used


def reached(db: Session, meeting: Meeting) -> list[set[object]]:
    """Return the buckets of each reminder of a meeting, oldest first."""
    rows = db.scalars(
        select(Notice.audience_id)
        .where(Notice.object_id == meeting.id, Notice.kind == "meeting_reminder")
        .order_by(Notice.id)
    )
    return [set(audiences.buckets_of(audience)) for audience in rows]


def test_those_who_may_come_are_reminded_the_day_before_and_again_once_each(
    place: House, db: Session, at: Stop
) -> None:
    meeting = scene.called(place)
    service.reply(scene.actor(place.an), meeting.id, answer="absent", reason="Ốm")
    service.reply(scene.actor(place.binh), meeting.id, answer="coming", reason=None)
    remind(at, scene.before_start(hours=24, minutes=1))
    assert reached(db, meeting) == []
    for minutes in (0, 10, 20):
        remind(at, scene.before_start(hours=24) + timedelta(minutes=minutes))
    own = audiences.personal_buckets([place.binh.id, place.secretary.id])
    assert reached(db, meeting) == [set(own.values())]
    service.reply(scene.actor(place.an), meeting.id, answer="coming", reason=None)
    for minutes in (0, 10):
        remind(at, scene.before_start(hours=2) + timedelta(minutes=minutes))
    every = audiences.personal_buckets([place.binh.id, place.secretary.id, place.an.id])
    assert reached(db, meeting) == [set(own.values()), set(every.values())]
    remind(at, STARTS)
    assert len(reached(db, meeting)) == 2


def test_a_meeting_put_off_is_reminded_of_again(place: House, db: Session, at: Stop) -> None:
    meeting = scene.called(place)
    remind(at, scene.before_start(hours=24))
    meeting.starts_at = STARTS + timedelta(days=7)
    db.flush()
    remind(at, scene.before_start(hours=23))
    assert len(reached(db, meeting)) == 1
    remind(at, scene.before_start(hours=23) + timedelta(days=7))
    assert len(reached(db, meeting)) == 2


def test_drafts_and_cancelled_meetings_are_not_reminded_of(
    place: House, db: Session, at: Stop
) -> None:
    meeting = scene.called(place)
    service.cancel(scene.actor(place.secretary), meeting.id, "Bão số 3")
    draft = service.draft(scene.actor(place.secretary), scene.body(place)).meeting
    standing = scene.called(place)
    remind(at, scene.before_start(hours=2))
    assert [len(reached(db, one)) for one in (meeting, draft, standing)] == [0, 0, 1]


def test_a_late_call_stands_for_its_reminder(place: House, db: Session, at: Stop) -> None:
    at(scene.before_start(hours=10))
    meeting = scene.called(place)
    remind(at, scene.before_start(hours=9))
    assert reached(db, meeting) == []
    remind(at, scene.before_start(hours=2))
    assert len(reached(db, meeting)) == 1


def test_the_nearest_meetings_come_first_and_the_rest_at_the_next_tick(
    place: House, db: Session, at: Stop
) -> None:
    later = scene.called(place, starts_at=STARTS + timedelta(hours=1))
    sooner = scene.called(place)
    now = scene.before_start(hours=20)
    at(now)
    assert news.remind(now, limit=1) == 1
    assert [len(reached(db, one)) for one in (sooner, later)] == [1, 0]
    assert news.remind(now, limit=1) == 1
    assert [len(reached(db, one)) for one in (sooner, later)] == [1, 1]
    assert news.remind(now, limit=1) == 0


def test_nobody_is_reminded_when_all_are_absent(place: House, db: Session, at: Stop) -> None:
    meeting = scene.called(place)
    for who in (place.secretary, place.an, place.binh):
        service.reply(scene.actor(who), meeting.id, answer="absent", reason="Tập huấn")
    now = scene.before_start(hours=20)
    at(now)
    assert news.remind(now) == 0
    assert reached(db, meeting) == []
