"""The door: policies, bodies, tokens, tags, rates."""

import io
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from handbook import database, http, policies, wire
from handbook.access import Permission
from handbook.app import create_app
from handbook.errors import Problem, Unauthenticated
from handbook.http import Handbook
from handbook.policies import Policy, PolicyMissingError
from tests.conftest import Real
from tests.support import build, openapi, settings
from tests.support.phone import Phone
from tests.support.planted import Planted

NOWHERE = "postgresql+psycopg://nobody@127.0.0.1:1/nothing"


@pytest.fixture
def bare(tmp_path: Path) -> Handbook:
    """Return an application with planted routes and without a database."""
    made = create_app(settings.make(tmp_path, HANDBOOK_RATE_LIMITS="on"), NOWHERE)
    Planted().under(made)
    return made


def test_a_route_without_policy_does_not_start() -> None:
    app = Handbook("x")
    with pytest.raises(PolicyMissingError, match="/naked"):
        app.add_url_rule("/naked", "naked", lambda: "no")
    with pytest.raises(PolicyMissingError):
        app.route("/bare")(lambda: "no")


def test_unknown_path_is_a_problem(app: Handbook, db: object) -> None:
    answer = Phone(app, None).get("/nothing")
    assert answer.status_code == 404
    assert answer.content_type == "application/problem+json"
    assert answer.json["code"] == "not_found"


# --- queries and bodies ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "errors"),
    [
        ("number=1&number=2", {"number": "duplicate"}),
        ("other=1", {"other": "unknown"}),
        ("number=10", {"number": "range"}),
        ("number=1.0&flag=1", {"number": "type", "flag": "type"}),
    ],
)
def test_a_wrong_query_names_its_faults(bare: Handbook, query: str, errors: dict[str, str]) -> None:
    answer = Phone(bare, None).get(f"/planted/echo?{query}")
    assert answer.status_code == 422
    assert {name: found[0]["code"] for name, found in answer.json["errors"].items()} == errors


def test_a_good_query_is_read(bare: Handbook) -> None:
    answer = Phone(bare, None).get("/planted/echo?number=7&flag=true")
    assert answer.json == {"task": "echo", "ticks": 7}


def test_a_body_without_length_is_cut_off_at_the_cap(bare: Handbook) -> None:
    body = io.BytesIO(b"a" * (policies.BODY_MAX + 1))
    endless = {"wsgi.input_terminated": True, "wsgi.input": body}
    endless |= {"HTTP_TRANSFER_ENCODING": "chunked"}
    answer = bare.test_client().put("/api/v1/planted/bodies", environ_overrides=endless)
    openapi.check(bare, answer)
    assert answer.status_code == 413


class _Watching(io.BytesIO):
    """A body that notes how many connections are out while it is read."""

    def __init__(self, content: bytes, connections_out: Callable[[], int]) -> None:
        super().__init__(content)
        self.connections_out = connections_out
        self.seen: list[int] = []

    def read(self, size: int | None = -1, /) -> bytes:
        self.seen.append(self.connections_out())
        return super().read(size)

    def readinto(self, buffer: Any, /) -> int:
        self.seen.append(self.connections_out())
        return super().readinto(buffer)


def test_a_slow_body_holds_no_connection(real: Real, planted: Planted) -> None:
    with real.context():
        pool: Any = database.db.engine.pool
    body = _Watching(b"a" * 5000, pool.checkedout)
    answer = real.app.test_client().put("/api/v1/planted/bodies", input_stream=body)
    assert (answer.status_code, answer.json) == (200, 5000)
    assert body.seen
    assert set(body.seen) == {0}


def test_a_204_has_no_type(bare: Handbook) -> None:
    with bare.test_request_context():
        assert "Content-Type" not in wire.dump(None, None, 200).headers


# --- tokens ---------------------------------------------------------------------------------------


def test_a_revoked_session_ends_at_the_next_request(app: Handbook, db: Session) -> None:
    phone = Phone(app, build.member())
    assert phone.get("/health/session").status_code == 200
    assert phone.session
    session = database.session().merge(phone.session)
    session.ended_at, session.ended_by = datetime.now(UTC), "revoked"
    answer = phone.get("/health/session")
    assert (answer.status_code, answer.json["code"]) == (401, "session_revoked")


def test_a_token_known_before_still_runs_out(
    app: Handbook, db: Session, at: Callable[[datetime], None]
) -> None:
    phone = Phone(app, build.member())
    assert phone.get("/health/session").status_code == 200
    at(datetime.now(UTC) + timedelta(days=3650 * 2 + 1))
    answer = phone.get("/health/session")
    assert (answer.status_code, answer.json["code"]) == (401, "expired_token")


def test_only_so_many_tokens_are_remembered(
    app: Handbook, db: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http.Tokens, "LIMIT", 2)
    kept = http.Tokens()
    tokens = [build.token(build.session_of(build.member())) for _ in range(3)]
    found = [kept.verify(token) for token in tokens]
    assert len(kept._known) == 1
    assert [kept.verify(token) for token in tokens] == found
    with pytest.raises(Unauthenticated):
        kept.verify("x")
    assert isinstance(found[0][0], uuid.UUID)


