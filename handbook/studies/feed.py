"""Campaigns for phones: the campaign itself, and the member's own state in it."""

import uuid
from collections.abc import Sequence
from typing import Any

from handbook import database
from handbook.access import Actor
from handbook.studies import queries, service


def campaigns(ids: Sequence[uuid.UUID], _actor: Actor) -> dict[uuid.UUID, dict[str, Any]]:
    """Return the campaigns of ``ids`` that were issued, in two statements.

    A campaign whose targets are still being frozen is ``issued`` to a phone.
    """
    rows = database.session().execute(queries.by_ids(ids)).scalars().all()
    documents = service.documents_of(row.id for row in rows)
    return {
        row.id: {
            "id": row.id,
            "unit_id": row.unit_id,
            "title": row.title,
            "document_ids": documents.get(row.id, []),
            "requires_read": row.requires_read,
            "requires_acknowledgement": row.requires_acknowledgement,
            "deadline": row.deadline,
            "state": "closed" if row.closed_at else "issued",
            "issued_at": row.issued_at,
        }
        for row in rows
    }


def states(ids: Sequence[uuid.UUID], actor: Actor) -> dict[uuid.UUID, dict[str, Any]]:
    """Return how far the actor has come, as last derived; missing where the actor is no target."""
    return {
        row.campaign_id: dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name
        for row in database.session().execute(queries.own_states(ids, actor.member_id))
    }


FEEDS = {"campaign": campaigns, "campaign_state": states}
