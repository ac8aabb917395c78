"""What a document contains: its versions, their parts and files; who fetched them is kept."""

import uuid
from typing import IO, Any

from sqlalchemy import Row, func, select
from sqlalchemy.dialects.postgresql import insert as upsert

from handbook import database, ids
from handbook.access import Actor, Permission
from handbook.audit import service as audit
from handbook.changes import service as changes
from handbook.documents import queries, records, service
from handbook.errors import NotFound
from handbook.files import service as files
from handbook.files.kinds import Kind
from models import DocumentVersion, Download, Rows

THE_FILE = 0


def add_version(
    actor: Actor, document_id: uuid.UUID, content: IO[bytes], name: str | None
) -> dict[str, Any]:
    """Return the new version of a draft made of a file, waiting to be rendered by the worker.

    ``name`` is the file's name on the sender's side. Raises Conflict when the document is no draft
    any more, Problem as ``files.service.accept`` does.
    """
    document = service.get_for(actor, document_id, Permission.DOCUMENT_DRAFT, lock=True)
    service.demand(document, "upload")
    stored = files.accept(content)
    session = database.session()
    last = session.scalar(
        select(func.max(DocumentVersion.number)).where(DocumentVersion.document_id == document.id)
    )
    version = DocumentVersion(
        id=ids.new(),
        document_id=document.id,
        number=(last or 0) + 1,
        file_sha256=stored.sha256,
        file_name=files.safe_name(name, Kind(stored.kind)),
        created_by=actor.account_id,
    )
    session.add(version)
    session.flush()
    audit.record(
        actor,
        "document.version_added",
        "document",
        document.id,
        unit_id=document.unit_id,
        data={"version": str(version.id), "sha256": stored.sha256},
    )
    changes.wake()
    return list_versions(actor, document.id)[0]


def list_versions(actor: Actor, document_id: uuid.UUID) -> list[dict[str, Any]]:
    """Return the versions of a document the actor drafts for, newest first."""
    document = service.get_for(actor, document_id, Permission.DOCUMENT_DRAFT)
    rows = database.session().execute(queries.versions(document.id))
    return [records.version_line(row) for row in rows]


def get_part(actor: Actor, document_id: uuid.UUID, number: int) -> Row[Any]:
    """Return a part of the version to show, and note that the actor's device fetched it.

    Readers get the published version, clerks of the unit the newest ready one of a draft. Raises
    NotFound.
    """
    row = _get(document_id, queries.part(actor, document_id, number))
    _note(actor, row.version_id, number)
    return row


def get_file(actor: Actor, document_id: uuid.UUID) -> Row[Any]:
    """Return the file of the version to show (version_id, file_name, sha256, size, kind).

    Notes that the actor's device fetched it. Raises NotFound.
    """
    row = _get(document_id, queries.file(actor, document_id))
    _note(actor, row.version_id, THE_FILE)
    return row


def _get(document_id: uuid.UUID, statement: Rows) -> Row[Any]:
    """Return what is fetched; a recall at the same moment counts the device, or comes first."""
    session = database.session()
    session.execute(queries.hand_out(document_id))
    row = session.execute(statement).one_or_none()
    if row is None:
        raise NotFound
    return row


def _note(actor: Actor, version_id: uuid.UUID, number: int) -> None:
    database.session().execute(
        upsert(Download)
        .values(
            version_id=version_id,
            device_id=actor.device_id,
            account_id=actor.account_id,
            part_number=number,
        )
        .on_conflict_do_nothing()
    )
