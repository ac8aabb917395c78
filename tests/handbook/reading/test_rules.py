"""What of the reported reading counts."""

import random
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handbook.reading import rules
from handbook.reading.rules import Counted, Fault, Readable, Stretch, Told

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
VERSIONS = [uuid.UUID(int=number) for number in (1, 2, 3)]


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


def stretch(number: int, start: int, end: int, active: int, version: int = 0) -> Stretch:
    return Stretch(
        uuid.UUID(int=100 + number),
        VERSIONS[version],
        NOW + seconds(start),
        NOW + seconds(end),
        active,
    )


def told(start: float, end: float, active: int = 60, parts: Sequence[int] = (1,)) -> Told:
    return Told(
        uuid.UUID(int=9),
        VERSIONS[0],
        tuple(parts),
        NOW + seconds(start),
        NOW + seconds(end),
        active,
        offline=False,
    )


THEIRS = Readable(uuid.UUID(int=7), theirs=True, part_words=(300, 300))


@st.composite
def stretches(draw: st.DrawFn) -> list[Stretch]:
    count = draw(st.integers(0, 12))
    found = []
    for number in range(count):
        start = draw(st.integers(0, 60))
        length = draw(st.integers(0, 30))
        active = draw(st.integers(0, 40))
        found.append(stretch(number, start, start + length, active, draw(st.integers(0, 2))))
    return found


@given(stretches(), st.randoms(use_true_random=False))
def test_order_and_repeats_do_not_matter(given_: list[Stretch], chance: random.Random) -> None:
    shuffled = [*given_, *given_[:3]]
    chance.shuffle(shuffled)
    assert rules.credit(shuffled) == rules.credit(given_)


@given(stretches())
def test_more_stretches_never_make_the_sum_smaller(given_: list[Stretch]) -> None:
    totals = [sum(rules.credit(given_[:size]).values()) for size in range(len(given_) + 1)]
    assert totals == sorted(totals)


@given(stretches())
def test_no_second_counts_twice(given_: list[Stretch]) -> None:
    found = rules.credit(given_)
    whole = {
        NOW + seconds(second)
        for one in given_
        for second in range(
            int((one.started_at - NOW).total_seconds()), int((one.ended_at - NOW).total_seconds())
        )
    }
    assert sum(found.values()) <= len(whole)
    for one in given_:
        assert 0 <= found[one.id] <= min(one.active_seconds, one.length)


@given(stretches())
def test_islands_do_not_touch_each_other(given_: list[Stretch]) -> None:
    apart: dict[uuid.UUID, int] = {}
    for island in rules.islands(given_):
        apart |= rules.credit(island)
    assert apart == rules.credit(given_)


def test_an_overlap_counts_for_who_came_first() -> None:
    found = rules.credit([stretch(2, 50, 150, 100, version=1), stretch(1, 0, 100, 100)])
    assert found == {stretch(1, 0, 1, 1).id: 100, stretch(2, 0, 1, 1).id: 50}
    assert rules.is_curtailed(stretch(2, 50, 150, 100), 50)
    assert not rules.is_curtailed(stretch(1, 0, 100, 100), 100)


def test_a_stretch_is_taken_with_corrected_times() -> None:
    found = rules.judge(told(-600, -500), THEIRS, seconds(-100), NOW)
    assert isinstance(found, Stretch)
    assert found.started_at == NOW - seconds(700)
    assert found.ended_at == NOW - seconds(600)
    assert found.flags == ()


@pytest.mark.parametrize(
    ("event", "flag"),
    [
        (told(-60, 60), "future"),
        (told(-60, -30, active=60), "longer_than_interval"),
        (told(-60, -1, active=10, parts=(1, 2)), "too_fast"),
    ],
)
def test_what_looks_wrong_is_taken_with_a_flag(event: Told, flag: str) -> None:
    found = rules.judge(event, THEIRS, seconds(0), NOW)
    assert isinstance(found, Stretch)
    assert found.flags == (flag,)
    assert found.ended_at <= NOW


