"""The smallest cover of an audience."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handbook.audiences.rules import ALONE, BELOW, EVERYONE, UnitTerm, cover

PATHS = ("0001", "00010002", "000100020003", "00010004")
TERMS = st.builds(
    UnitTerm,
    st.sampled_from(PATHS),
    st.sampled_from([ALONE, BELOW]),
    st.sampled_from([EVERYONE, "secretary", "deputy"]),
)


def reached(terms: Sequence[UnitTerm]) -> set[tuple[str, str]]:
    """Return the (unit, role) pairs that terms reach; everyone is every role there is.

    Below every unit there may be one more.
    """
    return {
        (path, role)
        for term in terms
        for path in (*PATHS, *(above + "zzzz" for above in PATHS))
        if path == term.path or (term.reach == BELOW and path.startswith(term.path))
        for role in ("secretary", "deputy", "none")
        if term.role in {EVERYONE, role}
    }


@given(st.lists(TERMS))
def test_the_cover_reaches_the_same(terms: list[UnitTerm]) -> None:
    assert reached(cover(terms)) == reached(terms)


@given(st.lists(TERMS))
def test_no_term_of_the_cover_lies_within_another(terms: list[UnitTerm]) -> None:
    found = cover(terms)
    for one in found:
        for other in found:
            assert one == other or not reached([one]) < reached([other])
    assert cover(found) == found == cover(terms[::-1])


@pytest.mark.parametrize(
    ("outer", "inner"),
    [
        (UnitTerm("0001", BELOW, EVERYONE), UnitTerm("00010002", ALONE, "deputy")),
        (UnitTerm("0001", BELOW, EVERYONE), UnitTerm("0001", ALONE, EVERYONE)),
        (UnitTerm("0001", ALONE, EVERYONE), UnitTerm("0001", ALONE, "deputy")),
        (UnitTerm("0001", BELOW, "deputy"), UnitTerm("00010002", BELOW, "deputy")),
    ],
)
def test_what_lies_within_is_left_out(outer: UnitTerm, inner: UnitTerm) -> None:
    assert cover([inner, outer]) == [outer]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (UnitTerm("0001", ALONE, EVERYONE), UnitTerm("00010002", ALONE, EVERYONE)),
        (UnitTerm("0001", BELOW, "deputy"), UnitTerm("00010002", BELOW, "secretary")),
        (UnitTerm("0001", BELOW, "deputy"), UnitTerm("00010002", ALONE, EVERYONE)),
    ],
)
def test_what_does_not_stays(one: UnitTerm, other: UnitTerm) -> None:
    assert cover([one, other]) == [one, other]
