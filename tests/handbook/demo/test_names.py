"""Made-up names: spread as names are, fit for the sex, the same from the same start."""

import unicodedata
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handbook import text
from handbook.demo.names import FAMILIES, chance_from, draw_name

SEXES = st.sampled_from(("male", "female"))
YEARS = st.integers(1935, 2008)


def _many(sex: str, born: int, number: int = 4000) -> list[list[str]]:
    chance = chance_from(7)
    return [draw_name(chance, sex, born).split() for _ in range(number)]


@given(SEXES, YEARS, st.integers())
def test_a_name_is_clean_and_sortable(sex: str, born: int, seed: int) -> None:
    name = draw_name(chance_from(seed), sex, born)
    words = name.split()
    assert 3 <= len(words) <= 5
    assert words[0] in FAMILIES
    assert text.clean(name) == name
    assert unicodedata.is_normalized("NFC", name)
    assert text.name_key(name)
    assert words[-1] != words[-2]


@given(SEXES, YEARS, st.integers())
def test_the_same_start_gives_the_same_name(sex: str, born: int, seed: int) -> None:
    assert draw_name(chance_from(seed), sex, born) == draw_name(chance_from(seed), sex, born)


def test_families_are_as_frequent_as_in_vietnam() -> None:
    counts = Counter(words[0] for words in _many("male", 1970))
    assert 0.33 < counts["Nguyễn"] / 4000 < 0.45
    assert counts.most_common(3)[1][0] in {"Trần", "Lê"}
    assert len(counts) == len(FAMILIES)


@pytest.mark.parametrize("born", [1950, 1990])
def test_van_is_for_men_and_thi_for_women(born: int) -> None:
    men = Counter(word for words in _many("male", born) for word in words[1:-1])
    women = Counter(word for words in _many("female", born) for word in words[1:-1])
    assert men["Thị"] == 0
    assert men["Văn"] > 600
    assert women["Văn"] == 0
    assert women["Thị"] > 1500


def test_van_and_thi_fade_among_the_young() -> None:
    old, young = (Counter(words[1] for words in _many("female", born)) for born in (1950, 1990))
    assert old["Thị"] > young["Thị"]
