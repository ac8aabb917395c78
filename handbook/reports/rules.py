"""Sums and percentages of reports, on plain values."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any


def percent(part: int, whole: int) -> float | None:
    """Return ``part`` of ``whole`` in percent to one decimal, halves up; None of nothing."""
    if whole == 0:
        return None
    return (part * 2000 + whole) // (2 * whole) / 10


def total(rows: Iterable[Mapping[str, Any]], names: Sequence[str]) -> dict[str, int]:
    """Return the sums of the columns ``names`` over rows."""
    found = dict.fromkeys(names, 0)
    for row in rows:
        for name in names:
            found[name] += row[name]
    return found


def spread(
    figures: Mapping[str, Mapping[str, int]],
    units: Sequence[Mapping[str, Any]],
    own_path: str,
    names: Sequence[str],
) -> list[dict[str, Any]]:
    """Return the rows of a report: the unit itself if it has figures of its own, then each child.

    ``figures`` are sums by path, ``units`` the unit (its path is ``own_path``) and its children of
    today in their order. What stands under no unit of today comes last, in one row whose
    ``unit_id`` is None, so that the rows always add up to the total.
    """
    rows = []
    known = set()
    for unit in units:
        known.add(unit["path"])
        found = figures.get(unit["path"])
        if found is None and (unit["path"] == own_path or unit["dissolved_on"] is not None):
            continue
        rows.append(_row(unit["id"], unit["name"], found or {}, names))
    left = [found for path, found in figures.items() if path not in known]
    if left:
        rows.append(_row(None, None, total(left, names), names))
    return rows


def _row(
    unit_id: object, name: str | None, found: Mapping[str, int], names: Sequence[str]
) -> dict[str, Any]:
    return {"unit_id": unit_id, "name": name, **{column: found.get(column, 0) for column in names}}
