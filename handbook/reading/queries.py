"""What reading needs to know: versions, the stretches around a stretch, progress, campaigns."""

import uuid
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Text,
    TextClause,
    case,
    cast,
    exists,
    func,
    or_,
    select,
    text,
    true,
)
from sqlalchemy.orm import aliased

from handbook.access import Actor
from handbook.documents import queries as document_queries
from models import (
    Acknowledgement,
    Addressing,
    CampaignDocument,
    CampaignTarget,
    Document,
    DocumentVersion,
    Part,
    Progress,
    Rows,
    held_bucket,
)

MOST_AROUND = 10_000

_AROUND = text(
    f"""
    (SELECT 'around' AS found, e.id, e.version_id, e.parts, e.started_at, e.ended_at,
        e.active_seconds, e.credited_seconds
     FROM unnest(CAST(:lows AS timestamptz[]), CAST(:highs AS timestamptz[])) AS near(low, high)
     JOIN reading_event e ON e.member_id = :member AND e.started_at BETWEEN near.low AND near.high
     LIMIT {MOST_AROUND + 1})
    UNION ALL
    SELECT 'known', e.id, e.version_id, NULL, NULL, NULL, NULL, NULL FROM reading_event e
    WHERE e.member_id = :member AND e.id = ANY(CAST(:ids AS uuid[]))
    UNION ALL
    SELECT 'quarantined', q.event_id, NULL, NULL, NULL, NULL, NULL, NULL FROM quarantine q
    WHERE q.member_id = :member AND q.event_id = ANY(CAST(:ids AS uuid[]))
    """  # noqa: S608 - a number of this module
)

_STATES = text(
    """
    SELECT v.id AS version_id, v.document_id, v.parts_total, v.words,
      p.member_id IS NOT NULL AS is_known, coalesce(p.parts_seen, '{}') AS parts_seen,
      coalesce(p.credited_seconds, 0) AS credited_seconds, coalesce(p.flagged, false) AS flagged,
      p.opened_at, p.read_at, p.read_received_at,
      ARRAY(SELECT t.campaign_id FROM campaign_document cd
            JOIN campaign c ON c.id = cd.campaign_id AND c.state IN ('issuing', 'issued')
            JOIN campaign_target t ON t.campaign_id = c.id AND t.member_id = :member
            WHERE cd.document_id = v.document_id) AS campaigns
    FROM document_version v
    LEFT JOIN progress p ON p.version_id = v.id AND p.member_id = :member
    WHERE v.id = ANY(CAST(:versions AS uuid[]))
    ORDER BY v.id
    """
)

_COUNTED = text(
    """
    SELECT id, version_id, ended_at, parts, credited_seconds, received_at FROM reading_event
    WHERE member_id = :member AND started_at >= :since
      AND version_id = ANY(CAST(:versions AS uuid[]))
    """
)


def locked_versions(actor: Actor, versions: Collection[uuid.UUID]) -> Rows:
    """Select what versions are to the actor, and hold the lock on the actor's reading.

    ``is_readable`` says whether the version's document may be read now, ``is_theirs`` whether it
    ever could. Drafts and versions newer than the one in force are left out. There is one writer at
    a time of a member's reading, because what a batch counts depends on all others; nothing is
    locked when no version is found.
    """
    lock = func.pg_advisory_xact_lock(func.hashtextextended(f"reading:{actor.member_id}", 0))
    return versions_of(actor, versions).add_columns(
        select(cast(lock, Text)).scalar_subquery().label("locked")
    )


def versions_of(actor: Actor, versions: Collection[uuid.UUID]) -> Rows:
    """Select what ``locked_versions`` does, without the lock."""
    words = select(Part.words).where(Part.version_id == DocumentVersion.id).order_by(Part.number)
    in_force = aliased(DocumentVersion)
    now = document_queries.readable(actor)
    return (
        select(
            DocumentVersion.id,
            DocumentVersion.document_id,
            Document.state,
            (Document.version_id == DocumentVersion.id).label("is_current"),
            func.array(words.scalar_subquery()).label("part_words"),
            now.label("is_readable"),
            case((now, true()), else_=_once_readable(actor.member_id)).label("is_theirs"),
        )
        .join(Document, Document.id == DocumentVersion.document_id)
        .join(in_force, in_force.id == Document.version_id)
        .where(
            DocumentVersion.id.in_(list(versions)),
            Document.state != "draft",
            in_force.number >= DocumentVersion.number,
        )
    )


