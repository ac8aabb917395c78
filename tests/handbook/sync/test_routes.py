"""Sync as the phone sees it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError

from handbook import database, paging
from handbook.http import Handbook
from handbook.sync import cursors, queries, receipts
from models import Receipt
from models import Session as SignIn
from tests.handbook.sync.conftest import NOW, Shelf
from tests.support import build, counting
from tests.support.phone import Phone
from tests.support.syncing import PhoneStore


def receipts_of() -> dict[Any, int]:
    rows = database.session().execute(select(Receipt.bucket_id, Receipt.position))
    return {row.bucket_id: row.position for row in rows}


def test_nothing_new_is_304_and_one_statement(shelf: Shelf) -> None:
    shelf.put(shelf.buckets[0])
    shelf.store.pull()
    shelf.store.pull()
    with counting.assert_queries(1):
        answer = shelf.store.ask()
    assert answer.status_code == 304
    assert answer.headers["X-Offline-Until"] == "2026-12-22T15:00:00+07:00"
    assert answer.headers["Cache-Control"] == "private, no-cache"
    shelf.store.tag = None
    with counting.assert_queries(1):
        answer = shelf.store.ask()
    assert answer.json["changes"] == []
    assert answer.json["has_more"] is answer.json["reset"] is False


def test_a_matching_tag_with_an_older_cursor_is_no_304(shelf: Shelf) -> None:
    shelf.put(shelf.buckets[0])
    shelf.store.pull()
    older = shelf.store.cursor
    key = shelf.put(shelf.buckets[0])
    shelf.store.pull()
    shelf.store.cursor = older
    answer = shelf.store.ask()
    assert [change["id"] for change in answer.json["changes"]] == [str(key)]


def test_any_change_of_heads_changes_the_tag(shelf: Shelf) -> None:
    shelf.store.pull()
    tags = {shelf.store.tag}
    for bucket in (shelf.buckets[0], shelf.personal):
        shelf.put(bucket)
        shelf.store.pull()
        tags.add(shelf.store.tag)
    build.position(shelf.reader, shelf.units[2], "overseer")
    shelf.store.tag, tag = None, shelf.store.tag
    assert shelf.store.ask().get_etag()[0] not in {*tags, tag}


def test_a_tag_opens_no_door(app: Handbook, shelf: Shelf) -> None:
    shelf.store.pull()
    headers = {"If-None-Match": f'"{shelf.store.tag}"'}
    query = {"cursor": shelf.store.cursor}
    assert shelf.phone.get("/sync", query_string=query, headers=headers).status_code == 304
    assert Phone(app, None).get("/sync", query_string=query, headers=headers).status_code == 401
    assert shelf.phone.session is not None
    database.session().execute(
        update(SignIn)
        .where(SignIn.id == shelf.phone.session.id)
        .values(ended_at=NOW, ended_by="revoked")
    )
    answer = shelf.phone.get("/sync", query_string=query, headers=headers)
    assert (answer.status_code, answer.json["code"]) == (401, "session_revoked")


@pytest.mark.parametrize("spoil", [lambda text: text[:-1], lambda text: "x" + text, lambda _: "x"])
def test_a_cursor_that_was_not_made_here_is_400(shelf: Shelf, spoil: Callable[[str], str]) -> None:
    shelf.store.pull()
    assert shelf.store.cursor is not None
    answer = shelf.phone.get("/sync", query_string={"cursor": spoil(shelf.store.cursor)})
    assert (answer.status_code, answer.json["code"]) == (400, "bad_cursor")


def test_a_cursor_of_no_use_leads_to_a_reset(
    app: Handbook, shelf: Shelf, at: Callable[[datetime], None]
) -> None:
    key = shelf.put(shelf.buckets[0])
    shelf.store.pull()
    neighbour = PhoneStore(Phone(app, build.member(shelf.units[0])))
    neighbour.cursor = shelf.store.cursor
    assert neighbour.ask().json["reset"] is True
    with app.app_context():
        unknown = paging.sign("sync", [cursors.FORM + 1, "?"])
    answer = shelf.phone.get("/sync", query_string={"cursor": unknown})
    assert answer.status_code == 200
    assert answer.json["reset"] is True
    assert [change["id"] for change in answer.json["changes"]] == [str(key)]
    assert shelf.phone.get("/sync?cursor=").json["reset"] is True
    at(NOW + timedelta(days=cursors.OLDEST_DAYS + 1))
    assert shelf.store.ask().json["reset"] is True


def test_a_cursor_is_renewed_before_it_grows_old(
    shelf: Shelf, at: Callable[[datetime], None]
) -> None:
    shelf.store.pull()
    at(NOW + timedelta(days=cursors.RENEWED_DAYS))
    answer = shelf.store.ask()
    assert answer.status_code == 200
    assert answer.json["changes"] == []
    shelf.store.apply(answer)
    assert shelf.store.ask().status_code == 304


@pytest.mark.parametrize("query", ["limit=0", "limit=501", "limit=x", "x=1", "cursor=a&cursor=b"])
def test_a_wrong_query_is_422(shelf: Shelf, query: str) -> None:
    assert shelf.phone.get(f"/sync?{query}").status_code == 422


def test_presenting_a_cursor_is_a_receipt(shelf: Shelf) -> None:
    home = shelf.buckets[0]
    for _ in range(3):
        shelf.put(home)
    shelf.store.apply(shelf.store.ask(limit=2))
    assert receipts_of() == {}
    shelf.store.apply(shelf.store.ask(limit=2))
    assert receipts_of() == {home: 2}
    shelf.store.ask()
    assert receipts_of() == {home: 3}
    shelf.put(home)
    shelf.store.pull()
    assert receipts_of() == {home: 3}
    shelf.store.pull()
    assert receipts_of() == {home: 4}


def test_a_receipt_never_goes_back_and_belongs_to_a_device(shelf: Shelf) -> None:
    home = shelf.buckets[0]
    shelf.put(home)
    shelf.store.pull()
    older = shelf.store.cursor
    shelf.put(home)
    shelf.store.pull()
    shelf.store.pull()
    shelf.store.cursor = older
    shelf.store.ask()
    row = database.session().scalars(select(Receipt)).one()
    assert shelf.phone.session is not None
    assert row.position == 2
    assert row.device_id == shelf.phone.session.device_id


def test_a_receipt_is_noted_again_after_ten_minutes_only(
    shelf: Shelf, at: Callable[[datetime], None]
) -> None:
    shelf.put(shelf.buckets[0])
    shelf.store.pull()
    with counting.assert_queries(2):
        shelf.store.ask()
    at(NOW + timedelta(minutes=9))
    with counting.assert_queries(1):
        shelf.store.ask()
    at(NOW + timedelta(minutes=10))
    with counting.assert_queries(2):
        shelf.store.ask()


def test_a_receipt_that_fails_never_fails_the_answer(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf.put(shelf.buckets[0])
    shelf.store.pull()

    def fail(*_: object) -> None:
        raise OperationalError("", None, Exception("locked"))

    with monkeypatch.context() as broken:
        broken.setattr(queries, "receive", fail)
        assert shelf.store.ask().status_code == 304
    assert receipts_of() == {}
    shelf.store.ask()
    assert receipts_of() == {shelf.buckets[0]: 1}


def test_the_memory_of_receipts_is_bounded(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receipts, "MOST_REMEMBERED", 1)
    for who in range(3):
        store = PhoneStore(Phone(shelf.phone.app, build.member(shelf.units[0])))
        store.pull()
        store.pull()
        assert len(receipts.MEMORY._noted) == 1, who
