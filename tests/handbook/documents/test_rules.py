"""How documents are named, what their states allow, which bytes are asked for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handbook.documents import rules

ACTS = ("amend", "delete", "upload", "publish", "recall")


@pytest.mark.parametrize(
    ("number", "symbol", "type_symbol", "issuer_symbol", "line"),
    [
        (5, None, "BC", "CB", "Số 05-BC/CB"),
        (12, None, "KH", "ĐU", "Số 12-KH/ĐU"),
        (399, "QĐ/TW", "QĐ", "khác", "Số 399-QĐ/TW"),
        (7, None, "NQ", None, "Số 07-NQ"),
        (7, None, None, "TU", "Số 07/TU"),
        (7, None, None, None, "Số 07"),
        (None, "BC/CB", "BC", "CB", None),
    ],
)
def test_number_line(
    number: int | None,
    symbol: str | None,
    type_symbol: str | None,
    issuer_symbol: str | None,
    line: str | None,
) -> None:
    assert rules.number_line(number, symbol, type_symbol, issuer_symbol) == line


def test_reference_reads_as_in_a_sentence() -> None:
    assert rules.reference("Báo cáo", "Số 05-BC/CB") == "Báo cáo số 05-BC/CB"
    assert rules.reference("Công văn", None) == "Công văn"


@pytest.mark.parametrize(
    ("state", "allowed", "refusal"),
    [
        ("draft", {"amend", "delete", "upload", "publish"}, "document_not_published"),
        ("published", {"recall"}, "document_published"),
        ("recalled", set(), "document_recalled"),
    ],
)
def test_state_machine(state: str, allowed: set[str], refusal: str) -> None:
    found = {act: rules.refusal(state, act) for act in ACTS}
    assert found == {act: None if act in allowed else refusal for act in ACTS}


def test_every_state_after_an_act_is_known() -> None:
    assert set(rules.NEXT.values()) == set(rules.STATES)


@pytest.mark.parametrize(
    ("unit_kind", "others"),
    [("cell", False), ("commune", True), ("province", True)],
)
def test_only_a_cell_is_held_to_the_list(unit_kind: str, *, others: bool) -> None:
    assert rules.may_use_type(unit_kind, cell_may_issue=True)
    assert rules.may_use_type(unit_kind, cell_may_issue=False) is others


@pytest.mark.parametrize("secrecy", rules.SECRECIES)
def test_every_level_but_none_is_secret(secrecy: str) -> None:
    assert rules.is_secret(secrecy) is (secrecy in {"mat", "toi_mat", "tuyet_mat"})


@given(start=st.integers(-30, 30), end=st.none() | st.integers(1, 40), size=st.integers(1, 20))
def test_slice_is_what_python_slices(start: int, end: int | None, size: int) -> None:
    content = bytes(range(size))
    if start < 0:
        end = None  # the header knows no end for a suffix
    found = rules.slice_of(start, end, size)
    expected = content[start:end]
    assert (b"" if found is None else content[found[0] : found[1]]) == expected
