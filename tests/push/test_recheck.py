"""What waits is looked at again just before it is sent."""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from handbook import clock, database
from handbook.notifications import service
from models import Device, DeviceAccount, InboxMark, Member, Notice, NoticeMark
from push import recheck
from tests.support import build, notices

NIGHT = (time(21), time(6))


@pytest.fixture(autouse=True)
def _morning(at: Callable[[datetime], None]) -> None:
    at(notices.MORNING)


def nothing(member: Member, phone: Device, notice: Notice) -> None:
    """Leave all as it is."""


def withdraw(member: Member, phone: Device, notice: Notice) -> None:
    service.withdraw(notice.object_kind, notice.object_id)


def expire(member: Member, phone: Device, notice: Notice) -> None:
    notice.expires_at = clock.now()


def open_it(member: Member, phone: Device, notice: Notice) -> None:
    mark(member, notice)


def read_up_to(member: Member, phone: Device, notice: Notice) -> None:
    build.flush().add(InboxMark(member_id=member.id, read_up_to=notice.published_at))


def read_up_to_before(member: Member, phone: Device, notice: Notice) -> None:
    before = notice.published_at - timedelta(microseconds=1)
    build.flush().add(InboxMark(member_id=member.id, read_up_to=before))


def sign_out(member: Member, phone: Device, notice: Notice) -> None:
    database.session().execute(delete(DeviceAccount).where(DeviceAccount.device_id == phone.id))


def disable(member: Member, phone: Device, notice: Notice) -> None:
    build.account(member).disabled_at = clock.now()


def leave(member: Member, phone: Device, notice: Notice) -> None:
    member.left_on = clock.today()


def leave_tomorrow(member: Member, phone: Device, notice: Notice) -> None:
    member.left_on = clock.today() + timedelta(days=1)


def lose_address(member: Member, phone: Device, notice: Notice) -> None:
    phone.address = phone.address_kind = None


def mark(member: Member, notice: Notice) -> None:
    """Note that a member opened a notice."""
    session = build.flush()
    session.add(NoticeMark(notice_id=notice.id, member_id=member.id, opened_at=clock.now()))
    session.flush()


@pytest.mark.parametrize(
    ("spoil", "state", "reason"),
    [
        (nothing, "accepted", "accepted"),
        (withdraw, "suppressed", "withdrawn"),
        (expire, "expired", "expired"),
        (open_it, "suppressed", "opened"),
        (read_up_to, "suppressed", "opened"),
        (read_up_to_before, "accepted", "accepted"),
        (sign_out, "suppressed", "not_enrolled"),
        (disable, "suppressed", "not_enrolled"),
        (leave, "suppressed", "not_enrolled"),
        (leave_tomorrow, "accepted", "accepted"),
        (lose_address, "dead", "no_address"),
    ],
)
def test_what_has_changed_meanwhile(
    db: Session, spoil: Callable[[Member, Device, Notice], None], state: str, reason: str
) -> None:
    cell = build.unit()
    an = build.member(cell)
    phone = build.device(an, "phone")
    notice = db.get_one(Notice, notices.publish(cell))
    notices.spread()
    spoil(an, phone, notice)
    build.flush()
    recorder = notices.Recorder()

    assert notices.send(recorder) == 1

    row = notices.row(notice.id)
    assert (row.state, row.reason) == (state, reason)
    assert row.settled_at is not None
    assert row.lease_until is None
    assert len(recorder.sent) == (1 if state == "accepted" else 0)
    assert notices.send(recorder) == 0


@pytest.fixture
def couple(db: Session) -> tuple[Member, Member, Notice]:
    """Return a couple with one phone, and a notice that waits for it."""
    cell = build.unit()
    husband, wife = build.member(cell), build.member(cell)
    phone = build.device(husband, "shared")
    other = build.account(wife, language="en")
    db.add(DeviceAccount(device_id=phone.id, account_id=other.id))
    notice = db.get_one(Notice, notices.publish(cell))
    notices.spread()
    return husband, wife, notice


def test_a_shared_phone_is_pushed_until_both_have_opened(
    db: Session, couple: tuple[Member, Member, Notice]
) -> None:
    husband, wife, notice = couple
    mark(husband, notice)
    recorder = notices.Recorder()

    with db.begin_nested() as attempt:
        notices.send(recorder)
        assert notices.row(notice.id).state == "accepted"
        attempt.rollback()
    assert recorder.sent[0].title == "document_published (en)"

    mark(wife, notice)
    notices.send(recorder)
    assert notices.row(notice.id).reason == "opened"


def test_a_shared_phone_is_pushed_while_one_is_left_whom_the_notice_reaches(
    db: Session, couple: tuple[Member, Member, Notice]
) -> None:
    husband, _, notice = couple
    husband.left_on = clock.today()
    build.flush()
    recorder = notices.Recorder()

    notices.send(recorder)

    assert notices.row(notice.id).state == "accepted"


def test_another_account_on_the_phone_that_the_notice_does_not_reach_does_not_count(
    db: Session,
) -> None:
    cell = build.unit()
    an, guest = build.member(cell), build.member(build.unit())
    phone = build.device(an, "phone")
    db.add(DeviceAccount(device_id=phone.id, account_id=build.account(guest).id))
    notice = db.get_one(Notice, notices.publish(cell))
    notices.spread()
    mark(an, notice)

    notices.send(notices.Recorder())

    assert notices.row(notice.id).reason == "opened"


