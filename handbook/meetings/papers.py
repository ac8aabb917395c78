"""The agenda and papers of a meeting: who may read them, and writing them whole."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import delete, insert

from handbook import clock, database
from handbook.access import Actor
from handbook.errors import Conflict, Invalid
from handbook.meetings import queries
from models import AgendaItem, MeetingMaterial


def agenda(meeting_id: uuid.UUID) -> list[dict[str, Any]]:
    """Return the items of a meeting's agenda in order, in the form of ``AgendaItemIn``."""
    rows = database.session().execute(queries.agenda([meeting_id]))
    return [
        {"title": row.title, "minutes": row.minutes, "presenter": row.presenter} for row in rows
    ]


def materials(meeting_id: uuid.UUID) -> list[uuid.UUID]:
    """Return the ids of a meeting's papers in order."""
    rows = database.session().execute(queries.materials([meeting_id]))
    return [row.document_id for row in rows]


def demand_readable(actor: Actor, documents: Collection[uuid.UUID]) -> None:
    """Raise Invalid unless the actor may read each document."""
    if documents:
        found = set(database.session().scalars(queries.readable(actor, documents)))
        if not found.issuperset(documents):
            raise Invalid(errors={"material_ids": ["choice"]})


def demand_visible(documents: Collection[uuid.UUID], buckets: Sequence[uuid.UUID]) -> None:
    """Raise Conflict, naming those that not everybody whom ``buckets`` reach can read."""
    if not documents:
        return
    statement = queries.visible_to_all(documents, buckets, clock.today())
    hidden = set(documents) - set(database.session().scalars(statement))
    if hidden:
        named = {str(document): ["not_visible"] for document in sorted(hidden)}
        raise Conflict("material_not_visible", errors=named)


def write_agenda(meeting_id: uuid.UUID, items: Sequence[Mapping[str, Any]]) -> None:
    """Put ``items`` (in the form of ``AgendaItemIn``) in place of the whole agenda."""
    session = database.session()
    session.execute(delete(AgendaItem).where(AgendaItem.meeting_id == meeting_id))
    if items:
        rows = [
            {"meeting_id": meeting_id, "ordinal": number, **item}
            for number, item in enumerate(items, start=1)
        ]
        session.execute(insert(AgendaItem), rows)


def write_materials(meeting_id: uuid.UUID, documents: Sequence[uuid.UUID]) -> None:
    """Put ``documents`` in place of all papers."""
    session = database.session()
    session.execute(delete(MeetingMaterial).where(MeetingMaterial.meeting_id == meeting_id))
    if documents:
        rows = [
            {"meeting_id": meeting_id, "document_id": document, "ordinal": number}
            for number, document in enumerate(documents, start=1)
        ]
        session.execute(insert(MeetingMaterial), rows)
