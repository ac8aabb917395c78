"""Meetings for phones: what everyone invited is shown, and the member's own reply."""

import uuid
from collections.abc import Sequence
from typing import Any

from handbook import database
from handbook.access import Actor
from handbook.meetings import invited, queries


def meetings(ids: Sequence[uuid.UUID], actor: Actor) -> dict[uuid.UUID, dict[str, Any]]:
    """Return the meetings of ``ids`` to which the actor is invited, cancelled ones included.

    ``materials`` are ids only: the documents come by themselves, and go when they are recalled.
    """
    session = database.session()
    found = {row.id: row._asdict() for row in session.execute(queries.on_phones(actor, ids))}
    for meeting in found.values():
        meeting["agenda"], meeting["materials"] = [], []
    for row in session.execute(queries.agenda(found)):
        item = {"title": row.title, "minutes": row.minutes, "presenter": row.presenter}
        found[row.meeting_id]["agenda"].append(item)
    for row in session.execute(queries.materials(found)):
        found[row.meeting_id]["materials"].append(row.document_id)
    return found


def replies(ids: Sequence[uuid.UUID], actor: Actor) -> dict[uuid.UUID, dict[str, Any]]:
    """Return the actor's own replies to the meetings of ``ids``."""
    rows = database.session().execute(invited.own_replies(actor.member_id, ids))
    return {row.meeting_id: row._asdict() for row in rows}


FEEDS = {"meeting": meetings, "meeting_reply": replies}
