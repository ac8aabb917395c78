"""Sessions: begun, rotated, repeated, replayed, ended; devices linked and unlinked with them."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session as Database

from handbook import access, clock, ids
from handbook.accounts import service, sessions
from handbook.accounts.service import Proof
from handbook.errors import Unauthenticated
from models import Account, AuditEntry, Device, DeviceAccount, Member, Session
from tests.support import build

LIFETIME = timedelta(days=60)
NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
MINUTE = timedelta(seconds=60)


@pytest.fixture
def member(db: Database, at: Callable[[datetime], None]) -> Member:
    at(NOW)
    found = build.member()
    build.account(found, password_hash="hash")
    return found


def phone(address: str | None = None, **more: Any) -> dict[str, Any]:
    return {
        "id": ids.new(),
        "platform": "android",
        "kind": "token" if address else None,
        "address": address,
        "app_version": "1.0",
        **more,
    }


def start(member: Member, device: dict[str, Any] | None = None, **proof: Any) -> Session:
    whole = Proof(build.account(member).id, "hash", proof.get("fresh"))
    return sessions.start(whole, device or phone(), lifetime=LIFETIME).session


def refresh(session: Session, number: int) -> Session | None:
    return sessions.refresh(session.id, session.account_id, number, lifetime=LIFETIME)


def actions(db: Database, object_id: uuid.UUID) -> list[str]:
    return list(
        db.scalars(
            select(AuditEntry.action)
            .where(AuditEntry.object_id == object_id)
            .order_by(AuditEntry.number)
        )
    )


def links(db: Database, member: Member) -> set[uuid.UUID]:
    return set(
        db.scalars(
            select(DeviceAccount.device_id).where(
                DeviceAccount.account_id == build.account(member).id
            )
        )
    )


def test_start(db: Database, member: Member) -> None:
    device = phone("address-1")
    session = start(member, device)
    assert (session.refresh_number, session.expires_at) == (1, NOW + LIFETIME)
    assert links(db, member) == {device["id"]}
    assert actions(db, session.id) == ["session.started"]
    assert actions(db, device["id"]) == ["device.enrolled"]
    row = db.get_one(Device, device["id"])
    assert (row.address, row.address_kind, row.platform) == ("address-1", "token", "android")


def test_start_refuses_when_the_password_changed_since_the_proof(
    db: Database, member: Member
) -> None:
    assert start(member).ended_at is None
    build.account(member).password_hash = "another"
    db.flush()
    with pytest.raises(Unauthenticated, match="bad_credentials"):
        start(member)


def test_start_refuses_when_the_account_was_closed_since_the_proof(
    db: Database, member: Member
) -> None:
    assert start(member).ended_at is None
    build.account(member).disabled_at = NOW
    db.flush()
    with pytest.raises(Unauthenticated, match="bad_credentials"):
        start(member)


def test_start_replaces_an_outdated_hash(db: Database, member: Member) -> None:
    start(member, fresh="fresh hash")
    assert db.get_one(Account, build.account(member).id).password_hash == "fresh hash"


def test_signing_in_again_on_a_device_replaces_its_session(db: Database, member: Member) -> None:
    device, other = phone(), start(member)
    first = start(member, device)
    second = start(member, device)
    assert (first.ended_by, second.ended_at, other.ended_at) == ("revoked", None, None)
    assert links(db, member) == {device["id"], other.device_id}


def test_a_device_holds_two_accounts(db: Database, member: Member) -> None:
    spouse, device = build.member(), phone("address-1")
    build.account(spouse, password_hash="hash")
    first = start(member, device)
    second = start(spouse, device)
    assert (first.ended_at, second.ended_at) == (None, None)
    assert links(db, member) == links(db, spouse) == {device["id"]}


def test_an_address_moves_to_the_device_that_signs_in_with_it(db: Database, member: Member) -> None:
    old, new = phone("address-1"), phone("address-1")
    start(member, old)
    start(member, new)
    db.expire_all()
    assert db.get_one(Device, old["id"]).address is None
    assert db.get_one(Device, old["id"]).address_kind is None
    assert db.get_one(Device, new["id"]).address == "address-1"


def test_signing_in_without_an_address_keeps_the_known_one(db: Database, member: Member) -> None:
    device = phone("address-1")
    start(member, device)
    start(member, phone(id=device["id"], app_version="2.0"))
    db.expire_all()
    row = db.get_one(Device, device["id"])
    assert (row.address, row.app_version) == ("address-1", "2.0")


@pytest.mark.parametrize(
    ("presented", "age", "number", "reason"),
    [
        (3, timedelta(days=1), 4, None),
        (2, timedelta(0), 3, None),
        (2, MINUTE, 3, None),
        (2, MINUTE + timedelta(seconds=1), 3, "replay"),
        (1, timedelta(0), 3, "replay"),
        (4, timedelta(0), 3, "replay"),
    ],
)
def test_rotation(
    db: Database,
    member: Member,
    at: Callable[[datetime], None],
    presented: int,
    age: timedelta,
    number: int,
    reason: str | None,
) -> None:
    session = start(member)
    session.refresh_number = 3
    db.flush()
    at(NOW + age)
    found = refresh(session, presented)
    assert (found is None) is (reason is not None)
    assert (session.refresh_number, session.ended_by) == (number, reason)
    rotated = number == 4
    assert session.rotated_at == (NOW + age if rotated else NOW)
    assert session.expires_at == session.rotated_at + LIFETIME
    assert links(db, member) == (set() if reason else {session.device_id})
    last = "session.replayed" if reason else "session.started"
    assert actions(db, session.id)[-1] == last


def test_a_replayed_session_stays_ended_for_its_good_token_too(
    db: Database, member: Member
) -> None:
    session = start(member)
    assert refresh(session, 1) is session
    assert refresh(session, 0) is None
    assert refresh(session, 2) is None
    assert actions(db, session.id) == ["session.started", "session.replayed"]


def test_a_session_runs_out(db: Database, member: Member, at: Callable[[datetime], None]) -> None:
    session = start(member)
    at(NOW + LIFETIME - timedelta(seconds=1))
    assert refresh(session, 1) is session
    at(NOW + 2 * LIFETIME)
    assert refresh(session, 2) is None
    assert session.ended_by == "expired"


@pytest.mark.parametrize("how", ["disabled", "left"])
def test_a_closed_account_cannot_refresh(db: Database, member: Member, how: str) -> None:
    session = start(member)
    assert refresh(session, 1) is session
    if how == "disabled":
        build.account(member).disabled_at = NOW
    else:
        member.left_on = clock.today()
    db.flush()
    assert refresh(session, 2) is None
    assert session.ended_by == "disabled"


def test_refresh_of_another_account_s_session_is_refused(db: Database, member: Member) -> None:
    session, stranger = start(member), build.account(build.member())
    assert sessions.refresh(session.id, stranger.id, 1, lifetime=LIFETIME) is None
    assert (session.ended_at, session.refresh_number) == (None, 1)


def test_replacing_a_password_loses_against_an_earlier_change(db: Database, member: Member) -> None:
    session = start(member)
    actor = access.load_actor(db, session.id, session.account_id)
    service.replace_password(actor, "hash", "first")
    with pytest.raises(Exception, match="conflict"):
        service.replace_password(actor, "hash", "second")
    assert service.get_password_hash(actor) == "first"
