from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handbook.reports import rules

NAMES = ("targets", "completed")


@pytest.mark.parametrize(
    ("part", "whole", "expected"),
    [
        (0, 0, None),
        (0, 3, 0.0),
        (1, 3, 33.3),
        (2, 3, 66.7),
        (1, 2000, 0.1),
        (1, 2001, 0.0),
        (3, 3, 100.0),
    ],
)
def test_percent_has_one_decimal_and_halves_go_up(
    part: int, whole: int, expected: float | None
) -> None:
    assert rules.percent(part, whole) == expected


@given(st.integers(1, 200_000), st.integers(0, 200_000))
def test_percent_is_within_a_twentieth(whole: int, part: int) -> None:
    found = rules.percent(min(part, whole), whole)
    assert found is not None
    assert abs(found - 100 * min(part, whole) / whole) <= 0.05 + 1e-9


def units(*paths: str, gone: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    return [
        {"id": path, "name": path, "path": path, "dissolved_on": "x" if path in gone else None}
        for path in paths
    ]


def test_rows_are_the_unit_with_its_own_then_each_child() -> None:
    figures = {"0001": {"targets": 1, "completed": 0}, "00010002": {"targets": 3, "completed": 2}}
    rows = rules.spread(figures, units("0001", "00010002", "00010003"), "0001", NAMES)
    assert rows == [
        {"unit_id": "0001", "name": "0001", "targets": 1, "completed": 0},
        {"unit_id": "00010002", "name": "00010002", "targets": 3, "completed": 2},
        {"unit_id": "00010003", "name": "00010003", "targets": 0, "completed": 0},
    ]


def test_the_unit_without_members_of_its_own_and_dissolved_children_have_no_row() -> None:
    assert rules.spread({}, units("0001", "00010002", gone=("00010002",)), "0001", NAMES) == []


def test_a_dissolved_child_with_targets_keeps_its_row() -> None:
    figures = {"00010002": {"targets": 3, "completed": 2}}
    rows = rules.spread(figures, units("0001", "00010002", gone=("00010002",)), "0001", NAMES)
    assert [row["unit_id"] for row in rows] == ["00010002"]


def test_what_moved_away_stands_in_one_last_row() -> None:
    figures = {
        "00010002": {"targets": 3, "completed": 2},
        "00010008": {"targets": 1, "completed": 1},
        "00010009": {"targets": 2, "completed": 0},
    }
    rows = rules.spread(figures, units("0001", "00010002"), "0001", NAMES)
    assert rows[-1] == {"unit_id": None, "name": None, "targets": 3, "completed": 1}
    assert rules.total(rows, NAMES) == {"targets": 6, "completed": 3}
