"""Each device that a notice reaches has one outbox row, whatever happens on the way."""

import uuid
from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from handbook import clock
from handbook.audiences import service as audiences
from handbook.notifications import service
from models import (
    ALONE,
    BELOW,
    EVERYONE,
    Addressing,
    Device,
    DeviceAccount,
    FanOut,
    Member,
    Notice,
    bucket_member,
)
from push import fanout, runner
from tests.support import build, notices

FORMS = pytest.mark.parametrize("many", [0, 1000], ids=["from devices", "from places"])


@pytest.fixture(autouse=True)
def _morning(at: Callable[[datetime], None]) -> None:
    at(notices.MORNING)


@pytest.fixture
def form(many: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fanout, "_MANY_PLACES", many)


def fan_out_of(db: Session, notice: uuid.UUID) -> FanOut:
    found = select(FanOut).where(FanOut.notice_id == notice)
    return db.scalars(found.execution_options(populate_existing=True)).one()


@FORMS
def test_every_phone_of_everybody_reached_has_one_row(db: Session, form: None) -> None:
    cell, (an, binh) = notices.cell_with(2)
    second = build.device(an, "second-phone")
    notices.cell_with(1, "Chi bộ bên cạnh")

    notice = notices.publish(cell, members=[an])
    notices.spread()

    found = {row.device_id: row.member_id for row in notices.rows(notice)}
    assert len(found) == 3
    assert found[second.id] == an.id
    assert set(found.values()) == {an.id, binh.id}
    assert {row.state for row in notices.rows(notice)} == {"queued"}


def take_address(member: Member, device: Device, link: DeviceAccount) -> None:
    device.address = device.address_kind = None


def let_lie(member: Member, device: Device, link: DeviceAccount) -> None:
    device.refreshed_at = clock.now() - timedelta(days=60)


def disable(member: Member, device: Device, link: DeviceAccount) -> None:
    build.account(member).disabled_at = clock.now()


def leave(member: Member, device: Device, link: DeviceAccount) -> None:
    member.left_on = clock.today()


def unlink(member: Member, device: Device, link: DeviceAccount) -> None:
    build.flush().delete(link)


@FORMS
@pytest.mark.parametrize("spoil", [take_address, let_lie, disable, leave, unlink])
def test_a_phone_that_cannot_be_reached_has_none(
    db: Session, form: None, spoil: Callable[[Member, Device, DeviceAccount], None]
) -> None:
    cell, (an, binh) = notices.cell_with(2)
    link = db.scalars(
        select(DeviceAccount).where(DeviceAccount.account_id == build.account(an).id)
    ).one()
    spoil(an, db.get_one(Device, link.device_id), link)
    build.flush()

    notice = notices.publish(cell)
    notices.spread()

    assert [row.member_id for row in notices.rows(notice)] == [binh.id]


@FORMS
def test_a_couple_with_one_phone_has_one_row(db: Session, form: None) -> None:
    cell = build.unit()
    husband, wife = build.member(cell), build.member(cell)
    phone = build.device(husband, "shared")
    db.add(DeviceAccount(device_id=phone.id, account_id=build.account(wife).id))

    notice = notices.publish(cell)
    notices.spread()

    assert notices.row(notice).device_id == phone.id


@FORMS
def test_who_comes_later_is_not_told_of_what_was_before(
    db: Session, form: None, at: Callable[[datetime], None]
) -> None:
    cell, (_,) = notices.cell_with(1)
    tomorrow = clock.today() + timedelta(days=1)
    newcomer = build.member(cell, start=tomorrow)
    build.device(newcomer, "newcomer")

    notice = notices.publish(cell)
    at(notices.MORNING + timedelta(days=2))
    notices.spread()

    assert newcomer.id not in {row.member_id for row in notices.rows(notice)}
    assert len(notices.rows(notice)) == 1