def _once_readable(member_id: uuid.UUID) -> ColumnElement[bool]:
    """Return the condition that a document ever reached the member, or was ever theirs to study."""
    addressed = (
        select(held_bucket.c.bucket_id)
        .join(Addressing, Addressing.bucket_id == held_bucket.c.bucket_id)
        .where(held_bucket.c.member_id == member_id, Addressing.audience_id == Document.audience_id)
    )
    studied = (
        select(CampaignTarget.campaign_id)
        .join(CampaignDocument, CampaignDocument.campaign_id == CampaignTarget.campaign_id)
        .where(CampaignTarget.member_id == member_id, CampaignDocument.document_id == Document.id)
    )
    return or_(exists(addressed), exists(studied))


def around(
    member_id: uuid.UUID, near: Sequence[tuple[Any, Any]], ids: Collection[uuid.UUID]
) -> TextClause:
    """Select the member's stretches that start within one of the disjoint ranges ``near``.

    ``found`` is ``around`` for these, at most ``MOST_AROUND`` + 1; ``known`` and ``quarantined``
    rows tell which of ``ids`` are there already.
    """
    return _AROUND.bindparams(
        member=member_id,
        lows=[low for low, _ in near],
        highs=[high for _, high in near],
        ids=list(ids),
    )


def states(member_id: uuid.UUID, versions: Collection[uuid.UUID]) -> TextClause:
    """Select the member's progress in versions, and the open campaigns that wait for them."""
    return _STATES.bindparams(member=member_id, versions=list(versions))


def counted(member_id: uuid.UUID, versions: Collection[uuid.UUID], since: Any) -> TextClause:
    """Select the member's counted stretches of versions that started at or after ``since``."""
    return _COUNTED.bindparams(member=member_id, versions=list(versions), since=since)


def progress_lines(member_id: uuid.UUID) -> Rows:
    """Select the member's progress, one row for each version begun."""
    return (
        select(
            Progress.document_id,
            Progress.version_id,
            Progress.parts_seen,
            DocumentVersion.parts_total,
            Progress.credited_seconds,
            Progress.opened_at,
            Progress.read_at,
        )
        .join(DocumentVersion, DocumentVersion.id == Progress.version_id)
        .where(Progress.member_id == member_id)
    )


def acknowledgements(
    member_id: uuid.UUID, acknowledgement_id: uuid.UUID, version_id: uuid.UUID
) -> Rows:
    """Select what stands under an id (anybody's), and the member's acknowledgement of a version."""
    return select(Acknowledgement).where(
        or_(
            Acknowledgement.id == acknowledgement_id,
            (Acknowledgement.member_id == member_id) & (Acknowledgement.version_id == version_id),
        )
    )


def waiting_campaigns(member_id: uuid.UUID, document_id: uuid.UUID) -> TextClause:
    """Select the open campaigns that hold the member as a target and contain a document."""
    return text(
        """
        SELECT t.campaign_id FROM campaign_document cd
        JOIN campaign c ON c.id = cd.campaign_id AND c.state IN ('issuing', 'issued')
        JOIN campaign_target t ON t.campaign_id = c.id AND t.member_id = :member
        WHERE cd.document_id = :document
        """
    ).bindparams(member=member_id, document=document_id)


def own_states(member_id: uuid.UUID, documents: Collection[uuid.UUID]) -> TextClause:
    """Select the member's state of documents: the newest version begun, the newest acknowledged."""
    return text(
        """
        SELECT coalesce(p.document_id, a.document_id) AS document_id,
          coalesce(p.version_id, a.version_id) AS version_id,
          coalesce(cardinality(p.parts_seen), 0) AS parts_seen,
          coalesce(p.parts_total, a.parts_total) AS parts_total,
          coalesce(p.credited_seconds, 0) AS credited_seconds, p.read_at,
          a.version_id AS acknowledged_version, a.acknowledged_at
        FROM (SELECT DISTINCT ON (p.document_id) p.*, v.parts_total
              FROM progress p JOIN document_version v ON v.id = p.version_id
              WHERE p.member_id = :member AND p.document_id = ANY(CAST(:documents AS uuid[]))
              ORDER BY p.document_id, v.number DESC) p
        FULL JOIN (SELECT DISTINCT ON (a.document_id) a.*, v.parts_total
              FROM acknowledgement a JOIN document_version v ON v.id = a.version_id
              WHERE a.member_id = :member AND a.document_id = ANY(CAST(:documents AS uuid[]))
              ORDER BY a.document_id, v.number DESC) a ON a.document_id = p.document_id
        """
    ).bindparams(member=member_id, documents=list(documents))
