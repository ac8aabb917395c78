"""Made-up people: what a row says of a person fits together, as the organisation's rules ask."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from handbook.demo.names import chance_from
from handbook.demo.people import PROBATIONARY, card_of, draw_person, phone_of
from handbook.organisation import rules

TODAY = date(2026, 11, 22)


@given(st.integers(), st.dates(date(2025, 7, 2), date(2060, 12, 31)), st.booleans())
def test_the_dates_of_a_person_stand_in_order(seed: int, today: date, active: bool) -> None:  # noqa: FBT001 - drawn
    person = draw_person(chance_from(seed), today, active=active)
    faults = rules.person_faults(
        standing=person.standing,
        birth_date=person.birth_date,
        admitted_on=person.admitted_on,
        official_on=person.official_on,
        has_card=person.standing != PROBATIONARY,
        today=today,
    )
    assert not faults
    assert person.admitted_on.year - person.birth_date.year >= 17
    if active:
        assert (person.standing, person.exempt_from) == ("official", None)


def test_some_are_probationary_and_some_exempt() -> None:
    chance = chance_from(3)
    people = [draw_person(chance, TODAY) for _ in range(3000)]
    assert 0.01 < sum(one.standing == PROBATIONARY for one in people) / 3000 < 0.08
    assert 0.01 < sum(one.exempt_from is not None for one in people) / 3000 < 0.08
    assert 0.5 < sum(one.sex == "male" for one in people) / 3000 < 0.75


@given(st.integers(0, 99_999_999), st.integers(0, 99_999_999))
def test_numbers_belong_to_nobody_and_are_distinct(one: int, other: int) -> None:
    assert rules.is_phone(rules.spelled(phone_of(one)))
    assert phone_of(one).startswith("00")
    assert card_of(one).startswith("000")
    assert len(card_of(one)) == 12
    assert (phone_of(one) == phone_of(other)) == (one == other)
    assert (card_of(one) == card_of(other)) == (one == other)
