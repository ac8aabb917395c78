"""The outbox: one push of one notice to one device, looked at again, sent, and settled.

Counts are taken from these rows. A row is settled only by who still holds its fence; a worker that
is killed after sending and before settling may repeat a push, and never loses one.
"""

import random
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import text
from sqlalchemy.orm import Session

from push.sender import Message, Outcome, Sender
from push.work import Work

LOG = structlog.get_logger(__name__)
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
SLICE = 640
MOST_ATTEMPTS = 10
FIRST_RETRY = timedelta(seconds=15)
LONGEST_RETRY = timedelta(hours=2)
SHORTEST_PAUSE = timedelta(seconds=60)
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
_CLAIM = text(
    """
    WITH due AS (
      SELECT id FROM outbox
      WHERE state IN ('queued', 'retry') AND due_at <= now()
        AND (lease_until IS NULL OR lease_until < now())
        AND NOT EXISTS (SELECT 1 FROM pause WHERE name = :pause AND until > now())
      ORDER BY due_at, id LIMIT :slice
      FOR UPDATE SKIP LOCKED
    ), leased AS (
      UPDATE outbox o SET lease_until = now() + make_interval(secs => :lease),
        attempts = o.attempts + 1, fence = o.fence + 1
      FROM due WHERE o.id = due.id
      RETURNING o.id, o.fence, o.attempts, o.notice_id, o.device_id, o.member_id
    )
    SELECT l.id, l.fence, l.attempts, l.device_id, d.address, d.address_kind,
      n.id AS notice_id, n.kind, n.object_kind, n.object_id, n.urgent, n.expires_at,
      n.withdrawn_at IS NOT NULL AS withdrawn, a.language,
      (k.opened_at IS NOT NULL OR coalesce(i.read_up_to >= n.published_at, false)) AS opened,
      (a.id IS NULL OR a.disabled_at IS NOT NULL OR e.device_id IS NULL
        OR coalesce(m.left_on <= CAST(:today AS date), false)) AS gone
    FROM leased l
    JOIN notice n ON n.id = l.notice_id
    JOIN device d ON d.id = l.device_id
    JOIN member m ON m.id = l.member_id
    LEFT JOIN account a ON a.member_id = l.member_id
    LEFT JOIN device_account e ON e.device_id = l.device_id AND e.account_id = a.id
    LEFT JOIN notice_mark k ON k.notice_id = l.notice_id AND k.member_id = l.member_id
    LEFT JOIN inbox_mark i ON i.member_id = l.member_id
    ORDER BY l.id
    """
)
_SETTLE = text(
    """
    UPDATE outbox o SET state = s.state, reason = s.reason, provider_id = s.provider_id,
      due_at = coalesce(now() + make_interval(secs => s.delay), o.due_at),
      attempts = o.attempts - CASE WHEN s.counted THEN 0 ELSE 1 END,
      lease_until = NULL,
      settled_at = CASE WHEN s.state IN ('queued', 'retry') THEN NULL ELSE now() END
    FROM unnest(CAST(:ids AS uuid[]), CAST(:fences AS int[]), CAST(:states AS text[]),
                CAST(:reasons AS text[]), CAST(:providers AS text[]), CAST(:delays AS float8[]),
                CAST(:counted AS boolean[]))
      AS s(id, fence, state, reason, provider_id, delay, counted)
    WHERE o.id = s.id AND o.fence = s.fence AND o.state IN ('queued', 'retry')
    """
)
_FORGET_ADDRESS = text(
    """
    UPDATE device d SET address = NULL, address_kind = NULL
    FROM unnest(CAST(:devices AS uuid[]), CAST(:addresses AS text[])) AS s(id, address)
    WHERE d.id = s.id AND d.address = s.address
    """
)
_PAUSE = text(
    """
    INSERT INTO pause (name, until) VALUES (:pause, now() + make_interval(secs => :seconds))
    ON CONFLICT (name) DO UPDATE SET until = greatest(pause.until, excluded.until)
    """
)
_RENEW = text(
    """
    UPDATE outbox o SET lease_until = now() + make_interval(secs => :lease)
    FROM unnest(CAST(:ids AS uuid[]), CAST(:fences AS int[])) AS s(id, fence)
    WHERE o.id = s.id AND o.fence = s.fence
    """
)


def work(
    sender: Sender,
    *,
    texts: Texts,
    now: Callable[[], datetime],
    quiet_hours: Quiet,
    lease_seconds: float,
) -> Work:
    """Return the work of sending what waits in the outbox through ``sender``.

    ``texts`` gives (title, body) of a kind of notice in a language; they name nobody and nothing.
    """
    return Work(
        name="outbox",
        claim=partial(
            claim, texts=texts, now=now, quiet_hours=quiet_hours, lease_seconds=lease_seconds
        ),
        do=partial(send, sender),
        settle=settle,
        renew=partial(_renew, lease_seconds=lease_seconds),
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
            "slice": SLICE,
            "lease": lease_seconds,
            "today": instant.astimezone(ZONE).date(),
        },
    )
    return [_looked_at(row, texts, instant, quiet_hours) for row in rows]


