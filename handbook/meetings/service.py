"""Prepare a meeting, call its members, change or cancel it, and take their replies."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.dialects.postgresql import insert as upsert

from handbook import clock, database, ids, paging
from handbook.access import Actor, Permission
from handbook.audiences import service as audiences
from handbook.audit import service as audit
from handbook.changes import service as changes
from handbook.documents.rules import number_line
from handbook.errors import Conflict, Invalid, NotFound
from handbook.meetings import invited, news, papers, queries, rules
from handbook.notifications import service as notifications
from models import Meeting, MeetingReply, Member, Unit

_PLAIN = ("kind", "title", "starts_at", "minutes_planned", "place", "note", "chair_id")
_KEPT = ("id", "unit_id", "state", "called_at", "cancelled_at", "cancel_reason", "revision")
_SHOWN = (*_PLAIN, *_KEPT)


@dataclass(frozen=True)
class Found:
    """A meeting the actor may see: its row, its unit, and whether the actor is invited."""

    meeting: Meeting
    unit: Unit
    invited: bool


def find_for(
    actor: Actor,
    meeting_id: uuid.UUID,
    permission: Permission = Permission.SIGNED_IN,
    *,
    lock: str = "",
) -> Found:
    """Return a meeting through the gate: for the invited, and who may read the unit's meetings.

    Raises NotFound when the actor may not see it, Forbidden when it is visible but ``permission``
    (unless SIGNED_IN) is not held over its unit. ``lock`` is ``share`` or ``update``.
    """
    statement = queries.meeting(actor, meeting_id)
    if lock:
        statement = statement.with_for_update(read=lock == "share", of=Meeting)
        statement = statement.execution_options(populate_existing=True)
    row = database.session().execute(statement).one_or_none()
    if row is None or not (row.invited or actor.may(Permission.MEETING_READ, row.Unit.path)):
        raise NotFound
    if permission is not Permission.SIGNED_IN:
        actor.require(permission, row.Unit.path)
    return Found(row.Meeting, row.Unit, row.invited)


def page_mine(actor: Actor, query: Mapping[str, Any]) -> paging.Page:
    """Return a page of the meetings to which the actor is invited, the next to come first."""
    since = query["since"] or clock.start_of_day(clock.today())
    return paging.page(
        queries.mine(actor, since),
        purpose="meetings",
        by=(Meeting.starts_at, Meeting.id),
        query=query,
        whole_rows=True,
    )


def page_managed(actor: Actor, query: Mapping[str, Any]) -> paging.Page:
    """Return a page of the meetings of units whose meetings the actor may read, newest first."""
    return paging.page(
        queries.managed(actor, query["unit_id"], query["state"]),
        purpose="managed meetings",
        by=(Meeting.starts_at, Meeting.id),
        query=query,
        descending=True,
        whole_rows=True,
    )


def page_replies(actor: Actor, meeting_id: uuid.UUID, query: Mapping[str, Any]) -> paging.Page:
    """Return a page of the invited members and their answers, in order of names.

    Who is invited is read as of today, or of the meeting's day once that has passed.
    """
    found = find_for(actor, meeting_id, Permission.MEETING_READ)
    day = min(clock.today(), clock.day_of(found.meeting.starts_at))
    return paging.page(
        invited.replies(meeting_id, day),
        purpose=f"replies {meeting_id}",
        by=(Member.name_key, Member.id),
        query=query,
        whole_rows=True,
    )


def show(actor: Actor, found: Found) -> dict[str, Any]:
    """Return a meeting in full, in the form of ``MeetingOut``, as the actor may see it."""
    session = database.session()
    meeting = found.meeting
    own = session.scalar(invited.reply(meeting.id, actor.member_id))
    counts = None
    if actor.may(Permission.MEETING_READ, found.unit.path):
        day = min(clock.today(), clock.day_of(meeting.starts_at))
        counts = session.execute(invited.reply_counts(meeting.id, day)).one()._asdict()
    return {
        **{name: getattr(meeting, name) for name in _SHOWN},
        "chair_name": session.scalar(queries.name(meeting.chair_id)) if meeting.chair_id else None,
        "agenda": papers.agenda(meeting.id),
        "materials": [
            {
                "document_id": row.document_id,
                "line": number_line(row.number, row.symbol, row.type_symbol, row.issuer_symbol),
                "abstract": row.abstract,
            }
            for row in session.execute(queries.papers(actor, meeting.id))
        ],
        "reply": own,
        "reply_counts": counts,
    }


def draft(actor: Actor, body: Mapping[str, Any]) -> Found:
    """Return a new draft of a meeting, in the form of ``MeetingIn``.

    Raises NotFound for a unit outside the actor's scope, Invalid for a dissolved one, a chair
    without a post or membership there, or a paper that the actor may not read.
    """
    session = database.session()
    scopes = actor.scopes(Permission.MEETING_WRITE)
    unit = session.scalar(queries.unit(body["unit_id"], scopes))
    if unit is None:
        raise NotFound
    if unit.dissolved_on is not None and unit.dissolved_on <= clock.today():
        raise Invalid(errors={"unit_id": ["choice"]})
    _demand_chair(body["chair_id"], unit)
    papers.demand_readable(actor, body["material_ids"])
    meeting = Meeting(
        id=ids.new(),
        unit_id=unit.id,
        state=rules.DRAFT,
        created_by=actor.account_id,
        revision=1,
        **{name: body[name] for name in _PLAIN},
    )
    session.add(meeting)
    session.flush()
    papers.write_agenda(meeting.id, body["agenda"])
    papers.write_materials(meeting.id, body["material_ids"])
    _record(actor, "meeting.drafted", meeting)
    return Found(meeting, unit, invited=False)


def change(actor: Actor, found: Found, body: Mapping[str, Any]) -> None:
    """Change a meeting fetched with ``lock="update"``; ``body`` has the form of ``MeetingPatch``.

    What is equal to what stands is no change. Members who were called are told. Raises Conflict
    (``meeting_is_cancelled``, ``meeting_started``, ``meeting_fixed``, ``material_not_visible``) and
    Invalid as ``draft`` does, or for a called meeting moved into the past.
    """
    meeting, now = found.meeting, clock.now()
    changed = _changed(meeting, body)
    if not changed:
        return
    _refuse(rules.refuse_change(meeting.state, changed, starts_at=meeting.starts_at, now=now))
    called = meeting.state == rules.CALLED
    if called and changed.get("starts_at", meeting.starts_at) <= now:
        raise Invalid(errors={"starts_at": ["range"]})
    if "chair_id" in changed:
        _demand_chair(changed["chair_id"], found.unit)
    if "material_ids" in changed:
        _change_materials(actor, meeting, changed["material_ids"])
    if "agenda" in changed:
        papers.write_agenda(meeting.id, changed["agenda"])
    for name in changed.keys() & set(_PLAIN):
        setattr(meeting, name, changed[name])
    meeting.revision += 1
    _record(actor, "meeting.changed", meeting, fields=sorted(changed))
    if called:
        news.tell(meeting, "meeting_changed")


def call(actor: Actor, meeting_id: uuid.UUID, body: Mapping[str, Any]) -> tuple[Found, list[str]]:
    """Call the members to a drafted meeting; return it with the codes of what is amiss.

    ``body`` has the form of ``InvitationIn``. Raises Conflict (``meeting_not_draft``,
    ``meeting_started``, ``material_not_visible`` naming the documents) and Invalid for an audience
    outside the actor's scope.
    """
    found = find_for(actor, meeting_id, Permission.MEETING_WRITE, lock="update")
    meeting, now = found.meeting, clock.now()
    _refuse(rules.refuse_call(meeting.state, starts_at=meeting.starts_at, now=now))
    expression = body["audience"] or {
        "include": [{"unit_id": found.unit.id, "reach": rules.default_reach(found.unit.kind)}]
    }
    audience = audiences.address(actor, "meeting", expression, permission=Permission.MEETING_WRITE)
    buckets = audiences.buckets_of(audience)
    papers.demand_visible(papers.materials(meeting.id), buckets)
    meeting.audience_id, meeting.state, meeting.called_at = audience, rules.CALLED, now
    meeting.revision += 1
    amiss = rules.warnings(_call_of(meeting, now, combined=body["combined"]))
    _record(actor, "meeting.called", meeting, warnings=amiss)
    news.tell(meeting, "meeting_called")
    return Found(meeting, found.unit, found.invited), amiss


def cancel(actor: Actor, meeting_id: uuid.UUID, reason: str) -> Found:
    """Cancel a called meeting; it stays on phones as cancelled, and earlier notices are withdrawn.

    Raises Conflict: ``meeting_not_called``, ``meeting_is_cancelled``, ``meeting_over``.
    """
    found = find_for(actor, meeting_id, Permission.MEETING_WRITE, lock="update")
    meeting, now = found.meeting, clock.now()
    ends_at = meeting.starts_at + timedelta(minutes=meeting.minutes_planned)
    _refuse(rules.refuse_cancel(meeting.state, ends_at=ends_at, now=now))
    meeting.state, meeting.cancelled_at, meeting.cancel_reason = rules.CANCELLED, now, reason
    meeting.revision += 1
    _record(actor, "meeting.cancelled", meeting)
    notifications.withdraw("meeting", meeting.id)
    news.tell(meeting, "meeting_cancelled")
    return found


def reply(actor: Actor, meeting_id: uuid.UUID, *, answer: str, reason: str | None) -> None:
    """Keep the actor's answer to an invitation; the last one counts, until the meeting starts.

    Only the actor's own phones hear of it. Raises NotFound unless invited, Conflict
    (``meeting_is_cancelled``, ``reply_closed``) when replies are closed.
    """
    found = find_for(actor, meeting_id, lock="share")
    if not found.invited:
        raise NotFound
    meeting, now = found.meeting, clock.now()
    _refuse(rules.refuse_reply(meeting.state, starts_at=meeting.starts_at, now=now))
    values = {"answer": answer, "reason": reason, "replied_at": now}
    database.session().execute(
        upsert(MeetingReply)
        .values(meeting_id=meeting.id, member_id=actor.member_id, **values)
        .on_conflict_do_update(
            index_elements=[MeetingReply.meeting_id, MeetingReply.member_id], set_=values
        )
    )
    own = audiences.personal_buckets([actor.member_id])
    changes.touch("meeting_reply", meeting.id, own.values())


def _refuse(code: str | None) -> None:
    if code is not None:
        raise Conflict(code)


def _record(actor: Actor, action: str, meeting: Meeting, **data: object) -> None:
    database.session().flush()
    data["revision"] = meeting.revision
    audit.record(actor, action, "meeting", meeting.id, unit_id=meeting.unit_id, data=data)


def _call_of(meeting: Meeting, now: datetime, *, combined: bool) -> rules.Call:
    return rules.Call(
        kind=meeting.kind,
        day=clock.day_of(meeting.starts_at),
        notice=meeting.starts_at - now,
        minutes=meeting.minutes_planned,
        agenda_items=len(papers.agenda(meeting.id)),
        has_chair=meeting.chair_id is not None,
        combined=combined,
    )


def _demand_chair(member_id: uuid.UUID | None, unit: Unit) -> None:
    """Raise Invalid unless the member holds a post at the unit or belongs to it."""
    if member_id is None:
        return
    statement = queries.may_chair(member_id, unit, clock.today())
    if database.session().scalar(statement) is None:
        raise Invalid(errors={"chair_id": ["choice"]})


def _changed(meeting: Meeting, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return those entries of a patch that differ from what stands."""
    stands = {name: getattr(meeting, name) for name in _PLAIN}
    if "material_ids" in body:
        stands["material_ids"] = papers.materials(meeting.id)
    if "agenda" in body:
        stands["agenda"] = papers.agenda(meeting.id)
    return {name: value for name, value in body.items() if value != stands[name]}


def _change_materials(actor: Actor, meeting: Meeting, wanted: Sequence[uuid.UUID]) -> None:
    papers.demand_readable(actor, set(wanted) - set(papers.materials(meeting.id)))
    if meeting.state == rules.CALLED:
        papers.demand_visible(wanted, news.buckets(meeting))
    papers.write_materials(meeting.id, wanted)
