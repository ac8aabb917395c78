"""Notices: told once, read, withdrawn; and what phones are told of it."""

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from handbook import access, clock, database, errors, ids
from handbook.access import Actor
from handbook.audiences import service as audiences
from handbook.changes import service as changes
from handbook.notifications import feed, queries, service
from models import Addressing, Change, FanOut, InboxMark, Member, Notice, NoticeMark
from tests.support import build, notices
from tests.support.counting import assert_queries


@pytest.fixture(autouse=True)
def _morning(at: Callable[[datetime], None]) -> None:
    at(notices.MORNING)


def actor(member: Member) -> Actor:
    """Return the member as the door lets them in."""
    session = build.session_of(member)
    return access.load_actor(database.session(), session.id, session.account_id)


def inbox(member: Member) -> list[uuid.UUID]:
    """Return the ids in a member's inbox, one for each time a notice stands there."""
    rows = database.session().execute(queries.in_inbox(actor(member)).order_by(Notice.id))
    return [row.id for row in rows]


def touched(db: Session, kind: str) -> set[tuple[uuid.UUID, str]]:
    """Return (object, op) of the changes of a kind, once written."""
    changes.flush(db)
    rows = db.execute(select(Change.object_id, Change.op).where(Change.kind == kind))
    return {(row.object_id, row.op) for row in rows}


def test_a_notice_is_kept_once_for_everybody(db: Session) -> None:
    cell, people = notices.cell_with(3)
    notice = notices.publish(cell, lasts=timedelta(days=90))

    kept = db.get_one(Notice, notice)
    assert kept.published_at == notices.MORNING
    assert kept.expires_at == notices.MORNING + timedelta(days=28)
    assert kept.withdrawn_at is None
    assert db.get_one(FanOut, notice).state == "waiting"
    rows = db.scalars(select(Addressing).where(Addressing.audience_id == kept.audience_id)).all()
    assert [one.kind for one in rows] == ["notice"]
    assert [inbox(member) for member in people] == [[notice]] * 3
    assert touched(db, "notice") == {(notice, "put")}


def test_a_notice_by_two_ways_stands_in_the_inbox_once(db: Session) -> None:
    commune = build.unit(kind="commune")
    cell = build.unit(commune)
    an = build.member(cell)
    build.position(an, cell, "secretary")
    build.position(an, commune, "clerk")
    notice = notices.publish(commune, cell, members=[an])
    assert inbox(an) == [notice]


def test_a_newcomer_does_not_find_what_was_before(
    db: Session, at: Callable[[datetime], None]
) -> None:
    cell = build.unit()
    newcomer = build.member(cell, start=clock.today() + timedelta(days=1))
    old = notices.publish(cell)
    at(notices.MORNING + timedelta(days=1))
    new = notices.publish(cell)

    assert inbox(newcomer) == [new]
    shown = feed.notices([old, new], actor(newcomer))
    assert set(shown) == {new}
    with pytest.raises(errors.NotFound):
        service.mark(actor(newcomer), old)


def test_who_moved_keeps_no_notice_of_the_old_cell(
    db: Session, at: Callable[[datetime], None]
) -> None:
    cell, other = build.unit(), build.unit()
    an = build.member()
    tomorrow = clock.today() + timedelta(days=1)
    build.membership(an, cell, end=tomorrow)
    build.membership(an, other, start=tomorrow)
    notice = notices.publish(cell)
    assert inbox(an) == [notice]
    at(notices.MORNING + timedelta(days=1))
    assert inbox(an) == []


def test_a_neighbour_is_told_nothing(db: Session) -> None:
    (cell, _), (_, (stranger,)) = notices.cell_with(1), notices.cell_with(1)
    notice = notices.publish(cell)
    assert inbox(stranger) == []
    for act in (service.mark, service.mark_all):
        with pytest.raises(errors.NotFound):
            act(actor(stranger), notice)