def _looked_at(row: Any, texts: Texts, instant: datetime, quiet: Quiet) -> Claimed:
    verdict, reason, again_at = judge(row, instant, quiet)
    return Claimed(
        id=row.id,
        fence=row.fence,
        attempts=row.attempts,
        device_id=row.device_id,
        address=row.address,
        message=None if verdict else _message(row, texts, instant),
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


def send(sender: Sender, claimed: Sequence[Claimed]) -> dict[uuid.UUID, Outcome]:
    """Send what is to be sent; return the outcome of each by the id of its row."""
    messages = [one.message for one in claimed if one.message is not None]
    return {outcome.id: outcome for outcome in sender.send(messages)}


def settle(
    session: Session, claimed: Sequence[Claimed], outcomes: Mapping[uuid.UUID, Outcome]
) -> None:
    """Write the fate of each row whose fence still holds; forget dead addresses; pause if asked."""
    fates = [_fate(one, outcomes.get(one.id)) for one in claimed]
    session.execute(
        _SETTLE,
        {
            "ids": [one.id for one in claimed],
            "fences": [one.fence for one in claimed],
            "states": [fate.state for fate in fates],
            "reasons": [fate.reason for fate in fates],
            "providers": [fate.provider_id for fate in fates],
            "delays": [fate.delay for fate in fates],
            "counted": [fate.counted for fate in fates],
        },
    )
    _forget_dead(session, claimed, outcomes)
    _pause_if_asked(session, outcomes.values())


@dataclass(frozen=True)
class _Fate:
    state: str
    reason: str | None
    provider_id: str | None = None
    delay: float | None = None
    counted: bool = True


_FINAL = {"accepted": "accepted", "dead": "dead", "invalid": "failed"}


def _fate(one: Claimed, outcome: Outcome | None) -> _Fate:
    if outcome is None:
        put_off = one.put_off_seconds
        return _Fate(one.verdict or "retry", one.reason, delay=put_off, counted=put_off is None)
    if outcome.kind in _FINAL:
        return _Fate(_FINAL[outcome.kind], outcome.reason, outcome.provider_id)
    if outcome.kind in {"throttled", "misconfigured"}:
        seconds = max(outcome.retry_after_seconds or 0, SHORTEST_PAUSE.total_seconds())
        return _Fate("retry", outcome.reason, delay=seconds, counted=False)
    if one.attempts >= MOST_ATTEMPTS:
        return _Fate("failed", outcome.reason)
    return _Fate("retry", outcome.reason, delay=back_off(one.attempts, outcome))


def back_off(attempts: int, outcome: Outcome) -> float:
    """Return the seconds to wait after ``attempts``: doubling, with jitter, at least as asked."""
    doubled = FIRST_RETRY.total_seconds() * float(2 ** (attempts - 1))
    plain = min(doubled, LONGEST_RETRY.total_seconds())
    jitter = random.uniform(0.8, 1.2)  # noqa: S311  # spreads retries, guards nothing
    return max(plain * jitter, outcome.retry_after_seconds or 0)


def _forget_dead(
    session: Session, claimed: Sequence[Claimed], outcomes: Mapping[uuid.UUID, Outcome]
) -> None:
    """Take the address from devices that are gone.

    ``sender_id_mismatch`` counts only when others of the slice were accepted: with the credentials
    of a wrong project every device would seem dead.
    """
    accepted = any(outcome.kind == "accepted" for outcome in outcomes.values())
    dead = [
        one
        for one in claimed
        if (outcome := outcomes.get(one.id)) is not None
        and outcome.kind == "dead"
        and (accepted or outcome.reason != "sender_id_mismatch")
    ]
    if dead:
        session.execute(
            _FORGET_ADDRESS,
            {
                "devices": [one.device_id for one in dead],
                "addresses": [one.address for one in dead],
            },
        )


def _pause_if_asked(session: Session, outcomes: Collection[Outcome]) -> None:
    """Pause the whole dispatcher when the service is overloaded or refuses our credentials."""
    asked = [one for one in outcomes if one.kind in {"throttled", "misconfigured"}]
    if not asked:
        return
    seconds = max(SHORTEST_PAUSE.total_seconds(), *(one.retry_after_seconds or 0 for one in asked))
    LOG.error("push_paused", reason=asked[0].reason, seconds=seconds)
    session.execute(_PAUSE, {"pause": PAUSE, "seconds": seconds})


def _renew(session: Session, claimed: Sequence[Claimed], *, lease_seconds: float) -> None:
    session.execute(
        _RENEW,
        {
            "lease": lease_seconds,
            "ids": [one.id for one in claimed],
            "fences": [one.fence for one in claimed],
        },
    )
