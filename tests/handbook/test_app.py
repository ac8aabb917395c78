"""The factory: headers of every answer, request ids, proxies, JSON."""

import uuid
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import request

from handbook.app import create_app
from handbook.http import Handbook
from tests.support import settings
from tests.support.phone import Phone
from tests.support.planted import Planted

NOWHERE = "postgresql+psycopg://nobody@127.0.0.1:1/nothing"


@pytest.fixture
def bare(tmp_path: Path) -> Handbook:
    """Return an application that connects to nothing."""
    return create_app(settings.make(tmp_path), NOWHERE)


@pytest.mark.parametrize("path", ["/health/live", "/nothing", "/health/ready"])
def test_every_answer_is_safe_to_show(bare: Handbook, path: str) -> None:
    answer = Phone(bare, None).get(path)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "no-store" in answer.headers["Cache-Control"]
    assert {one.strip() for one in answer.headers["Vary"].split(",")} == {
        *("Authorization", "Accept-Language")
    }


@pytest.mark.parametrize("given", ["0123456789abcdef", str(uuid.UUID(int=1)), "a" * 64])
def test_a_request_keeps_the_id_it_comes_with(bare: Handbook, given: str) -> None:
    answer = Phone(bare, None).get("/nothing", headers={"X-Request-Id": given})
    assert answer.headers["X-Request-Id"] == answer.json["request_id"] == given


@pytest.mark.parametrize(
    "given", ["", "short", "a" * 65, "a b c d e f", "đđđđđđđđ", "<script>alert"]
)
def test_a_request_without_a_good_id_gets_one(bare: Handbook, given: str) -> None:
    headers = {"X-Request-Id": given.encode().decode("latin-1")}
    answer = Phone(bare, None).get("/nothing", headers=headers)
    assert answer.json["request_id"] == answer.headers["X-Request-Id"]
    assert uuid.UUID(hex=answer.json["request_id"]).version == 4


@pytest.mark.parametrize(("hops", "address"), [("0", "192.0.2.1"), ("1", "203.0.113.9")])
def test_only_trusted_proxies_tell_the_address(tmp_path: Path, hops: str, address: str) -> None:
    app = create_app(settings.make(tmp_path, HANDBOOK_TRUSTED_PROXIES=hops), NOWHERE)
    seen = []
    app.before_request(lambda: seen.append(request.remote_addr))
    app.test_client().get(
        "/api/v1/health/live",
        headers={"X-Forwarded-For": "198.51.100.5, 203.0.113.9"},
        environ_overrides={"REMOTE_ADDR": "192.0.2.1"},
    )
    assert seen == [address]


def test_json_is_utf_8_without_escapes(bare: Handbook) -> None:
    value = {"tên": "Đặng", "at": datetime(2026, 11, 22, tzinfo=UTC), "id": uuid.UUID(int=1)}
    text = bare.json.dumps(value)
    assert '"tên":"Đặng"' in text
    assert bare.json.loads(text)["at"] == "2026-11-22T00:00:00+00:00"


def test_two_applications_do_not_share_state(tmp_path: Path) -> None:
    first = create_app(settings.make(tmp_path / "a"), NOWHERE)
    second = create_app(settings.make(tmp_path / "b"), NOWHERE)
    Planted().under(first)
    assert Phone(first, None).get("/planted/echo").status_code == 200
    assert Phone(second, None).get("/planted/echo").status_code == 404
    assert first.config["JWT_SECRET_KEY"] != second.config["JWT_SECRET_KEY"]
    assert first.config["CURSOR_KEY"] != second.config["CURSOR_KEY"]
