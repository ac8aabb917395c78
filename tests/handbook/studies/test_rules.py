import uuid
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handbook.studies import rules
from handbook.studies.rules import DocumentFacts, Entry, Fact, Requirements, State

ONE, TWO = uuid.UUID(int=1), uuid.UUID(int=2)
# 17:00 on 30 November 2026 in Vietnam.
DEADLINE = datetime(2026, 11, 30, 10, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
EARLY = DEADLINE - DAY


def done(at: datetime, received: datetime | None = None) -> Fact:
    return Fact(at, received or at)


def of(facts: dict[uuid.UUID, DocumentFacts], entry: Entry | None = None, **more: bool) -> State:
    asked = Requirements((ONE, TWO), more.get("read", True), more.get("acknowledgement", False))
    return rules.completion(asked, facts, entry, DEADLINE)


def read(*facts: Fact) -> DocumentFacts:
    return DocumentFacts(reads=facts)


def test_nothing_done_is_pending() -> None:
    assert of({}) == State("pending", 0, None)


def test_one_of_two_documents_is_started() -> None:
    assert of({ONE: read(done(EARLY))}) == State("started", 1, None)


def test_both_documents_complete_at_the_later_one() -> None:
    facts = {ONE: read(done(EARLY)), TWO: read(done(EARLY + HOUR))}
    assert of(facts) == State("completed", 2, EARLY + HOUR)


def test_reading_alone_does_not_stand_for_an_acknowledgement() -> None:
    facts = {ONE: read(done(EARLY)), TWO: read(done(EARLY))}
    assert of(facts, acknowledgement=True) == State("started", 0, None)


def test_both_are_asked_and_the_later_counts() -> None:
    both = DocumentFacts((done(EARLY),), (done(EARLY + HOUR),))
    assert of({ONE: both, TWO: both}, acknowledgement=True).completed_at == EARLY + HOUR


def test_what_is_not_asked_does_not_delay() -> None:
    both = DocumentFacts((done(DEADLINE + DAY),), (done(EARLY),))
    found = of({ONE: both, TWO: both}, read=False, acknowledgement=True)
    assert found == State("completed", 2, EARLY)


@pytest.mark.parametrize(
    ("at", "received", "state"),
    [
        (DEADLINE, DEADLINE, "completed"),
        (DEADLINE + timedelta(microseconds=1), DEADLINE + HOUR, "completed_late"),
        (EARLY, DEADLINE + 7 * DAY, "completed"),
        (EARLY, DEADLINE + 7 * DAY + timedelta(microseconds=1), "completed_late"),
    ],
)
def test_on_time_is_done_by_the_deadline_and_received_within_seven_days(
    at: datetime, received: datetime, state: str
) -> None:
    facts = {ONE: read(done(EARLY)), TWO: read(done(at, received))}
    assert of(facts) == State(state, 2, at)


def test_of_two_versions_the_reading_on_time_counts() -> None:
    late_word = done(EARLY, DEADLINE + 8 * DAY)
    facts = {ONE: read(late_word, done(EARLY + HOUR)), TWO: read(done(EARLY))}
    assert of(facts) == State("completed", 2, EARLY + HOUR)


@pytest.mark.parametrize(
    ("studied_on", "recorded_at", "expected"),
    [
        # The end of the day of study, on the Vietnamese clock.
        (
            date(2026, 11, 30),
            DEADLINE + DAY,
            State("completed", 2, datetime(2026, 11, 30, 16, 59, 59, 999999, tzinfo=UTC)),
        ),
        # Recorded while the day was still going on: not after the recording.
        (date(2026, 11, 29), EARLY, State("completed", 2, EARLY)),
        (
            date(2026, 12, 1),
            DEADLINE + 2 * DAY,
            State("completed_late", 2, datetime(2026, 12, 1, 16, 59, 59, 999999, tzinfo=UTC)),
        ),
        (
            date(2026, 11, 20),
            DEADLINE + 8 * DAY,
            State("completed_late", 2, datetime(2026, 11, 20, 16, 59, 59, 999999, tzinfo=UTC)),
        ),
    ],
)
def test_the_secretary_s_entry_fulfils_everything(
    studied_on: date, recorded_at: datetime, expected: State
) -> None:
    assert of({}, Entry(studied_on, recorded_at), acknowledgement=True) == expected


def test_a_late_entry_does_not_spoil_what_was_done_on_time() -> None:
    facts = {ONE: read(done(EARLY)), TWO: read(done(EARLY))}
    assert of(facts, Entry(date(2026, 12, 5), DEADLINE + 9 * DAY)).state == "completed"


def test_an_entry_on_time_mends_late_reading() -> None:
    late = read(done(DEADLINE + DAY))
    assert of({ONE: late, TWO: late}, Entry(date(2026, 11, 28), EARLY)).state == "completed"


@given(
    st.lists(st.integers(-10, 10), max_size=4),
    st.lists(st.integers(-10, 10), max_size=4),
    st.integers(-10, 10),
)
def test_one_more_fact_never_takes_anything_back(
    first: list[int], second: list[int], more: int
) -> None:
    order = ["pending", "started", "completed_late", "completed"]
    before = {
        ONE: read(*[done(DEADLINE + n * DAY) for n in first]),
        TWO: read(*[done(DEADLINE + n * DAY) for n in second]),
    }
    after = {**before, ONE: read(*before[ONE].reads, done(DEADLINE + more * DAY))}
    assert order.index(of(after).state) >= order.index(of(before).state)
    assert of(after).documents_done >= of(before).documents_done


@pytest.mark.parametrize(
    ("today", "expected"),
    [
        (date(2026, 11, 26), False),
        (date(2026, 11, 27), True),
        (date(2026, 11, 28), False),
        (date(2026, 11, 29), True),
        (date(2026, 11, 30), False),
        (date(2026, 12, 1), False),
    ],
)
def test_reminders_go_out_three_days_and_one_day_before(today: date, expected: bool) -> None:  # noqa: FBT001 - a column of the table
    assert rules.reminds_on(DEADLINE, today) is expected


def test_an_instant_is_spoken_on_the_vietnamese_clock() -> None:
    assert rules.spoken(DEADLINE) == "17:00 30/11/2026"
