"""Meetings, their agenda and papers, who is invited and what they answered."""

import uuid
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.orm import aliased

from handbook.access import Actor, Permission
from handbook.audiences.queries import addressed_to
from handbook.meetings import rules
from models import (
    ALONE,
    BELOW,
    EVERYONE,
    PATH_END,
    Account,
    Addressing,
    AgendaItem,
    Bucket,
    DeviceAccount,
    Document,
    Meeting,
    MeetingMaterial,
    MeetingReply,
    Member,
    Membership,
    Notice,
    Position,
    Unit,
    bucket_member,
    held_bucket,
)

REMINDER = "meeting_reminder"


def within(scopes: Iterable[str]) -> ColumnElement[bool]:
    """Return the condition that a unit stands in one of the subtrees; false without any."""
    return or_(False, *[Unit.path.between(path, path + PATH_END) for path in scopes])


def is_invited(actor: Actor) -> ColumnElement[bool]:
    """Return the condition that a meeting was called and addressed to the actor."""
    reached = Meeting.audience_id.in_(addressed_to(actor, "meeting"))
    return and_(Meeting.state != rules.DRAFT, reached)


def unit(unit_id: uuid.UUID, scopes: Iterable[str]) -> Select[Any]:
    """Select a unit that stands in one of the subtrees."""
    return select(Unit).where(Unit.id == unit_id, within(scopes))


def meeting(actor: Actor, meeting_id: uuid.UUID) -> Select[Any]:
    """Select (Meeting, Unit, invited) of one meeting, whoever the actor is."""
    invited = func.coalesce(is_invited(actor), False).label("invited")
    return (
        select(Meeting, Unit, invited)
        .join(Unit, Unit.id == Meeting.unit_id)
        .where(Meeting.id == meeting_id)
    )


def mine(actor: Actor, since: datetime) -> Select[Any]:
    """Select the lines of the meetings to which the actor is invited, from a start on."""
    return _lines(actor).where(is_invited(actor), Meeting.starts_at >= since)


def managed(actor: Actor, unit_id: uuid.UUID | None, state: str | None) -> Select[Any]:
    """Select the lines of the meetings of units in which the actor may read meetings."""
    statement = _lines(actor).where(within(actor.scopes(Permission.MEETING_READ)))
    if unit_id is not None:
        statement = statement.where(Meeting.unit_id == unit_id)
    return statement if state is None else statement.where(Meeting.state == state)


def _lines(actor: Actor) -> Select[Any]:
    own = (MeetingReply.meeting_id == Meeting.id) & (MeetingReply.member_id == actor.member_id)
    return (
        select(
            Meeting.id,
            Meeting.unit_id,
            Unit.name.label("unit_name"),
            Meeting.kind,
            Meeting.title,
            Meeting.starts_at,
            Meeting.minutes_planned,
            Meeting.place,
            Meeting.state,
            MeetingReply.answer,
        )
        .join(Unit, Unit.id == Meeting.unit_id)
        .outerjoin(MeetingReply, own)
    )


def agenda(meetings: Iterable[uuid.UUID]) -> Select[Any]:
    """Select (meeting_id, title, minutes, presenter) of agendas, each in its order."""
    return (
        select(AgendaItem.meeting_id, AgendaItem.title, AgendaItem.minutes, AgendaItem.presenter)
        .where(AgendaItem.meeting_id.in_(list(meetings)))
        .order_by(AgendaItem.meeting_id, AgendaItem.ordinal)
    )


def materials(meetings: Iterable[uuid.UUID]) -> Select[Any]:
    """Select (meeting_id, document_id) of papers, each meeting's in their order."""
    return (
        select(MeetingMaterial.meeting_id, MeetingMaterial.document_id)
        .where(MeetingMaterial.meeting_id.in_(list(meetings)))
        .order_by(MeetingMaterial.meeting_id, MeetingMaterial.ordinal)
    )


def papers(actor: Actor, meeting_id: uuid.UUID) -> Select[Any]:
    """Select the papers of a meeting in order, with number, symbol and abstract.

    These three are null where the actor may not read the document.
    """
    readable = (Document.id == MeetingMaterial.document_id) & _is_readable(actor)
    return (
        select(
            MeetingMaterial.document_id, Document.number, Document.symbol, Document.abstract
        )
        .outerjoin(Document, readable)
        .where(MeetingMaterial.meeting_id == meeting_id)
        .order_by(MeetingMaterial.ordinal)
    )


def readable(actor: Actor, documents: Iterable[uuid.UUID]) -> Select[Any]:
    """Select the ids of those documents that the actor may read."""
    return select(Document.id).where(Document.id.in_(list(documents)), _is_readable(actor))


def _is_readable(actor: Actor) -> ColumnElement[bool]:
    """A published document addressed to the actor, or one that is not recalled in a drafter's unit."""
    reached = Document.audience_id.in_(addressed_to(actor, "document"))
    drafted = select(Unit.id).where(within(actor.scopes(Permission.DOCUMENT_DRAFT)))
    return or_(
        and_(Document.state == "published", reached),
        and_(Document.state != "recalled", Document.unit_id.in_(drafted)),
    )


def visible_to_all(
    documents: Iterable[uuid.UUID], buckets: Sequence[uuid.UUID], day: date
) -> Select[Any]:
    """Select the ids of the published documents whose audience contains each of ``buckets``.

    A bucket is contained in an equal or wider one: a subtree contains every unit inside it,
    everyone contains every role, a member's own is contained in any that the member holds.
    """
    uncontained = exists().where(
        _INNER.id.in_(list(buckets)),
        ~exists().where(
            Addressing.audience_id == Document.audience_id,
            Addressing.bucket_id == _OUTER.id,
            _contains(day),
        ),
    )
    return select(Document.id).where(
        Document.id.in_(list(documents)), Document.state == "published", ~uncontained
    )


