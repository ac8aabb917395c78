"""What phones are sent, and that what they keep is what a full fetch gives."""

import uuid
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, update
from sqlalchemy.dialects.postgresql import Range

from handbook import database
from models import BucketHead, Change, Membership, Position
from tests.handbook.sync.conftest import NOW, Shelf
from tests.support import build, counting
from tests.support.syncing import PhoneStore, assert_delta_equals_full


def steps(changes: list[dict[str, Any]]) -> list[tuple[str, str | None]]:
    return [(change["op"], change.get("id")) for change in changes]


def test_the_first_pull_gives_everything_and_the_next_what_changed(shelf: Shelf) -> None:
    home, parent, far = shelf.buckets
    first, second = shelf.put(home), shelf.put(parent, home)
    shelf.put(far)
    mine = shelf.put(shelf.personal)
    answer = shelf.store.ask()
    assert answer.json["reset"] is True
    assert answer.json["as_of"] == "2026-11-22T15:00:00+07:00"
    assert answer.json["offline_until"] == "2026-12-22T15:00:00+07:00"
    shelf.store.pull()
    assert set(shelf.store.of_kind("thing")) == {str(first), str(second), str(mine)}
    assert set(shelf.store.buckets["me"]) == {("thing", str(mine))}
    shelf.put(home, key=first)
    shelf.touch(mine, shelf.personal, removed=True)
    answer = shelf.store.ask()
    assert answer.json["reset"] is False
    changes = shelf.store.pull()
    assert sorted(steps(changes)) == [("put", str(first)), ("remove", str(mine))]
    assert shelf.store.objects["thing", str(first)]["version"] == 2


def test_changes_come_by_bucket_then_position(shelf: Shelf) -> None:
    home, parent, _ = shelf.buckets
    order = [parent, home, parent, home, home]
    keys = [shelf.put(bucket) for bucket in order]
    again = shelf.put(home, key=keys[1])
    changes = shelf.store.pull(limit=2)
    by_bucket = sorted([home, parent])
    expected = [
        key
        for bucket in by_bucket
        for place, key in [*zip(order, keys, strict=True), (home, again)]
        if place == bucket
    ]
    expected.remove(keys[1])
    assert [change["id"] for change in changes] == [str(key) for key in expected]


def test_an_object_missing_from_its_feed_is_removed(shelf: Shelf) -> None:
    home = shelf.buckets[0]
    key = shelf.put(home)
    shelf.store.pull()
    del shelf.objects[key]
    shelf.touch(key, home)
    assert steps(shelf.store.pull()) == [("remove", str(key))]
    assert_delta_equals_full(shelf.store)


