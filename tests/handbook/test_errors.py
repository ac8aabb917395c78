"""Problems: every error is answered in one form, tells what to do and betrays nothing."""

from pathlib import Path
from typing import Any

import psycopg
import pytest
from flask import abort
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException, RequestedRangeNotSatisfiable, TooManyRequests

from handbook import errors, messages
from handbook.app import create_app
from handbook.errors import Conflict, Problem, Unauthenticated, Unavailable
from handbook.http import Handbook
from tests.conftest import Real
from tests.support import openapi, planted, settings
from tests.support.phone import Phone
from tests.support.planted import Planted

NOWHERE = "postgresql+psycopg://nobody@127.0.0.1:1/nothing"


@pytest.fixture
def bare(tmp_path: Path) -> Handbook:
    """Return an application whose database is down."""
    return create_app(settings.make(tmp_path, HANDBOOK_RATE_LIMITS="off"), NOWHERE)


# --- over HTTP ------------------------------------------------------------------------------------


def test_a_defect_is_a_500_that_betrays_nothing(
    real: Real, planted: Planted, logged: list[dict[str, Any]]
) -> None:
    answer: Any = real.app.test_client().put("/api/v1/planted/defects/defect")
    assert answer.status_code == 500
    assert answer.content_type == "application/problem+json"
    assert set(answer.json) == {"type", "title", "status", "code", "request_id"}
    assert answer.json["code"] == "internal"
    assert answer.json["request_id"] == answer.headers["X-Request-Id"]
    for word in ("secret", "RuntimeError", "Traceback", "planted"):
        assert word not in answer.get_data(as_text=True)
    (line,) = logged
    assert (line["event"], line["error"]) == ("unforeseen_error", "RuntimeError")
    assert isinstance(line["exc_info"], RuntimeError)


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("none", 200, None),
        ("defect", 500, "internal"),
        ("sql", 500, "internal"),
        ("refusal", 422, "invalid"),
        ("at-commit", 409, "unit_code_taken"),
    ],
)
def test_an_error_after_a_write_leaves_nothing(
    real: Real, planted: Planted, kind: str, status: int, code: str | None
) -> None:
    answer: Any = real.app.test_client().put(f"/api/v1/planted/defects/{kind}")
    assert (answer.status_code, answer.json.get("code")) == (status, code)
    assert planted.calls == 1
    assert _ticks(real) == (1 if kind == "none" else 0)


def _ticks(real: Real) -> int:
    with real.write():
        return planted.count()


def test_faults_of_fields_have_words(real: Real, planted: Planted) -> None:
    client = real.app.test_client()
    answer: Any = client.put("/api/v1/planted/defects/refusal", headers={"Accept-Language": "en"})
    range_ = {"code": "range", "message": "The value is outside the allowed range."}
    unknown = {"code": "format", "message": "The format is not right."}
    assert answer.json["errors"] == {"a.b": [range_], "c": [unknown]}


def test_without_a_database_it_says_when_to_come_again(bare: Handbook) -> None:
    phone = Phone(bare, None)
    assert phone.get("/health/live").status_code == 200
    answer = phone.get("/health/ready")
    assert (answer.status_code, answer.json["code"]) == (503, "unavailable")
    assert answer.headers["Retry-After"] == str(errors.RETRY_SECONDS)


@pytest.mark.parametrize("path", ["/planted/sums", "/planted/instants", "/planted/writes"])
def test_every_class_of_transaction_says_so(bare: Handbook, path: str) -> None:
    Planted().under(bare)
    assert Phone(bare, None).get(path).status_code == 503


@pytest.mark.parametrize(
    ("asked", "language", "title"),
    [
        (None, "vi", "Không tìm thấy nội dung được yêu cầu."),
        ("fr", "vi", "Không tìm thấy nội dung được yêu cầu."),
        ("en-GB, en;q=0.9, vi;q=0.5", "en", "What was asked for was not found."),
        ("en;q=0.1, vi", "vi", "Không tìm thấy nội dung được yêu cầu."),
    ],
)
def test_the_title_is_in_the_language_asked_for(
    bare: Handbook, asked: str | None, language: str, title: str
) -> None:
    headers = {"Accept-Language": asked} if asked else {}
    answer = Phone(bare, None).get("/nothing", headers=headers)
    assert answer.json["title"] == title
    assert answer.headers["Content-Language"] == language


# --- one by one -----------------------------------------------------------------------------------


class _Broken(psycopg.Error):
    """A driver's error with a state of our choice."""

    def __init__(self, state: str | None) -> None:
        super().__init__("the words of the database")
        self.sqlstate = state


def _error(state: str | None, kind: type[DBAPIError] = OperationalError) -> DBAPIError:
    return kind("SELECT 1", {}, _Broken(state))


