"""Documents: the reader's library, the clerk's desk."""

import uuid
from typing import Any

from flask import Response, request

from handbook import paging
from handbook.access import Actor, Permission
from handbook.database import Transaction
from handbook.documents import (
    contents,
    newest,
    publication,
    queries,
    records,
    schemas,
    service,
    serving,
)
from handbook.errors import Invalid
from handbook.fields import PageQuery
from handbook.files.kinds import Kind
from handbook.http import Routes
from handbook.policies import UPLOAD, Policy
from handbook.wire import (
    JSON_TYPE,
    demand_match,
    json_response,
    read_form,
    tag_of,
    unchanged,
    with_tag,
)
from models import Document, Holder

_P = Permission
_WRITE = Transaction.WRITE
_UNCHANGED = {304: "Unchanged since the entity tag in If-None-Match."}
_FETCH = Policy(_P.SIGNED_IN, scope="buckets", transaction=_WRITE, cache="etag")

routes = Routes(
    "documents",
    __name__,
    prefix="",
    description="Văn bản: drafted and published by clerks, read by members.",
)


def _full(actor: Actor, document_id: uuid.UUID, status: int = 200) -> Response:
    """Return a document as it stands now, tagged with its revision."""
    plain = service.get_record(actor, document_id)
    body = json_response(schemas.DocumentOut().dump(plain), status)
    return with_tag(body, str(plain["revision"]))


@routes.get(
    "/documents",
    policy=Policy(_P.SIGNED_IN, scope="buckets", transaction=Transaction.INSTANT, cache="etag"),
    query=PageQuery,
    out=schemas.DocumentPage,
    also=_UNCHANGED,
)
def list_documents(actor: Actor, query: dict[str, Any]) -> Response:
    """List the documents addressed to the actor, newest first, with the actor's own state."""
    tag = tag_of(*newest.state_of(actor))
    same = unchanged(tag)
    if same is not None:
        return same
    return with_tag(Response(newest.read(actor, query), content_type=JSON_TYPE), tag)


@routes.post(
    "/documents",
    policy=Policy(
        _P.DOCUMENT_DRAFT,
        scope="unit",
        transaction=_WRITE,
        audit="document.drafted",
        idempotency="key",
    ),
    body=schemas.DocumentIn,
    out=schemas.DocumentOut,
    status=201,
    problems=(404,),
)
def draft_document(actor: Actor, body: dict[str, Any]) -> Response:
    """Draft a document of a unit.

    The declared level of secrecy must be ``none``: state secrets never enter.
    """
    return _full(actor, service.draft(actor, body), 201)


@routes.get(
    "/documents/managed",
    policy=Policy(_P.DOCUMENT_DRAFT, scope="unit"),
    query=schemas.DeskQuery,
    out=schemas.DeskPage,
)
def list_managed(actor: Actor, query: dict[str, Any]) -> dict[str, Any]:
    """List the documents of the units for which the actor drafts, newest first."""
    statement = queries.records().where(queries.managed(actor, _P.DOCUMENT_DRAFT))
    if query["state"] is not None:
        statement = statement.where(Document.state == query["state"])
    if query["unit_id"] is not None:
        statement = statement.where(Document.unit_id == query["unit_id"])
    found = paging.page(
        statement,
        purpose="managed_documents",
        by=(Document.id,),
        query=query,
        descending=True,
        whole_rows=True,
    )
    items = [records.managed(row) for row in found.items]
    return {"items": items, "next_cursor": found.next_cursor}


@routes.get(
    "/documents/<uuid:document_id>",
    policy=Policy(_P.SIGNED_IN, scope="buckets", cache="etag"),
    out=schemas.DocumentOut,
    also=_UNCHANGED,
)
def get_document(actor: Actor, document_id: uuid.UUID) -> Response:
    """Return a document with its table of contents, to its readers and the clerks of its unit."""
    response = _full(actor, document_id)
    tag, _ = response.get_etag()
    return unchanged(str(tag)) or response


@routes.patch(
    "/documents/<uuid:document_id>",
    policy=Policy(
        _P.DOCUMENT_DRAFT,
        scope="unit",
        transaction=_WRITE,
        audit="document.amended",
        cache="if-match",
    ),
    body=schemas.DocumentPatch,
    out=schemas.DocumentOut,
)
def amend_document(actor: Actor, body: dict[str, Any], document_id: uuid.UUID) -> Response:
    """Change fields of a draft."""
    document = service.get_for(actor, document_id, _P.DOCUMENT_DRAFT, lock=True)
    demand_match(document.revision)
    service.amend(actor, document, body)
    return _full(actor, document_id)


