"""Record study without the app: the secretary's entry for a target, put and taken back."""

import uuid
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from handbook import clock, database
from handbook.access import Actor, Permission
from handbook.audit import service as audit
from handbook.changes import service as changes
from handbook.errors import Conflict, Invalid, NotFound
from handbook.studies import queries, rules, service
from models import Campaign, CampaignTarget, StudyEntry

EARLIEST_ENTRY = timedelta(days=366)


def record(
    actor: Actor, campaign_id: uuid.UUID, member_id: uuid.UUID, body: Mapping[str, Any]
) -> dict[str, Any]:
    """Put the secretary's entry for a target, and return it in the shape of ``RecordOut``.

    Repeating it changes nothing; the time of recording moves only with the day or form of study.
    Raises NotFound for who is not a target or sits (on the day of issue) outside the actor's view,
    Forbidden without the right to record there, Conflict when the campaign is closed.
    """
    row, target = _recordable(actor, campaign_id, member_id)
    _demand_day(row, body["studied_on"])
    session = database.session()
    entry = session.execute(queries.entry(row.id, member_id)).scalar_one_or_none()
    if entry is None:
        entry = StudyEntry(campaign_id=row.id, member_id=member_id)
        session.add(entry)
    elif all(getattr(entry, name) == value for name, value in body.items()):
        return _entry_shown(entry, has_device=target.has_device)
    if (entry.form, entry.studied_on) != (body["form"], body["studied_on"]):
        entry.recorded_at = clock.now()
        entry.recorded_by = actor.account_id
    for name, value in body.items():
        setattr(entry, name, value)
    session.flush()
    _recorded(actor, "campaign.study_recorded", row, target, member_id, _told(entry))
    return _entry_shown(entry, has_device=target.has_device)


def unrecord(actor: Actor, campaign_id: uuid.UUID, member_id: uuid.UUID, reason: str) -> None:
    """Take back an entry that was wrong; refuses as ``record`` does, NotFound without an entry."""
    row, target = _recordable(actor, campaign_id, member_id)
    session = database.session()
    entry = session.execute(queries.entry(row.id, member_id)).scalar_one_or_none()
    if entry is None:
        raise NotFound
    session.delete(entry)
    session.flush()
    told = {**_told(entry), "reason": reason}
    _recorded(actor, "campaign.study_record_deleted", row, target, member_id, told)


def _recordable(actor: Actor, campaign_id: uuid.UUID, member_id: uuid.UUID) -> tuple[Campaign, Any]:
    row = service.get_for(actor, campaign_id)
    # The lock makes two secretaries who record the same member wait for each other.
    statement = queries.target(campaign_id, member_id).with_for_update(of=CampaignTarget)
    target = database.session().execute(statement).one_or_none()
    visible = (Permission.RECORD_WRITE, Permission.REPORT_READ)
    if target is None or not any(actor.may(one, target.unit_path) for one in visible):
        raise NotFound
    actor.require(Permission.RECORD_WRITE, target.unit_path)
    if row.state == rules.CLOSED:
        raise Conflict("campaign_closed")
    return row, target


def _demand_day(row: Campaign, studied_on: date) -> None:
    assert row.issued_at is not None  # noqa: S101 - only issued campaigns have targets
    earliest = clock.day_of(row.issued_at) - EARLIEST_ENTRY
    if not earliest <= studied_on <= clock.today():
        raise Invalid(errors={"studied_on": ["range"]})


def _told(entry: StudyEntry) -> dict[str, str]:
    return {"form": entry.form, "studied_on": entry.studied_on.isoformat()}


def _recorded(
    actor: Actor,
    action: str,
    row: Campaign,
    target: Any,
    member_id: uuid.UUID,
    told: Mapping[str, object],
) -> None:
    changes.mark_stale("campaign_target", [(row.id, member_id)])
    changes.mark_stale("campaign_count", [(row.id, target.unit_id)])
    audit.record(
        actor,
        action,
        "campaign",
        row.id,
        unit_id=target.unit_id,
        member_id=member_id,
        data=told,
    )


def _entry_shown(entry: StudyEntry, *, has_device: bool) -> dict[str, Any]:
    return {
        "campaign_id": entry.campaign_id,
        "member_id": entry.member_id,
        "form": entry.form,
        "studied_on": entry.studied_on,
        "note": entry.note,
        "recorded_at": entry.recorded_at,
        "has_device": has_device,
    }
