"""Rules of meetings: tables of cases."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handbook.meetings import rules

START = datetime(2026, 3, 5, 12, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
GOOD = rules.Call(
    kind="regular", day=date(2026, 3, 5), notice=DAY, minutes=90, agenda_items=1, has_chair=True
)


def test_a_call_as_guidance_asks_has_no_warnings() -> None:
    assert rules.warnings(GOOD) == []


@pytest.mark.parametrize(
    ("differs", "expected"),
    [
        ({"notice": DAY - MINUTE}, ["papers_late"]),
        ({"agenda_items": 0}, ["no_agenda"]),
        ({"has_chair": False}, ["no_chair"]),
        ({"minutes": 89}, ["too_short"]),
        ({"minutes": 89, "kind": "thematic"}, ["too_short"]),
        ({"minutes": 30, "kind": "committee"}, []),
        ({"minutes": 30, "kind": "extraordinary"}, []),
        ({"minutes": 119, "combined": True}, ["too_short"]),
        ({"minutes": 120, "combined": True}, []),
        (
            {"notice": MINUTE, "agenda_items": 0, "has_chair": False, "minutes": 1},
            ["papers_late", "no_agenda", "no_chair", "too_short"],
        ),
        # Before the guidance there is nothing to be late or short of.
        ({"day": date(2025, 10, 27), "notice": MINUTE, "minutes": 1}, []),
    ],
)
def test_warnings(differs: dict[str, Any], expected: list[str]) -> None:
    assert rules.warnings(replace(GOOD, **differs)) == expected


def test_the_newest_guidance_in_force_counts() -> None:
    old = rules.GUIDANCE[0]
    new = replace(old, since=date(2027, 1, 1), least_minutes={"regular": 60})
    assert rules.guidance_on(date(2026, 12, 31), (new, old)) is old
    assert rules.guidance_on(date(2027, 1, 1), (new, old)) is new
    assert rules.guidance_on(date(2025, 10, 27), (new, old)) is None
    assert rules.warnings(replace(GOOD, minutes=60, day=date(2027, 1, 1)), (old, new)) == []


@pytest.mark.parametrize(("kind", "reach"), [("cell", "below"), ("commune", "alone")])
def test_default_reach(kind: str, reach: str) -> None:
    assert rules.default_reach(kind) == reach


@pytest.mark.parametrize(
    ("state", "fields", "early", "expected"),
    [
        ("draft", {"title", "kind"}, -DAY, None),
        ("called", {"place", "agenda"}, MINUTE, None),
        ("called", {"place"}, timedelta(0), "meeting_started"),
        ("called", {"place", "title"}, MINUTE, "meeting_fixed"),
        ("called", {"chair_id"}, MINUTE, "meeting_fixed"),
        ("cancelled", {"place"}, MINUTE, "meeting_is_cancelled"),
    ],
)
def test_changes(state: str, fields: set[str], early: timedelta, expected: str | None) -> None:
    assert rules.refuse_change(state, fields, starts_at=START, now=START - early) == expected


@pytest.mark.parametrize(
    ("state", "early", "call", "cancel", "reply"),
    [
        ("draft", MINUTE, None, "meeting_not_called", "meeting_not_called"),
        ("draft", timedelta(0), "meeting_started", "meeting_not_called", "meeting_not_called"),
        ("called", MINUTE, "meeting_not_draft", None, None),
        ("called", timedelta(0), "meeting_not_draft", None, "reply_closed"),
        ("called", -2 * DAY, "meeting_not_draft", "meeting_over", "reply_closed"),
        (
            "cancelled",
            MINUTE,
            "meeting_not_draft",
            "meeting_is_cancelled",
            "meeting_is_cancelled",
        ),
    ],
)
def test_acts_by_state_and_time(
    state: str, early: timedelta, call: str | None, cancel: str | None, reply: str | None
) -> None:
    now = START - early
    assert rules.refuse_call(state, starts_at=START, now=now) == call
    assert rules.refuse_cancel(state, ends_at=START + DAY, now=now) == cancel
    assert rules.refuse_reply(state, starts_at=START, now=now) == reply


@pytest.mark.parametrize(
    ("left", "called", "expected"),
    [
        (DAY + MINUTE, 3 * DAY, None),
        (DAY, 3 * DAY, "day"),
        (timedelta(hours=2) + MINUTE, 3 * DAY, "day"),
        (timedelta(hours=2), 3 * DAY, "hours"),
        (MINUTE, 3 * DAY, "hours"),
        (timedelta(0), 3 * DAY, None),
        # The call itself came within the time of the stage.
        (timedelta(hours=10), timedelta(hours=11), None),
        (timedelta(hours=1), timedelta(hours=11), "hours"),
        (timedelta(hours=1), timedelta(hours=1), None),
    ],
)
def test_reminders(left: timedelta, called: timedelta, expected: str | None) -> None:
    assert rules.stage(starts_at=START, called_at=START - called, now=START - left) == expected


@given(st.integers(-(10**6), 10**6))
def test_news_is_worth_an_hour_at_least_and_never_outlives_a_later_start(seconds: int) -> None:
    now = START - timedelta(seconds=seconds)
    told = rules.told_for(starts_at=START, now=now)
    assert told >= timedelta(hours=1)
    assert now + told == max(START, now + timedelta(hours=1))


def test_what_starts_before_the_morning_is_over_is_urgent() -> None:
    half_a_day = timedelta(hours=12)
    assert rules.is_urgent(starts_at=START, now=START - half_a_day)
    assert not rules.is_urgent(starts_at=START, now=START - half_a_day - MINUTE)
