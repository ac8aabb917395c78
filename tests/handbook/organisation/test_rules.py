"""Rules of the tree, numbers, records and posts."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handbook.organisation import rules
from models import LABEL_WIDTH, PATH_END, UNIT_KINDS
from tests.support import build

LARGEST = 36**4 - 1
DAY = date(2026, 11, 22)


@given(st.integers(0, LARGEST))
def test_labels_are_those_of_the_builders(number: int) -> None:
    label = rules.path_label(number)
    assert label == build.label(number)
    assert len(label) == LABEL_WIDTH == rules.LABEL_WIDTH
    assert label < PATH_END


@given(st.integers(0, LARGEST), st.integers(0, LARGEST))
def test_labels_sort_as_their_numbers(one: int, other: int) -> None:
    assert (rules.path_label(one) < rules.path_label(other)) is (one < other)


@pytest.mark.parametrize("number", [LARGEST + 1, -1, 2**31])
def test_a_number_that_does_not_fit_is_refused(number: int) -> None:
    assert rules.path_label(LARGEST) == "zzzz"
    with pytest.raises(ValueError, match="does not fit"):
        rules.path_label(number)


def test_ancestors() -> None:
    assert rules.ancestors("000a000b000c") == ["000a", "000a000b", "000a000b000c"]
    assert rules.ancestors("000a") == ["000a"]


@pytest.mark.parametrize(
    ("parent", "children"),
    [
        ("centre", {"province", "grassroots", "section", "cell", "office"}),
        ("province", {"commune", "grassroots", "section", "cell", "office"}),
        ("commune", {"grassroots", "section", "cell", "office"}),
        ("grassroots", {"section", "cell", "office"}),
        ("section", {"cell"}),
        ("cell", {"group"}),
        ("group", set()),
        ("office", {"office"}),
    ],
)
def test_what_may_stand_below_what(parent: str, children: set[str]) -> None:
    assert {kind for kind in UNIT_KINDS if rules.may_stand_below(kind, parent)} == children


@pytest.mark.parametrize(
    ("dissolved_on", "expected"),
    [(None, False), (DAY + timedelta(days=1), False), (DAY, True), (DAY - timedelta(days=1), True)],
)
def test_is_dissolved(dissolved_on: date | None, expected: bool) -> None:  # noqa: FBT001 - a table of cases
    assert rules.is_dissolved(dissolved_on, DAY) is expected


@pytest.mark.parametrize(
    ("written", "spelled"),
    [
        ("0912345678", "0912345678"),
        (" 0912 345-678 ", "0912345678"),
        ("(0912) 345.678", "0912345678"),
        ("+84 912 345 678", "0912345678"),
        ("８４912345678", "84912345678"),
        ("038 168 000 001", "038168000001"),
        ("38.168.053.000.001", "38168053000001"),
        ("ĐV 0123", "đv 0123"),
        ("Bí-Thư", "bí-thư"),
        ("...", "..."),
        ("", ""),
    ],
)
def test_spelled(written: str, spelled: str) -> None:
    assert rules.spelled(written) == spelled


@given(st.text(max_size=40))
def test_spelling_twice_changes_nothing(written: str) -> None:
    once = rules.spelled(written)
    assert rules.spelled(once) == once


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("0912345678", True),
        ("1234567", False),
        ("1234567890123456", False),
        ("0912-45678", False),
        ("", False),
        ("٠٩١٢٣٤٥٦٧٨", False),
    ],
)
def test_is_phone(number: str, expected: bool) -> None:  # noqa: FBT001 - a table of cases
    assert rules.is_phone(number) is expected


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (None, None),
        ("0912345678", "•••••••678"),
        ("123456", "•••456"),
        ("12345", "•••••"),
        ("", ""),
    ],
)
def test_masked(number: str | None, shown: str | None) -> None:
    assert rules.masked(number) == shown


@pytest.mark.parametrize(
    ("changed", "faults"),
    [
        ({}, {}),
        ({"birth_date": None, "admitted_on": None, "official_on": None}, {}),
        ({"birth_date": DAY + timedelta(days=1)}, {"birth_date", "admitted_on"}),
        ({"admitted_on": date(1979, 1, 1)}, {"admitted_on"}),
        ({"official_on": date(2005, 5, 18)}, {"official_on"}),
        ({"admitted_on": None, "official_on": date(1979, 1, 1)}, {"official_on"}),
        ({"standing": "probationary"}, {"official_on", "card_number"}),
        ({"standing": "probationary", "official_on": None, "has_card": False}, set()),
        ({"has_card": False}, set()),
    ],
)
def test_person_faults(changed: dict[str, object], faults: set[str]) -> None:
    sound: dict[str, object] = {
        "standing": "official",
        "birth_date": date(1980, 1, 1),
        "admitted_on": date(2005, 5, 19),
        "official_on": date(2006, 5, 19),
        "has_card": True,
        "today": DAY,
    }
    found = rules.person_faults(**{**sound, **changed})  # type: ignore[arg-type]  # a table of cases
    assert set(found) == set(faults)


@pytest.mark.parametrize(
    ("day", "began", "expected"),
    [
        (DAY, date(2020, 1, 1), True),
        (date(2020, 1, 1), date(2020, 1, 1), True),
        (date(2019, 12, 31), date(2020, 1, 1), False),
        (DAY + timedelta(days=1), date(2020, 1, 1), False),
        (DAY, None, True),
    ],
)
def test_change_day_fits(day: date, began: date | None, expected: bool) -> None:  # noqa: FBT001 - a table of cases
    assert rules.change_day_fits(day, began=began, today=DAY) is expected


def test_a_post_ends_after_it_began() -> None:
    assert rules.end_fits(DAY + timedelta(days=1), DAY)
    assert not rules.end_fits(DAY, DAY)
