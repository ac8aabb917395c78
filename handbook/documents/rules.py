"""How a document is named, what its state allows, and which bytes of a file are asked for."""

from collections.abc import Mapping
from typing import Final

DRAFT: Final = "draft"
PUBLISHED: Final = "published"
RECALLED: Final = "recalled"
STATES: Final = (DRAFT, PUBLISHED, RECALLED)

# (state, act) → the state after it; what is not listed is refused.
NEXT: Final[Mapping[tuple[str, str], str]] = {
    (DRAFT, "amend"): DRAFT,
    (DRAFT, "delete"): DRAFT,
    (DRAFT, "upload"): DRAFT,
    (DRAFT, "publish"): PUBLISHED,
    (PUBLISHED, "recall"): RECALLED,
}
_REFUSALS: Final = {
    DRAFT: "document_not_published",
    PUBLISHED: "document_published",
    RECALLED: "document_recalled",
}

SECRECIES: Final = ("none", "mat", "toi_mat", "tuyet_mat")
URGENT: Final = frozenset({"very_urgent", "flash"})


def refusal(state: str, act: str) -> str | None:
    """Return the code that says why ``state`` does not allow ``act``, None when it does."""
    return None if (state, act) in NEXT else _REFUSALS[state]


def is_secret(secrecy: str) -> bool:
    """Tell whether a declared level is a state secret, which never enters (Luật 117/2025/QH15)."""
    return secrecy != "none"


def may_use_type(unit_kind: str, *, cell_may_issue: bool) -> bool:
    """Tell whether a unit may issue a type of document; only a cell (chi bộ) is held to a list."""
    return unit_kind != "cell" or cell_may_issue


def number_line(
    number: int | None, symbol: str | None, type_symbol: str | None, issuer_symbol: str | None
) -> str | None:
    """Return ``Số 05-BC/CB`` (Hướng dẫn 05-HD/VPTW), None for a document without a number.

    The number has a leading zero below 10. ``symbol`` is what stands behind the hyphen in the
    document itself; without it the symbols of type and issuer are put together.
    """
    if number is None:
        return None
    line = f"Số {number:02d}"
    if symbol:
        return f"{line}-{symbol}"
    if type_symbol:
        line += f"-{type_symbol}"
    return f"{line}/{issuer_symbol}" if issuer_symbol else line


def reference(type_name: str, line: str | None) -> str:
    """Return how a sentence names a document: ``Báo cáo số 05-BC/CB``, or the type alone."""
    return f"{type_name} {line[0].lower()}{line[1:]}" if line else type_name


def slice_of(start: int, end: int | None, size: int) -> tuple[int, int] | None:
    """Return (first, beyond the last) of the bytes asked for of ``size``, None if there are none.

    A negative ``start`` counts from the end; an ``end`` of None or too far means the end.
    """
    first = max(0, size + start) if start < 0 else start
    beyond = size if end is None else min(end, size)
    return (first, beyond) if first < beyond else None
