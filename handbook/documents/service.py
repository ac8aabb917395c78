"""The doors to documents, and the record of a draft: made, amended, deleted."""

import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete, select

from handbook import database, ids
from handbook.access import Actor, Permission
from handbook.audit import service as audit
from handbook.documents import queries, records, rules
from handbook.errors import Conflict, Forbidden, Invalid, NotFound
from models import Document, DocumentType, Issuer, Unit


def get_for(
    actor: Actor, document_id: uuid.UUID, permission: Permission, *, lock: bool = False
) -> Document:
    """Return a document over whose unit the actor holds ``permission``, locked if so asked.

    Raises Forbidden when the actor may see the document but not do this, NotFound otherwise.
    """
    session = database.session()
    wanted = select(Document).where(Document.id == document_id, queries.managed(actor, permission))
    if lock:
        wanted = wanted.with_for_update(of=Document).execution_options(populate_existing=True)
    found = session.scalar(wanted)
    if found is not None:
        return found
    seen = select(Document.id).where(Document.id == document_id, queries.visible(actor))
    if session.scalar(seen) is not None:
        raise Forbidden
    raise NotFound


def get_readable(actor: Actor, document_id: uuid.UUID) -> Document:
    """Return a published document that reaches the actor; raise NotFound otherwise."""
    found = database.session().scalar(
        select(Document).where(Document.id == document_id, queries.readable(actor))
    )
    if found is None:
        raise NotFound
    return found


def get_record(actor: Actor, document_id: uuid.UUID) -> dict[str, Any]:
    """Return a document whole, as ``records.full``, for its readers and for clerks of its unit."""
    session = database.session()
    row = session.execute(queries.by_ids([document_id]).where(queries.visible(actor))).one_or_none()
    if row is None:
        raise NotFound
    versions = [] if row.version_id is None else [row.version_id]
    return records.full(row, session.execute(queries.contents(versions)))


def demand(document: Document, act: str) -> None:
    """Raise Conflict, with a code that names the state, unless ``act`` is allowed now."""
    code = rules.refusal(document.state, act)
    if code is not None:
        raise Conflict(code)


def draft(actor: Actor, body: Mapping[str, Any]) -> uuid.UUID:
    """Return the id of a new draft with the fields of ``DocumentIn``.

    Raises Invalid for a declared state secret, of which nothing is kept; NotFound for a unit where
    the actor may not draft; Invalid for a type or issuer that does not exist or is not the unit's.
    """
    if rules.is_secret(body["secrecy"]):
        raise Invalid("secret_document_refused", errors={"secrecy": ["choice"]})
    unit = _get_unit(actor, body["unit_id"])
    given = {name: value for name, value in body.items() if name != "secrecy"}
    _demand_known(unit.kind, given)
    document = Document(id=ids.new(), created_by=actor.account_id, **given)
    session = database.session()
    session.add(document)
    session.flush()
    _record(actor, "document.drafted", document, {"type": document.type_code})
    return document.id


def amend(actor: Actor, document: Document, body: Mapping[str, Any]) -> None:
    """Change the fields of ``DocumentPatch`` that are named; the document comes from ``get_for``.

    Raises Conflict when it is no draft any more, Invalid as ``draft`` does.
    """
    demand(document, "amend")
    session = database.session()
    kind = session.scalar(select(Unit.kind).where(Unit.id == document.unit_id))
    _demand_known(str(kind), body)
    for name, value in body.items():
        setattr(document, name, value)
    document.revision += 1
    session.flush()
    _record(actor, "document.amended", document, {"fields": sorted(body)})


def remove(actor: Actor, document: Document) -> None:
    """Delete a draft with its versions; raise Conflict when it is no draft any more.

    A draft that is a paper of a meeting breaks ``fk_meeting_material_document_id``.
    """
    demand(document, "delete")
    database.session().execute(delete(Document).where(Document.id == document.id))
    _record(actor, "document.deleted", document, {})


def _get_unit(actor: Actor, unit_id: uuid.UUID) -> Unit:
    unit = database.session().get(Unit, unit_id)
    inside = unit is not None and actor.may(Permission.DOCUMENT_DRAFT, unit.path)
    if unit is None or not inside or unit.dissolved_on is not None:
        raise NotFound
    return unit


def _demand_known(unit_kind: str, given: Mapping[str, Any]) -> None:
    """Raise Invalid for a type or issuer that is not there, or a type a cell may not issue."""
    session = database.session()
    if "type_code" in given:
        kind = session.get(DocumentType, given["type_code"])
        if kind is None:
            raise Invalid(errors={"type_code": ["choice"]})
        if not rules.may_use_type(unit_kind, cell_may_issue=kind.cell_may_issue):
            raise Invalid("type_not_for_cell", errors={"type_code": ["choice"]})
    issuer = given.get("issuer_id")
    if issuer is not None and session.get(Issuer, issuer) is None:
        raise Invalid(errors={"issuer_id": ["choice"]})


def _record(actor: Actor, action: str, document: Document, data: Mapping[str, object]) -> None:
    audit.record(actor, action, "document", document.id, unit_id=document.unit_id, data=data)