def test_a_kind_without_feed_is_shown_to_nobody(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf.put(shelf.buckets[0])
    monkeypatch.setattr("handbook.sync.service.FEEDS", {})
    assert shelf.store.pull() == []


def test_a_lost_bucket_is_one_drop_and_a_gained_one_comes_from_the_start(shelf: Shelf) -> None:
    _, parent, far = shelf.buckets
    both, only = shelf.put(far, parent), shelf.put(far)
    shelf.store.pull()
    position = build.position(shelf.reader, shelf.units[2], "overseer")
    gained = shelf.store.pull()
    assert steps(gained) == [("put", str(both)), ("put", str(only))]
    name = gained[0]["bucket"]
    database.session().execute(delete(Position).where(Position.id == position.id))
    assert shelf.store.pull() == [{"op": "drop", "bucket": name}]
    assert str(both) in shelf.store.of_kind("thing")
    assert str(only) not in shelf.store.of_kind("thing")
    assert_delta_equals_full(shelf.store)


def test_a_bucket_held_from_another_day_is_sent_anew(shelf: Shelf) -> None:
    key = shelf.put(shelf.buckets[0])
    shelf.put(shelf.personal)
    shelf.store.pull()
    database.session().execute(
        update(Membership)
        .where(Membership.member_id == shelf.reader.id)
        .values(during=Range(date(2021, 1, 1), None))
    )
    changes = shelf.store.pull()
    assert ("put", str(key)) in steps(changes)
    assert [change["op"] for change in changes].count("drop") == 1
    assert "me" not in {change["bucket"] for change in changes}
    assert_delta_equals_full(shelf.store)


def test_a_bucket_that_ends_with_its_day_is_dropped(
    shelf: Shelf, at: Callable[[Any], None]
) -> None:
    shelf.put(shelf.buckets[2])
    build.position(shelf.reader, shelf.units[2], "overseer", end=date(2026, 11, 23))
    assert len(shelf.store.pull()) == 1
    at(NOW + timedelta(days=1))
    assert [change["op"] for change in shelf.store.pull()] == ["drop"]


def test_a_log_that_went_back_in_time_leads_to_a_reset(shelf: Shelf) -> None:
    for _ in range(3):
        shelf.put(shelf.buckets[0])
    shelf.store.pull()
    database.session().execute(update(BucketHead).values(position=BucketHead.position - 1))
    answer = shelf.store.ask()
    assert answer.status_code == 200
    assert answer.json["reset"] is True


def test_pages_lose_nothing_while_objects_move(shelf: Shelf) -> None:
    home = shelf.buckets[0]
    keys = [shelf.put(home) for _ in range(7)]
    answer = shelf.store.ask(limit=3)
    assert answer.json["has_more"] is True
    assert "ETag" not in answer.headers
    shelf.store.apply(answer)
    shelf.put(home, key=keys[0])
    shelf.touch(keys[1], home, removed=True)
    shelf.store.pull(limit=3)
    assert len(shelf.store.of_kind("thing")) == 6
    assert_delta_equals_full(shelf.store)


def test_a_removed_object_is_not_told_to_a_new_phone(shelf: Shelf) -> None:
    for _ in range(3):
        shelf.touch(shelf.put(shelf.buckets[0]), shelf.buckets[0], removed=True)
    assert shelf.store.pull() == []


@pytest.mark.parametrize("size", [1, 50])
def test_the_number_of_statements_is_flat(shelf: Shelf, size: int) -> None:
    for _ in range(size):
        shelf.put(shelf.buckets[0], shelf.personal)
    with counting.assert_queries(3):
        shelf.store.ask()
    assert shelf.asked == [size]


ACTS = st.one_of(
    st.tuples(
        st.sampled_from(["put", "remove", "vanish"]),
        st.integers(0, 4),
        st.sets(st.integers(0, 3), min_size=1),
    ),
    st.tuples(st.just("pull"), st.integers(1, 4), st.just(frozenset[int]())),
    st.tuples(st.just("post"), st.integers(0, 3), st.just(frozenset[int]())),
)


Addressed = dict[uuid.UUID, set[uuid.UUID]]


def act(shelf: Shelf, addressed: Addressed, what: str, number: int, where: Any) -> None:
    """Do one act; an object that changes is touched in every bucket that it is addressed to."""
    places = [*shelf.buckets, shelf.personal]
    key = uuid.UUID(int=number + 1)
    some = {places[one] for one in where}
    if what == "put":
        addressed[key] = addressed.get(key, set()) | some
        shelf.put(*addressed[key], key=key)
    elif what == "remove":
        addressed[key] = addressed.get(key, set()) - some
        shelf.touch(key, *some, removed=True)
    elif what == "vanish":
        shelf.objects.pop(key, None)
        shelf.touch(key, *addressed.get(key, ()))
    elif what == "pull":
        shelf.store.pull(limit=number)
    else:
        database.session().execute(delete(Position).where(Position.member_id == shelf.reader.id))
        if number:
            start = date(2022, 1, number)
            build.position(shelf.reader, shelf.units[2], "overseer", start=start)


@settings(
    max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(st.lists(ACTS, max_size=12))
def test_old_state_plus_delta_is_a_full_fetch(
    shelf: Shelf, acts: list[tuple[str, int, Any]]
) -> None:
    shelf.store = PhoneStore(shelf.phone)
    shelf.objects.clear()
    database.session().execute(delete(Change))
    addressed: Addressed = {}
    for what, number, where in acts:
        act(shelf, addressed, what, number, where)
    assert_delta_equals_full(shelf.store)
