"""Logs: JSON on stderr, one line an event, the request's id, no personal data."""

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
import structlog

from handbook import logs

CANARY = "Nguyễn Thị Canary"


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    captured = capsys.readouterr()
    assert captured.out == ""
    return [json.loads(line) for line in captured.err.splitlines()]


def test_an_event_is_one_line_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure()
    logs.logger("handbook.x").info("văn_bản_đã_ban_hành", parts=3, note="a\nb")
    [line] = lines(capsys)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "văn_bản_đã_ban_hành",
        "level": "info",
        "logger": "handbook.x",
        "note": "a\nb",
        "parts": 3,
    }


def test_the_level_holds_for_both_kinds_of_logger(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("WARNING")
    logs.logger("a").info("quiet")
    logging.getLogger("b").info("quiet")
    logs.logger("a").warning("loud")
    logging.getLogger("b").warning("loud %s", "too")
    assert [line["event"] for line in lines(capsys)] == ["loud", "loud too"]


def test_configuring_twice_writes_once(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure()
    logs.configure()
    logging.getLogger("b").warning("once")
    assert len(lines(capsys)) == 1


def test_the_request_id_stands_on_every_line_of_its_request(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs.configure()
    structlog.contextvars.bind_contextvars(leftover=1)
    logs.bind_request("r-1")
    logs.logger("a").info("one")
    logging.getLogger("b").warning("two")
    logs.bind_request("r-2")
    logs.logger("a").info("three")
    told = lines(capsys)
    assert [line["request_id"] for line in told] == ["r-1", "r-1", "r-2"]
    assert not any("leftover" in line for line in told)


@pytest.mark.parametrize(
    "name",
    [
        "password", "new_password", "token", "refresh_token", "accessToken", "Authorization",
        "Set-Cookie", "phone", "phone_number", "card", "card_number", "name", "full_name",
        "birth_date", "login", "address", "home_address", "body", "request_body", "form", "json",
        "payload", "file_name", "personal_id",
    ],
)  # fmt: skip
def test_fields_are_hidden_by_name_at_any_depth(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure()
    logs.logger("a").info("e", **{name: CANARY}, inner={"list": [{name: CANARY}]}, kept="kept")
    [line] = lines(capsys)
    assert line[name] == logs.HIDDEN
    assert line["inner"] == {"list": [{name: logs.HIDDEN}]}
    assert line["kept"] == "kept"


@pytest.mark.parametrize(
    "name", ["task_name", "code", "status", "hostname", "cards_seen", "unit_id"]
)
def test_other_fields_are_kept(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure()
    logs.logger("a").info("e", **{name: "x"})
    assert lines(capsys)[0][name] == "x"


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("call 0912345678 now", "call *** now"),
        ("+84912345678", "***"),
        ("id 001099012345", "id ***"),
        ("Authorization: Bearer abc.def-g", "Authorization: Bearer ***"),
        ("got eyJhbGciOi.eyJzdWIiOi.c2ln", "got ***"),
        ("postgresql://app:hunter2@db/x", "postgresql://app:***@db/x"),
        ("01890a5d-ac96-774b-bcce-003012345678", "01890a5d-ac96-774b-bcce-003012345678"),
        ("took 12345678 ns", "took 12345678 ns"),
    ],
)
def test_texts_lose_what_looks_like_a_secret(
    written: str, shown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure()
    logs.logger("a").info(written, note=[written])
    logging.getLogger("b").warning("%s", written)
    ours, theirs = lines(capsys)
    assert (ours["event"], ours["note"], theirs["event"]) == (shown, [shown], shown)


def test_bytes_and_bottomless_nests_are_left_out() -> None:
    nest: list[object] = []
    nest.append(nest)
    told = logs.hide(None, "info", {"raw": CANARY.encode(), "nest": nest})
    assert told["raw"] == "<bytes>"
    assert str(told["nest"]).count("[") == 6


class Person:
    def __repr__(self) -> str:
        return CANARY


def test_of_an_object_only_the_class_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure()
    day = datetime(2026, 3, 1, 8, tzinfo=UTC)
    logs.logger("a").info("e", who=Person(), unit=UUID(int=7), due=day, kinds=[Person])
    [line] = lines(capsys)
    assert line["who"] == "<Person>"
    assert line["kinds"] == ["<type>"]
    assert line["unit"] == "00000000-0000-0000-0000-000000000007"
    assert line["due"] == "2026-03-01 08:00:00+00:00"


def fill_the_disk() -> None:
    raise OSError(28, "No space left on device", CANARY)


def fail() -> None:
    try:
        fill_the_disk()
    except OSError as error:
        raise ValueError(CANARY) from error


@pytest.mark.parametrize("standard", [True, False], ids=["logging", "structlog"])
def test_an_exception_is_told_by_type_and_place(
    capsys: pytest.CaptureFixture[str], *, standard: bool
) -> None:
    logs.configure()
    try:
        fail()
    except ValueError:
        if standard:
            logging.getLogger("a").exception("it_failed")
        else:
            logs.logger("a").exception("it_failed")
    captured = capsys.readouterr().err
    assert CANARY not in captured
    outer, inner = json.loads(captured)["failure"]
    assert outer["type"] == "builtins.ValueError"
    assert outer["at"][-1].endswith(" fail")
    assert (inner["type"], inner["reason"]) == ("builtins.OSError", "No space left on device")


class Diagnosis:
    constraint_name = "uq_member_card"


class DatabaseError(Exception):
    sqlstate = "23505"
    diag = Diagnosis()


def test_a_database_error_names_its_constraint_and_not_its_row() -> None:
    event = logs.tell_failure(None, "error", {"event": "e", "exc_info": DatabaseError(CANARY)})
    [told] = event["failure"]
    assert (told["sqlstate"], told["constraint"]) == ("23505", "uq_member_card")
    assert CANARY not in str(event)


def test_exc_info_without_an_exception_is_dropped() -> None:
    assert logs.tell_failure(None, "error", {"event": "e", "exc_info": True}) == {"event": "e"}


def test_a_terminal_gets_words_and_the_same_discretion(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(json=False)
    try:
        fail()
    except ValueError:
        logs.logger("a").exception("it_failed", full_name=CANARY, kept="kept")
        logging.getLogger("b").exception("it_failed_too")
    shown = capsys.readouterr().err
    assert shown.count("fill_the_disk()") >= 2
    assert "it_failed" in shown
    assert "kept" in shown
    assert "Traceback" in shown
    assert f"full_name={CANARY}" not in shown


def test_chatty_libraries_are_quietened(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("INFO")
    logging.getLogger("apscheduler.executors").info("tick")
    assert lines(capsys) == []
