"""What reading needs to know: versions, the stretches around a stretch, progress, campaigns."""

import uuid
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import (
    TextClause,
    or_,
    select,
    text,
)
from sqlalchemy.orm import aliased

from handbook.access import Actor
from handbook.documents import queries as document_queries
from handbook.reading import rules
from models import (
    Acknowledgement,
    Document,
    DocumentVersion,
    Progress,
    Rows,
)

MOST_AROUND = 10_000

_LOCKED_VERSIONS = text(
    """
    SELECT v.id, v.document_id,
      ARRAY(SELECT p.words FROM part p WHERE p.version_id = v.id ORDER BY p.number) AS part_words,
      CASE WHEN EXISTS (
        SELECT FROM addressing a
        WHERE a.audience_id = d.audience_id AND a.bucket_id = ANY(CAST(:buckets AS uuid[])))
      THEN true ELSE EXISTS (
        SELECT FROM campaign_target t
        JOIN campaign_document cd ON cd.campaign_id = t.campaign_id
        WHERE t.member_id = :member AND cd.document_id = d.id
      ) OR EXISTS (
        SELECT FROM held_bucket hb JOIN addressing a ON a.bucket_id = hb.bucket_id
        WHERE hb.member_id = :member AND a.audience_id IN (
          SELECT d.audience_id UNION ALL
          SELECT c.audience_id FROM campaign c JOIN campaign_document cd ON cd.campaign_id = c.id
          WHERE cd.document_id = d.id AND c.state <> 'draft')
      ) END AS is_theirs,
      (SELECT pg_advisory_xact_lock(hashtextextended(:lock, 0)))::text AS locked
    FROM document_version v
    JOIN document d ON d.id = v.document_id AND d.state <> 'draft'
    JOIN document_version c ON c.id = d.version_id AND c.number >= v.number
    WHERE v.id = ANY(CAST(:versions AS uuid[]))
    """
)

_AROUND = text(
    f"""
    (SELECT 'around' AS found, e.id, e.version_id, e.parts, e.started_at, e.ended_at,
        e.active_seconds, e.credited_seconds
     FROM unnest(CAST(:lows AS timestamptz[]), CAST(:highs AS timestamptz[])) AS near(low, high)
     JOIN reading_event e ON e.member_id = :member AND e.ended_at >= near.low
       AND e.started_at BETWEEN near.low - CAST(:longest AS interval) AND near.high
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


def locked_versions(actor: Actor, versions: Collection[uuid.UUID]) -> TextClause:
    """Select what versions are to the actor, and hold the lock on the actor's reading.

    ``is_theirs`` says whether the version's document is or ever was theirs to read: addressed to a
    bucket they hold or held, or to study in a campaign that reached them. Drafts and versions newer
    than the one in force are left out. There is one writer at a time of a member's reading, because
    what a batch counts depends on all others; nothing is locked when no version is found.
    """
    return _LOCKED_VERSIONS.bindparams(
        member=actor.member_id,
        lock=f"reading:{actor.member_id}",
        buckets=[bucket.id for bucket in actor.buckets],
        versions=list(versions),
    )


def version_of(actor: Actor, version_id: uuid.UUID) -> Rows:
    """Select what a version is to the actor: document_id, state, is_current, is_readable now."""
    in_force = aliased(DocumentVersion)
    return (
        select(
            DocumentVersion.document_id,
            Document.state,
            (Document.version_id == DocumentVersion.id).label("is_current"),
            document_queries.readable(actor).label("is_readable"),
        )
        .join(Document, Document.id == DocumentVersion.document_id)
        .join(in_force, in_force.id == Document.version_id)
        .where(
            DocumentVersion.id == version_id,
            Document.state != "draft",
            in_force.number >= DocumentVersion.number,
        )
    )


def around(
    member_id: uuid.UUID, near: Sequence[tuple[Any, Any]], ids: Collection[uuid.UUID]
) -> TextClause:
    """Select the member's stretches that touch one of the disjoint ranges ``near``.

    ``found`` is ``around`` for these, at most ``MOST_AROUND`` + 1; ``known`` and ``quarantined``
    rows tell which of ``ids`` are there already.
    """
    return _AROUND.bindparams(
        member=member_id,
        lows=[low for low, _ in near],
        highs=[high for _, high in near],
        ids=list(ids),
        longest=rules.LONGEST,
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
