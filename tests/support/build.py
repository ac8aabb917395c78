"""Builders: plain functions that put rows where a test needs them, by the shortest way."""

import itertools
import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any

from flask_jwt_extended import create_access_token
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from handbook import clock, database, ids, text
from models import (
    Account,
    Device,
    DeviceAccount,
    Member,
    Membership,
    Position,
    Unit,
    UnitVersion,
)
from models import Session as SignInSession

LONG_AGO = date(2020, 1, 1)
# Far above the sequence that the application takes unit numbers from.
_COUNT = itertools.count(1_000_000)
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def since(start: date = LONG_AGO, end: date | None = None) -> Range[date]:
    """Return the range of days from ``start`` to before ``end``."""
    return Range(start, end)


def label(number: int) -> str:
    """Return the path label of a unit's number."""
    found = ""
    for _ in range(4):
        number, digit = divmod(number, 36)
        found = _DIGITS[digit] + found
    return found


def unit(parent: Unit | None = None, kind: str = "cell", name: str | None = None) -> Unit:
    """Return a new unit below ``parent``, with its first version."""
    session = database.session()
    number = next(_COUNT)
    name = name or f"Chi bộ {number}"
    row = Unit(
        id=ids.new(),
        number=number,
        parent_id=parent.id if parent else None,
        path=(parent.path if parent else "") + label(number),
        kind=kind,
        name=name,
        name_folded=text.fold(name),
        sort_key=text.sort_key(name),
    )
    session.add(row)
    session.flush()
    session.add(
        UnitVersion(
            id=ids.new(),
            unit_id=row.id,
            parent_id=row.parent_id,
            kind=kind,
            name=name,
            during=since(),
        )
    )
    session.flush()
    return row


def member(
    home: Unit | None = None, name: str = "Nguyễn Văn An", start: date = LONG_AGO, **more: Any
) -> Member:
    """Return a new official member, with an official membership of ``home`` since ``start``."""
    session = database.session()
    row = Member(
        id=ids.new(),
        full_name=name,
        name_key=text.name_key(name),
        name_folded=text.fold(name),
        standing=more.pop("standing", "official"),
        **more,
    )
    session.add(row)
    session.flush()
    if home is not None:
        membership(row, home, start=start)
    return row


def membership(
    who: Member,
    home: Unit,
    *,
    start: date = LONG_AGO,
    end: date | None = None,
    kind: str = "official",
) -> Membership:
    """Return a new membership."""
    row = Membership(
        id=ids.new(), member_id=who.id, unit_id=home.id, kind=kind, during=since(start, end)
    )
    database.session().add(row)
    database.session().flush()
    return row


def position(
    who: Member, at: Unit, role: str, *, start: date = LONG_AGO, end: date | None = None
) -> Position:
    """Return a new position."""
    row = Position(
        id=ids.new(), member_id=who.id, unit_id=at.id, role=role, during=since(start, end)
    )
    database.session().add(row)
    database.session().flush()
    return row


def account(who: Member, **more: Any) -> Account:
    """Return the member's account, made when there is none; no password."""
    session = database.session()
    found = session.scalar(select(Account).where(Account.member_id == who.id))
    if found is None:
        found = Account(id=ids.new(), member_id=who.id, **more)
        session.add(found)
        session.flush()
    return found


def device(who: Member, address: str | None = None, kind: str = "token") -> Device:
    """Return a new device enrolled for the member's account."""
    session = database.session()
    row = Device(
        id=ids.new(),
        platform="android",
        address=address,
        address_kind=kind if address else None,
        refreshed_at=clock.now(),
    )
    session.add(row)
    session.flush()
    session.add(DeviceAccount(device_id=row.id, account_id=account(who).id))
    session.flush()
    return row


def session_of(who: Member, on: Device | None = None) -> SignInSession:
    """Return a new open session of the member's account."""
    session = database.session()
    row = SignInSession(
        id=ids.new(),
        account_id=account(who).id,
        device_id=(on or device(who)).id,
        expires_at=datetime.now(UTC) + timedelta(days=3650),
    )
    session.add(row)
    session.flush()
    return row


def token(of: SignInSession) -> str:
    """Return an access token of a session."""
    return str(
        create_access_token(
            identity=str(of.account_id),
            additional_claims={"sid": str(of.id)},
            expires_delta=timedelta(days=3650 * 2),
        )
    )


def key() -> str:
    """Return a fresh Idempotency-Key."""
    return uuid.uuid4().hex


def flush() -> Session:
    """Write what is pending and return the session."""
    database.session().flush()
    return database.session()
