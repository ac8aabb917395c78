"""Marks, plans and how far a page reaches."""

import uuid
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handbook.sync import rules
from handbook.sync.rules import Held, Mark

KEYS = st.binary(min_size=6, max_size=6)
MARKS = st.builds(Mark, st.binary(min_size=2, max_size=2), st.integers(0, 2**48 - 1))


def bucket(number: int, position: int = 10, *, personal: bool = False) -> Held:
    return Held(uuid.UUID(int=number), "2020-01-01", position, personal)


A, B, ME = bucket(1), bucket(2), bucket(3, 4, personal=True)


@given(st.dictionaries(KEYS, MARKS))
def test_marks_survive_packing(marks: dict[bytes, Mark]) -> None:
    packed = rules.pack(marks)
    assert rules.unpack(packed) == marks
    assert len(packed) <= 19 * len(marks) + 4


def test_names_are_short_and_stable() -> None:
    assert rules.name_of(rules.key_of(ME)) == "me"
    name = rules.name_of(rules.key_of(A))
    assert name == rules.name_of(rules.key_of(replace(A, since="x", position=0)))
    assert len(name) == 8
    assert name != rules.name_of(rules.key_of(B))


def test_nothing_known_reads_everything_from_the_start() -> None:
    plan = rules.plan({}, [A, B, bucket(5, 0)])
    assert plan.reads == [(A, 0), (B, 0)]
    assert not plan.drops
    assert not plan.is_empty


def test_what_is_up_to_date_is_not_read() -> None:
    marks = rules.advanced([A, ME], [], {})
    assert rules.plan(marks, [A, ME]).is_empty
    newer = replace(A, position=11)
    assert rules.plan(marks, [newer, ME]).reads == [(newer, 10)]


def test_lost_and_redated_buckets_are_dropped() -> None:
    marks = rules.advanced([A, B, ME], [], {})
    redated = replace(B, since="2026-01-01")
    plan = rules.plan(marks, [redated, ME])
    assert sorted(plan.drops) == sorted(rules.name_of(rules.key_of(one)) for one in (A, B))
    assert plan.reads == [(redated, 0)]


def test_a_bucket_dropped_on_one_page_is_not_dropped_on_the_next() -> None:
    redated = replace(B, since="2026-01-01")
    plan = rules.plan(rules.advanced([A, B], [], {}), [A, redated])
    marks = rules.advanced([A, redated], plan.reads, {})
    assert rules.plan(marks, [A, redated]) == rules.Plan([], [(redated, 0)])


@pytest.mark.parametrize(("position", "ahead"), [(10, False), (9, True)])
def test_a_phone_ahead_of_the_log_is_noticed(position: int, ahead: bool) -> None:  # noqa: FBT001 - a column of the table
    marks = rules.advanced([A], [], {})
    assert rules.is_ahead(marks, [replace(A, position=position), B]) is ahead


def test_how_far_a_page_reaches() -> None:
    reads = [(A, 0), (B, 3), (ME, 0)]
    rows = [(A.id, 5), (A.id, 10), (B.id, 4), (B.id, 9), (ME.id, 4)]
    assert rules.reach(reads, rows, 5) == {A.id: 10, B.id: 10, ME.id: 4}
    assert rules.reach(reads, rows, 4) == {A.id: 10, B.id: 10}
    assert rules.reach(reads, rows[:4], 3) == {A.id: 10, B.id: 4}
    assert rules.reach(reads, rows[:3], 2) == {A.id: 10}
    assert rules.reach(reads, rows[:2], 1) == {A.id: 5}
    assert rules.reach(reads, [], 1) == {A.id: 10, B.id: 10, ME.id: 4}
