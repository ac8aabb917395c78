"""The bucket log as a phone reads it, and the receipts."""

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import TextClause, text

_CHANGES = text(
    """
    SELECT c.bucket_id, c.kind, c.object_id, c.op, c.position
    FROM unnest(CAST(:buckets AS uuid[]), CAST(:starts AS bigint[]))
      WITH ORDINALITY AS wanted(bucket_id, start, ordinal)
    CROSS JOIN LATERAL (
      SELECT * FROM change WHERE bucket_id = wanted.bucket_id AND position > wanted.start
      ORDER BY position LIMIT :most) c
    ORDER BY wanted.ordinal, c.position LIMIT :most
    """
)
_RECEIVE = text(
    """
    INSERT INTO receipt AS r (device_id, account_id, bucket_id, position, at)
    SELECT :device, :account, b, p, :at
    FROM unnest(CAST(:buckets AS uuid[]), CAST(:positions AS bigint[])) AS one(b, p)
    ORDER BY b
    ON CONFLICT (device_id, account_id, bucket_id)
    DO UPDATE SET position = excluded.position, at = excluded.at
    WHERE r.position < excluded.position
    """
)


def changes(reads: Sequence[tuple[uuid.UUID, int]], most: int) -> TextClause:
    """Select the first ``most`` changes after a position in each bucket, in the order given."""
    return _CHANGES.bindparams(
        buckets=[bucket for bucket, _ in reads], starts=[start for _, start in reads], most=most
    )


def receive(
    device_id: uuid.UUID,
    account_id: uuid.UUID,
    reached: Sequence[tuple[uuid.UUID, int]],
    at: datetime,
) -> TextClause:
    """Return the statement that keeps how far a device has proved to have pulled; never back."""
    return _RECEIVE.bindparams(
        device=device_id,
        account=account_id,
        buckets=[bucket for bucket, _ in reached],
        positions=[position for _, position in reached],
        at=at,
    )
