"""The door of sync: one pull, cheap when there is nothing new."""

from datetime import timedelta
from typing import Any

from flask import Response, current_app

from handbook import access, clock, database
from handbook.access import Actor, Permission
from handbook.database import Transaction
from handbook.http import Routes
from handbook.policies import Policy
from handbook.sync import cursors, receipts, schemas, service
from handbook.sync.cursors import Cursor
from handbook.sync.service import Pulled
from handbook.wire import json_response, tag_of, unchanged, with_tag

routes = Routes(
    "sync", __name__, prefix="/sync", description="Đồng bộ: những gì thay đổi cho điện thoại."
)


@routes.get(
    "",
    policy=Policy(
        Permission.SIGNED_IN, scope="buckets", transaction=Transaction.INSTANT, cache="etag"
    ),
    query=schemas.SyncQuery,
    out=schemas.SyncOut,
    also={304: "Nothing new; the cursor stays good and the copies may be shown for longer."},
)
def pull(actor: Actor, query: dict[str, Any]) -> Response:
    """Pull what changed in one's buckets since the cursor.

    Apply ``changes`` in their order and keep ``next_cursor`` with them, both in one transaction of
    the phone; go on while ``has_more``. An object stays on the phone while at least one bucket
    holds it; ``data`` is the whole object. ``drop`` takes away a bucket with all it holds.
    ``reset`` says to forget everything first: the cursor was none, too old, of another account or
    from before a restore. A cursor that was not made here is 400 ``bad_cursor``: start without one.

    The ETag stands for the state of one's buckets; 304 is given when ``If-None-Match`` names it
    **and** the cursor is up to it, so a phone that lost what it pulled is never told that nothing
    is new. Presenting a cursor acknowledges what came before it.

    ``offline_until`` (and the header ``X-Offline-Until``, also with 304) says until when copies may
    be shown without another pull. 401 ``session_revoked`` means that the device must wipe what it
    holds for the account.
    """
    now = clock.now()
    buckets = service.held(actor)
    cursor = service.usable(cursors.read(actor, query["cursor"] or None), buckets)
    if cursor is not None and not service.has_news(cursor, buckets):
        response = _nothing_new(actor, cursor)
    else:
        with database.transaction(current_app, Transaction.SNAPSHOT):
            response = _page(actor, cursor, query["limit"])
    if cursor is not None:
        receipts.note(actor, buckets, cursor.marks)
    response.headers["X-Offline-Until"] = clock.local(now + _offline()).isoformat()
    return response


def _nothing_new(actor: Actor, cursor: Cursor) -> Response:
    tag = _tag(actor)
    if cursor.is_fresh:
        same = unchanged(tag)
        if same is not None:
            return same
    pulled = Pulled([], cursor.marks, has_more=False, reset=False)
    return with_tag(_json(actor, pulled), tag)


def _page(seen: Actor, cursor: Cursor | None, limit: int) -> Response:
    """Return a page as of one snapshot, with the actor as of the same."""
    actor = access.load_actor(database.session(), seen.session_id, seen.account_id)
    pulled = service.pull(actor, cursor, limit)
    response = _json(actor, pulled)
    return response if pulled.has_more else with_tag(response, _tag(actor))


def _tag(actor: Actor) -> str:
    """Return the tag of the state of the actor's buckets; it does not hold the cursor."""
    pieces = [(bucket.id, bucket.since, bucket.position) for bucket in actor.buckets]
    return tag_of(actor.account_id, *pieces)


def _json(actor: Actor, pulled: Pulled) -> Response:
    now = clock.now()
    return json_response(service.answer(actor, pulled, now, now + _offline()))


def _offline() -> timedelta:
    return timedelta(days=current_app.extensions["handbook_settings"].offline_days)
