"""Reading: judge what phones report, count it event by event, and keep acknowledgements."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import delete, text
from sqlalchemy.dialects.postgresql import insert as upsert

from handbook import clock, database, ids, paging
from handbook.access import Actor
from handbook.audiences import service as audiences
from handbook.audit import service as audit
from handbook.changes import service as changes
from handbook.errors import Conflict, Invalid, NotFound
from handbook.reading import counting, queries, rules
from handbook.reading.progress import State
from handbook.reading.rules import Fault, Readable, Stretch, Told
from models import Acknowledgement, Progress, Quarantine

_QUARANTINE = text(
    """
    INSERT INTO quarantine (member_id, event_id, reason, payload)
    SELECT :member, r.id, r.reason, r.payload
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(id uuid, reason text, payload jsonb)
    ORDER BY r.id
    ON CONFLICT (member_id, event_id) DO NOTHING
    """
)
Result = dict[str, Any]


def take(
    actor: Actor, device_time: datetime, told: Sequence[Told | uuid.UUID | None]
) -> dict[str, Any]:
    """Count what a phone read and return ``{results, progress}`` in the form of ``BatchOut``.

    ``told`` holds each event in the order of the batch; one that could not be read is its id, or
    None when even that could not be read. The phone's clock is corrected by the difference between
    ``device_time`` and now. Each event has its own outcome and none blocks another:
    ``accepted``, ``duplicate`` (counted before), ``quarantined`` with a reason (kept whole, not
    counted, judged again when it is sent again), ``refused`` with a reason (not kept).
    """
    now = clock.now()
    offset = now - device_time
    results, fresh = _screen(told, offset, now)
    judged = _judge(actor, fresh, offset, now)
    stretches = [one for one in judged.values() if isinstance(one, Stretch)]
    tally = counting.count(actor, stretches)
    if tally.is_too_much:
        too_many = Fault("quarantined", "too_many")
        judged = {key: one if isinstance(one, Fault) else too_many for key, one in judged.items()}
    for position, one in fresh.items():
        results[position] = _result(one.id, judged[one.id], tally.accepted)
    _quarantine(actor, [(one, judged[one.id]) for one in fresh.values()])
    _free(actor, tally.freed)
    _tell(actor, tally.states)
    return {
        "results": [results[position] for position in range(len(told))],
        "progress": [state.line() for state in tally.states],
    }


def _screen(
    told: Sequence[Told | uuid.UUID | None], offset: timedelta, now: datetime
) -> tuple[dict[int, Result], dict[int, Told]]:
    """Return by position the results that are clear at once, and the events still to be judged."""
    results: dict[int, Result] = {}
    fresh: dict[int, Told] = {}
    seen: set[uuid.UUID] = set()
    for position, one in enumerate(told):
        if not isinstance(one, Told):
            results[position] = {"id": one, "outcome": "refused", "reason": "malformed"}
            continue
        fault = (
            rules.judge_id(ids.time_of(one.id), offset, now)
            if ids.is_v7(one.id)
            else Fault("refused", "id_not_v7")
        )
        if fault is not None:
            results[position] = {"id": one.id, "outcome": "refused", "reason": fault.reason}
        elif one.id in seen:
            results[position] = {"id": one.id, "outcome": "duplicate"}
        else:
            seen.add(one.id)
            fresh[position] = one
    return results, fresh


def _judge(
    actor: Actor, fresh: Mapping[int, Told], offset: timedelta, now: datetime
) -> dict[uuid.UUID, Stretch | Fault]:
    """Return event id → the stretch that counts or the fault; holds the lock on the reading."""
    wanted = {one.version_id for one in fresh.values()}
    if not wanted:
        return {}
    rows = database.session().execute(queries.locked_versions(actor, wanted))
    known = {
        row.id: Readable(row.document_id, row.is_theirs, tuple(row.part_words)) for row in rows
    }
    return {
        one.id: rules.judge(one, known.get(one.version_id), offset, now) for one in fresh.values()
    }


def _result(event_id: uuid.UUID, one: Stretch | Fault, accepted: Collection[uuid.UUID]) -> Result:
    if isinstance(one, Fault):
        return {"id": event_id, "outcome": one.outcome, "reason": one.reason}
    return {"id": event_id, "outcome": "accepted" if event_id in accepted else "duplicate"}


def _quarantine(actor: Actor, judged: Sequence[tuple[Told, Stretch | Fault]]) -> None:
    rows = [
        {
            "id": told.id,
            "reason": fault.reason,
            "payload": {
                "version_id": told.version_id,
                "parts": told.parts,
                "started_at": told.started_at,
                "ended_at": told.ended_at,
                "active_seconds": told.active_seconds,
                "offline": told.offline,
                "device_id": actor.device_id,
            },
        }
        for told, fault in judged
        if isinstance(fault, Fault)
    ]
    if rows:
        database.session().execute(
            _QUARANTINE, {"member": actor.member_id, "rows": orjson.dumps(rows).decode()}
        )


def _free(actor: Actor, freed: Collection[uuid.UUID]) -> None:
    """Take out of quarantine what counts after all."""
    if freed:
        database.session().execute(
            delete(Quarantine).where(
                Quarantine.member_id == actor.member_id, Quarantine.event_id.in_(freed)
            )
        )


def _tell(actor: Actor, states: Sequence[State]) -> None:
    """Tell the member's phones what changed, and the campaigns that wait for it."""
    changed = [state for state in states if state.has_changed]
    if changed:
        personal = [_personal(actor)]
        for state in changed:
            changes.touch("document_state", state.document_id, personal)
    turned = [state for state in changed if state.turned]
    changes.mark_stale(
        "campaign_target",
        [(campaign, actor.member_id) for state in turned for campaign in state.campaigns],
    )


