"""What was sent is settled row by row; through the real firebase-admin to a fake FCM."""

import uuid
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
import structlog
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from handbook import clock
from models import Device, Outbox, Pause
from push import outbox, runner
from push.fcm import FcmSender
from push.sender import Message, Outcome
from tests.conftest import Real
from tests.support import build, fcm_answers, notices
from tests.support.fcm import FakeFcm
from tests.support.fcm_answers import Behaviour


@pytest.fixture(autouse=True)
def _morning(at: Callable[[datetime], None]) -> None:
    at(notices.MORNING)


@pytest.fixture
def fcm() -> Iterator[FakeFcm]:
    """Return a running fake FCM."""
    with FakeFcm() as running:
        yield running


@pytest.fixture
def sender(fcm: FakeFcm) -> Iterator[FcmSender]:
    """Return the real sender, aimed at the fake."""
    made = FcmSender(fcm.service_account(), now=clock.now, endpoint=fcm.url, timeout_seconds=1.0)
    yield made
    made.close()


def one_phone(address: str = "phone") -> tuple[Device, uuid.UUID]:
    """Return a phone and a notice that waits for it."""
    cell = build.unit()
    phone = build.device(build.member(cell), address)
    notice = notices.publish(cell)
    notices.spread()
    return phone, notice


def wait_of(db: Session, notice: uuid.UUID) -> float:
    """Return the seconds until a row falls due."""
    due = select(func.extract("epoch", Outbox.due_at - func.now())).where(
        Outbox.notice_id == notice
    )
    return float(db.execute(due).scalar_one())


def pause_of(db: Session) -> float | None:
    """Return the seconds that the dispatcher still pauses."""
    left = select(func.extract("epoch", Pause.until - func.now())).where(Pause.name == "push")
    found = db.execute(left).scalar_one_or_none()
    return None if found is None else float(found)


