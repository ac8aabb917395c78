"""Text: what is kept, what compares equal, what is found, and what stands before what."""

import itertools
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handbook import text


def nfd(s: str) -> str:
    return unicodedata.normalize("NFD", s)


def test_clean_composes_trims_and_keeps_inner_lines() -> None:
    assert text.clean(nfd("  Nghị quyết\n\tsố 4  ")) == "Nghị quyết\n\tsố 4"
    assert text.clean("một\r\nhai") == "một\nhai"


@pytest.mark.parametrize(
    "bad", ["\x00", "\ud800", "\x1b", "\r", "\x7f", "\x85", "\x1f", "\uffff"], ids=ascii
)
@pytest.mark.parametrize("place", ["{}an", "a{}n", "an{}"])
def test_clean_refuses_what_cannot_be_kept(bad: str, place: str) -> None:
    with pytest.raises(ValueError, match="cannot be kept"):
        text.clean(place.format(bad))


@given(st.text())
def test_what_is_clean_stays_as_it_is(s: str) -> None:
    try:
        once = text.clean(s)
    except ValueError:
        return
    assert text.clean(once) == once == text.nfc(once)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ĐẢNG  viên", "đảng viên"),
        ("Ａ１", "a1"),
        (" Tổ\u00a0dân phố\n", "tổ dân phố"),
        ("ﬁ", "FI"),
    ],
)
def test_key_ignores_case_width_form_and_blanks(one: str, other: str) -> None:
    assert text.key(one) == text.key(nfd(other))


def test_key_minds_the_marks() -> None:
    assert len({text.key(word) for word in ("ma", "má", "mà", "mả", "mã", "mạ", "mơ")}) == 7


@given(st.text())
def test_key_of_a_key_is_itself(s: str) -> None:
    assert text.key(text.key(s)) == text.key(s)


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("Uỷ ban", "uy ban"),
        ("ủy ban", "uy ban"),
        ("ĐẢNG BỘ", "dang bo"),
        ("Ðảng", "dang"),
        ("Nguyễn Thị Hường", "nguyen thi huong"),
        ("hoà / hòa", "hoa / hoa"),
        ("Số 12-NQ/TW", "so 12-nq/tw"),
    ],
)
def test_fold(written: str, folded: str) -> None:
    assert text.fold(written) == folded
    assert text.fold(nfd(written)) == folded


@given(st.text())
def test_folding_twice_changes_nothing_and_form_does_not_matter(s: str) -> None:
    once = text.fold(s)
    assert text.fold(once) == once
    assert text.fold(nfd(s)) == once == text.fold(text.nfc(s))


ALPHABET = list("aăâbcdđeêghiklmnoôơpqrstuưvxy")
NAMES_IN_ORDER = [
    "",
    "An",
    "Lê An",
    "Lê Thị An",
    "Lê Văn An",
    "Lê Văn Đức An",
    "Nguyễn An",
    "Trần Thị Án",
    "Bùi Anh",
    "Đỗ Ánh",
    "Cao Ăn",
    "Cao Ân",
    "Vũ Bình",
    "Bùi Dũng",
    "An Đức",
    "Phạm Hoa",
    "Lê Hòa",
    "Ngô Hoà",
    "Lê Hỏa",
    "Lê Hõa",
    "Lê Hóa",
    "Lê Họa",
    "Lê Hoan",
    "Lê Văn Hùng",
    "Lê Văn Hưng",
    "Nguyễn Văn Tuấn",
    "Nguyễn Văn Tú Uyên",
    "Lý Y",
]


@pytest.mark.parametrize(("before", "after"), list(itertools.pairwise(NAMES_IN_ORDER)))
def test_names_stand_in_vietnamese_order(before: str, after: str) -> None:
    assert text.name_key(before).encode() < text.name_key(after).encode()


@pytest.mark.parametrize("order", [text.name_key, text.sort_key])
def test_letters_stand_in_the_order_of_the_alphabet(order: object) -> None:
    assert callable(order)
    words = [*ALPHABET, *(f"{letter}n" for letter in ALPHABET)]
    by_letter = [
        word for pair in zip(ALPHABET, words[len(ALPHABET) :], strict=True) for word in pair
    ]
    assert sorted(words, key=lambda word: str(order(word)).encode()) == by_letter


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Lê Văn Hòa", "LÊ  VĂN HOÀ"),
        ("Nguyễn Thị Thúy", nfd("Nguyễn Thị Thuý")),
        ("H'Hen Niê", "HHen Niê"),
    ],
)
def test_name_keys_that_are_the_same(one: str, other: str) -> None:
    assert text.name_key(one) == text.name_key(other)


@given(st.text())
def test_keys_do_not_depend_on_the_form(s: str) -> None:
    assert text.name_key(nfd(s)) == text.name_key(text.nfc(s))
    assert text.sort_key(nfd(s)) == text.sort_key(text.nfc(s))


@given(st.lists(st.sampled_from(["An", "Án", "Ân", "Hoa", "Hoà", "Đỗ", "Lê"]), min_size=1))
def test_the_given_name_decides_before_everything_else(words: list[str]) -> None:
    assert text.name_key(" ".join([*words, "An"])) < text.name_key(" ".join([*words, "Bình"]))
    assert text.name_key(" ".join([*words, "Bình"])) < text.name_key("A Ca")


UNITS_IN_ORDER = [
    "2 Tháng 9",
    "10 Tháng 3",
    "Chi bộ",
    "Chi bộ 2",
    "Chi bộ 2A",
    "Chi bộ 002B",
    "Chi bộ 10",
    "Chi bộ Ấp 1",
    "Chi bộ Bình An",
    "Chi bộ Đông",
    "Đảng bộ xã",
]


@pytest.mark.parametrize(("before", "after"), list(itertools.pairwise(UNITS_IN_ORDER)))
def test_units_stand_in_natural_order(before: str, after: str) -> None:
    assert text.sort_key(before).encode() < text.sort_key(after).encode()


@given(st.integers(min_value=0, max_value=10**30), st.integers(min_value=0, max_value=10**30))
def test_numbers_stand_by_value(one: int, other: int) -> None:
    by_key = text.sort_key(f"Tổ {one}") < text.sort_key(f"Tổ {other}")
    assert by_key == (one < other)


@pytest.mark.parametrize(
    ("written", "words"),
    [("", 0), ("Học tập và làm theo", 5), ("một – hai … ba.", 3), (nfd("Đảng bộ\nxã"), 3)],
)
def test_word_count(written: str, words: int) -> None:
    assert text.word_count(written) == words
