"""Tell phones what changed, and mark derived state as stale.

``touch`` only collects; positions are allotted by ``flush`` as the last statements before commit,
with the heads locked in one order. So positions of a bucket commit in order, a cursor never passes
over a change that commits later, locks are short and writers cannot deadlock.
"""

import uuid
from collections.abc import Iterable, Sequence

from sqlalchemy import text
from sqlalchemy.orm import Session

from handbook import database

_PENDING = "handbook.changes.pending"
Key = tuple[uuid.UUID, str, uuid.UUID]

_ALLOT = text(
    """
    INSERT INTO bucket_head AS h (bucket_id, position)
    SELECT b, n FROM unnest(CAST(:buckets AS uuid[]), CAST(:counts AS bigint[])) AS one(b, n)
    ORDER BY b
    ON CONFLICT (bucket_id) DO UPDATE SET position = h.position + excluded.position
    RETURNING bucket_id, position
    """
)
_RECORD = text(
    """
    INSERT INTO change (bucket_id, kind, object_id, op, position, at)
    SELECT b, k, o, p, n, now()
    FROM unnest(CAST(:buckets AS uuid[]), CAST(:kinds AS text[]), CAST(:objects AS uuid[]),
                CAST(:ops AS text[]), CAST(:positions AS bigint[])) AS one(b, k, o, p, n)
    ON CONFLICT (bucket_id, kind, object_id)
    DO UPDATE SET op = excluded.op, position = excluded.position, at = excluded.at
    """
)
_MARK = text(
    """
    INSERT INTO stale_mark AS s (kind, first_id, second_id)
    SELECT :kind, a, b FROM unnest(CAST(:firsts AS uuid[]), CAST(:seconds AS uuid[])) AS one(a, b)
    ORDER BY a, b
    ON CONFLICT (kind, first_id, second_id)
    DO UPDATE SET version = s.version + 1, due_at = now()
    """
)
_WAKE = text("SELECT pg_notify('handbook_work', '')")


def touch(
    kind: str, object_id: uuid.UUID, buckets: Iterable[uuid.UUID], *, removed: bool = False
) -> None:
    """Note that an object changed in ``buckets``, or was ``removed`` from them.

    The last word about an object in a bucket within one transaction counts.
    """
    pending = _pending(database.session())
    op = "remove" if removed else "put"
    for bucket in buckets:
        pending.pop((bucket, kind, object_id), None)
        pending[bucket, kind, object_id] = op


def _pending(session: Session) -> dict[Key, str]:
    found: dict[Key, str] = session.info.setdefault(_PENDING, {})
    return found


def flush(session: Session) -> None:
    """Allot positions to what was touched and write the log: the last statements before commit."""
    pending: dict[Key, str] | None = session.info.pop(_PENDING, None)
    if not pending:
        return
    counts: dict[uuid.UUID, int] = {}
    for bucket, _, _ in pending:
        counts[bucket] = counts.get(bucket, 0) + 1
    ordered = sorted(counts)
    rows = session.execute(
        _ALLOT, {"buckets": ordered, "counts": [counts[bucket] for bucket in ordered]}
    )
    following = {row.bucket_id: row.position - counts[row.bucket_id] for row in rows}
    positions = []
    for bucket, _, _ in pending:
        following[bucket] += 1
        positions.append(following[bucket])
    session.execute(
        _RECORD,
        {
            "buckets": [key[0] for key in pending],
            "kinds": [key[1] for key in pending],
            "objects": [key[2] for key in pending],
            "ops": list(pending.values()),
            "positions": positions,
        },
    )


def mark_stale(kind: str, keys: Sequence[tuple[uuid.UUID, uuid.UUID]]) -> None:
    """Ask the worker to recompute the derived rows ``keys`` of ``kind``; never recompute here.

    A mark that exists gets a higher version, so a worker that is computing from before this
    transaction does not delete it.
    """
    if keys:
        unique = sorted(set(keys))
        database.session().execute(
            _MARK,
            {
                "kind": kind,
                "firsts": [first for first, _ in unique],
                "seconds": [second for _, second in unique],
            },
        )


def wake() -> None:
    """Wake the worker when this transaction commits; without it a sweep finds the work."""
    database.session().execute(_WAKE)


database.before_commit(flush)
