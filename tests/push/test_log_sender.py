"""The sender of a development machine."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import structlog.testing

from push.log_sender import LogSender, mask
from tests.support.fcm import make_message

ADDRESS = "fGx7Qk2LTa-secret-rest-of-the-token"


def now() -> datetime:
    return datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_line_says_what_would_go_out(tmp_path: Path) -> None:
    path = tmp_path / "var" / "push.log"
    message = make_message(ADDRESS, urgent=True, collapse_key="meeting", ttl_seconds=60)
    LogSender(path, now=now).send([message])
    assert lines(path) == [
        {
            "at": "2026-03-02T08:00:00+00:00",
            "id": str(message.id),
            "address_kind": "token",
            "address": "fGx7Qk…",
            "title": message.title,
            "body": message.body,
            "data": {"notice": "n-1"},
            "collapse_key": "meeting",
            "ttl_seconds": 60,
            "urgent": True,
        }
    ]


def test_lines_are_appended_and_readable(tmp_path: Path) -> None:
    path = tmp_path / "push.log"
    sender = LogSender(path, now=now)
    sender.send([make_message(), make_message()])
    sender.send([make_message(title="Xuống\ndòng \ud800")])
    assert len(lines(path)) == 3
    assert "Sổ tay" in path.read_text(encoding="utf-8")


def test_the_log_tells_how_many_and_where(tmp_path: Path) -> None:
    path = tmp_path / "push.log"
    with structlog.testing.capture_logs() as logged:
        LogSender(path, now=now).send([make_message(ADDRESS)])
    told = {"event": "push.logged", "log_level": "info", "messages": 1, "file": "push.log"}
    assert logged == [told]
    assert "secret" not in str(logged)


@pytest.mark.parametrize(
    ("address", "shown"),
    [("fGx7Qk2LTa-se", "fGx7Qk…"), ("fGx7Qk2LTa-s", "…"), ("", "…")],
)
def test_short_addresses_are_masked_whole(address: str, shown: str) -> None:
    assert mask(address) == shown


def test_an_unwritable_file_is_an_outcome(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("a file where the folder should be")
    outcome = LogSender(tmp_path / "var" / "push.log", now=now).send([make_message()])[0]
    assert (outcome.kind, outcome.reason) == ("retry", "log_unwritable")


def test_closing_leaves_it_usable_like_any_sender(tmp_path: Path) -> None:
    sender = LogSender(tmp_path / "push.log", now=now)
    sender.close()
    assert len(sender.send([make_message()])) == 1
