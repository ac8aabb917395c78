"""Pull: what a phone lacks of its member's buckets, in the order in which to apply it."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from handbook import clock, database
from handbook.access import Actor
from handbook.documents import feed as documents_feed
from handbook.meetings import feed as meetings_feed
from handbook.notifications import feed as notifications_feed
from handbook.reading import feed as reading_feed
from handbook.studies import feed as studies_feed
from handbook.sync import cursors, queries, rules
from handbook.sync.cursors import Cursor
from handbook.sync.rules import Held, Mark

Feed = Callable[[Sequence[uuid.UUID], Actor], dict[uuid.UUID, dict[str, Any]]]

# Kind of object → what phones are shown of it. A kind without a feed is shown to nobody.
FEEDS: dict[str, Feed] = {
    **documents_feed.FEEDS,
    **reading_feed.FEEDS,
    **studies_feed.FEEDS,
    **meetings_feed.FEEDS,
    **notifications_feed.FEEDS,
}


@dataclass(frozen=True)
class Pulled:
    """A page of changes and where the phone stands after it."""

    changes: list[dict[str, Any]]
    marks: Mapping[bytes, Mark]
    has_more: bool
    reset: bool


def held(actor: Actor) -> list[Held]:
    """Return the buckets that the actor holds today, in the order in which they are sent."""
    return [
        Held(bucket.id, bucket.since, bucket.position, bucket.personal) for bucket in actor.buckets
    ]


def usable(cursor: Cursor | None, buckets: Sequence[Held]) -> Cursor | None:
    """Return the cursor unless it knows of more than there is: then the phone must start anew."""
    return None if cursor is None or rules.is_ahead(cursor.marks, buckets) else cursor


def has_news(cursor: Cursor | None, buckets: Sequence[Held]) -> bool:
    """Return whether there is anything to send; without a statement, from the actor alone."""
    return cursor is None or not rules.plan(cursor.marks, buckets).is_empty


def pull(actor: Actor, cursor: Cursor | None, limit: int) -> Pulled:
    """Return the next ``limit`` changes for a phone at ``cursor``; None is one that has nothing.

    Runs in one snapshot, in which ``actor`` was loaded, so that heads, log and objects agree.
    Drops come first, then the buckets in the actor's order, each by position. An object that is no
    longer to be seen is a ``remove``; nothing is removed from a bucket that is sent from its start.
    """
    buckets = held(actor)
    known = usable(cursor, buckets)
    plan = rules.plan(known.marks if known else {}, buckets)
    rows = _rows(plan.reads, limit + 1)
    reached = rules.reach(plan.reads, [(row.bucket_id, row.position) for row in rows], limit)
    changes = [{"op": "drop", "bucket": name} for name in plan.drops]
    changes += _changes(actor, plan.reads, rows[:limit])
    return Pulled(
        changes=changes,
        marks=rules.advanced(buckets, plan.reads, reached),
        has_more=len(rows) > limit,
        reset=known is None,
    )


def _rows(reads: Sequence[tuple[Held, int]], most: int) -> Sequence[Any]:
    if not reads:
        return ()
    wanted = [(bucket.id, start) for bucket, start in reads]
    return database.session().execute(queries.changes(wanted, most)).all()


def _changes(
    actor: Actor, reads: Sequence[tuple[Held, int]], rows: Sequence[Any]
) -> list[dict[str, Any]]:
    """Return the changes of ``rows`` with the objects as they are now, one call for each kind."""
    names = {bucket.id: rules.name_of(rules.key_of(bucket)) for bucket, _ in reads}
    from_start = {bucket.id for bucket, start in reads if start == 0}
    wanted: dict[str, list[uuid.UUID]] = {}
    for row in rows:
        if row.op == "put":
            wanted.setdefault(row.kind, []).append(row.object_id)
    objects = {
        kind: FEEDS[kind](sorted(set(found)), actor)
        for kind, found in wanted.items()
        if kind in FEEDS
    }
    changes = []
    for row in rows:
        data = objects.get(row.kind, {}).get(row.object_id) if row.op == "put" else None
        step = {"bucket": names[row.bucket_id], "kind": row.kind, "id": row.object_id}
        if data is not None:
            changes.append({"op": "put", **step, "data": data})
        elif row.bucket_id not in from_start:
            changes.append({"op": "remove", **step})
    return changes


def answer(
    actor: Actor, pulled: Pulled, as_of: datetime, offline_until: datetime
) -> dict[str, Any]:
    """Return the answer in the form of ``SyncOut``, with plain values."""
    return {
        "changes": pulled.changes,
        "next_cursor": cursors.write(actor, pulled.marks),
        "has_more": pulled.has_more,
        "reset": pulled.reset,
        "as_of": clock.local(as_of),
        "offline_until": clock.local(offline_until),
    }
