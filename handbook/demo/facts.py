"""What made-up members did with documents, set-based and consistent: events, progress, words given.

Each (member, document) has at most one stretch of reading, in a slice of time of the document's
own, so that no two stretches of a member overlap and every second counts.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from handbook.demo.bulk import Loader
from handbook.reading.rules import minimum_seconds

OPENED: Final = 0.85
READ: Final = 0.85
ACKNOWLEDGED: Final = 0.8
LONGEST: Final = 3600


@dataclass(frozen=True, slots=True)
class Text:
    """A published document with what reading it takes."""

    document_id: uuid.UUID
    version_id: uuid.UUID
    parts: int
    words: int


def id_at(instant: str) -> str:
    """Return the SQL of a fresh UUIDv7 of the instant that an SQL expression tells."""
    return (
        f"(lpad(to_hex((extract(epoch FROM {instant}) * 1000)::bigint), 12, '0') || '7'"
        " || substr(md5(random()::text), 1, 3) || substr('89ab', 1 + floor(random() * 4)::int, 1)"
        " || substr(md5(random()::text), 1, 15))::uuid"
    )


# The readers are members with a device; who reads is drawn anew for each document.
_READ: Final = f"""
    WITH reader AS (
      SELECT DISTINCT ON (a.member_id) a.member_id, da.device_id,
        random() < :share AS opens, random() < :read AS reads, random() AS pace, random() AS start
      FROM account a JOIN device_account da ON da.account_id = a.id JOIN member m
        ON m.id = a.member_id
      WHERE m.left_on IS NULL
      ORDER BY a.member_id, da.device_id
    ), paced AS (
      SELECT *, CASE WHEN reads THEN least(:longest, greatest(:least, :words * (0.2 + pace * 0.3)))
        ELSE floor(:least * 0.6 * pace) END::integer AS seconds,
        date_trunc('second', CAST(:since AS timestamptz)
          + start * (CAST(:until AS timestamptz) - CAST(:since AS timestamptz)
                     - make_interval(secs => :longest))) AS started
      FROM reader WHERE opens
    ), told AS (
      INSERT INTO reading_event (id, member_id, version_id, device_id, parts, started_at, ended_at,
        active_seconds, credited_seconds, offline, flags, received_at)
      SELECT {id_at("started")}, member_id, :version, device_id,
        ARRAY(SELECT generate_series(1, CASE WHEN reads THEN :parts ELSE (:parts + 1) / 2 END)),
        started, started + make_interval(secs => seconds), seconds, seconds, pace < 0.2, '{{}}',
        started + make_interval(secs => seconds)
      FROM paced
      RETURNING member_id, parts, started_at, ended_at, credited_seconds, received_at
    )
    INSERT INTO progress (member_id, version_id, document_id, parts_seen, credited_seconds,
      opened_at, read_at, read_received_at)
    SELECT member_id, :version, :document, parts, credited_seconds, started_at,
      CASE WHEN whole THEN ended_at END, CASE WHEN whole THEN received_at END
    FROM told, LATERAL (
      SELECT cardinality(parts) = :parts AND credited_seconds >= :least AS whole) judged
"""  # noqa: S608 - made of constants

_ACKNOWLEDGE: Final = f"""
    INSERT INTO acknowledgement (id, member_id, document_id, version_id, source, acknowledged_at,
      received_at)
    SELECT {id_at("p.read_at")}, p.member_id, p.document_id, p.version_id, 'member',
      p.read_at + interval '20 seconds', p.read_at + interval '21 seconds'
    FROM progress p WHERE p.version_id = :version AND p.read_at IS NOT NULL AND random() < :share
"""  # noqa: S608 - made of constants

_BUCKETS: Final = f"""
    INSERT INTO bucket (id, member_id)
    SELECT {id_at("now()")}, member_id FROM (SELECT DISTINCT member_id FROM progress) p
    ORDER BY member_id
    ON CONFLICT (member_id) DO NOTHING
"""  # noqa: S608 - made of constants

# As ``changes.flush`` would: positions of a bucket ascend from its head, the head is the last one.
_CHANGES: Final = """
    WITH told AS (
      SELECT b.id AS bucket_id, s.kind, s.object_id
      FROM (
        SELECT DISTINCT member_id, 'document_state' AS kind, document_id AS object_id FROM progress
        UNION ALL
        SELECT member_id, 'campaign_state', campaign_id FROM campaign_target
        WHERE state <> 'pending'
      ) s JOIN bucket b ON b.member_id = s.member_id
      WHERE NOT EXISTS (SELECT FROM change c WHERE c.bucket_id = b.id AND c.kind = s.kind
                          AND c.object_id = s.object_id)
    )
    INSERT INTO change (bucket_id, kind, object_id, op, position)
    SELECT t.bucket_id, t.kind, t.object_id, 'put', coalesce(h.position, 0)
      + row_number() OVER (PARTITION BY t.bucket_id ORDER BY t.kind DESC, t.object_id)
    FROM told t LEFT JOIN bucket_head h ON h.bucket_id = t.bucket_id
"""
_HEADS: Final = """
    INSERT INTO bucket_head AS h (bucket_id, position)
    SELECT bucket_id, max(position) FROM change GROUP BY bucket_id ORDER BY bucket_id
    ON CONFLICT (bucket_id) DO UPDATE SET position = greatest(h.position, excluded.position)
"""


def read_all(
    loader: Loader, texts: Sequence[Text], since: datetime, until: datetime, share: float
) -> int:
    """Let members read and acknowledge ``texts`` between two instants; return how many facts.

    ``share`` (up to 1) tells how many of those with a device open each text. A fact is a row of
    progress or an acknowledgement. The phones' log is left to ``tell_phones``.
    """
    slice_ = (until - since) / len(texts)
    facts = 0
    for place, one in enumerate(texts):
        facts += loader.run(
            _READ,
            share=OPENED * share,
            read=READ,
            version=one.version_id,
            document=one.document_id,
            parts=one.parts,
            words=one.words,
            least=minimum_seconds(one.words),
            longest=LONGEST,
            since=since + place * slice_,
            until=since + (place + 1) * slice_,
        )
        facts += loader.run(_ACKNOWLEDGE, version=one.version_id, share=ACKNOWLEDGED)
    return facts


def tell_phones(loader: Loader) -> None:
    """Write the states of documents and campaigns that changed into the members' own buckets."""
    loader.run(_BUCKETS)
    loader.run(_CHANGES)
    loader.run(_HEADS)