def _personal(actor: Actor) -> uuid.UUID:
    """Return the id of the actor's own bucket, made when it is missing."""
    for bucket in actor.buckets:
        if bucket.personal:
            return bucket.id
    return audiences.personal_buckets([actor.member_id])[actor.member_id]


def progress_page(actor: Actor, query: Mapping[str, Any]) -> dict[str, Any]:
    """Return a page of the actor's own progress, one line for each version begun."""
    page = paging.page(
        queries.progress_lines(actor.member_id),
        purpose="reading.progress",
        by=(Progress.version_id,),
        query=query,
        whole_rows=True,
    )
    items = [
        {
            "document_id": row.document_id,
            "version_id": row.version_id,
            "parts_seen": len(row.parts_seen),
            "parts_total": row.parts_total,
            "credited_seconds": row.credited_seconds,
            "read": row.read_at is not None,
            "opened_at": row.opened_at,
            "read_at": row.read_at,
        }
        for row in page.items
    ]
    return {"items": items, "next_cursor": page.next_cursor}


def acknowledge(
    actor: Actor, acknowledgement_id: uuid.UUID, body: Mapping[str, Any]
) -> Acknowledgement:
    """Return the actor's acknowledgement of a version, made when there is none yet.

    ``body`` has the form of ``AcknowledgementIn``; the time is corrected by the phone's clock and
    never after now. Acknowledging is a state, not an act: a version that was acknowledged before,
    under this id or another, answers with the first. Raises NotFound when the version is not the
    actor's to read; Conflict ``acknowledgement_id_taken`` when the id stands for another version or
    member, ``document_recalled``, ``version_not_current`` when a newer version is in force.
    """
    version_id: uuid.UUID = body["version_id"]
    at = _acknowledged_at(body)
    known = _known(actor, acknowledgement_id, version_id)
    if known is not None:
        return known
    document_id = _demand_readable(actor, version_id)
    made = database.session().execute(
        upsert(Acknowledgement)
        .values(
            id=acknowledgement_id,
            member_id=actor.member_id,
            document_id=document_id,
            version_id=version_id,
            source="member",
            acknowledged_at=at,
            received_at=clock.now(),
        )
        .on_conflict_do_nothing()
        .returning(Acknowledgement.id)
    )
    if made.first() is not None:
        _note(actor, document_id, version_id)
    found = _known(actor, acknowledgement_id, version_id)
    if found is None:
        raise NotFound
    return found


def _acknowledged_at(body: Mapping[str, Any]) -> datetime:
    """Return the corrected time of an acknowledgement; Invalid if it lies outside all reason."""
    now = clock.now()
    offset = now - body["device_time"] if body["device_time"] else timedelta()
    found = rules.corrected(body["acknowledged_at"], offset, now)
    if found is None or found < now - rules.OLDEST:
        raise Invalid(errors={"acknowledged_at": ["range"]})
    return found


def _known(
    actor: Actor, acknowledgement_id: uuid.UUID, version_id: uuid.UUID
) -> Acknowledgement | None:
    rows = (
        database.session()
        .scalars(queries.acknowledgements(actor.member_id, acknowledgement_id, version_id))
        .all()
    )
    for row in rows:
        if row.id == acknowledgement_id and (row.member_id, row.version_id) != (
            actor.member_id,
            version_id,
        ):
            raise Conflict("acknowledgement_id_taken")
    return rows[0] if rows else None


def _demand_readable(actor: Actor, version_id: uuid.UUID) -> uuid.UUID:
    """Return the id of the document whose version in force this is; refuse anything else."""
    row = database.session().execute(queries.version_of(actor, version_id)).one_or_none()
    if row is None or not (row.is_readable or row.state == "recalled"):
        raise NotFound
    if row.state == "recalled":
        _demand_once_theirs(actor, version_id)
        raise Conflict("document_recalled")
    if not row.is_current:
        raise Conflict("version_not_current")
    found: uuid.UUID = row.document_id
    return found


def _demand_once_theirs(actor: Actor, version_id: uuid.UUID) -> None:
    """Raise NotFound unless the version was theirs to read: others learn of no recall."""
    row = database.session().execute(queries.locked_versions(actor, [version_id])).one_or_none()
    if row is None or not row.is_theirs:
        raise NotFound


def _note(actor: Actor, document_id: uuid.UUID, version_id: uuid.UUID) -> None:
    """Tell the phones and the waiting campaigns of a new acknowledgement, and the trail."""
    changes.touch("document_state", document_id, [_personal(actor)])
    campaigns = database.session().scalars(queries.waiting_campaigns(actor.member_id, document_id))
    changes.mark_stale("campaign_target", [(campaign, actor.member_id) for campaign in campaigns])
    audit.record(
        actor,
        "acknowledgement.made",
        "document",
        document_id,
        member_id=actor.member_id,
        data={"version_id": str(version_id)},
    )
