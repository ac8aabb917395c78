"""Notices for phones."""

import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

from handbook import database, messages
from handbook.access import Actor
from handbook.notifications import queries


def line(row: Row[Any], language: str) -> dict[str, Any]:
    """Return a notice with its words in a language."""
    return {
        "id": row.id,
        "kind": row.kind,
        "title": messages.say(f"notices.{row.kind}.title", language, **row.params),
        "body": messages.say(f"notices.{row.kind}.body", language, **row.params),
        "object_kind": row.object_kind,
        "object_id": row.object_id,
        "urgent": row.urgent,
        "published_at": row.published_at,
        "opened_at": row.opened_at,
        "dismissed_at": row.dismissed_at,
    }


def notices(ids: Sequence[uuid.UUID], actor: Actor) -> dict[uuid.UUID, dict[str, Any]]:
    """Return the notices of ``ids`` that stand in the inbox: a newcomer is not told of old ones."""
    found = {}
    for row in database.session().execute(queries.by_ids(actor, ids)):
        shown = line(row, "vi")
        del shown["opened_at"], shown["dismissed_at"]
        found[row.id] = shown
    return found


def states(ids: Sequence[uuid.UUID], actor: Actor) -> dict[uuid.UUID, dict[str, Any]]:
    """Return what the actor did with the notices of ``ids``."""
    return {
        row.id: {
            "notice_id": row.id,
            "opened_at": row.opened_at,
            "dismissed_at": row.dismissed_at,
        }
        for row in database.session().execute(queries.own_states(actor, ids))
    }


FEEDS = {"notice": notices, "notice_state": states}
