"""Routes planted into an application of a test, to meet the kernel without any feature."""

import threading
from collections.abc import Callable
from typing import Any

from flask import Response, request
from sqlalchemy import func, insert, select, text

from handbook import clock, database, fields, wire
from handbook.access import Actor, Permission
from handbook.database import Transaction
from handbook.errors import Conflict, Invalid
from handbook.http import Handbook, Routes
from handbook.policies import Policy
from models import Tick

ANYONE = Permission.ANYONE
_OPEN = Policy(ANYONE, scope="none", transaction=Transaction.NONE)
_OPEN_WRITE = Policy(ANYONE, scope="none", transaction=Transaction.WRITE, idempotency="own")
_CREATE = Policy(Permission.SIGNED_IN, transaction=Transaction.WRITE, idempotency="key")


class TickIn(fields.Schema):
    """A row to write."""

    task = fields.Text(100, required=True)


class TickQuery(fields.Schema):
    """A number and a flag."""

    number = fields.QueryWhole(0, 9, load_default=0)
    flag = fields.QueryFlag(load_default=False)


class TickOut(fields.Schema):
    """What was written."""

    task = fields.Text(100, required=True)
    ticks = fields.Whole(required=True)


class Planted:
    """Planted routes, and the events by which a test stops a view half way."""

    def __init__(self) -> None:
        """Make the routes; ``under`` registers them."""
        self.inside = threading.Event()
        self.go_on = threading.Event()
        self.calls = 0
        self.routes = Routes("planted", __name__, prefix="/planted", description="Planted.")
        self._plant_creates()
        self._plant_reads()
        self._plant_without_database()

    def under(self, app: Handbook) -> "Planted":
        """Register the routes on an application that has served nothing yet."""
        app.extensions["handbook_api"].register_blueprint(self.routes)
        return self

    def write(self, task: str) -> dict[str, Any]:
        """Write one row and return what an answer shows."""
        self.calls += 1
        session = database.session()
        session.execute(insert(Tick).values(task=task, slot=clock.now()))
        return {"task": task, "ticks": count()}

    def _plant_creates(self) -> None:
        routes = self.routes

        @routes.post("/ticks", policy=_CREATE, body=TickIn, out=TickOut, status=201)
        def create(_actor: Actor, body: dict[str, Any]) -> Response:
            """Write a row."""
            response = wire.json_response(self.write(body["task"]), 201)
            response.headers["Location"] = "/here"
            return wire.with_tag(response, "1")

        @routes.post("/others", policy=_CREATE, body=TickIn, out=TickOut)
        def create_other(_actor: Actor, body: dict[str, Any]) -> dict[str, Any]:
            """Write a row by another route."""
            return self.write(body["task"])

        @routes.post("/refused", policy=_CREATE, body=TickIn, out=TickOut)
        def refuse(_actor: Actor, body: dict[str, Any]) -> dict[str, Any]:
            """Write a row, then refuse the first time."""
            found = self.write(body["task"])
            if self.calls == 1:
                raise Conflict
            return found

        @routes.post("/held", policy=_CREATE, body=TickIn, out=TickOut)
        def hold(_actor: Actor, body: dict[str, Any]) -> dict[str, Any]:
            """Write a row and wait for the test before the commit."""
            found = self.write(body["task"])
            self.inside.set()
            assert self.go_on.wait(20)
            return found

        @routes.post("/files", policy=_CREATE, files=TickIn, out=TickOut)
        def create_from_form(_actor: Actor) -> dict[str, Any]:
            """Write a row named in a form."""
            form = wire.read_form(TickIn())
            return self.write(form["task"])

        @routes.put("/defects/<string:kind>", policy=_OPEN_WRITE, out=TickOut)
        def fail(kind: str) -> dict[str, Any]:
            """Write a row, then fail in some way."""
            found = self.write(kind)
            FAULTS[kind]()
            return found

    def _plant_reads(self) -> None:
        routes = self.routes

        @routes.get("/sums", policy=Policy(ANYONE, scope="none"), out=TickOut)
        def read_twice() -> dict[str, Any]:
            """Count twice, with the test in between."""
            first = count()
            self.inside.set()
            assert self.go_on.wait(20)
            assert count() == first
            return {"task": "sum", "ticks": first}

        @routes.get("/writes", policy=Policy(ANYONE, scope="none"), out=TickOut)
        def write_in_a_read() -> dict[str, Any]:
            """Write where only reading is allowed."""
            return self.write("read")

        @routes.get(
            "/instants",
            policy=Policy(ANYONE, scope="none", transaction=Transaction.INSTANT),
            out=TickOut,
        )
        def read_instantly() -> dict[str, Any]:
            """Count without a transaction."""
            return {"task": "instant", "ticks": count()}

        @routes.get("/slow", policy=Policy(ANYONE, scope="none"), out=TickOut)
        def sleep() -> dict[str, Any]:
            """Sleep in the database."""
            database.session().execute(text("SELECT pg_sleep(20)"))
            return {"task": "slow", "ticks": 0}

    def _plant_without_database(self) -> None:
        routes = self.routes

        @routes.get("/echo", policy=_OPEN, query=TickQuery, out=TickOut)
        def echo(query: dict[str, Any]) -> dict[str, Any]:
            """Give back a number."""
            return {"task": "echo", "ticks": query["number"]}

        @routes.put("/bodies", policy=Policy(ANYONE, scope="none", transaction=Transaction.WRITE))
        def take() -> Response:
            """Tell how many bytes came."""
            database.session().execute(select(1))
            return wire.json_response(len(request.get_data()))

        @routes.put(
            "/revisions",
            policy=Policy(ANYONE, scope="none", transaction=Transaction.NONE),
            status=204,
        )
        def change() -> None:
            """Change what stands at revision 7."""
            wire.demand_match(7)

        @routes.get(
            "/tags",
            policy=Policy(ANYONE, scope="none", transaction=Transaction.NONE, cache="etag"),
            out=TickOut,
            also={304: "Unchanged."},
        )
        def tagged() -> Response:
            """Show what has the tag "seven"."""
            found = wire.unchanged("seven")
            return found or wire.with_tag(wire.json_response({"task": "t", "ticks": 7}), "seven")

        for rate in ("sign_in", "upload"):
            policy = Policy(ANYONE, scope="none", transaction=Transaction.NONE, rate=rate)
            self._plant_limited(policy, rate)

    def _plant_limited(self, policy: Policy, rate: str) -> None:
        def limited() -> dict[str, Any]:
            """Answer as often as the rate allows."""
            return {"task": rate, "ticks": 1}

        limited.__name__ = f"limited_{rate}"
        self.routes.get(f"/limited/{rate}", policy=policy, out=TickOut)(limited)


def count() -> int:
    """Return how many rows there are."""
    return database.executor().execute(select(func.count()).select_from(Tick)).scalar_one()


def _defect() -> None:
    raise RuntimeError("secret words")


def _at_commit() -> None:
    session = database.session()
    session.execute(
        text(
            "CREATE TEMP TABLE late (n int, CONSTRAINT uq_unit_code UNIQUE (n) "
            "DEFERRABLE INITIALLY DEFERRED) ON COMMIT DROP"
        )
    )
    session.execute(text("INSERT INTO late VALUES (1), (1)"))


def _refusal() -> None:
    raise Invalid(errors={"a.b": ["range"], "c": ["no such code"]})


FAULTS: dict[str, Callable[[], object]] = {
    "none": lambda: None,
    "defect": _defect,
    "at-commit": _at_commit,
    "refusal": _refusal,
    "sql": lambda: database.session().execute(text("SELECT 1/0")),
}
