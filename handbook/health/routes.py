"""Health: the process, its database, and the caller's session."""

from flask import Response
from sqlalchemy import text
from sqlalchemy.exc import NoResultFound, ProgrammingError

from handbook import database, fields
from handbook.access import Actor, Permission
from handbook.database import Transaction
from handbook.errors import Unavailable
from handbook.http import Routes
from handbook.policies import Policy
from handbook.wire import json_response

routes = Routes(
    "health", __name__, prefix="/health", description="Tình trạng: whether the service is well."
)
_OPEN = Policy(Permission.ANYONE, scope="none", transaction=Transaction.NONE)
_READY = Policy(Permission.ANYONE, scope="none", transaction=Transaction.INSTANT)
_SESSION = Policy(Permission.SIGNED_IN, transaction=Transaction.INSTANT)

_MIGRATED = text("SELECT version_num FROM alembic_version")


class HealthOut(fields.Schema):
    """All is well."""

    status = fields.Choice(("ok",), required=True)


@routes.get("/live", policy=_OPEN, out=HealthOut)
def is_live() -> Response:
    """Tell that the process answers; nothing else is asked."""
    return json_response({"status": "ok"})


@routes.get("/ready", policy=_READY, out=HealthOut)
def is_ready() -> Response:
    """Tell that the database answers and is migrated; 503 with Retry-After when not."""
    try:
        database.executor().execute(_MIGRATED).scalar_one()
    except (ProgrammingError, NoResultFound):
        raise Unavailable from None
    return json_response({"status": "ok"})


@routes.get("/session", policy=_SESSION, out=HealthOut)
def is_signed_in(actor: Actor) -> Response:
    """Tell that the caller's session is good at this moment."""
    del actor  # that it could be loaded is the answer
    return json_response({"status": "ok"})
