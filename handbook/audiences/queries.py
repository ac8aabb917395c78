"""Who is addressed, and what is addressed to whom."""

import uuid
from collections.abc import Iterable
from datetime import date

from sqlalchemy import select

from handbook.access import Actor
from models import Addressing, Membership, Rows, Unit, bucket_member


def addressed_to(actor: Actor, kind: str) -> Rows:
    """Select the ids of the audiences of ``kind`` that reach the actor today."""
    buckets = [bucket.id for bucket in actor.buckets]
    return select(Addressing.audience_id).where(
        Addressing.kind == kind, Addressing.bucket_id.in_(buckets)
    )


def buckets_of(audience_id: uuid.UUID) -> Rows:
    """Select the ids of the buckets of an audience, in order."""
    return (
        select(Addressing.bucket_id)
        .where(Addressing.audience_id == audience_id)
        .order_by(Addressing.bucket_id)
    )


def buckets_of_each(audience_ids: Iterable[uuid.UUID]) -> Rows:
    """Select (audience_id, bucket_id) of audiences."""
    return select(Addressing.audience_id, Addressing.bucket_id).where(
        Addressing.audience_id.in_(list(audience_ids))
    )


def members_of(audience_id: uuid.UUID, day: date) -> Rows:
    """Select the distinct ids of the members whom an audience reaches on a day."""
    return (
        select(bucket_member.c.member_id)
        .join(Addressing, Addressing.bucket_id == bucket_member.c.bucket_id)
        .where(Addressing.audience_id == audience_id, bucket_member.c.during.contains(day))
        .distinct()
    )


def units(ids: Iterable[uuid.UUID]) -> Rows:
    """Select (id, path, dissolved_on) of units."""
    return select(Unit.id, Unit.path, Unit.dissolved_on).where(Unit.id.in_(list(ids)))


def homes(members: Iterable[uuid.UUID], day: date) -> Rows:
    """Select (member_id, path) of the units in which members sit on a day."""
    return (
        select(Membership.member_id, Unit.path)
        .join(Unit, Unit.id == Membership.unit_id)
        .where(Membership.member_id.in_(list(members)), Membership.during.contains(day))
    )
