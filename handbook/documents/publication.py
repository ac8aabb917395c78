"""Publish a document to an audience, and take it back from everybody who has it."""

import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select, text

from handbook import clock, database
from handbook.access import Actor, Permission
from handbook.audiences import service as audiences
from handbook.audit import service as audit
from handbook.changes import service as changes
from handbook.documents import queries, records, rules, service
from handbook.errors import Conflict, Invalid
from handbook.notifications import service as notifications
from models import Document, DocumentVersion

# Also through the campaigns that hold the document: their buckets, and the targets' own.
_HELD_BY = text(
    """
    SELECT c.bucket_id FROM change c
    WHERE c.kind = 'document' AND c.object_id = :document AND c.op = 'put' AND c.bucket_id IN (
      SELECT a.bucket_id FROM campaign_document cd JOIN campaign ca ON ca.id = cd.campaign_id
        JOIN addressing a ON a.audience_id = ca.audience_id
       WHERE cd.document_id = :document
      UNION ALL
      SELECT b.id FROM campaign_document cd
        JOIN campaign_target t ON t.campaign_id = cd.campaign_id
        JOIN bucket b ON b.member_id = t.member_id
       WHERE cd.document_id = :document)
    """
)
_KEEP_HOLDERS = text(
    """
    INSERT INTO holder (document_id, device_id, member_id, had, at)
    SELECT :document, got.device_id, a.member_id,
      CASE WHEN bool_or(got.content) THEN 'content' ELSE 'record' END, :now
    FROM (
      SELECT r.device_id, r.account_id, false AS content
      FROM change c JOIN receipt r ON r.bucket_id = c.bucket_id AND r.position >= c.position
      WHERE c.kind = 'document' AND c.object_id = :document AND c.op = 'put'
        AND c.bucket_id = ANY(CAST(:buckets AS uuid[]))
      UNION ALL
      SELECT d.device_id, d.account_id, true
      FROM download d JOIN document_version v ON v.id = d.version_id
      WHERE v.document_id = :document
    ) got
    JOIN account a ON a.id = got.account_id
    GROUP BY got.device_id, a.member_id
    ON CONFLICT (document_id, device_id, member_id) DO NOTHING
    RETURNING device_id
    """
)


def publish(actor: Actor, document_id: uuid.UUID, body: Mapping[str, Any]) -> None:
    """Publish the newest version of a draft to ``audience``; the actor attests it is no secret.

    Raises Invalid without the attestation or for an audience outside the actor's scope, Conflict
    ``version_conflict`` when the newest version is not ``version_id`` (if given),
    ``version_not_ready`` or ``version_failed`` (the failure's code as the fault of ``version``),
    or a code of the state.
    """
    document = service.get_for(actor, document_id, Permission.DOCUMENT_PUBLISH, lock=True)
    service.demand(document, "publish")
    if not body["attestation"]:
        raise Invalid("attestation_missing", errors={"attestation": ["required"]})
    version = _get_ready(document.id, body.get("version_id"))
    audience = audiences.address(
        actor, "document", body["audience"], permission=Permission.DOCUMENT_PUBLISH
    )
    document.state = rules.NEXT[document.state, "publish"]
    document.published_at = clock.now()
    document.published_by = actor.account_id
    document.version_id = version
    document.audience_id = audience
    document.revision += 1
    database.session().flush()
    _tell(document, audiences.buckets_of(audience))
    audit.record(
        actor,
        "document.published",
        "document",
        document.id,
        unit_id=document.unit_id,
        data={"version": str(version), "audience": str(audience), "attested": True},
    )


def _get_ready(document_id: uuid.UUID, seen: uuid.UUID | None) -> uuid.UUID:
    """Return the id of the newest version if it is the one ``seen`` and ready to be shown."""
    row = (
        database.session()
        .execute(
            select(DocumentVersion.id, DocumentVersion.state, DocumentVersion.failure)
            .where(DocumentVersion.document_id == document_id)
            .order_by(DocumentVersion.number.desc())
            .limit(1)
        )
        .one_or_none()
    )
    if row is not None and seen is not None and row.id != seen:
        raise Conflict("version_conflict")
    if row is not None and row.state == "failed":
        raise Conflict("version_failed", errors={"version": [row.failure]})
    if row is None or row.state != "ready":
        raise Conflict("version_not_ready")
    found: uuid.UUID = row.id
    return found


def _tell(document: Document, buckets: list[uuid.UUID]) -> None:
    changes.touch("document", document.id, buckets)
    notifications.notify(
        "document_published",
        "document",
        document.id,
        buckets=buckets,
        params={"reference": _reference(document.id), "abstract": document.abstract},
        urgent=document.urgency in rules.URGENT,
    )


def _reference(document_id: uuid.UUID) -> str:
    row = database.session().execute(queries.by_ids([document_id])).one()
    return rules.reference(row.type_name, records.line_of(row))


def recall(actor: Actor, document_id: uuid.UUID, reason: str) -> int:
    """Take a published document back for ``reason``; return how many devices had it.

    Who had it is kept as ``Holder`` rows, phones remove it at their next sync, its notices are
    withdrawn and those who were told are told of the recall. Raises Conflict unless published.
    """
    document = service.get_for(actor, document_id, Permission.DOCUMENT_PUBLISH, lock=True)
    service.demand(document, "recall")
    session = database.session()
    addressed = audiences.buckets_of(document.audience_id) if document.audience_id else []
    studied = session.scalars(_HELD_BY, {"document": document.id}).all()
    buckets = sorted({*addressed, *studied})
    now = clock.now()
    session.execute(queries.take_back(document.id))
    had = session.execute(
        _KEEP_HOLDERS, {"document": document.id, "buckets": buckets, "now": now}
    ).all()
    document.state = rules.NEXT[document.state, "recall"]
    document.recalled_at = now
    document.recall_reason = reason
    document.revision += 1
    session.flush()
    changes.touch("document", document.id, buckets, removed=True)
    notifications.withdraw("document", document.id)
    notifications.notify(
        "document_recalled",
        "document",
        document.id,
        buckets=addressed,
        params={"reference": _reference(document.id)},
    )
    audit.record(
        actor,
        "document.recalled",
        "document",
        document.id,
        unit_id=document.unit_id,
        data={"devices": len(had)},
    )
    return len(had)
