"""Sessions: one for each sign-in on a device, kept alive by refresh tokens that rotate."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from handbook import clock, database, ids
from handbook.access import Actor
from handbook.accounts import devices, queries
from handbook.accounts.rules import Verdict, judge
from handbook.accounts.service import Proof
from handbook.audit import service as audit
from handbook.errors import NotFound, Unauthenticated
from models import Account, Rows, Session


@dataclass(frozen=True)
class Started:
    """A session just begun, and whose it is."""

    session: Session
    account: Account
    full_name: str


def start(proof: Proof, device: Mapping[str, Any], *, lifetime: timedelta) -> Started:
    """Begin a session for a proven account on a device (``DeviceIn`` with its ``id``).

    An open session of the account on that device ends: the answer to that sign-in was lost, or the
    app was installed anew. Raises ``bad_credentials`` when the password changed or the account was
    closed since the proof.
    """
    statement = queries.proven_account(proof.account_id, proof.password_hash, clock.today())
    db = database.session()
    row = db.execute(statement.with_for_update(of=Account, key_share=True)).one_or_none()
    if row is None:
        raise Unauthenticated("bad_credentials")
    account: Account = row.Account
    if proof.fresh_hash is not None:
        account.password_hash = proof.fresh_hash
    former = queries.open_sessions(account.id).where(Session.device_id == device["id"])
    end(None, db.scalars(former.with_for_update()), account.member_id, reason="revoked")
    devices.enrol(account, device)
    now = clock.now()
    session = Session(
        id=ids.new(),
        account_id=account.id,
        device_id=device["id"],
        refresh_number=1,
        rotated_at=now,
        created_at=now,
        expires_at=now + lifetime,
    )
    db.add(session)
    db.flush()
    _record(None, "session.started", session, account.member_id)
    return Started(session, account, row.full_name)


def refresh(
    session_id: uuid.UUID, account_id: uuid.UUID, number: int, *, lifetime: timedelta
) -> Session | None:
    """Rotate a session with its refresh token ``number``; None when it has ended, or ends now.

    The caller must commit in both cases: a replay ends the session for good. The row is locked, so
    of two requests at once one rotates and the other is given the same successor.
    """
    statement = queries.session(session_id, account_id, clock.today())
    row = database.session().execute(statement.with_for_update(of=Session)).one_or_none()
    if row is None or row.Session.ended_at is not None:
        return None
    session: Session = row.Session
    now = clock.now()
    if session.expires_at <= now or not row.welcome:
        reason = "disabled" if not row.welcome else "expired"
        end(None, [session], row.member_id, reason=reason)
        return None
    verdict = judge(number, current=session.refresh_number, rotated_at=session.rotated_at, now=now)
    if verdict is Verdict.REPLAY:
        end(None, [session], row.member_id, reason="replay", action="session.replayed")
        return None
    if verdict is Verdict.ROTATE:
        session.refresh_number += 1
        session.rotated_at = now
        session.expires_at = now + lifetime
        database.session().flush()
    return session


def lines(actor: Actor) -> Rows:
    """Select the lines of the actor's live sessions."""
    return queries.session_lines(actor.account_id, actor.session_id, clock.now())


def end_own(actor: Actor, session_id: uuid.UUID) -> None:
    """End a session of the actor's own account; one that has ended already stays as it is.

    Raises NotFound for anybody else's.
    """
    statement = select(Session).where(
        Session.id == session_id, Session.account_id == actor.account_id
    )
    session = database.session().scalar(statement.with_for_update())
    if session is None:
        raise NotFound
    if session.ended_at is None:
        reason = "sign_out" if session.id == actor.session_id else "revoked"
        end(actor, [session], actor.member_id, reason=reason)


def end_others(actor: Actor) -> None:
    """End every session of the actor's account but the one that acts."""
    others = queries.open_sessions(actor.account_id).where(Session.id != actor.session_id)
    found = database.session().scalars(others.order_by(Session.id).with_for_update())
    end(actor, found, actor.member_id, reason="revoked")


def end(
    actor: Actor | None,
    found: Iterable[Session],
    member_id: uuid.UUID,
    *,
    reason: str,
    action: str = "session.ended",
) -> None:
    """End locked, open sessions of one member and unlink their devices, so that pushes stop."""
    ending = list(found)
    now = clock.now()
    for session in ending:
        session.ended_at, session.ended_by = now, reason
        _record(actor, action, session, member_id, reason=reason)
    if ending:
        devices.unlink((session.device_id, session.account_id) for session in ending)
        database.session().flush()


def _record(
    actor: Actor | None, action: str, session: Session, member_id: uuid.UUID, **more: str
) -> None:
    audit.record(
        actor,
        action,
        "session",
        session.id,
        member_id=member_id,
        data={
            "account_id": str(session.account_id),
            "device_id": str(session.device_id),
            **more,
        },
    )
