"""The application with one more route, which takes 500 ms in the database; for ``servers`` only."""

from flask import Response
from sqlalchemy import text

from handbook import database
from handbook.access import Actor, Permission
from handbook.database import Transaction
from handbook.gateway import Gateway
from handbook.health.routes import HealthOut
from handbook.http import Routes
from handbook.policies import Policy
from handbook.wire import json_response
from wsgi import app

__all__ = ["app", "gateway"]

routes = Routes("bench", __name__, prefix="/bench", description="Only here while measuring.")


@routes.get(
    "/slow",
    policy=Policy(Permission.SIGNED_IN, transaction=Transaction.INSTANT),
    out=HealthOut,
)
def wait_half_a_second(actor: Actor) -> Response:
    """Hold a database connection for 500 ms."""
    del actor  # whoever it is
    database.executor().execute(text("SELECT pg_sleep(0.5)"))
    return json_response({"status": "ok"})


app.extensions["handbook_api"].register_blueprint(routes)
gateway = Gateway(app, upload_most=1 << 20)