def test_the_first_instant_of_a_mark_stays(db: Session, at: Callable[[datetime], None]) -> None:
    cell, (an,) = notices.cell_with(1)
    notice = notices.publish(cell)
    for hours, dismissed in ((1, False), (2, True), (3, True), (4, False)):
        at(notices.MORNING + timedelta(hours=hours))
        service.mark(actor(an), notice, dismissed=dismissed)

    mark = db.scalars(select(NoticeMark)).one()
    assert mark.opened_at == notices.MORNING + timedelta(hours=1)
    assert mark.dismissed_at == notices.MORNING + timedelta(hours=2)
    assert touched(db, "notice_state") == {(notice, "put")}
    assert feed.states([notice], actor(an))[notice]["opened_at"] == mark.opened_at


@pytest.fixture
def three(db: Session, at: Callable[[datetime], None]) -> tuple[Member, list[uuid.UUID]]:
    """Return a member and three notices, one an hour."""
    cell, (an,) = notices.cell_with(1)
    made = []
    for hours in range(3):
        at(notices.MORNING + timedelta(hours=hours))
        made.append(notices.publish(cell))
    return an, made


def test_reading_up_to_a_notice_includes_it_and_nothing_after(
    db: Session, three: tuple[Member, list[uuid.UUID]]
) -> None:
    an, (first, second, third) = three
    assert service.unread(actor(an)) == 3

    service.mark_all(actor(an), second)

    assert service.unread(actor(an)) == 1
    opened = {
        row.id: row.opened_at is not None
        for row in db.execute(queries.by_ids(actor(an), [first, second, third]))
    }
    assert opened == {first: True, second: True, third: False}
    assert touched(db, "notice_state") == {(first, "put"), (second, "put")}


def test_the_watermark_never_goes_back(db: Session, three: tuple[Member, list[uuid.UUID]]) -> None:
    an, (first, second, _) = three
    service.mark_all(actor(an), second)
    changes.flush(db)
    before = db.scalars(select(InboxMark.read_up_to)).one()

    service.mark_all(actor(an), first)

    assert db.scalars(select(InboxMark.read_up_to)).one() == before
    assert service.unread(actor(an)) == 1


def test_a_state_once_told_changes_only_with_a_change(
    db: Session, three: tuple[Member, list[uuid.UUID]]
) -> None:
    an, made = three
    service.mark_all(actor(an), made[0])
    told = feed.states(made[:1], actor(an))
    service.mark_all(actor(an), made[2])
    assert feed.states(made[:1], actor(an)) == told


def test_withdrawing_takes_the_notices_of_an_object_away(db: Session) -> None:
    cell, (an,) = notices.cell_with(1)
    document = uuid.uuid4()
    gone, also, stays = (
        notices.publish(cell, about=document),
        notices.publish(cell, about=document),
        notices.publish(cell),
    )
    changes.flush(db)

    assert service.withdraw("document", document) == 2
    assert service.withdraw("document", document) == 0

    assert inbox(an) == [stays]
    assert touched(db, "notice") == {(gone, "remove"), (also, "remove"), (stays, "put")}


def test_the_worker_is_woken_and_the_inbox_is_there_at_once(db: Session) -> None:
    db.execute(text("LISTEN handbook_work"))
    cell, (an,) = notices.cell_with(1)
    notice = notices.publish(cell)
    assert inbox(an) == [notice]


def test_personal_notices(db: Session) -> None:
    an, binh = build.member(build.unit()), build.member(build.unit())
    notice = notices.publish(members=[an])
    assert audiences.personal_buckets([an.id])
    assert (inbox(an), inbox(binh)) == ([notice], [])


@pytest.mark.parametrize("number", [1, 20])
def test_withdrawing_many_is_flat(db: Session, number: int) -> None:
    cell = build.unit()
    bucket = audiences.unit_bucket(cell.id)
    object_id = ids.new()
    for _ in range(number):
        service.notify("document_published", "document", object_id, buckets=[bucket], params={})
    with assert_queries(2):
        assert service.withdraw("document", object_id) == number
