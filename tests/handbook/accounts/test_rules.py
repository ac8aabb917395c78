"""Rules of accounts: the rotation table, and passwords."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handbook.accounts.rules import REPEAT_WINDOW, Verdict, judge, password_faults, spelled_password

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("presented", "current", "age", "verdict"),
    [
        (1, 1, timedelta(0), Verdict.ROTATE),
        (1, 1, timedelta(days=59), Verdict.ROTATE),
        (5, 5, SECOND, Verdict.ROTATE),
        (4, 5, timedelta(0), Verdict.REPEAT),
        (4, 5, REPEAT_WINDOW, Verdict.REPEAT),
        (4, 5, REPEAT_WINDOW + timedelta(microseconds=1), Verdict.REPLAY),
        (3, 5, timedelta(0), Verdict.REPLAY),
        (0, 5, timedelta(0), Verdict.REPLAY),
        (6, 5, timedelta(0), Verdict.REPLAY),
    ],
)
def test_judge(presented: int, current: int, age: timedelta, verdict: Verdict) -> None:
    assert judge(presented, current=current, rotated_at=NOW - age, now=NOW) is verdict


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 60)), max_size=30))
def test_lost_answers_never_end_a_session(steps: list[tuple[bool, int]]) -> None:
    """A phone that retries a lost answer within the minute keeps its session."""
    held, current, rotated_at, now = 1, 1, NOW, NOW
    for arrives, seconds in steps:
        now += seconds * SECOND if held != current else timedelta(hours=seconds)
        if held != current and now - rotated_at > REPEAT_WINDOW:
            now = rotated_at + REPEAT_WINDOW
        verdict = judge(held, current=current, rotated_at=rotated_at, now=now)
        assert verdict is not Verdict.REPLAY
        if verdict is Verdict.ROTATE:
            current, rotated_at = current + 1, now
        if arrives:
            held = current


@given(st.integers(2, 1000), st.integers(0, 10_000), st.integers(-1000, 1000))
def test_a_copy_older_than_the_last_token_is_always_found_out(
    current: int, seconds: int, back: int
) -> None:
    presented = current - 2 - abs(back)
    moment = NOW + seconds * SECOND
    assert judge(presented, current=current, rotated_at=NOW, now=moment) is Verdict.REPLAY


@pytest.mark.parametrize(
    ("new", "faults"),
    [
        ("1234567", ["too_short"]),
        ("12345678", []),
        ("một hai ba", []),
        ("mật khẩu cũ", ["same"]),
        ("ma\u0323\u0302t kha\u0302\u0309u cu\u0303", ["same"]),
    ],
)
def test_password_faults(new: str, faults: list[str]) -> None:
    assert password_faults(new, "mật khẩu cũ") == faults


def test_a_decomposed_short_password_does_not_pass_for_long() -> None:
    assert password_faults("e\u0301" * 7, "khác") == ["too_short"]


def test_one_form_of_a_password() -> None:
    assert spelled_password("Ｍật") == spelled_password("Mâ\u0323t")
