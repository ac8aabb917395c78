"""Bad input at every door: each answer is a promised 4xx problem, and no row comes or goes.

The tables are run over the operations of the OpenAPI document, so a new route is tried as it comes.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import jwt
import orjson
import pytest
from flask_jwt_extended import create_access_token, create_refresh_token
from sqlalchemy import text
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from handbook import config, database, ids, paging, policies
from handbook.http import Handbook
from models import Base
from tests.house import samples
from tests.house.trial import path_to_nothing
from tests.support import build, openapi
from tests.support.openapi import Contract, Operation

JSON = "application/json"
POSTS = ("secretary", "clerk", "organisation_officer", "propaganda_officer", "administrator")


class Door:
    """Sends raw requests as a member who holds every right in a commune."""

    def __init__(self, app: Handbook) -> None:
        """Build the member."""
        commune = build.unit(kind="commune")
        member = build.member(build.unit(commune))
        for role in POSTS:
            build.position(member, commune, role)
        self.app = app
        self.session = build.session_of(member)
        self.token = build.token(self.session)
        self.client = app.test_client()
        self.contract: Contract = openapi.contract(app)
        self.faults: list[str] = []
        self.calls = 0

    def operations(self) -> list[Operation]:
        """Return every operation."""
        return list(self.contract.operations.values())

    def send(self, operation: Operation, path: str | None = None, **more: Any) -> TestResponse:
        """Return the answer, which the document must promise."""
        headers: dict[str, str | None] = {"If-Match": '"1"', "Idempotency-Key": build.key()}
        headers |= {"Authorization": f"Bearer {self.token}", **more.pop("headers", {})}
        kept = {name: value for name, value in headers.items() if value is not None}
        whole = path or path_to_nothing(self.app, operation)
        method = more.pop("method", operation.method)
        self.calls += 1
        return self.client.open(whole, method=method, headers=kept, **more)

    def expect(
        self,
        statuses: set[int],
        told: str,
        operation: Operation,
        path: str | None = None,
        **more: Any,
    ) -> TestResponse:
        """Note a fault unless the answer has one of ``statuses`` and is documented."""
        answer = self.send(operation, path, **more)
        where = f"{operation.method} {operation.path}: {told}"
        try:
            openapi.check(self.app, answer)
        except AssertionError as error:
            self.faults.append(f"{where}: {error}")
        else:
            if answer.status_code not in statuses:
                self.faults.append(f"{where}: {answer.status_code} {answer.get_data(as_text=True)}")
        return answer

    def query(self, operation: Operation, **given: str) -> str:
        """Return a query with good values of what is required, and what is given."""
        found = {
            one["name"]: str(samples.good(self.contract, one["schema"]))
            for one in operation.parameters("query")
            if one.get("required")
        }
        return "?" + urlencode({**found, **given})


def _counts(db: Session) -> dict[str, int]:
    tables = sorted(Base.metadata.tables)
    counted = " UNION ALL ".join(
        f"SELECT '{one}', count(*) FROM \"{one}\""  # noqa: S608 - names of our own tables
        for one in tables
    )
    return {row[0]: row[1] for row in db.execute(text(counted))}


@pytest.fixture
def door(app: Handbook, db: Session) -> Iterator[Door]:
    """Return a door; after the test no row may have come or gone and no fault be noted."""
    found = Door(app)
    db.commit()
    before = _counts(db)
    database.db.session.remove()
    yield found
    assert not found.faults, "\n".join(found.faults)
    assert found.calls >= 10
    assert _counts(database.session()) == before


def _with_json(door: Door) -> list[Operation]:
    return [one for one in door.operations() if JSON in (one.body or {})]


RAW = {
    "empty": (b"", {400}),
    "half": (b'{"a": ', {400}),
    "not UTF-8": (b'{"a": "\xff"}', {400}),
    "a lone surrogate": (rb'{"a": "\ud800"}', {400}),
    "a lone low surrogate": (rb'{"a": "x\udfff"}', {400}),
    "a surrogate in bytes": (b'{"a": "\xed\xa0\x80"}', {400}),
    "NaN": (b'{"a": NaN}', {400}),
    "very deep": (b"[" * 100_000, {400}),
    "two values": (b"{} {}", {400}),
    "null": (b"null", {422}),
    "a list": (b"[]", {422}),
    "text": (b'"a"', {422}),
    "2^63": (b"9223372036854775808", {422}),
    "10^400": (b"1" + b"0" * 400, {400, 422}),
    "an unknown field": (b'{"zzz": 1}', {422}),
    "NUL in a name": (rb'{"\u0000": 1}', {422}),
}


@pytest.mark.parametrize("case", RAW)
def test_a_body_that_is_no_object_of_the_form(door: Door, case: str) -> None:
    body, statuses = RAW[case]
    for operation in _with_json(door):
        door.expect(statuses, case, operation, data=body, content_type=JSON)


def test_a_body_with_wrong_fields(door: Door) -> None:
    for operation in _with_json(door):
        schema = operation.body[JSON]["schema"] if operation.body else {}
        for fault, fields, body in samples.faulty_bodies(door.contract, schema):
            raw = _dump(body)
            answer = door.send(operation, data=raw, content_type=JSON)
            openapi.check(door.app, answer)
            where = f"{operation.method} {operation.path}: {fault} in {sorted(fields)}"
            if answer.status_code == 422:
                told: dict[str, Any] = answer.json or {}
                named = {name.partition(".")[0] for name in told.get("errors", {})}
                if not fields <= named:
                    door.faults.append(f"{where}: the answer names {sorted(named)} only")
            elif answer.status_code != 400 and not _refuses_each(answer):
                door.faults.append(f"{where}: {answer.status_code}")


def _refuses_each(answer: TestResponse) -> bool:
    """Tell whether a batch that answers item by item has refused every item."""
    told: dict[str, Any] = answer.json or {}
    results = told.get("results", []) if answer.status_code == 200 else []
    return bool(results) and all(one["outcome"] == "refused" for one in results)


def _dump(body: Any) -> bytes:
    """Return the body as JSON; numbers beyond 64 bits too, which orjson does not write."""
    try:
        return orjson.dumps(body)
    except TypeError:
        return orjson.dumps(_shorten(body)).replace(b'"\\u00010^400"', b"1" + b"0" * 400)


def _shorten(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _shorten(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_shorten(inner) for inner in value]
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 2**64:
        return "\x0110^400"
    if isinstance(value, int) and not isinstance(value, bool) and value < -(2**63):
        return float(value)
    return value


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "text/json", ""]
)
def test_a_wrong_type_of_content(door: Door, kind: str) -> None:
    for operation in _with_json(door):
        door.expect({415}, kind, operation, data=b"{}", content_type=kind)


def test_a_body_beyond_the_cap(door: Door) -> None:
    settings: config.Settings = door.app.extensions["handbook_settings"]
    far = settings.upload_max_bytes + 2 * policies.BODY_MAX
    for operation in door.operations():
        if operation.method in {"GET", "DELETE"}:
            continue
        kind = next(iter(operation.body or {JSON: None}))
        claimed = {"CONTENT_LENGTH": str(far)}
        door.expect({413}, "too large", operation, content_type=kind, environ_overrides=claimed)
        if kind == JSON:
            more = b" " * (policies.BODY_MAX + 1)
            door.expect({413}, "a byte too large", operation, data=more, content_type=JSON)


def _bad_tokens(door: Door) -> dict[str, str | None]:
    sid = {"sid": str(door.session.id)}
    account = str(door.session.account_id)
    claims = jwt.decode(door.token, options={"verify_signature": False})
    head, body, signature = door.token.split(".")
    return {
        "no header": None,
        "no token": "Bearer",
        "another scheme": "Basic YTpi",
        "no form": "Bearer x",
        "letters beyond ASCII": "Bearer đ.ă.ơ".encode().decode("latin-1"),
        "a foreign signature": f"Bearer {jwt.encode(claims, 'x' * 64, algorithm='HS256')}",
        "another algorithm": f"Bearer {jwt.encode(claims, 'x' * 64, algorithm='HS512')}",
        "unsigned": f"Bearer {jwt.encode(claims, '', algorithm='none')}",
        "changed": f"Bearer {head}.{body[:-2]}AA.{signature}",
        "expired": "Bearer " + _access(account, door.session.id, timedelta(seconds=-9)),
        "a refresh token": f"Bearer {create_refresh_token(account, additional_claims=sid)}",
        "no session in it": f"Bearer {create_access_token(account)}",
        "a session of nobody": "Bearer " + _access(account, ids.new()),
        "a session of another": "Bearer " + _access(str(ids.new()), door.session.id),
        "not an id": "Bearer " + _access("me", door.session.id),
        "very long": "Bearer " + "a" * 100_000,
    }


def _access(account: str, session: object, lasts: timedelta = timedelta(hours=1)) -> str:
    claims = {"sid": str(session)}
    return str(create_access_token(account, expires_delta=lasts, additional_claims=claims))


def test_a_bad_token_is_401_before_anything_else(door: Door) -> None:
    closed = [one for one in door.operations() if one.policy["permission"] != "anyone"]
    for told, header in _bad_tokens(door).items():
        for operation in closed:
            headers = {"Authorization": header, "If-None-Match": "*"}
            is_read = operation.method == "GET"
            body: dict[str, Any] = {} if is_read else {"data": b"null", "content_type": "x/y"}
            answer = door.expect({401}, told, operation, headers=headers, **body)
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")


LIMITS = ("-1", "0", "1.0", "", "a", "9223372036854775808", "1e2", " 1", "٣")
CURSORS = ("x", "a.b", "-1", "null", "đ", "W10.x", "." * 2000)


def _with_query(door: Door) -> list[tuple[Operation, str]]:
    return [
        (one, path_to_nothing(door.app, one))
        for one in door.operations()
        if one.policy["permission"] != "anyone" and one.parameters("query")
    ]


def test_a_query_that_was_not_asked_for(door: Door) -> None:
    for operation, path in _with_query(door):
        for told, given in (("unknown", {"zzz": "1"}), ("a page", {"page": "-1"})):
            door.expect({422}, told, operation, path + door.query(operation, **given))


def test_a_wrong_query(door: Door) -> None:
    for operation, path in _with_query(door):
        for parameter in operation.parameters("query"):
            name = parameter["name"]
            twice = path + door.query(operation, **{name: "1"}) + f"&{name}=2"
            door.expect({422}, f"{name} twice", operation, twice)
            for fault, value, statuses in _bad_values(door, parameter):
                bad = path + door.query(operation, **{name: value})
                door.expect(statuses, f"{name}: {fault}", operation, bad)


def _bad_values(door: Door, parameter: dict[str, Any]) -> Iterator[tuple[str, str, set[int]]]:
    name, schema = parameter["name"], parameter["schema"]
    yield "NUL", "a\x00", {422}
    if name == "cursor":
        foreign = paging.sign("another purpose", ["a", "b"])
        yield from ((value, value, {400, 404}) for value in (*CURSORS, foreign, foreign[:-1]))
    elif name == "limit":
        yield from ((value, value, {422}) for value in (*LIMITS, str(schema["maximum"] + 1)))
    else:
        yield from ((fault, value, {422}) for fault, value in _bad_texts(door, schema))


def _bad_texts(door: Door, schema: dict[str, Any]) -> Iterator[tuple[str, str]]:
    kinds = samples.kinds_of(schema)
    if "integer" in kinds:
        yield from (("huge", str(samples.HUGE)), ("text", "a"), ("a fraction", "1.5"))
    elif "boolean" in kinds:
        yield from (("1", "1"), ("True", "True"))
    else:
        found = samples.bad(door.contract, schema)
        yield from ((fault, value) for fault, value in found if isinstance(value, str))


def test_a_path_that_names_nothing(door: Door) -> None:
    for operation in door.operations():
        if not operation.parameters("path"):
            continue
        good = path_to_nothing(door.app, operation)
        required = door.query(operation)
        if operation.method == "GET":
            door.expect({404}, "nothing", operation, good + required)
        for value in ("x", "9223372036854775808", "-1", "%00", "%ED%A0%80", "..%2F..", "null"):
            template = operation.path
            for parameter in operation.parameters("path"):
                template = template.replace("{" + parameter["name"] + "}", value)
            door.expect({404, 405}, value, operation, template)


def test_other_methods_tell_what_is_allowed(door: Door) -> None:
    by_path: dict[str, set[str]] = {}
    for operation in door.operations():
        by_path.setdefault(operation.path, set()).add(operation.method)
    for operation in door.operations():
        served = by_path[operation.path] | ({"HEAD"} if "GET" in by_path[operation.path] else set())
        for method in ("GET", "PUT", "POST", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY"):
            if method in served:
                continue
            answer = door.expect({405, 404}, method, operation, method=method)
            if answer.status_code == 405:
                allowed = set(answer.headers["Allow"].replace(" ", "").split(","))
                assert allowed >= served, (operation.path, method, allowed)


def test_head_answers_as_get_without_a_body(door: Door) -> None:
    for operation in door.operations():
        if operation.method == "GET":
            path = path_to_nothing(door.app, operation) + door.query(operation)
            get = door.send(operation, path)
            head = door.expect({get.status_code}, "HEAD", operation, path, method="HEAD")
            assert not head.data
            assert head.content_type == get.content_type


KEYS = {"short": "1234567", "long": "a" * 129, "blank": "aaaa aaaa", "not ASCII": "đđđđđđđđ"}


def test_an_idempotency_key_that_is_missing_or_of_no_use(door: Door) -> None:
    keyed = [one for one in door.operations() if one.policy["idempotency"] == "key"]
    assert len(keyed) >= 3
    for operation in keyed:
        door.expect({428}, "no key", operation, headers={"Idempotency-Key": None})
        for told, key in KEYS.items():
            header = {"Idempotency-Key": key.encode().decode("latin-1")}
            door.expect({422}, told, operation, headers=header)


HEADERS = {
    "Accept-Language": ["xx", "vi;q=nan", "*", "en;q=2,vi", ";;;", "a" * 5000],
    "Accept": ["text/csv", "*", "bad", ""],
    "If-None-Match": ["*", "W/", '"', "a" * 5000, '"\xff"'],
    "If-Modified-Since": ["never", "Thu, 99 Foo 2026 00:00:00 GMT"],
    "Range": ["bytes=5-1", "bytes=-", "bytes=0-0,1-1", "bytes=9223372036854775808-", "x"],
    "X-Request-Id": ["", "a b", "\xff" * 20, "a" * 5000, "1; DROP TABLE member"],
    "Content-Length": ["-1", "x"],
    "Cookie": ["a=b", "\xff"],
    "X-Forwarded-For": ["x", "::1, 1.2.3.4"],
}


def test_odd_headers_do_no_harm(door: Door) -> None:
    for operation in door.operations():
        if operation.method != "GET":
            continue
        path = path_to_nothing(door.app, operation) + door.query(operation)
        for number in range(max(map(len, HEADERS.values()))):
            headers = {name: odd[number % len(odd)] for name, odd in HEADERS.items()}
            told = f"the odd headers {number}"
            door.expect({200, 206, 304, 400, 404, 416}, told, operation, path, headers=headers)
