"""Keyset pages with signed cursors: stable under inserts, never an offset."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask import current_app
from itsdangerous import BadData, URLSafeSerializer
from sqlalchemy import Select, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from handbook import database
from handbook.errors import Problem

Key = InstrumentedAttribute[Any]


@dataclass(frozen=True)
class Page:
    """One page: its rows, and the cursor of the next page or None."""

    items: Sequence[Any]
    next_cursor: str | None


def _serializer(purpose: str) -> URLSafeSerializer:
    return URLSafeSerializer(current_app.config["CURSOR_KEY"], salt=f"cursor:{purpose}")


def sign(purpose: str, payload: Any) -> str:
    """Return ``payload`` (JSON values) as an opaque cursor good for ``purpose`` only."""
    return str(_serializer(purpose).dumps(payload))


def unsign(purpose: str, cursor: str) -> Any:
    """Return the payload of a cursor; raise ``bad_cursor`` (400) unless it was signed here."""
    try:
        return _serializer(purpose).loads(cursor)
    except BadData:
        raise Problem("bad_cursor") from None


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value) if isinstance(value, uuid.UUID) else value


def _typed(value: Any, column: Key) -> Any:
    kind = column.type.python_type
    if kind is uuid.UUID:
        return uuid.UUID(value)
    if kind in {datetime, date}:
        return kind.fromisoformat(value)
    return value


def _last(values: Any, by: Sequence[Key]) -> list[Any]:
    """Return the key of the last row seen; ``bad_cursor`` for one of another version's form."""
    try:
        return [_typed(value, column) for value, column in zip(values, by, strict=True)]
    except (TypeError, ValueError, AttributeError):
        raise Problem("bad_cursor") from None


def page(
    statement: Select[Any],
    *,
    purpose: str,
    by: Sequence[Key],
    query: Mapping[str, Any],
    descending: bool = False,
    whole_rows: bool = False,
) -> Page:
    """Return the page of ``statement`` ordered by the unique, non-null columns ``by``.

    ``query`` holds ``limit`` and ``cursor``. Items are the first entity of each row, or the rows
    themselves with ``whole_rows`` (then every ``by`` column must be an attribute of the row).
    """
    if query["cursor"] is not None:
        last = _last(unsign(purpose, query["cursor"]), by)
        edge = tuple_(*by)
        statement = statement.where(edge < tuple_(*last) if descending else edge > tuple_(*last))
    order = [column.desc() if descending else column.asc() for column in by]
    statement = statement.order_by(*order).limit(query["limit"] + 1)
    result = database.executor().execute(statement)
    rows = result.all() if whole_rows else result.scalars().all()
    items = rows[: query["limit"]]
    more = len(rows) > query["limit"]
    cursor = (
        sign(purpose, [_plain(getattr(items[-1], column.key)) for column in by]) if more else None
    )
    return Page(items, cursor)