@pytest.mark.parametrize(
    ("event", "readable", "reason"),
    [
        (told(-60, 0), None, "unknown_version"),
        (told(-60, 0), Readable(uuid.UUID(int=7), theirs=False, part_words=(1,)), "not_yours"),
        (told(-60, 0, parts=(1, 3)), THEIRS, "unknown_part"),
        (told(-60, -61), THEIRS, "ends_before_start"),
        (told(-90_000, 0), THEIRS, "too_long"),
        (told(-401 * 86_400, -400.9 * 86_400), THEIRS, "time_out_of_range"),
    ],
)
def test_what_cannot_count_is_quarantined(
    event: Told, readable: Readable | None, reason: str
) -> None:
    found = rules.judge(event, readable, seconds(0), NOW)
    assert found == Fault("quarantined", reason)


def test_a_time_beyond_the_calendar_is_out_of_range() -> None:
    far = Told(
        uuid.UUID(int=1),
        VERSIONS[0],
        (1,),
        datetime.min.replace(tzinfo=UTC),
        datetime.min.replace(tzinfo=UTC),
        1,
        offline=True,
    )
    assert rules.judge(far, THEIRS, seconds(-1), NOW) == Fault("quarantined", "time_out_of_range")


@pytest.mark.parametrize(
    ("age", "offset", "taken"),
    [
        (timedelta(days=399), timedelta(), True),
        (timedelta(days=401), timedelta(), False),
        (timedelta(days=401), timedelta(days=3), True),
        (timedelta(hours=-23), timedelta(), True),
        (timedelta(hours=-25), timedelta(), False),
    ],
)
def test_ids_far_from_now_are_refused(age: timedelta, offset: timedelta, taken: bool) -> None:  # noqa: FBT001 - a column of the table
    fault = rules.judge_id(NOW - age, offset, NOW)
    assert fault == (None if taken else Fault("refused", "id_time"))


def test_an_id_beyond_the_calendar_is_refused() -> None:
    last = datetime.max.replace(tzinfo=UTC)
    assert rules.judge_id(last, timedelta(days=1), NOW) == Fault("refused", "id_time")


@pytest.mark.parametrize(
    ("words", "minimum"), [(0, 0), (1, 1), (15, 1), (16, 2), (900, 60), (10**6, 1800)]
)
def test_minimum_seconds(words: int, minimum: int) -> None:
    assert rules.minimum_seconds(words) == minimum


@pytest.mark.parametrize(
    ("seen", "credited", "complete"),
    [(2, 60, True), (1, 600, False), (2, 59, False), (0, 0, False)],
)
def test_read_is_every_part_and_time_enough(seen: int, credited: int, complete: bool) -> None:  # noqa: FBT001 - a column of the table
    assert rules.is_complete(seen, credited, parts_total=2, words=900) is complete


def test_a_version_without_parts_is_never_read() -> None:
    assert not rules.is_complete(0, 100, parts_total=0, words=0)


def counted(number: int, end: int, parts: Sequence[int], credited: int, received: int) -> Counted:
    return Counted(
        uuid.UUID(int=number), NOW + seconds(end), tuple(parts), credited, NOW + seconds(received)
    )


def test_complete_when_the_last_needed_stretch_ended_received_when_the_last_came() -> None:
    rows = [
        counted(3, 300, [1], 500, 9000),
        counted(2, 200, [2], 30, 5000),
        counted(1, 100, [1], 30, 7000),
    ]
    found = rules.completed(rows, parts_total=2, words=900)
    assert found == (NOW + seconds(200), NOW + seconds(7000))
    assert rules.completed(rows[:2], parts_total=2, words=900) == (
        NOW + seconds(300),
        NOW + seconds(9000),
    )
    assert rules.completed(rows[:1], parts_total=2, words=900) is None
