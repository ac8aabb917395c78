"""Meetings, their agenda and papers, who is invited and what they answered."""

import uuid
from collections.abc import Iterable, Sequence
from datetime import date, datetime

from sqlalchemy import (
    ColumnElement,
    and_,
    exists,
    func,
    or_,
    select,
)
from sqlalchemy.orm import aliased

from handbook.access import Actor, Permission
from handbook.audiences.queries import addressed_to
from handbook.documents.queries import visible
from handbook.meetings import rules
from handbook.organisation.queries import inside
from models import (
    ALONE,
    BELOW,
    EVERYONE,
    Addressing,
    AgendaItem,
    Bucket,
    Document,
    DocumentType,
    Issuer,
    Meeting,
    MeetingMaterial,
    MeetingReply,
    Member,
    Membership,
    Position,
    Rows,
    Unit,
    held_bucket,
)


def is_invited(actor: Actor) -> ColumnElement[bool]:
    """Return the condition that a meeting was called and addressed to the actor."""
    reached = Meeting.audience_id.in_(addressed_to(actor, "meeting"))
    return and_(Meeting.state != rules.DRAFT, reached)


def unit(unit_id: uuid.UUID, scopes: Iterable[str]) -> Rows:
    """Select a unit that stands in one of the subtrees."""
    return select(Unit).where(Unit.id == unit_id, inside(scopes))


def meeting(actor: Actor, meeting_id: uuid.UUID) -> Rows:
    """Select (Meeting, Unit, invited) of one meeting, whoever the actor is."""
    invited = func.coalesce(is_invited(actor), False).label("invited")
    return (
        select(Meeting, Unit, invited)
        .join(Unit, Unit.id == Meeting.unit_id)
        .where(Meeting.id == meeting_id)
    )


def mine(actor: Actor, since: datetime) -> Rows:
    """Select the lines of the meetings to which the actor is invited, from a start on."""
    return _lines(actor).where(is_invited(actor), Meeting.starts_at >= since)


def on_phones(actor: Actor, meetings: Iterable[uuid.UUID]) -> Rows:
    """Select what phones show of those meetings to which the actor is invited."""
    return (
        select(
            Meeting.id,
            Meeting.unit_id,
            Meeting.kind,
            Meeting.title,
            Meeting.starts_at,
            Meeting.minutes_planned,
            Meeting.place,
            Meeting.note,
            Meeting.chair_id,
            Member.full_name.label("chair_name"),
            Meeting.state,
            Meeting.cancel_reason,
        )
        .outerjoin(Member, Member.id == Meeting.chair_id)
        .where(Meeting.id.in_(list(meetings)), is_invited(actor))
    )


def managed(actor: Actor, unit_id: uuid.UUID | None, state: str | None) -> Rows:
    """Select the lines of the meetings of units in which the actor may read meetings."""
    statement = _lines(actor).where(inside(actor.scopes(Permission.MEETING_READ)))
    if unit_id is not None:
        statement = statement.where(Meeting.unit_id == unit_id)
    return statement if state is None else statement.where(Meeting.state == state)


def _lines(actor: Actor) -> Rows:
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


def agenda(meetings: Iterable[uuid.UUID]) -> Rows:
    """Select (meeting_id, title, minutes, presenter) of agendas, each in its order."""
    return (
        select(AgendaItem.meeting_id, AgendaItem.title, AgendaItem.minutes, AgendaItem.presenter)
        .where(AgendaItem.meeting_id.in_(list(meetings)))
        .order_by(AgendaItem.meeting_id, AgendaItem.ordinal)
    )


def materials(meetings: Iterable[uuid.UUID]) -> Rows:
    """Select (meeting_id, document_id) of papers, each meeting's in their order."""
    return (
        select(MeetingMaterial.meeting_id, MeetingMaterial.document_id)
        .where(MeetingMaterial.meeting_id.in_(list(meetings)))
        .order_by(MeetingMaterial.meeting_id, MeetingMaterial.ordinal)
    )


def papers(actor: Actor, meeting_id: uuid.UUID) -> Rows:
    """Select the papers of a meeting in order, with what names each and its abstract.

    All but ``document_id`` is null where the actor may not see the document.
    """
    shown = (Document.id == MeetingMaterial.document_id) & _is_open(actor)
    return (
        select(
            MeetingMaterial.document_id,
            Document.number,
            Document.symbol,
            Document.abstract,
            DocumentType.symbol.label("type_symbol"),
            Issuer.symbol.label("issuer_symbol"),
        )
        .select_from(MeetingMaterial)
        .outerjoin(Document, shown)
        .outerjoin(DocumentType, DocumentType.code == Document.type_code)
        .outerjoin(Issuer, Issuer.id == Document.issuer_id)
        .where(MeetingMaterial.meeting_id == meeting_id)
        .order_by(MeetingMaterial.ordinal)
    )


def readable(actor: Actor, documents: Iterable[uuid.UUID]) -> Rows:
    """Select the ids of those documents that the actor may see, recalled ones left out."""
    return select(Document.id).where(Document.id.in_(list(documents)), _is_open(actor))


def _is_open(actor: Actor) -> ColumnElement[bool]:
    return and_(visible(actor), Document.state != "recalled")


def visible_to_all(documents: Iterable[uuid.UUID], buckets: Sequence[uuid.UUID], day: date) -> Rows:
    """Select the ids of the published documents whose audience contains each of ``buckets``.

    A bucket is contained in an equal or wider one: a subtree contains every unit inside it,
    everyone contains every role, a member's own is contained in any that the member holds.
    """
    # Nested statements see only their next neighbour by themselves: the rest is named.
    container = (
        exists()
        .where(
            Addressing.audience_id == Document.audience_id,
            Addressing.bucket_id == _OUTER.id,
            _contains(day),
        )
        .correlate(Document, _INNER)
    )
    uncontained = exists().where(_INNER.id.in_(list(buckets)), ~container).correlate(Document)
    return select(Document.id).where(
        Document.id.in_(list(documents)), Document.state == "published", ~uncontained
    )


_INNER, _OUTER = aliased(Bucket), aliased(Bucket)
_INNER_UNIT, _OUTER_UNIT = aliased(Unit), aliased(Unit)


def _contains(day: date) -> ColumnElement[bool]:
    """Return the condition that the bucket ``_OUTER`` contains the bucket ``_INNER``."""
    around = exists().where(
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
    same = _INNER.id == _OUTER.id
    return or_(same, around.correlate(_INNER, _OUTER), held.correlate(_INNER, _OUTER))


def may_chair(member_id: uuid.UUID, of: Unit, day: date) -> Rows:
    """Select the id of a member who on a day holds a post at a unit or belongs to it or below."""
    holds = exists().where(
        Position.member_id == Member.id, Position.unit_id == of.id, Position.during.contains(day)
    )
    belongs = exists().where(
        Membership.member_id == Member.id,
        Membership.during.contains(day),
        Unit.id == Membership.unit_id,
        inside((of.path,)),
    )
    return select(Member.id).where(Member.id == member_id, stays(day), or_(holds, belongs))


def name(member_id: uuid.UUID) -> Rows:
    """Select the full name of a member."""
    return select(Member.full_name).where(Member.id == member_id)


def stays(day: date) -> ColumnElement[bool]:
    """Return the condition that a member has not left by a day."""
    return or_(Member.left_on.is_(None), Member.left_on > day)
