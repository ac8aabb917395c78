"""Several at once on one meeting, over two connections with real commits."""

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from threading import Barrier

import pytest
from sqlalchemy import func, select

from handbook import database
from handbook.access import Actor
from handbook.changes import service as changes
from handbook.errors import Conflict
from handbook.meetings import news, service
from models import BucketHead, MeetingReply, Notice
from tests.conftest import Real
from tests.handbook.meetings import house as scene

Stop = Callable[[datetime], None]
PATIENCE = 10


@dataclass(frozen=True)
class Scene:
    """A meeting of a cell as plain values, and who takes part in it."""

    meeting: uuid.UUID
    cell: uuid.UUID
    secretary: Actor
    an: Actor
    binh: Actor


def build(real: Real, *, call: bool = True) -> Scene:
    """Commit a meeting of a cell, called or still a draft."""
    with real.write():
        place = scene.house()
        secretary = scene.actor(place.secretary)
        meeting = service.draft(secretary, scene.body(place)).meeting
        if call:
            service.call(secretary, meeting.id, scene.NO_AUDIENCE)
        people = [scene.actor(who) for who in (place.secretary, place.an, place.binh)]
        return Scene(meeting.id, scene.bucket(place.cell), *people)


def test_two_members_reply_at_once_without_waiting(real: Real, at: Stop) -> None:
    at(scene.NOW)
    one = build(real)

    def reply_of_binh() -> None:
        with real.write():
            service.reply(one.binh, one.meeting, answer="absent", reason="Ốm")

    head = select(BucketHead.position).where(BucketHead.bucket_id == one.cell)
    with ThreadPoolExecutor(1) as pool, real.write() as session:
        before = session.scalar(head)
        service.reply(one.an, one.meeting, answer="coming", reason=None)
        changes.flush(session)
        pool.submit(reply_of_binh).result(timeout=PATIENCE)
    with real.write() as session:
        rows = session.scalars(select(MeetingReply).order_by(MeetingReply.answer)).all()
        assert [(row.member_id, row.answer) for row in rows] == [
            (one.binh.member_id, "absent"),
            (one.an.member_id, "coming"),
        ]
        assert before is not None
        assert session.scalar(head) == before


def test_one_of_two_calls_is_refused(real: Real, at: Stop) -> None:
    at(scene.NOW)
    one = build(real, call=False)
    start = Barrier(2)

    def call() -> str:
        start.wait(PATIENCE)
        try:
            with real.write():
                service.call(one.secretary, one.meeting, scene.NO_AUDIENCE)
        except Conflict as refused:
            return refused.code
        return "called"

    with ThreadPoolExecutor(2) as pool:
        tries = [pool.submit(call) for _ in range(2)]
        assert sorted(each.result(timeout=PATIENCE) for each in tries) == [
            "called",
            "meeting_not_draft",
        ]
    with real.write() as session:
        assert session.scalar(select(func.count()).select_from(Notice)) == 1


def test_two_workers_remind_once(real: Real, at: Stop) -> None:
    at(scene.NOW)
    build(real)
    now = scene.before_start(hours=24)
    at(now)

    def remind() -> int:
        with real.write():
            return news.remind(now)

    with ThreadPoolExecutor(1) as pool, real.write():
        assert news.remind(now) == 1
        assert pool.submit(remind).result(timeout=PATIENCE) == 0
    assert remind() == 0
    with real.context():
        kinds = database.session().scalars(select(Notice.kind).order_by(Notice.id)).all()
    assert kinds == ["meeting_called", "meeting_reminder"]


def test_a_reply_waits_for_the_cancellation_and_is_refused(real: Real, at: Stop) -> None:
    at(scene.NOW)
    one = build(real)

    def reply() -> None:
        with real.write():
            service.reply(one.an, one.meeting, answer="coming", reason=None)

    with ThreadPoolExecutor(1) as pool:
        with real.write():
            service.cancel(one.secretary, one.meeting, "Bão số 3")
            trying = pool.submit(reply)
        with pytest.raises(Conflict, match="meeting_is_cancelled"):
            trying.result(timeout=PATIENCE)
