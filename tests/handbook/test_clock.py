"""The clock: UTC instants, Vietnamese days."""

from datetime import UTC, date, datetime, timedelta

import pytest

from handbook import clock

LATE_EVENING_UTC = datetime(2026, 3, 1, 17, 30, tzinfo=UTC)  # half past midnight in Vietnam


def test_now_is_aware_utc() -> None:
    assert clock.now().utcoffset() == timedelta(0)


def test_today_follows_a_stopped_clock_into_the_vietnamese_day(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(clock, "now", lambda: LATE_EVENING_UTC)
    assert clock.today() == date(2026, 3, 2)


@pytest.mark.parametrize(
    ("hour", "minute", "day"), [(16, 59, 1), (17, 0, 2)], ids=["before midnight", "midnight"]
)
def test_day_of_turns_at_vietnamese_midnight(hour: int, minute: int, day: int) -> None:
    instant = datetime(2026, 3, 1, hour, minute, tzinfo=UTC)
    assert clock.day_of(instant) == date(2026, 3, day)


def test_start_of_day_is_the_first_instant_of_that_day() -> None:
    start = clock.start_of_day(date(2026, 3, 2))
    assert start == datetime(2026, 3, 1, 17, tzinfo=UTC)
    assert start.tzinfo is UTC
    assert clock.day_of(start - timedelta(microseconds=1)) == date(2026, 3, 1)


def test_local_keeps_the_instant() -> None:
    told = clock.local(LATE_EVENING_UTC)
    assert told == LATE_EVENING_UTC
    assert (told.hour, told.minute) == (0, 30)


def test_a_naive_instant_is_refused() -> None:
    naive = LATE_EVENING_UTC.replace(tzinfo=None)
    with pytest.raises(ValueError, match="time zone"):
        clock.day_of(naive)
    with pytest.raises(ValueError, match="time zone"):
        clock.local(naive)
