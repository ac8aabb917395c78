"""The words that documents are filed under: their types and the bodies that issue them."""

import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from handbook import database, ids, text
from handbook.access import Actor, Permission
from handbook.audit import service as audit
from handbook.documents import queries
from handbook.errors import Invalid
from models import DocumentType, Issuer, Rows, Unit


def list_types() -> list[DocumentType]:
    """Return all types of documents in their order."""
    return list(database.session().scalars(queries.types()))


def issuers(words: str | None) -> Rows:
    """Select the issuers whose name contains ``words``, marks and case aside; all for None."""
    if words is None:
        return select(Issuer)
    return select(Issuer).where(Issuer.name_folded.contains(text.fold(words), autoescape=True))


def add_issuer(actor: Actor, body: Mapping[str, Any]) -> Issuer:
    """Return a new issuer with the fields of ``IssuerIn``.

    Raises Invalid for a unit over which the actor may not draft.
    """
    _demand_unit(actor, body["unit_id"])
    issuer = Issuer(id=ids.new(), name_folded=text.fold(body["name"]), **body)
    database.session().add(issuer)
    database.session().flush()
    audit.record(actor, "issuer.added", "issuer", issuer.id, unit_id=issuer.unit_id)
    return issuer


def _demand_unit(actor: Actor, unit_id: uuid.UUID | None) -> None:
    if unit_id is None:
        return
    path = database.session().scalar(select(Unit.path).where(Unit.id == unit_id))
    if path is None or not actor.may(Permission.DOCUMENT_DRAFT, path):
        raise Invalid(errors={"unit_id": ["choice"]})
