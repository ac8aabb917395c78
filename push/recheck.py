"""What waits in the outbox, claimed and looked at again just before it is sent.

Between the making of a row and its sending the notice may be withdrawn, expire or be opened, the
member may leave, the address may go, and the night may come.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import text
from sqlalchemy.orm import Session

from push.sender import Message

LOG = structlog.get_logger(__name__)
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
SLICE = 640
LONGEST_TTL = timedelta(days=28)
PAUSE = "push"
Texts = Callable[[str, str], tuple[str, str]]
Quiet = tuple[time, time] | None


@dataclass(frozen=True)
class Claimed:
    """A leased row: what to send, or the verdict that was reached without sending."""

    id: uuid.UUID
    fence: int
    attempts: int
    device_id: uuid.UUID
    address: str | None
    message: Message | None
    verdict: str | None
    reason: str | None
    put_off_seconds: float | None = None


# The lease is taken first, in a CTE that runs once; what the re-check needs is joined to it.
# A device stands for all its accounts that the notice reaches (a couple with one phone): it is left
# alone once each of them has opened the notice, or when none of them is left.
_CLAIM = text(
    """
    WITH due AS (
      SELECT id FROM outbox
      WHERE state IN ('queued', 'retry') AND due_at <= now()
        AND (lease_until IS NULL OR lease_until < now())
        AND NOT EXISTS (SELECT 1 FROM pause WHERE name = :pause AND until > now())
      ORDER BY due_at, id LIMIT {slice}
      FOR UPDATE SKIP LOCKED
    ), leased AS (
      UPDATE outbox o SET lease_until = now() + make_interval(secs => :lease),
        attempts = o.attempts + 1, fence = o.fence + 1
      FROM due WHERE o.id = due.id
      RETURNING o.id, o.fence, o.attempts, o.notice_id, o.device_id, o.member_id
    )
    SELECT l.id, l.fence, l.attempts, l.device_id, d.address, d.address_kind,
      n.id AS notice_id, n.kind, n.object_kind, n.object_id, n.urgent, n.expires_at,
      n.withdrawn_at IS NOT NULL AS withdrawn, holders.language,
      holders.opened IS NULL AS gone, coalesce(holders.opened, false) AS opened
    FROM leased l
    JOIN notice n ON n.id = l.notice_id
    JOIN device d ON d.id = l.device_id
    CROSS JOIN LATERAL (
      SELECT bool_and(one.opened) AS opened,
        (array_agg(one.language ORDER BY one.opened, one.member_id <> l.member_id))[1] AS language
      FROM (
        SELECT a.member_id, a.language,
          (k.opened_at IS NOT NULL OR coalesce(i.read_up_to >= n.published_at, false)) AS opened
        FROM device_account e
        JOIN account a ON a.id = e.account_id
        JOIN member m ON m.id = a.member_id
        LEFT JOIN notice_mark k ON k.notice_id = n.id AND k.member_id = m.id
        LEFT JOIN inbox_mark i ON i.member_id = m.id
        WHERE e.device_id = d.id AND a.disabled_at IS NULL
          AND (m.left_on IS NULL OR m.left_on > CAST(:today AS date))
          AND (m.id = l.member_id OR EXISTS (
            SELECT 1 FROM held_bucket h
            JOIN addressing x ON x.bucket_id = h.bucket_id AND x.audience_id = n.audience_id
            WHERE h.member_id = m.id AND h.during @> CAST(:today AS date)
          ))
      ) one
    ) holders
    ORDER BY l.id
    """.replace("{slice}", str(SLICE))  # a number the planner can see
)


def claim(
    session: Session,
    *,
    texts: Texts,
    now: Callable[[], datetime],
    quiet_hours: Quiet,
    lease_seconds: float,
) -> list[Claimed]:
    """Lease up to 640 due rows and look at each again; nothing while the dispatcher is paused."""
    instant = now()
    rows = session.execute(
        _CLAIM,
        {
            "pause": PAUSE,
            "lease": lease_seconds,
            "today": instant.astimezone(ZONE).date(),
        },
    )
    return [_looked_at(row, texts, instant, quiet_hours) for row in rows]


def _looked_at(row: Any, texts: Texts, instant: datetime, quiet: Quiet) -> Claimed:
    verdict, reason, again_at = judge(row, instant, quiet)
    message = None
    if verdict is None:
        try:
            message = _message(row, texts, instant)
        except LookupError:
            LOG.exception("push_without_text", kind=row.kind)
            verdict, reason = "failed", "no_text"
    return Claimed(
        id=row.id,
        fence=row.fence,
        attempts=row.attempts,
        device_id=row.device_id,
        address=row.address,
        message=message,
        verdict=verdict,
        reason=reason,
        put_off_seconds=(again_at - instant).total_seconds() if again_at else None,
    )


def judge(
    row: Any, instant: datetime, quiet: Quiet
) -> tuple[str | None, str | None, datetime | None]:
    """Return (state, reason, when to look again) for a row not to be sent now, else three Nones."""
    settled = (
        (row.withdrawn, "suppressed", "withdrawn"),
        (row.expires_at <= instant, "expired", "expired"),
        (row.opened, "suppressed", "opened"),
        (row.gone, "suppressed", "not_enrolled"),
        (row.address is None, "dead", "no_address"),
    )
    for holds, state, reason in settled:
        if holds:
            return state, reason, None
    again_at = None if row.urgent else quiet_until(instant, quiet)
    return ("queued", "quiet_hours", again_at) if again_at else (None, None, None)


def quiet_until(instant: datetime, quiet: Quiet) -> datetime | None:
    """Return when the quiet hours that hold at ``instant`` end; None when none hold."""
    if quiet is None:
        return None
    begin, end = quiet
    local = instant.astimezone(ZONE)
    inside = (
        begin <= local.time() < end if begin <= end else local.time() >= begin or local.time() < end
    )
    if not inside:
        return None
    today = datetime.combine(local.date(), end, ZONE)
    return today if today > local else today + timedelta(days=1)


def _message(row: Any, texts: Texts, instant: datetime) -> Message:
    title, body = texts(row.kind, row.language or "vi")
    ttl = min(row.expires_at - instant, LONGEST_TTL)
    return Message(
        id=row.id,
        address_kind=row.address_kind,
        address=row.address,
        title=title,
        body=body,
        data={
            "notice_id": str(row.notice_id),
            "kind": row.kind,
            "object_kind": row.object_kind,
            "object_id": str(row.object_id),
        },
        # FCM keeps four collapse keys for a device at most; object kinds are fewer.
        collapse_key=row.object_kind,
        ttl_seconds=int(ttl.total_seconds()),
        urgent=row.urgent,
    )
