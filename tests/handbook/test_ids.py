"""Ids: version 7, in order, with their time inside."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handbook import clock, ids

INSTANTS = st.datetimes(
    min_value=datetime(1970, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    max_value=datetime(9999, 12, 31),  # noqa: DTZ001 - hypothesis adds the zone
    timezones=st.just(UTC),
)


def test_new_ids_ascend_and_never_repeat() -> None:
    made = [ids.new() for _ in range(2000)]
    assert made == sorted(set(made))
    assert all(type(value) is uuid.UUID and ids.is_v7(value) for value in made)


def test_a_new_id_carries_the_present() -> None:
    assert abs(ids.time_of(ids.new()) - clock.now()) < timedelta(seconds=5)


@given(st.uuids())
def test_ids_of_other_versions_have_no_time(value: uuid.UUID) -> None:
    if not ids.is_v7(value):
        with pytest.raises(ValueError, match="version 7"):
            ids.time_of(value)


@pytest.mark.parametrize(
    "value",
    [
        uuid.UUID(int=0),
        uuid.UUID("936da01f-9abd-4d9d-80c7-02af85c822a8"),
        uuid.UUID("01890a5d-ac96-774b-0000-0242ac120002"),
    ],
    ids=["nil", "version 4", "version 7 of another variant"],
)
def test_is_v7_refuses(value: uuid.UUID) -> None:
    assert not ids.is_v7(value)


def test_a_time_beyond_the_calendar_is_refused() -> None:
    value = uuid.UUID("ffffffff-ffff-7fff-bfff-ffffffffffff")
    with pytest.raises(ValueError, match="calendar"):
        ids.time_of(value)


@given(INSTANTS)
def test_floor_at_holds_the_instant_to_the_millisecond(instant: datetime) -> None:
    floor = ids.floor_at(instant)
    assert ids.is_v7(floor)
    assert timedelta(0) <= instant - ids.time_of(floor) < timedelta(milliseconds=1)


@given(INSTANTS, INSTANTS)
def test_floors_are_ordered_as_their_instants(first: datetime, second: datetime) -> None:
    earlier, later = sorted((first, second))
    assert ids.floor_at(earlier) <= ids.floor_at(later)


def test_floor_at_lies_between_ids_before_and_after() -> None:
    value = ids.new()
    own = ids.time_of(value)
    assert ids.floor_at(own) <= value < ids.floor_at(own + timedelta(milliseconds=1))


@pytest.mark.parametrize(
    "instant",
    [
        datetime(1969, 12, 31, tzinfo=UTC),
        datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None),
    ],
    ids=["before the epoch", "naive"],
)
def test_floor_at_refuses(instant: datetime) -> None:
    with pytest.raises(ValueError, match="instant"):
        ids.floor_at(instant)
