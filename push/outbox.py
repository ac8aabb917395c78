"""The outbox: one push of one notice to one device, sent and settled; ``recheck`` claims it.

Counts are taken from these rows. A row is settled only by who still holds its fence; a worker that
is killed after sending and before settling may repeat a push, and never loses one.
"""

import random
import uuid
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import structlog
from sqlalchemy import text
from sqlalchemy.orm import Session

from push.recheck import PAUSE, Claimed, Quiet, Texts, claim
from push.sender import Outcome, Sender
from push.work import Work

LOG = structlog.get_logger(__name__)
MOST_ATTEMPTS = 10
FIRST_RETRY = timedelta(seconds=15)
LONGEST_RETRY = timedelta(hours=2)
SHORTEST_PAUSE = timedelta(seconds=60)
LONGEST_PAUSE = timedelta(hours=1)
MISCONFIGURED_RETRY = timedelta(minutes=10)


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
    WITH gone AS (
      SELECT d.id
      FROM device d
      JOIN unnest(CAST(:devices AS uuid[]), CAST(:addresses AS text[])) AS s(id, address)
        ON d.id = s.id AND d.address = s.address
      ORDER BY d.id FOR UPDATE OF d
    )
    UPDATE device d SET address = NULL, address_kind = NULL FROM gone WHERE d.id = gone.id
    """
)
_PAUSE = text(
    """
    INSERT INTO pause AS p (name, until)
    VALUES (:pause, now() + make_interval(secs => greatest(:asked, :least)))
    ON CONFLICT (name) DO UPDATE SET
      times = p.times + CASE WHEN p.until > now() THEN 0 ELSE 1 END,
      until = greatest(p.until, now() + make_interval(secs => greatest(:asked, least(:most,
        :least * power(2, p.times - CASE WHEN p.until > now() THEN 1 ELSE 0 END)))))
    RETURNING extract(epoch FROM until - now())::float8
    """
)
_PAUSE_OVER = text("DELETE FROM pause WHERE name = :pause AND until <= now()")
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


_LATER = {"throttled": SHORTEST_PAUSE, "misconfigured": MISCONFIGURED_RETRY}
_FINAL = {"accepted": "accepted", "dead": "dead", "invalid": "failed"}


def _fate(one: Claimed, outcome: Outcome | None) -> _Fate:
    if outcome is None:
        put_off = one.put_off_seconds
        return _Fate(one.verdict or "retry", one.reason, delay=put_off, counted=put_off is None)
    if outcome.kind in _FINAL:
        return _Fate(_FINAL[outcome.kind], outcome.reason, outcome.provider_id)
    if outcome.kind in _LATER:
        seconds = max(outcome.retry_after_seconds or 0, _LATER[outcome.kind].total_seconds())
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
    """Pause the whole dispatcher when the service is overloaded or takes nothing from us at all.

    Each pause is twice the one before, until something is accepted and nothing throttled.
    """
    kinds = {one.kind for one in outcomes}
    wrong = Counter(one.reason for one in outcomes if one.kind == "misconfigured")
    if wrong:
        LOG.error("push_misconfigured", reasons=dict(wrong))
    if "throttled" in kinds or kinds == {"misconfigured"}:
        asked = max(one.retry_after_seconds or 0.0 for one in outcomes)
        limits = {
            "least": SHORTEST_PAUSE.total_seconds(),
            "most": LONGEST_PAUSE.total_seconds(),
        }
        row = session.execute(_PAUSE, {"pause": PAUSE, "asked": asked, **limits})
        LOG.error("push_paused", seconds=round(row.scalar_one()), kinds=sorted(kinds))
    elif "accepted" in kinds:
        session.execute(_PAUSE_OVER, {"pause": PAUSE})


def _renew(session: Session, claimed: Sequence[Claimed], *, lease_seconds: float) -> None:
    session.execute(
        _RENEW,
        {
            "lease": lease_seconds,
            "ids": [one.id for one in claimed],
            "fences": [one.fence for one in claimed],
        },
    )
