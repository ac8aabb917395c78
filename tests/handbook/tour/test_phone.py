"""The phone of the tour: objects stay while one bucket holds them, reading finds free time."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from handbook.reading.rules import LONGEST
from handbook.tour.client import Answer, Client
from handbook.tour.phone import FAST, Phone

NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)
WORDS = 900
VERSION = {"id": "v1", "parts_total": 2, "words": WORDS}


class _Server(Client):
    """Answers from a list instead of a server."""

    def __init__(self, *answers: Any) -> None:
        super().__init__("http://127.0.0.1:1")
        self.answers = list(answers)

    def call(self, _method: str, _path: str, **_more: Any) -> Answer:  # type: ignore[override] # a stand-in
        return Answer(200, {"etag": '"t"'}, orjson.dumps(self.answers.pop(0)))


def _page(*changes: dict[str, Any], **more: Any) -> dict[str, Any]:
    base = {"changes": list(changes), "next_cursor": "c", "has_more": False, "reset": False}
    return {**base, **more}


def _put(bucket: str, what: str = "d1") -> dict[str, Any]:
    return {"op": "put", "bucket": bucket, "kind": "document", "id": what, "data": {"id": what}}


def _remove(bucket: str, what: str = "d1") -> dict[str, Any]:
    return {"op": "remove", "bucket": bucket, "kind": "document", "id": what}


@pytest.mark.parametrize(
    ("pages", "is_there"),
    [
        ([_page(_put("a"))], True),
        ([_page(_put("a"), has_more=True), _page(_put("b"))], True),
        ([_page(_put("a"), _put("b"), _remove("a"))], True),
        ([_page(_put("a"), _put("b"), _remove("a"), _remove("b"))], False),
        ([_page(_put("a"), {"op": "drop", "bucket": "a"})], False),
        ([_page(_put("a"), _put("b"), {"op": "drop", "bucket": "a"})], True),
        ([_page(_put("a"), has_more=True), _page(reset=True)], False),
    ],
)
def test_an_object_stays_while_one_bucket_holds_it(
    pages: list[dict[str, Any]],
    is_there: bool,  # noqa: FBT001 - an expectation
) -> None:
    phone = Phone(_Server(*pages))
    phone.sync()
    assert (phone.find("document", "d1") is not None) == is_there


def test_the_batch_holds_one_event_twice_and_one_of_an_unknown_version(
    at: Callable[[datetime], None],
) -> None:
    at(NOW)
    phone = Phone(_Server({"items": [], "next_cursor": None}))
    batch = phone.offline_batch([{"version": VERSION}])
    first, second, bad = batch["events"]
    assert first == second
    assert bad["version_id"] != VERSION["id"]
    assert first["parts"] == [1, 2]
    assert datetime.fromisoformat(batch["device_time"]) == NOW + FAST
    assert datetime.fromisoformat(first["ended_at"]) <= NOW + FAST
    assert first["active_seconds"] * 900 >= WORDS * 60


@pytest.mark.parametrize("read_at", [NOW - timedelta(seconds=20), None])
def test_time_that_is_taken_is_left_out(
    at: Callable[[datetime], None], read_at: datetime | None
) -> None:
    at(NOW)
    opened = NOW - timedelta(minutes=3)
    line = {"opened_at": opened.isoformat(), "read_at": read_at and read_at.isoformat()}
    phone = Phone(_Server({"items": [line], "next_cursor": None}))
    (event, *_) = phone.offline_batch([{"version": VERSION}])["events"]
    started = datetime.fromisoformat(event["started_at"]) - FAST
    ended = datetime.fromisoformat(event["ended_at"]) - FAST
    assert ended <= opened - LONGEST
    assert started > opened - 2 * LONGEST
