"""The first page of the library: what is addressed to the actor, newest first, with own state.

The hot read of the house. The newest few of each bucket are taken through one index, united, and
the newest few of these are joined, so the cost does not grow with the library. One statement,
built once; its rows are dumped by hand in the form of ``schemas.DocumentPage``.
"""

import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import Row, text

from handbook import database, paging
from handbook.access import Actor
from handbook.documents import records
from handbook.errors import Problem

# The form of the answer is part of its entity tag: raise it when the form changes.
FORM = "documents.1"
_PURPOSE = "documents"
_FIRST = (datetime(9999, 1, 1, tzinfo=UTC), uuid.UUID(int=0))

_NEWEST = text(
    """
    SELECT d.id, d.type_code, t.name AS type_name, t.symbol AS type_symbol, d.number, d.symbol,
      d.abstract, i.name AS issuer_name, i.symbol AS issuer_symbol, d.issued_on, d.urgency,
      d.circulation, d.published_at, v.id AS version_id, v.number AS version_number,
      v.parts_total, v.words, coalesce(cardinality(p.parts_seen), 0) AS parts_seen,
      coalesce(p.credited_seconds, 0) AS credited_seconds, p.read_at, k.acknowledged_at,
      n.since, n.audience_id
    FROM (
      SELECT one.audience_id, max(one.since) AS since
      FROM unnest(CAST(:buckets AS uuid[])) AS held(bucket_id)
      CROSS JOIN LATERAL (
        SELECT a.audience_id, a.since
        FROM addressing a JOIN document o ON o.audience_id = a.audience_id
        WHERE a.bucket_id = held.bucket_id AND a.kind = 'document' AND o.state = 'published'
          AND a.since <= :since AND (a.since < :since OR a.audience_id > :after)
        ORDER BY a.since DESC, a.audience_id
        LIMIT :most
      ) one
      GROUP BY one.audience_id
      ORDER BY 2 DESC, 1
      LIMIT :most
    ) n
    JOIN document d ON d.audience_id = n.audience_id
    JOIN document_type t ON t.code = d.type_code
    JOIN document_version v ON v.id = d.version_id
    LEFT JOIN issuer i ON i.id = d.issuer_id
    LEFT JOIN progress p ON p.member_id = :member AND p.version_id = v.id
    LEFT JOIN acknowledgement k ON k.member_id = :member AND k.version_id = v.id
    ORDER BY n.since DESC, n.audience_id
    """
)


def state_of(actor: Actor) -> tuple[object, ...]:
    """Return what decides the page: the dated buckets and heads, the actor's own among them."""
    return (FORM, *((one.id, one.since, one.position) for one in actor.buckets))


def read(actor: Actor, query: Mapping[str, Any]) -> bytes:
    """Return a page as JSON; ``query`` holds ``limit`` and ``cursor``."""
    found = rows(actor, limit=query["limit"] + 1, cursor=query["cursor"])
    shown = found[: query["limit"]]
    cursor = _sign(shown[-1]) if len(found) > len(shown) else None
    return orjson.dumps(shape(shown, cursor))


def rows(actor: Actor, *, limit: int, cursor: str | None) -> Sequence[Row[Any]]:
    """Return up to ``limit`` rows from behind ``cursor``; raise ``bad_cursor`` (400)."""
    since, after = _edge(cursor)
    values = {
        "buckets": [bucket.id for bucket in actor.buckets],
        "member": actor.member_id,
        "since": since,
        "after": after,
        "most": limit,
    }
    return database.executor().execute(_NEWEST, values).all()


def shape(found: Sequence[Row[Any]], cursor: str | None) -> dict[str, Any]:
    """Return a page as plain values."""
    return {"items": [_item(row) for row in found], "next_cursor": cursor}


def _item(row: Row[Any]) -> dict[str, Any]:
    shown = records.heading(row)
    shown["version"] = {
        "id": row.version_id,
        "number": row.version_number,
        "parts_total": row.parts_total,
        "words": row.words,
    }
    shown["own"] = {
        "parts_seen": row.parts_seen,
        "credited_seconds": row.credited_seconds,
        "read": row.read_at is not None,
        "acknowledged_at": row.acknowledged_at,
    }
    return shown


def _sign(row: Row[Any]) -> str:
    return paging.sign(_PURPOSE, [row.since.isoformat(), str(row.audience_id)])


def _edge(cursor: str | None) -> tuple[datetime, uuid.UUID]:
    """Return the (since, audience) that a page begins behind."""
    if cursor is None:
        return _FIRST
    try:
        since, after = paging.unsign(_PURPOSE, cursor)
        return datetime.fromisoformat(since), uuid.UUID(after)
    except (TypeError, ValueError):
        raise Problem("bad_cursor") from None
