"""What phones are told of reading: the member's own state of each document."""

import uuid
from collections.abc import Sequence
from typing import Any

from handbook import database
from handbook.access import Actor
from handbook.reading import queries


def document_states(ids: Sequence[uuid.UUID], actor: Actor) -> dict[uuid.UUID, dict[str, Any]]:
    """Return document id → the actor's own state of it; one never begun is missing.

    ``version_id`` is the newest version begun, else the newest acknowledged. The state follows from
    the actor's own rows alone, so that nothing else need touch it.
    """
    rows = database.session().execute(queries.own_states(actor.member_id, ids))
    return {row.document_id: dict(row._mapping) for row in rows}  # noqa: SLF001 - SQLAlchemy's public name


FEEDS = {"document_state": document_states}
