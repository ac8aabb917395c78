"""A phone: an HTTP client signed in as a member, as the app on the phone would call.

Every answer is held against the OpenAPI document: see ``tests.support.openapi``.
"""

from typing import Any, cast

from flask import has_app_context
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from handbook import database
from handbook.http import Handbook
from models import Device, Member
from tests.support import build, openapi

BASE = "/api/v1"


class Answer(TestResponse):
    """An answer whose JSON may be indexed without asking first whether there is any."""

    @property
    def json(self) -> Any:
        """Return the JSON body, None without one."""
        return self.get_json()


class Phone:
    """Calls the API as one member; creates carry a fresh Idempotency-Key unless one is given."""

    def __init__(self, app: Handbook, who: Member | None, on: Device | None = None) -> None:
        """Sign in as ``who`` (nobody when None), on a device of their own unless ``on`` is one."""
        self.app = app
        self.client: FlaskClient = app.test_client()
        self.session = build.session_of(who, on) if who else None
        self.token = build.token(self.session) if self.session else None

    def call(self, method: str, path: str, **more: Any) -> Answer:
        """Return the answer to ``method`` on ``path``, below /api/v1 unless it starts with /api."""
        headers = dict(more.pop("headers", {}))
        if self.token:
            headers.setdefault("Authorization", f"Bearer {self.token}")
        if method == "POST":
            headers.setdefault("Idempotency-Key", build.key())
        whole = path if path.startswith("/api") else BASE + path
        if has_app_context():
            # A request that rolls back must leave what the test built, rows in hand included.
            database.session().commit()
            database.db.session.remove()
        answer = self.client.open(whole, method=method, headers=headers, **more)
        openapi.check(self.app, answer)
        return cast("Answer", answer)

    def get(self, path: str, **more: Any) -> Answer:
        """GET."""
        return self.call("GET", path, **more)

    def post(self, path: str, json: Any = None, **more: Any) -> Answer:
        """POST JSON, or whatever ``data`` says."""
        return self.call("POST", path, **({"json": json} if "data" not in more else {}), **more)

    def put(self, path: str, json: Any = None, **more: Any) -> Answer:
        """PUT JSON."""
        return self.call("PUT", path, json=json, **more)

    def patch(self, path: str, json: Any = None, **more: Any) -> Answer:
        """PATCH JSON."""
        return self.call("PATCH", path, json=json, **more)

    def delete(self, path: str, **more: Any) -> Answer:
        """DELETE."""
        return self.call("DELETE", path, **more)
