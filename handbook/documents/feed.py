"""Documents for phones: the record with its table of contents; parts are fetched one by one."""

import uuid
from collections.abc import Sequence
from itertools import groupby
from typing import Any

from handbook import database
from handbook.access import Actor
from handbook.documents import queries, records


def documents(ids: Sequence[uuid.UUID], actor: Actor) -> dict[uuid.UUID, dict[str, Any]]:
    """Return id → record of those of ``ids`` that the actor may read, in two statements."""
    session = database.session()
    rows = session.execute(queries.by_ids(ids).where(queries.readable(actor))).all()
    parts = session.execute(queries.contents(row.version_id for row in rows))
    of = {key: list(group) for key, group in groupby(parts, lambda part: part.version_id)}
    return {row.id: records.whole(row, of.get(row.version_id, ())) for row in rows}


FEEDS = {"document": documents}