@routes.delete(
    "/documents/<uuid:document_id>",
    policy=Policy(
        _P.DOCUMENT_DRAFT,
        scope="unit",
        transaction=_WRITE,
        audit="document.deleted",
        cache="if-match",
    ),
    status=204,
)
def delete_document(actor: Actor, document_id: uuid.UUID) -> None:
    """Delete a draft and its versions."""
    document = service.get_for(actor, document_id, _P.DOCUMENT_DRAFT, lock=True)
    demand_match(document.revision)
    service.remove(actor, document)


@routes.post(
    "/documents/<uuid:document_id>/versions",
    policy=Policy(
        _P.DOCUMENT_DRAFT,
        scope="unit",
        transaction=_WRITE,
        audit="document.version_added",
        idempotency="key",
        rate="upload",
        body_max=UPLOAD,
    ),
    files=schemas.VersionIn,
    out=schemas.VersionOut,
    status=201,
)
def add_version(actor: Actor, document_id: uuid.UUID) -> dict[str, Any]:
    """Add a file to a draft: DOCX, PDF or UTF-8 text, told by its content.

    It is rendered into parts in the background; follow its state under ``GET …/versions``.
    """
    read_form(schemas.NoFields())
    given = request.files.to_dict(flat=False)
    if set(given) != {"file"}:
        wrong = {name: ["unknown"] for name in given if name != "file"}
        raise Invalid(errors=wrong or {"file": ["required"]})
    if len(given["file"]) > 1:
        raise Invalid(errors={"file": ["duplicate"]})
    (file,) = given["file"]
    return contents.add_version(actor, document_id, file.stream, file.filename)


@routes.get(
    "/documents/<uuid:document_id>/versions",
    policy=Policy(_P.DOCUMENT_DRAFT, scope="unit"),
    out=schemas.VersionsOut,
)
def list_versions(actor: Actor, document_id: uuid.UUID) -> dict[str, Any]:
    """List the versions of a document, newest first, with the state of their rendering."""
    return {"items": contents.list_versions(actor, document_id)}


@routes.post(
    "/documents/<uuid:document_id>/publication",
    policy=Policy(
        _P.DOCUMENT_PUBLISH,
        scope="unit",
        transaction=_WRITE,
        audit="document.published",
        idempotency="key",
    ),
    body=schemas.PublicationIn,
    out=schemas.DocumentOut,
)
def publish_document(actor: Actor, body: dict[str, Any], document_id: uuid.UUID) -> Response:
    """Publish the newest version of a draft to an audience.

    The caller attests by name that the document holds no state secret. Named by `version_id`, the
    version that was looked at must still be the newest, else 409 `version_conflict`.
    """
    publication.publish(actor, document_id, body)
    return _full(actor, document_id)


@routes.post(
    "/documents/<uuid:document_id>/recall",
    policy=Policy(
        _P.DOCUMENT_PUBLISH,
        scope="unit",
        transaction=_WRITE,
        audit="document.recalled",
        idempotency="key",
    ),
    body=schemas.RecallIn,
    out=schemas.DocumentOut,
)
def recall_document(actor: Actor, body: dict[str, Any], document_id: uuid.UUID) -> Response:
    """Recall a published document: phones remove it, and who had it stays known."""
    publication.recall(actor, document_id, body["reason"])
    return _full(actor, document_id)


@routes.get(
    "/documents/<uuid:document_id>/holders",
    policy=Policy(_P.DOCUMENT_PUBLISH, scope="unit"),
    query=PageQuery,
    out=schemas.HolderPage,
)
def list_holders(actor: Actor, query: dict[str, Any], document_id: uuid.UUID) -> paging.Page:
    """List the devices that had a recalled document, and whether they proved its removal."""
    document = service.get_for(actor, document_id, _P.DOCUMENT_PUBLISH)
    return paging.page(
        queries.holders(document.id),
        purpose="holders",
        by=(Holder.id,),
        query=query,
        whole_rows=True,
    )


@routes.get(
    "/documents/<uuid:document_id>/parts/<int(min=1, max=100000):number>",
    policy=_FETCH,
    out=schemas.PartOut,
    also=_UNCHANGED,
)
def get_part(actor: Actor, document_id: uuid.UUID, number: int) -> Response:
    """Return one part as clean HTML; the SHA-256 of the answer is its ETag."""
    row = contents.get_part(actor, document_id, number)
    same = unchanged(row.sha256)
    if same is not None:
        return same
    body = records.part_answer(row, row.parts_total)
    return with_tag(Response(body, content_type=JSON_TYPE), row.sha256)


@routes.get(
    "/documents/<uuid:document_id>/file",
    policy=_FETCH,
    also={206: "The range asked for.", **_UNCHANGED},
    problems=(416,),
    content_type="*/*",
)
def get_file(actor: Actor, document_id: uuid.UUID) -> Response:
    """Download the file of the published version; ranges can be resumed with If-Range."""
    row = contents.get_file(actor, document_id)
    return serving.serve(row.sha256, size=row.size, kind=Kind(row.kind), name=row.file_name)
