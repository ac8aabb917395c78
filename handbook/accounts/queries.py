"""Accounts, sessions and devices."""

import uuid
from collections.abc import Iterable
from datetime import date, datetime

from sqlalchemy import ColumnElement, or_, select

from models import Account, Device, Member, Rows, Session, SignInName, Unit

# A phone number is shared by a couple; more than a handful is a mistake and not worth the hashing.
MOST_CANDIDATES = 4


def _may_sign_in(day: date) -> ColumnElement[bool]:
    """Return the condition that an account is not disabled and its member has not left."""
    return Account.disabled_at.is_(None) & or_(Member.left_on.is_(None), Member.left_on > day)


def candidates(index: bytes, day: date) -> Rows:
    """Select (id, password_hash) of the accounts that a sign-in name leads to."""
    return (
        select(Account.id, Account.password_hash)
        .join(SignInName, SignInName.account_id == Account.id)
        .join(Member, Member.id == Account.member_id)
        .where(SignInName.index == index, _may_sign_in(day))
        .order_by(Account.id)
        .limit(MOST_CANDIDATES)
    )


def proven_account(account_id: uuid.UUID, password_hash: str, day: date) -> Rows:
    """Select (Account, full_name) of an account that still has this hash and may sign in."""
    return (
        select(Account, Member.full_name)
        .join(Member, Member.id == Account.member_id)
        .where(Account.id == account_id, Account.password_hash == password_hash, _may_sign_in(day))
    )


def session(session_id: uuid.UUID, account_id: uuid.UUID, day: date) -> Rows:
    """Select (Session, member_id, welcome) of an account's session, open or not.

    ``welcome`` is whether the account may still sign in.
    """
    return (
        select(Session, Account.member_id, _may_sign_in(day).label("welcome"))
        .join(Account, Account.id == Session.account_id)
        .join(Member, Member.id == Account.member_id)
        .where(Session.id == session_id, Session.account_id == account_id)
    )


def open_sessions(account_id: uuid.UUID) -> Rows:
    """Select the sessions of an account that nothing has ended."""
    return select(Session).where(Session.account_id == account_id, Session.ended_at.is_(None))


def session_lines(account_id: uuid.UUID, current_id: uuid.UUID, now: datetime) -> Rows:
    """Select the lines of an account's live sessions with their devices; ``current`` marks one."""
    return (
        select(
            Session.id,
            Session.device_id,
            Device.platform,
            Device.app_version,
            Session.created_at,
            Session.rotated_at.label("refreshed_at"),
            Session.expires_at,
            (Session.id == current_id).label("current"),
        )
        .join(Device, Device.id == Session.device_id)
        .where(
            Session.account_id == account_id,
            Session.ended_at.is_(None),
            Session.expires_at > now,
        )
    )


def account_on_device(session_id: uuid.UUID) -> Rows:
    """Select (Account, Device) of a session."""
    return (
        select(Account, Device)
        .select_from(Session)
        .join(Account, Account.id == Session.account_id)
        .join(Device, Device.id == Session.device_id)
        .where(Session.id == session_id)
    )


def unit_names(units: Iterable[uuid.UUID]) -> Rows:
    """Select (id, kind, name) of units."""
    return select(Unit.id, Unit.kind, Unit.name).where(Unit.id.in_(list(units)))