@FORMS
def test_reached_are_just_the_members_of_the_buckets(db: Session, form: None) -> None:
    top = build.unit(kind="commune")
    cells = [build.unit(top) for _ in range(3)]
    leaf = build.unit(cells[0], "group")
    people = [build.member(unit) for unit in (top, *cells, leaf)]
    build.position(people[1], top, "clerk")
    build.position(people[2], cells[1], "secretary")
    build.position(people[3], leaf, "secretary")
    build.membership(people[4], cells[2], kind="temporary")
    former = build.member(None)
    build.membership(former, cells[0], end=date(2026, 1, 1))
    alone = build.member(None)
    for number, one in enumerate((*people, former, alone)):
        build.device(one, f"phone-{number}")
    reaches = [
        (cells[0], ALONE, EVERYONE),
        (cells[0], BELOW, EVERYONE),
        (top, ALONE, EVERYONE),
        (top, BELOW, "secretary"),
        (cells[2], BELOW, EVERYONE),
    ]
    for unit, reach, role in reaches:
        bucket = audiences.unit_bucket(unit.id, reach=reach, role=role)
        own = audiences.personal_buckets([alone.id]).values()
        notice = service.notify(
            "document_published", "document", unit.id, buckets=[bucket, *own], params={}
        )
        notices.spread()
        members = select(bucket_member.c.member_id).where(
            bucket_member.c.bucket_id.in_(
                select(Addressing.bucket_id)
                .join(Notice, Notice.audience_id == Addressing.audience_id)
                .where(Notice.id == notice)
            ),
            bucket_member.c.during.contains(clock.today()),
        )
        expected = set(db.scalars(members))
        assert len(expected) > 1
        assert {row.member_id for row in notices.rows(notice)} == expected


@FORMS
def test_slices_go_on_where_the_last_one_ended(db: Session, form: None) -> None:
    cell, _ = notices.cell_with(5)
    notice = notices.publish(cell)
    work = notices.fan_out(slice_size=2)

    counts = []
    while runner.step(work, notices.same):
        counts.append(len(notices.rows(notice)))

    assert counts == [2, 4, 5]
    done = fan_out_of(db, notice)
    assert (done.state, done.finished_at) == ("done", notices.MORNING)
    assert done.devices_up_to == notices.rows(notice)[-1].device_id


def test_a_lost_fence_makes_nothing_and_the_next_holder_everything(db: Session) -> None:
    cell, _ = notices.cell_with(3)
    notice = notices.publish(cell)
    work = notices.fan_out(slice_size=2)
    slow = work.claim(db)
    notices.make_due()
    quick = work.claim(db)
    assert [one.notice_id for one in slow] == [one.notice_id for one in quick] == [notice]

    work.settle(db, slow, None)
    assert not notices.rows(notice)
    work.settle(db, quick, None)
    assert len(notices.rows(notice)) == 2

    runner.step(work, notices.same)
    work.settle(db, quick, None)
    assert len(notices.rows(notice)) == 3


def test_a_finished_fan_out_never_runs_again(db: Session) -> None:
    cell, (an,) = notices.cell_with(1)
    notice = notices.publish(cell)
    work = notices.fan_out()
    claimed = work.claim(db)
    work.settle(db, claimed, None)
    build.device(an, "a new phone")
    notices.make_due()

    assert not work.claim(db)
    work.settle(db, claimed, None)

    assert len(notices.rows(notice)) == 1


def test_a_withdrawn_notice_is_finished_as_it_stands(db: Session) -> None:
    cell, _ = notices.cell_with(1)
    notice = notices.publish(cell, about=cell.id)
    service.withdraw("document", cell.id)

    notices.spread()

    assert not notices.rows(notice)
    assert fan_out_of(db, notice).state == "done"


def test_an_expired_notice_is_finished_as_it_stands(
    db: Session, at: Callable[[datetime], None]
) -> None:
    cell, _ = notices.cell_with(1)
    notice = notices.publish(cell, lasts=timedelta(hours=1))
    at(notices.MORNING + timedelta(hours=1))

    notices.spread()

    assert not notices.rows(notice)
    assert fan_out_of(db, notice).state == "done"


def test_statements_are_planned_for_their_own_values_and_only_there(db: Session) -> None:
    cell, _ = notices.cell_with(1)
    before = db.execute(text("SHOW plan_cache_mode")).scalar_one()
    notices.publish(cell)
    with db.begin_nested() as attempt:
        notices.spread()
        assert db.execute(text("SHOW plan_cache_mode")).scalar_one() == "force_custom_plan"
        attempt.rollback()
    assert db.execute(text("SHOW plan_cache_mode")).scalar_one() == before


def test_a_notice_to_nobody_is_done_at_once(db: Session) -> None:
    notice = notices.publish(build.unit())

    notices.spread()

    assert fan_out_of(db, notice).state == "done"
