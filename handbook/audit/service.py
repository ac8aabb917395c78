"""Write audit lines in the transaction of the change they tell of."""

import uuid
from collections.abc import Mapping

from sqlalchemy import insert

from handbook import database
from handbook.access import Actor
from models import AuditEntry


def record(
    actor: Actor | None,
    action: str,
    object_kind: str,
    object_id: uuid.UUID | None,
    *,
    unit_id: uuid.UUID | None = None,
    member_id: uuid.UUID | None = None,
    data: Mapping[str, object] | None = None,
) -> None:
    """Append one line: ``actor`` (None for the system) did ``action`` to an object.

    ``member_id`` names whom the line concerns. ``data`` holds plain JSON values and no names,
    numbers or texts of persons.
    """
    database.session().execute(
        insert(AuditEntry).values(
            action=action,
            account_id=actor.account_id if actor else None,
            session_id=actor.session_id if actor else None,
            object_kind=object_kind,
            object_id=object_id,
            unit_id=unit_id,
            member_id=member_id,
            data=dict(data or {}),
        )
    )
