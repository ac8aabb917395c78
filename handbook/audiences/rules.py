"""How an audience comes down to the smallest cover of buckets."""

from collections.abc import Iterable
from dataclasses import dataclass

ALONE = "alone"
BELOW = "below"
EVERYONE = "everyone"


@dataclass(frozen=True, order=True)
class UnitTerm:
    """A unit by its path: the unit ``alone`` or with all ``below``, for ``role`` or everyone."""

    path: str
    reach: str
    role: str


def cover(terms: Iterable[UnitTerm]) -> list[UnitTerm]:
    """Return the terms that no other term already contains, in order of path.

    A subtree contains every unit inside it; everyone contains every role.
    """
    unique = sorted(set(terms))
    return [term for term in unique if not any(_contains(other, term) for other in unique)]


def _contains(outer: UnitTerm, inner: UnitTerm) -> bool:
    if outer == inner or outer.role not in {EVERYONE, inner.role}:
        return False
    if outer.path == inner.path:
        return outer.reach in {BELOW, inner.reach}
    return outer.reach == BELOW and inner.path.startswith(outer.path)
