"""Inboxes, derived: the distinct notices of a member's buckets, within the dates that gave them."""

import uuid
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import ColumnElement, Date, and_, case, cast, exists, false, func, or_, select

from handbook import clock
from handbook.access import Actor, Permission
from models import (
    BELOW,
    LABEL_WIDTH,
    PATH_END,
    Addressing,
    Bucket,
    Device,
    InboxMark,
    Member,
    Membership,
    Notice,
    NoticeMark,
    Outbox,
    Rows,
    Unit,
    held_bucket,
)

_PUBLISHED_ON = cast(func.timezone("Asia/Ho_Chi_Minh", Notice.published_at), Date)


def in_inbox(actor: Actor) -> Rows:
    """Select the notices that stand in the actor's inbox, with what the actor did.

    Columns: all of the notice's that a line shows, ``opened_at`` and ``dismissed_at``. What was
    only read over bears the instant of its publication as ``opened_at``: no better one is known,
    and this one never changes.
    """
    reached = exists().where(
        Addressing.kind == "notice",
        Addressing.audience_id == Notice.audience_id,
        Addressing.bucket_id.in_([bucket.id for bucket in actor.buckets]),
        held_bucket.c.bucket_id == Addressing.bucket_id,
        held_bucket.c.member_id == actor.member_id,
        held_bucket.c.during.contains(_PUBLISHED_ON),
    )
    return (
        select(
            Notice.id,
            Notice.kind,
            Notice.object_kind,
            Notice.object_id,
            Notice.params,
            Notice.urgent,
            Notice.published_at,
            _opened_at(actor).label("opened_at"),
            NoticeMark.dismissed_at,
        )
        .outerjoin(NoticeMark, _own_mark(actor))
        .where(Notice.withdrawn_at.is_(None), reached)
    )


def _opened_at(actor: Actor) -> ColumnElement[datetime | None]:
    read_over = select(InboxMark.read_up_to).where(InboxMark.member_id == actor.member_id)
    read_over_at = case((read_over.scalar_subquery() >= Notice.published_at, Notice.published_at))
    return func.coalesce(NoticeMark.opened_at, read_over_at)


def _own_mark(actor: Actor) -> ColumnElement[bool]:
    return and_(NoticeMark.notice_id == Notice.id, NoticeMark.member_id == actor.member_id)


def own_states(actor: Actor, notices: Iterable[uuid.UUID]) -> Rows:
    """Select (id, opened_at, dismissed_at) of the ``notices`` that the actor did something with.

    It follows from the actor's own marks alone, whether a notice still stands in the inbox or not.
    """
    opened_at = _opened_at(actor)
    return (
        select(Notice.id, opened_at.label("opened_at"), NoticeMark.dismissed_at)
        .outerjoin(NoticeMark, _own_mark(actor))
        .where(Notice.id.in_(list(notices)), opened_at.is_not(None))
    )


def by_ids(actor: Actor, notices: Iterable[uuid.UUID]) -> Rows:
    """Select those of ``notices`` that stand in the actor's inbox."""
    return in_inbox(actor).where(Notice.id.in_(list(notices)))


def concerns(actor: Actor, notice_id: uuid.UUID) -> Rows:
    """Select the id of a notice that is addressed to units or members inside the actor's scopes.

    A bucket of a unit counts when the unit lies inside a scope, or above one and reaches down.
    """
    scopes = actor.scopes(Permission.REPORT_READ)
    above = {
        path[:width] for path in scopes for width in range(LABEL_WIDTH, len(path), LABEL_WIDTH)
    }
    reached = or_(inside(scopes), (Bucket.reach == BELOW) & Unit.path.in_(above))
    units = (
        select(Addressing.audience_id)
        .join(Bucket, Bucket.id == Addressing.bucket_id)
        .join(Unit, Unit.id == Bucket.unit_id)
        .where(reached)
    )
    members = (
        select(Addressing.audience_id)
        .join(Bucket, Bucket.id == Addressing.bucket_id)
        .join(Membership, Membership.member_id == Bucket.member_id)
        .join(Unit, Unit.id == Membership.unit_id)
        .where(Membership.during.contains(clock.today()), inside(scopes))
    )
    ours = or_(Notice.audience_id.in_(units), Notice.audience_id.in_(members))
    return select(Notice.id).where(Notice.id == notice_id, ours)


def inside(scopes: Iterable[str]) -> ColumnElement[bool]:
    """Return the condition that a unit stands in one of the subtrees."""
    return or_(false(), *[(Unit.path >= path) & (Unit.path < path + PATH_END) for path in scopes])


def reachable_by(actor: Actor, notice_id: uuid.UUID) -> Rows:
    """Select one row for each (member, device) the notice was to go to, inside the actor's scopes.

    Columns: member_id, full_name, unit name, platform, state and reason of the push, opened_at.
    """
    read_over_at = case((InboxMark.read_up_to >= Notice.published_at, Notice.published_at))
    return (
        select(
            Outbox.id,
            Outbox.member_id,
            Member.full_name,
            Unit.name.label("unit"),
            Device.platform,
            Outbox.state,
            Outbox.reason,
            Outbox.settled_at,
            func.coalesce(NoticeMark.opened_at, read_over_at).label("opened_at"),
        )
        .join(Notice, Notice.id == Outbox.notice_id)
        .join(Member, Member.id == Outbox.member_id)
        .join(Device, Device.id == Outbox.device_id)
        .join(
            Membership,
            (Membership.member_id == Outbox.member_id)
            & (Membership.kind == "official")
            & Membership.during.contains(clock.today()),
        )
        .join(Unit, Unit.id == Membership.unit_id)
        .outerjoin(
            NoticeMark,
            (NoticeMark.notice_id == Outbox.notice_id) & (NoticeMark.member_id == Outbox.member_id),
        )
        .outerjoin(InboxMark, InboxMark.member_id == Outbox.member_id)
        .where(Outbox.notice_id == notice_id, inside(actor.scopes(Permission.REPORT_READ)))
    )