def test_the_message_is_generic_in_the_language_of_the_account(db: Session) -> None:
    cell = build.unit(name="Chi bộ Hoa Sen")
    an = build.member(cell, name="Trần Thị Bình")
    build.account(an, language="en")
    build.device(an, "phone", kind="fid")
    notice = db.get_one(Notice, notices.publish(cell, lasts=timedelta(hours=2), urgent=True))
    notices.spread()
    recorder = notices.Recorder()

    notices.send(recorder)

    (message,) = recorder.sent
    assert (message.title, message.body) == notices.texts("document_published", "en")
    assert (message.address_kind, message.address) == ("fid", "phone")
    assert message.data == {
        "notice_id": str(notice.id),
        "kind": "document_published",
        "object_kind": "document",
        "object_id": str(notice.object_id),
    }
    assert (message.ttl_seconds, message.urgent, message.collapse_key) == (7200, True, "document")
    told = repr(message)
    assert "Bình" not in told
    assert "Hoa Sen" not in told
    assert "Nghị quyết" not in told


def test_a_kind_without_texts_fails_alone(db: Session, at: Callable[[datetime], None]) -> None:
    cell, _ = notices.cell_with(1)
    good, bad = notices.publish(cell), notices.publish(cell)
    db.execute(update(Notice).where(Notice.id == bad).values(kind="unknown"))
    notices.spread()

    def some(kind: str, language: str) -> tuple[str, str]:
        return {"document_published": ("Có văn bản mới", "Mở ứng dụng để xem.")}[kind]

    claimed = recheck.claim(db, texts=some, now=clock.now, quiet_hours=None, lease_seconds=60)

    verdicts = {one.verdict: one.reason for one in claimed}
    assert verdicts == {None: None, "failed": "no_text"}
    assert {one.message is None for one in claimed if one.verdict} == {True}
    assert good != bad


@pytest.mark.parametrize(
    ("quiet", "local", "until"),
    [
        (NIGHT, "2026-11-16T20:59:59", None),
        (NIGHT, "2026-11-16T21:00:00", "2026-11-17T06:00:00"),
        (NIGHT, "2026-11-17T00:00:00", "2026-11-17T06:00:00"),
        (NIGHT, "2026-11-17T05:59:59", "2026-11-17T06:00:00"),
        (NIGHT, "2026-11-17T06:00:00", None),
        ((time(12), time(13)), "2026-11-17T12:30:00", "2026-11-17T13:00:00"),
        ((time(12), time(13)), "2026-11-17T11:59:00", None),
        ((time(12), time(13)), "2026-11-17T13:00:00", None),
        (None, "2026-11-17T00:00:00", None),
    ],
)
def test_quiet_hours_by_the_vietnamese_clock(
    quiet: recheck.Quiet, local: str, until: str | None
) -> None:
    instant = datetime.fromisoformat(local).replace(tzinfo=clock.VIETNAM).astimezone(UTC)
    found = recheck.quiet_until(instant, quiet)
    expected = until and datetime.fromisoformat(until).replace(tzinfo=clock.VIETNAM)
    assert found == expected


def test_at_night_a_push_is_put_off_and_an_urgent_one_is_not(
    db: Session, at: Callable[[datetime], None]
) -> None:
    at(notices.MORNING + timedelta(hours=14))  # 23:00
    cell, _ = notices.cell_with(1)
    calm, urgent = notices.publish(cell), notices.publish(cell, urgent=True)
    notices.spread()
    recorder = notices.Recorder()

    notices.send(recorder, quiet_hours=NIGHT)

    assert [message.urgent for message in recorder.sent] == [True]
    assert notices.row(urgent).state == "accepted"
    row = notices.row(calm)
    assert (row.state, row.reason, row.attempts) == ("queued", "quiet_hours", 0)
    assert row.settled_at is None
    assert row.due_at - db.execute(select(func.now())).scalar_one() == timedelta(hours=7)
    assert notices.send(recorder, quiet_hours=NIGHT) == 0


def looked_at(**more: Any) -> Any:
    """Return what the re-check sees of a row that may be sent, with ``more``."""
    plain = {
        "withdrawn": False,
        "expires_at": notices.MORNING + timedelta(days=1),
        "opened": False,
        "gone": False,
        "address": "phone",
        "urgent": False,
    }
    return SimpleNamespace(**plain | more)


def test_the_reason_that_says_most_comes_first() -> None:
    worst = looked_at(
        withdrawn=True, expires_at=notices.MORNING, opened=True, gone=True, address=None
    )
    expected = [
        ({}, "withdrawn"),
        ({"withdrawn": False}, "expired"),
        ({"expires_at": notices.MORNING + timedelta(days=1)}, "opened"),
        ({"opened": False}, "not_enrolled"),
        ({"gone": False}, "no_address"),
        ({"address": "phone"}, None),
    ]
    for change, reason in expected:
        vars(worst).update(change)
        assert recheck.judge(worst, notices.MORNING, None)[1] == reason


def test_personal_notices_reach_the_phone_too(db: Session) -> None:
    an = build.member(None)
    build.device(an, "phone")
    notice = notices.publish(members=[an])
    notices.spread()
    notices.send(notices.Recorder())
    assert notices.row(notice).state == "accepted"