@pytest.mark.parametrize(
    ("behaviour", "state", "reason", "address", "attempts"),
    [
        (fcm_answers.OK, "accepted", "accepted", "phone", 1),
        (fcm_answers.UNREGISTERED, "dead", "unregistered", None, 1),
        (fcm_answers.INVALID_ARGUMENT, "failed", "invalid_argument", "phone", 1),
        (fcm_answers.UNAVAILABLE, "retry", "unavailable", "phone", 1),
        (fcm_answers.INTERNAL, "retry", "internal", "phone", 1),
        (fcm_answers.DROP, "retry", "connection_failed", "phone", 1),
        (fcm_answers.slow(3), "retry", "timeout", "phone", 1),
        (fcm_answers.throttled("7"), "retry", "quota_exceeded", "phone", 0),
        (fcm_answers.THIRD_PARTY_AUTH, "retry", "third_party_auth", "phone", 0),
        (fcm_answers.PERMISSION_DENIED, "retry", "permission_denied", "phone", 0),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_each_answer_is_settled(
    db: Session,
    fcm: FakeFcm,
    sender: FcmSender,
    behaviour: Behaviour,
    state: str,
    reason: str,
    address: str | None,
    attempts: int,
) -> None:
    phone, notice = one_phone()
    fcm.script("phone", behaviour)

    assert notices.send(sender) == 1

    row = notices.row(notice)
    assert (row.state, row.reason, row.attempts) == (state, reason, attempts)
    assert (row.settled_at is None) == (state == "retry")
    assert (row.provider_id is None) == (state != "accepted")
    assert row.lease_until is None
    db.refresh(phone)
    assert phone.address == address
    assert (phone.address_kind is None) == (address is None)
    assert fcm.count("phone") == 1
    if state == "retry":
        assert wait_of(db, notice) >= 12
    assert notices.send(sender) == 0


def test_a_whole_cell_is_sent_once_each(db: Session, fcm: FakeFcm, sender: FcmSender) -> None:
    cell, people = notices.cell_with(150)
    notice = notices.publish(cell)
    notices.spread()

    while notices.send(sender):
        notices.make_due()

    assert {row.state for row in notices.rows(notice)} == {"accepted"}
    assert len({row.provider_id for row in notices.rows(notice)}) == len(people)
    assert fcm.stats()["received"] == fcm.stats()["addresses"] == len(people)


def test_what_went_wrong_is_tried_again_and_nothing_else_is(
    db: Session, fcm: FakeFcm, sender: FcmSender
) -> None:
    _, (good, bad) = one_phone("good"), one_phone("bad")
    fcm.script("bad", fcm_answers.UNAVAILABLE, fcm_answers.UNAVAILABLE, fcm_answers.OK)

    for _ in range(5):
        notices.send(sender)
        notices.make_due()

    assert (fcm.count("good"), fcm.count("bad")) == (1, 3)
    row = notices.row(bad)
    assert (row.state, row.attempts) == ("accepted", 3)
    assert good is not None


def test_the_tenth_failure_is_the_last(db: Session, fcm: FakeFcm, sender: FcmSender) -> None:
    _, notice = one_phone()
    fcm.script("phone", fcm_answers.UNAVAILABLE)

    for _ in range(12):
        notices.send(sender)
        notices.make_due()

    row = notices.row(notice)
    assert (row.state, row.reason, row.attempts) == ("failed", "unavailable", 10)
    assert fcm.count("phone") == 10


def test_the_wait_doubles_spreads_and_heeds_what_was_asked() -> None:
    plain = Outcome(uuid.uuid4(), "retry", "unavailable")
    for attempts, seconds in ((1, 15), (2, 30), (5, 240), (9, 3840), (10, 7200)):
        waits = {outbox.back_off(attempts, plain) for _ in range(20)}
        assert len(waits) > 1
        assert all(0.8 * seconds <= wait <= 1.2 * seconds for wait in waits)
    asked = Outcome(uuid.uuid4(), "retry", "unavailable", retry_after_seconds=500.0)
    assert outbox.back_off(1, asked) == 500.0


def test_a_429_pauses_everything_until_it_may_go_on(
    db: Session, fcm: FakeFcm, sender: FcmSender
) -> None:
    _, first = one_phone("busy")
    fcm.script("busy", fcm_answers.throttled("600"), fcm_answers.OK)
    notices.send(sender)
    _, second = one_phone("other")
    notices.make_due()

    assert notices.send(sender) == 0
    assert fcm.count("other") == 0
    assert pause_of(db) == pytest.approx(600)

    db.execute(update(Pause).values(until=func.now()))
    assert notices.send(sender) == 2
    assert {notices.row(one).state for one in (first, second)} == {"accepted"}
    assert pause_of(db) is None


def test_each_pause_is_longer_until_something_goes_through(
    db: Session, fcm: FakeFcm, sender: FcmSender
) -> None:
    one_phone("busy")
    answers = [fcm_answers.throttled()] * 8
    fcm.script("busy", *answers, fcm_answers.OK, fcm_answers.OK)
    pauses = []
    for _ in answers:
        notices.make_due()
        notices.send(sender)
        pauses.append(pause_of(db))
        db.execute(update(Pause).values(until=func.now()))
    assert pauses == [pytest.approx(min(60 * 2**power, 3600)) for power in range(8)]

    notices.make_due()
    notices.send(sender)
    assert pause_of(db) is None


def test_a_second_throttled_slice_does_not_lengthen_the_pause_twice(db: Session) -> None:
    throttled = notices.Recorder(lambda one: Outcome(one.id, "throttled", "quota_exceeded"))
    one_phone("a")
    work = notices.dispatch(throttled)
    first = work.claim(db)
    one_phone("b")
    second = work.claim(db)
    assert len(first) == len(second) == 1
    assert work.do is not None

    for claimed in (first, second):
        work.settle(db, claimed, work.do(claimed))

    assert pause_of(db) == pytest.approx(60)
    assert db.scalars(select(Pause.times)).one() == 1


def test_what_is_wrong_for_some_phones_does_not_stop_the_others(
    db: Session, fcm: FakeFcm, sender: FcmSender
) -> None:
    one_phone("apple")
    _, android = one_phone("android")
    fcm.script("apple", fcm_answers.THIRD_PARTY_AUTH)

    with structlog.testing.capture_logs() as logs:
        notices.send(sender)

    assert notices.row(android).state == "accepted"
    assert pause_of(db) is None
    loud = [line for line in logs if line["event"] == "push_misconfigured"]
    assert [(line["log_level"], line["reasons"]) for line in loud] == [
        ("error", {"third_party_auth": 1})
    ]


def test_what_is_wrong_for_all_stops_all(db: Session, fcm: FakeFcm, sender: FcmSender) -> None:
    _, notice = one_phone()
    fcm.script_access_tokens(*[Behaviour(400, b'{"error": "invalid_grant"}')] * 3)

    notices.send(sender)

    assert fcm.count("phone") == 0
    assert pause_of(db) == pytest.approx(60)
    row = notices.row(notice)
    assert (row.state, row.reason, row.attempts) == ("retry", "auth_refused", 0)


def test_a_new_address_is_not_forgotten_for_the_old_ones_sake(db: Session) -> None:
    phone, notice = one_phone("old")

    def die(message: Message) -> Outcome:
        phone.address = "new"
        build.flush()
        return Outcome(message.id, "dead", "unregistered")

    notices.send(notices.Recorder(die))

    db.refresh(phone)
    assert phone.address == "new"
    assert notices.row(notice).state == "dead"


def test_a_wrong_project_does_not_empty_every_phone(db: Session) -> None:
    phone, _ = one_phone("old")
    notices.send(notices.Recorder(lambda one: Outcome(one.id, "dead", "sender_id_mismatch")))
    db.refresh(phone)
    assert phone.address == "old"


def test_who_lost_the_fence_settles_nothing(db: Session) -> None:
    _, notice = one_phone()
    work = notices.dispatch(notices.Recorder())
    assert work.do is not None
    slow = work.claim(db)
    notices.make_due()
    quick = work.claim(db)
    refused = {one.id: Outcome(one.id, "invalid", "malformed") for one in slow}

    work.settle(db, slow, refused)
    assert notices.row(notice).state == "queued"
    work.settle(db, quick, work.do(quick))
    work.settle(db, slow, refused)

    row = notices.row(notice)
    assert (row.state, row.fence, row.attempts) == ("accepted", 2, 2)


def test_a_worker_lost_after_sending_repeats_each_push_once(
    db: Session, fcm: FakeFcm, sender: FcmSender
) -> None:
    cell, people = notices.cell_with(5)
    notice = notices.publish(cell)
    notices.spread()
    work = notices.dispatch(sender)
    assert work.do is not None
    work.do(work.claim(db))
    assert notices.send(sender) == 0
    notices.make_due()

    assert notices.send(sender) == len(people)

    assert {row.state for row in notices.rows(notice)} == {"accepted"}
    assert set(fcm.counts.values()) == {2}


def test_a_renewed_lease_lasts(db: Session) -> None:
    _, notice = one_phone()
    work = notices.dispatch(notices.Recorder())
    assert work.renew is not None
    claimed = work.claim(db)
    db.execute(update(Outbox).values(lease_until=func.now() - timedelta(seconds=1)))

    work.renew(db, claimed)

    assert not work.claim(db)
    assert notices.row(notice).fence == claimed[0].fence


def test_two_workers_never_hold_the_same_row(real: Real) -> None:
    with real.write():
        cell, (an,) = notices.cell_with(1)
        notices.many_phones(an, 899)
        notices.publish(cell)
    with real.write():
        notices.spread()
    work = notices.dispatch(notices.Recorder())

    with real.write() as first:
        ours = {one.id for one in work.claim(first)}
        with real.context(), Session(first.get_bind()) as second:
            theirs = {one.id for one in work.claim(second)}
            second.rollback()

    assert (len(ours), len(theirs)) == (640, 260)
    assert not ours & theirs


def test_an_empty_outbox_is_no_work(db: Session) -> None:
    assert runner.step(notices.dispatch(notices.Recorder()), notices.same) == 0