_INNER, _OUTER = aliased(Bucket), aliased(Bucket)
_INNER_UNIT, _OUTER_UNIT = aliased(Unit), aliased(Unit)


def _contains(day: date) -> ColumnElement[bool]:
    """Return the condition that the bucket ``_OUTER`` contains the bucket ``_INNER``."""
    inside = exists().where(
        _INNER_UNIT.id == _INNER.unit_id,
        _OUTER_UNIT.id == _OUTER.unit_id,
        _OUTER.role.in_((EVERYONE, _INNER.role)),
        or_(
            and_(_OUTER.reach == BELOW, func.starts_with(_INNER_UNIT.path, _OUTER_UNIT.path)),
            and_(_OUTER.reach == ALONE, _INNER.reach == ALONE, _INNER_UNIT.id == _OUTER_UNIT.id),
        ),
    )
    held = exists().where(
        held_bucket.c.member_id == _INNER.member_id,
        held_bucket.c.bucket_id == _OUTER.id,
        held_bucket.c.during.contains(day),
    )
    return or_(inside, held)


def may_chair(member_id: uuid.UUID, of: Unit, day: date) -> Select[Any]:
    """Select the id of a member who on a day holds a post at a unit or belongs to it or below."""
    holds = exists().where(
        Position.member_id == Member.id, Position.unit_id == of.id, Position.during.contains(day)
    )
    belongs = exists().where(
        Membership.member_id == Member.id,
        Membership.during.contains(day),
        Unit.id == Membership.unit_id,
        within((of.path,)),
    )
    return select(Member.id).where(Member.id == member_id, _stays(day), or_(holds, belongs))


def name(member_id: uuid.UUID) -> Select[Any]:
    """Select the full name of a member."""
    return select(Member.full_name).where(Member.id == member_id)


def reply(meeting_id: uuid.UUID, member_id: uuid.UUID) -> Select[Any]:
    """Select a member's reply to an invitation."""
    return select(MeetingReply).where(
        MeetingReply.meeting_id == meeting_id, MeetingReply.member_id == member_id
    )


def _stays(day: date) -> ColumnElement[bool]:
    return or_(Member.left_on.is_(None), Member.left_on > day)


def _invited(meetings: Iterable[uuid.UUID], day: date) -> Select[Any]:
    """Select distinct (meeting_id, member_id) of those whom called meetings reach on a day."""
    return (
        select(Meeting.id.label("meeting_id"), bucket_member.c.member_id)
        .join(Addressing, Addressing.audience_id == Meeting.audience_id)
        .join(bucket_member, bucket_member.c.bucket_id == Addressing.bucket_id)
        .join(Member, Member.id == bucket_member.c.member_id)
        .where(Meeting.id.in_(list(meetings)), bucket_member.c.during.contains(day), _stays(day))
        .distinct()
    )


def replies(meeting_id: uuid.UUID, day: date) -> Select[Any]:
    """Select a row for each member invited to a meeting, with the answer or nulls.

    Columns: id and member_id (the member's), name_key, full_name, answer, reason, replied_at,
    has_device (enrolled on at least one).
    """
    invited = _invited([meeting_id], day).subquery()
    enrolled = exists().where(
        Account.member_id == Member.id, DeviceAccount.account_id == Account.id
    )
    given = (MeetingReply.meeting_id == meeting_id) & (MeetingReply.member_id == Member.id)
    return (
        select(
            Member.id,
            Member.id.label("member_id"),
            Member.name_key,
            Member.full_name,
            enrolled.label("has_device"),
            MeetingReply.answer,
            MeetingReply.reason,
            MeetingReply.replied_at,
        )
        .join(invited, invited.c.member_id == Member.id)
        .outerjoin(MeetingReply, given)
    )


def reply_counts(meeting_id: uuid.UUID, day: date) -> Select[Any]:
    """Select one row: how many are invited, coming, absent and unanswered."""
    rows = replies(meeting_id, day).subquery()
    answer = rows.c.answer
    return select(
        func.count().label("invited"),
        func.count().filter(answer == rules.COMING).label("coming"),
        func.count().filter(answer == rules.ABSENT).label("absent"),
        func.count().filter(answer.is_(None)).label("unanswered"),
    ).select_from(rows)


def starting(now: datetime, until: datetime, limit: int) -> Select[Any]:
    """Select and lock the called meetings that start after ``now`` and up to ``until``.

    Those that another transaction is changing are left out; they are found the next time.
    """
    return (
        select(Meeting)
        .where(
            Meeting.state == rules.CALLED, Meeting.starts_at > now, Meeting.starts_at <= until
        )
        .order_by(Meeting.starts_at, Meeting.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )


def reminded(meetings: Iterable[uuid.UUID]) -> Select[Any]:
    """Select (object_id, starts_at, stage) of the reminders that meetings have had."""
    return select(
        Notice.object_id,
        Notice.params["starts_at"].as_string().label("starts_at"),
        Notice.params["stage"].as_string().label("stage"),
    ).where(
        Notice.object_kind == "meeting",
        Notice.object_id.in_(list(meetings)),
        Notice.kind == REMINDER,
    )


def not_absent(meetings: Iterable[uuid.UUID], day: date) -> Select[Any]:
    """Select (meeting_id, member_id) of the invited who have not answered that they are absent."""
    absent = exists().where(
        MeetingReply.meeting_id == Meeting.id,
        MeetingReply.member_id == bucket_member.c.member_id,
        MeetingReply.answer == rules.ABSENT,
    )
    return _invited(meetings, day).where(~absent)