def test_without_a_token_nothing_else_is_looked_at(app: Handbook, db: object) -> None:
    answer = Phone(app, None).get("/health/session", headers={"If-None-Match": "*"})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="handbook"'


# --- tags -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "status"),
    [(None, 428), ('"6"', 412), ('W/"7"', 412), ('"7"', 204), ('"6", "7"', 204), ("*", 204)],
)
def test_a_change_names_the_state_it_means(bare: Handbook, given: str | None, status: int) -> None:
    headers = {"If-Match": given} if given else {}
    app: Flask = bare
    answer = app.test_client().put("/api/v1/planted/revisions", headers=headers)
    assert answer.status_code == status


@pytest.mark.parametrize(
    ("given", "status"),
    [(None, 200), ('"six"', 200), ('"seven"', 304), ('W/"seven"', 304), ('"six", "seven"', 304)],
)
def test_what_is_known_is_not_sent_again(bare: Handbook, given: str | None, status: int) -> None:
    answer = Phone(bare, None).get(
        "/planted/tags", headers={"If-None-Match": given} if given else {}
    )
    assert answer.status_code == status
    assert answer.headers["ETag"] == '"seven"'
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert bool(answer.data) is (status == 200)


def test_tags_differ_where_pieces_differ() -> None:
    assert wire.tag_of("a", 1) == wire.tag_of("a", 1)
    assert len({wire.tag_of("a", 1), wire.tag_of("a1"), wire.tag_of("a", 11), wire.tag_of()}) == 4


# --- rates ----------------------------------------------------------------------------------------


def test_a_rate_is_counted_for_its_class_alone_and_then_answers_429(bare: Handbook) -> None:
    client = bare.test_client()
    statuses = [client.get("/api/v1/planted/limited/upload").status_code for _ in range(60)]
    assert set(statuses) == {200}
    answer: Any = client.get("/api/v1/planted/limited/upload")
    openapi.check(bare, answer)
    assert (answer.status_code, answer.json["code"]) == (429, "too_many_requests")
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    other = client.get(
        "/api/v1/planted/limited/upload", environ_overrides={"REMOTE_ADDR": "192.0.2.7"}
    )
    assert other.status_code == 200
    assert client.get("/api/v1/planted/limited/sign_in").status_code == 200


def test_without_its_store_the_rate_is_counted_in_memory(tmp_path: Path) -> None:
    given = {"HANDBOOK_RATE_LIMITS": "on", "HANDBOOK_RATE_LIMIT_STORAGE": "redis://127.0.0.1:1"}
    app = create_app(settings.make(tmp_path, **given), NOWHERE)
    Planted().under(app)
    client = app.test_client()
    statuses = [client.get("/api/v1/planted/limited/upload").status_code for _ in range(61)]
    assert statuses == [200] * 60 + [429]


# --- declarations ---------------------------------------------------------------------------------


def test_a_policy_is_described_in_plain_values() -> None:
    described = Policy(Permission.UNIT_READ, scope="unit", rate="upload", audit="a.b").described()
    assert described == {
        "permission": "unit_read",
        "scope": "unit",
        "transaction": "snapshot",
        "audit": "a.b",
        "idempotency": "none",
        "rate": "60 per minute",
        "cache": "no-store",
    }


@pytest.mark.parametrize(
    ("method", "rule", "policy", "has_input", "statuses"),
    [
        ("GET", "", Policy(Permission.ANYONE), False, {400, 503}),
        ("GET", "/<uuid:x>", Policy(Permission.SIGNED_IN), True, {400, 401, 404, 422, 503}),
        (
            "POST",
            "",
            Policy(Permission.UNIT_WRITE, idempotency="key", rate="upload"),
            True,
            {400, 401, 403, 408, 409, 413, 415, 422, 428, 429, 503, 507},
        ),
        (
            "DELETE",
            "/<uuid:x>",
            Policy(Permission.SIGNED_IN, cache="if-match"),
            False,
            {400, 401, 404, 409, 412, 428, 503},
        ),
    ],
)
def test_the_problems_follow_from_what_is_declared(
    method: str, rule: str, policy: Policy, statuses: set[int], *, has_input: bool
) -> None:
    assert policies.problems_of(method, rule, policy, has_input=has_input) == statuses


def test_headers_that_a_policy_demands_are_documented(bare: Handbook) -> None:
    operations = openapi.contract(bare).operations
    create = operations["POST", "/api/v1/planted/ticks"]
    assert [(one["name"], one["required"]) for one in create.parameters("header")] == [
        ("Idempotency-Key", True)
    ]
    tags = operations["GET", "/api/v1/planted/tags"]
    assert [one["name"] for one in tags.parameters("header")] == ["If-None-Match"]
    echo = operations["GET", "/api/v1/planted/echo"]
    assert {one["name"] for one in echo.parameters("query")} == {"number", "flag"}


def test_a_problem_keeps_what_it_is_told() -> None:
    problem = Problem("busy", status=503, headers={"Retry-After": "5"})
    assert (problem.code, problem.status, str(problem)) == ("busy", 503, "busy")
