"""Keyset pages: each row once, whatever is written meanwhile; cursors that only we can make."""

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import current_app
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from handbook import paging
from handbook.errors import Problem
from models import Tick
from tests.support.counting import assert_queries

BASE = datetime(2026, 11, 22, tzinfo=UTC)
BY = (Tick.slot, Tick.task)


def put(db: Session, *pairs: tuple[str, int]) -> None:
    """Write rows as (task, minute)."""
    values = [{"task": task, "slot": BASE + timedelta(minutes=at)} for task, at in pairs]
    db.execute(insert(Tick), values)


def page(limit: int, cursor: str | None = None, **more: Any) -> paging.Page:
    """Return a page of the rows by slot and task."""
    query = {"limit": limit, "cursor": cursor}
    return paging.page(select(Tick), purpose="ticks", by=BY, query=query, **more)


def walk(limit: int, **more: Any) -> Iterator[list[str]]:
    """Yield the tasks of each page to the end."""
    cursor = None
    while True:
        found = page(limit, cursor, **more)
        yield [one.task for one in found.items]
        cursor = found.next_cursor
        if cursor is None:
            return


@hypothesis_settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.sets(st.tuples(st.sampled_from("abcđ"), st.integers(0, 3)), min_size=1, max_size=12),
    limit=st.integers(1, 5),
    descending=st.booleans(),
)
def test_pages_together_are_the_whole(
    db: Session, rows: set[tuple[str, int]], limit: int, *, descending: bool
) -> None:
    db.execute(delete(Tick))
    put(db, *rows)
    pages = list(walk(limit, descending=descending))
    order = [Tick.slot.desc(), Tick.task.desc()] if descending else list(BY)
    assert list(itertools.chain(*pages)) == list(db.scalars(select(Tick.task).order_by(*order)))
    assert [len(one) for one in pages[:-1]] == [limit] * (len(pages) - 1)
    assert 1 <= len(pages[-1]) <= limit


def test_rows_that_come_and_go_shift_nothing(db: Session) -> None:
    put(db, ("b", 2), ("d", 4), ("f", 6))
    first = page(2)
    put(db, ("a", 1), ("c", 3), ("e", 5))
    db.execute(delete(Tick).where(Tick.task == "d"))
    second = page(5, first.next_cursor)
    assert [one.task for one in first.items] == ["b", "d"]
    assert [one.task for one in second.items] == ["e", "f"]
    assert second.next_cursor is None


def test_a_page_is_one_statement(db: Session) -> None:
    put(db, *((letter, 1) for letter in "abcdef"))
    for limit in (1, 50):
        with assert_queries(1):
            page(limit)


def test_whole_rows_are_given_as_they_are(db: Session) -> None:
    put(db, ("a", 1), ("b", 2))
    statement: Any = select(Tick.task, Tick.slot, (Tick.task + "!").label("loud"))
    query = {"limit": 1, "cursor": None}
    found = paging.page(statement, purpose="x", by=BY, query=query, whole_rows=True)
    assert found.items[0].loud == "a!"
    again = {"limit": 1, "cursor": found.next_cursor}
    after = paging.page(statement, purpose="x", by=BY, query=again, whole_rows=True)
    assert (after.items[0].loud, after.next_cursor) == ("b!", None)


def test_a_cursor_is_good_for_its_purpose_alone(db: Session) -> None:
    cursor = paging.sign("units", ["a", 1, None])
    assert paging.unsign("units", cursor) == ["a", 1, None]
    for purpose, text in (
        ("members", cursor),
        ("units", cursor[:-1]),
        ("units", f"{cursor}x"),
        ("units", ""),
        ("units", "đ"),
        ("units", "."),
        ("units", "\x00"),
    ):
        with pytest.raises(Problem) as refused:
            paging.unsign(purpose, text)
        assert (refused.value.status, refused.value.code) == (400, "bad_cursor")


def test_a_cursor_of_another_key_is_refused(db: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    cursor = paging.sign("units", ["a"])
    monkeypatch.setitem(current_app.config, "CURSOR_KEY", b"another key")
    with pytest.raises(Problem, match="bad_cursor"):
        paging.unsign("units", cursor)


@pytest.mark.parametrize(
    "payload",
    [[], ["a"], ["2026-11-22T00:00:00+00:00"], ["not a time", "a"], [1, "a"], None, 7, {"a": 1}],
)
def test_a_cursor_of_another_version_is_refused(db: Session, payload: object) -> None:
    with pytest.raises(Problem, match="bad_cursor"):
        page(1, paging.sign("ticks", payload))
