"""Signing in and out, renewing tokens, one's own record, sessions and device."""

import uuid
from datetime import timedelta
from typing import Any

from flask import Response, current_app

from handbook import database, errors, paging
from handbook.access import Actor, Permission
from handbook.accounts import devices, me, passwords, schemas, service, sessions, tokens
from handbook.config import Settings
from handbook.database import Transaction
from handbook.errors import Unauthenticated
from handbook.fields import PageQuery
from handbook.http import Routes
from handbook.policies import Policy
from handbook.sealing import Sealer
from models import Device, Session

routes = Routes(
    "accounts",
    __name__,
    prefix="",
    description="Đăng nhập, phiên, thiết bị: sign-in, sessions and devices.",
)
_ENDS = Policy(Permission.SIGNED_IN, transaction=Transaction.WRITE, audit="session.ended")


def _settings() -> Settings:
    found: Settings = current_app.extensions["handbook_settings"]
    return found


def _sealer() -> Sealer:
    found: Sealer = current_app.extensions["handbook_sealer"]
    return found


def _slots() -> passwords.Slots:
    return passwords.slots(_settings().argon2_slots)


def _lifetime() -> timedelta:
    return timedelta(days=_settings().refresh_days)


@routes.post(
    "/auth/session",
    policy=Policy(
        Permission.ANYONE,
        scope="none",
        transaction=Transaction.NONE,
        audit="session.started",
        idempotency="own",
        rate="sign_in",
    ),
    body=schemas.SignInIn,
    out=schemas.SignInOut,
    status=201,
    problems=(401,),
)
def sign_in(body: dict[str, Any]) -> dict[str, Any]:
    """Sign in with a phone number, card number or handle.

    A number that leads to several accounts whose passwords are equal answers 409: sign in with the
    card number. Signing in again on the same device replaces its session, so a lost answer is
    simply asked for again. A device of other accounts takes one more only under the push address
    it is known by, else 409 `device_taken`: let a session of the device put the new address first,
    or sign in with a new device id.
    """
    # A route of its own two transactions: a login storm queues for the hash, and while it waits
    # and works no database connection may be held. What was read may have changed by the second
    # transaction; `start` proves it again under a lock.
    app = current_app
    with database.transaction(app, Transaction.SNAPSHOT):
        candidates = service.find_candidates(body["name"], _sealer())
    with _slots().take():
        proof = service.prove(candidates, body["password"])
    with database.transaction(app, Transaction.WRITE):
        started = sessions.start(proof, body["device"], lifetime=_lifetime())
        return {
            **tokens.issue(started.session),
            "session_id": started.session.id,
            "account": {"id": started.account.id, "language": started.account.language},
            "member": {"id": started.account.member_id, "full_name": started.full_name},
        }


@routes.post(
    "/auth/session/refresh",
    policy=Policy(
        Permission.ANYONE,
        scope="none",
        transaction=Transaction.WRITE,
        audit="session.replayed",
        idempotency="own",
    ),
    body=schemas.RefreshIn,
    out=schemas.TokensOut,
    problems=(401,),
)
def refresh_session(body: dict[str, Any]) -> dict[str, Any] | Response:
    """Renew the access token; the refresh token rotates.

    The token before the newest is answered with the same successor for 60 seconds, since an answer
    may be lost. Any other token of the session was copied: the session ends on all sides.
    """
    session_id, account_id, number = tokens.read_refresh(body["refresh_token"])
    session = sessions.refresh(session_id, account_id, number, lifetime=_lifetime())
    if session is None:
        # Answered, not raised: raising would roll back the end of a session that was replayed.
        return errors.answer(Unauthenticated("session_revoked"))
    return tokens.issue(session)


@routes.delete("/auth/session", policy=_ENDS, status=204)
def sign_out(actor: Actor) -> None:
    """Sign out: the session ends, and the device gets no more pushes for this account."""
    sessions.end_own(actor, actor.session_id)


@routes.put(
    "/auth/password",
    policy=Policy(
        Permission.SIGNED_IN,
        transaction=Transaction.WRITE,
        audit="password.changed",
        idempotency="own",
        rate="sign_in",
    ),
    body=schemas.PasswordIn,
    status=204,
)
def change_password(actor: Actor, body: dict[str, Any]) -> None:
    """Change the password; every other session of the account ends."""
    held = service.get_password_hash(actor)
    with _slots().take():
        new_hash = service.prove_new_password(held, body["old"], body["new"])
    service.replace_password(actor, held, new_hash)
    sessions.end_others(actor)


@routes.get("/me", policy=Policy(Permission.SIGNED_IN), out=schemas.MeOut)
def get_me(actor: Actor) -> dict[str, Any]:
    """Show the member who is signed in: record, places, posts, permissions by scope, device."""
    return me.describe(actor, _sealer())


@routes.get(
    "/me/sessions",
    policy=Policy(Permission.SIGNED_IN),
    query=PageQuery,
    out=schemas.SessionPage,
)
def list_sessions(actor: Actor, query: dict[str, Any]) -> paging.Page:
    """List the live sessions of the account, newest first."""
    return paging.page(
        sessions.lines(actor),
        purpose="sessions",
        by=(Session.id,),
        query=query,
        descending=True,
        whole_rows=True,
    )


@routes.delete("/me/sessions/<uuid:session_id>", policy=_ENDS, status=204)
def end_session(actor: Actor, session_id: uuid.UUID) -> None:
    """End a session of one's own, on a lost phone for instance; its device gets no more pushes."""
    sessions.end_own(actor, session_id)


@routes.put(
    "/me/devices/<uuid:device_id>",
    policy=Policy(
        Permission.SIGNED_IN,
        transaction=Transaction.WRITE,
        audit="device.enrolled",
        idempotency="client_id",
    ),
    body=schemas.DeviceIn,
    out=schemas.DeviceOut,
)
def put_device(actor: Actor, body: dict[str, Any], device_id: uuid.UUID) -> Device:
    """Put what the device of this session says of itself.

    An address that another device had moves here; a null address ends push to this device.
    """
    return devices.refresh(actor, device_id, body)