@pytest.mark.parametrize(
    ("state", "code", "status"),
    [
        ("57014", "busy", 503),  # statement timeout
        ("55P03", "busy", 503),  # lock timeout
        ("40001", "busy", 503),  # serialization failure
        ("40P01", "busy", 503),  # deadlock
        ("53300", "busy", 503),  # too many connections
        ("53200", "busy", 503),  # out of memory
        ("53100", "storage_full", 507),
        ("57P01", "unavailable", 503),  # admin shutdown
        ("57P03", "unavailable", 503),  # starting up
        ("25P03", "unavailable", 503),  # idle in transaction
        ("08006", "unavailable", 503),  # connection failure
    ],
)
def test_what_the_database_cannot_do_now_is_no_defect(state: str, code: str, status: int) -> None:
    found = errors.from_database(_error(state))
    assert isinstance(found, Unavailable)
    assert (found.code, found.status) == (code, status)
    assert int(found.headers["Retry-After"]) > 0


@pytest.mark.parametrize("state", ["22P02", "22003", "23503", "42P01", "25006", "42501", None])
def test_what_the_code_did_wrong_is_a_defect(state: str | None) -> None:
    assert errors.from_database(_error(state)) is None


def test_a_lost_connection_is_told_by_its_kind() -> None:
    lost = OperationalError("SELECT 1", {}, psycopg.OperationalError("connection refused"))
    assert isinstance(errors.from_database(lost), Unavailable)
    torn = DBAPIError("SELECT 1", {}, _Broken(None), connection_invalidated=True)
    assert isinstance(errors.from_database(torn), Unavailable)


def test_a_constraint_nobody_explained_is_a_defect() -> None:
    assert errors.from_database(_error("23505", IntegrityError)) is None


def test_a_full_pool_is_busy(bare: Handbook) -> None:
    with bare.test_request_context():
        answer = errors._from_unforeseen(PoolTimeout("all taken"))
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")


@pytest.mark.parametrize(
    ("error", "status", "header"),
    [
        (RequestedRangeNotSatisfiable(length=7), 416, ("Content-Range", "bytes */7")),
        (TooManyRequests(retry_after=9), 429, ("Retry-After", "9")),
    ],
)
def test_headers_of_an_http_error_are_kept(
    bare: Handbook, error: HTTPException, status: int, header: tuple[str, str]
) -> None:
    with bare.test_request_context():
        answer = errors._from_http(error)
    assert answer.status_code == status
    assert answer.headers[header[0]] == header[1]


@pytest.mark.parametrize("status", [400, 405, 406, 408, 414, 418, 431, 500, 501, 502, 504])
def test_every_status_has_words(bare: Handbook, status: int) -> None:
    with bare.test_request_context():
        with pytest.raises(HTTPException) as raised:
            abort(status)
        answer = errors._from_http(raised.value)
    assert answer.status_code == status
    assert answer.content_type == errors.PROBLEM_TYPE


def test_every_problem_of_the_kernel_has_words() -> None:
    kinds: list[type[Problem]] = [Problem, *Problem.__subclasses__()]
    for kind in kinds:
        assert messages.has(f"errors.{kind.code}")
    assert Unauthenticated().headers["WWW-Authenticate"].startswith("Bearer")
    assert Conflict("busy", deadline="x").params == {"deadline": "x"}


NESTED: dict[str, tuple[Any, list[tuple[str, list[str]]]]] = {
    "one field": ({"a": ["required"]}, [("a", ["required"])]),
    "deep": ({"a": {0: {"b": ["type"]}}}, [("a.0.b", ["type"])]),
    "the whole": ({"_schema": ["type"]}, [("body", ["type"])]),
    "an object inside": ({"a": {"_schema": ["type"]}}, [("a", ["type"])]),
    "plain": (["type"], [("body", ["type"])]),
    "a word": ("type", [("body", ["type"])]),
}


@pytest.mark.parametrize("case", NESTED)
def test_nested_faults_are_told_by_dotted_names(case: str) -> None:
    found, expected = NESTED[case]
    assert list(errors.flatten(found)) == expected


@hypothesis_settings(max_examples=30)
@given(
    st.recursive(st.lists(st.text(), min_size=1), lambda inner: st.dictionaries(st.text(), inner))
)
def test_no_fault_is_lost(found: Any) -> None:
    def leaves(value: Any) -> int:
        return sum(map(leaves, value.values())) if isinstance(value, dict) else 1

    assert len(list(errors.flatten(found))) == leaves(found)


def test_the_support_holds_answers_to_the_document(bare: Handbook) -> None:
    """What holds all other tests to the document can itself fail."""
    Planted().under(bare)
    contract = openapi.contract(bare)
    client = bare.test_client()
    operation = contract.operations["GET", "/api/v1/planted/echo"]
    good = client.get("/api/v1/planted/echo?number=7")
    contract.check(operation, good)
    changes: list[dict[str, Any]] = [
        {"status_code": 418},
        {"status_code": 201},
        {"content_type": "text/html"},
        {"data": b'{"task": "a", "ticks": "7"}'},
        {"data": b'{"task": "a", "ticks": 7, "more": 1}'},
        {"status_code": 404},
        {"status_code": 500},
    ]
    for change in changes:
        wrong = client.get("/api/v1/planted/echo?number=7")
        for name, value in change.items():
            setattr(wrong, name, value)
        with pytest.raises(AssertionError):
            contract.check(operation, wrong)
