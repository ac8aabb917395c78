"""Units, members and positions by scope."""

import uuid
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, or_, select

from handbook import text
from models import (
    PATH_END,
    Addressing,
    Meeting,
    Member,
    Membership,
    Position,
    Rows,
    Unit,
    UnitVersion,
)


def inside(paths: Iterable[str]) -> ColumnElement[bool]:
    """Return the condition that a unit stands in one of the subtrees, as range scans."""
    return or_(
        False,  # noqa: FBT003  # the empty OR of SQLAlchemy: no subtree, no unit
        *(and_(Unit.path >= path, Unit.path < path + PATH_END) for path in paths),
    )


def _stands(day: date) -> ColumnElement[bool]:
    """Return the condition that a unit is not dissolved on a day."""
    return or_(Unit.dissolved_on.is_(None), Unit.dissolved_on > day)


def visible_units(
    subtrees: Sequence[str],
    chain: Sequence[str],
    day: date,
    *,
    parent_id: uuid.UUID | None,
    q: str | None,
) -> Rows:
    """Select the units not dissolved on a day, inside ``subtrees`` or with a path of ``chain``.

    Narrowed to the children of ``parent_id`` and to names that hold ``q``, marks and case aside.
    """
    statement = select(Unit).where(_stands(day), or_(inside(subtrees), Unit.path.in_(chain)))
    if parent_id is not None:
        statement = statement.where(Unit.parent_id == parent_id)
    if q is not None:
        statement = statement.where(Unit.name_folded.contains(text.fold(q), autoescape=True))
    return statement


def unit(unit_id: uuid.UUID) -> Rows:
    """Select one unit."""
    return select(Unit).where(Unit.id == unit_id)


def child_kinds(unit_id: uuid.UUID, day: date) -> Rows:
    """Select the kinds of the children of a unit that are not dissolved on a day."""
    return select(Unit.kind).where(Unit.parent_id == unit_id, _stands(day)).distinct()


def seats_members(unit_id: uuid.UUID, day: date) -> Rows:
    """Select whether anybody sits in a unit on a day or later."""
    return select(
        exists().where(
            Membership.unit_id == unit_id,
            func.coalesce(func.upper(Membership.during) > day, True),  # no end: true
        )
    )


def version_on(unit_id: uuid.UUID, day: date) -> Rows:
    """Select the version of a unit that holds on a day."""
    return select(UnitVersion).where(
        UnitVersion.unit_id == unit_id, UnitVersion.during.contains(day)
    )


def _with_home(day: date, *columns: Any) -> Rows:
    """Select ``columns`` of members, joined to the unit of their official membership on a day."""
    return (
        select(*columns)
        .select_from(Member)
        .outerjoin(
            Membership,
            and_(
                Membership.member_id == Member.id,
                Membership.kind == "official",
                Membership.during.contains(day),
            ),
        )
        .outerjoin(Unit, Unit.id == Membership.unit_id)
    )


def members_in(home: Unit, day: date, *, subtree: bool, q: str | None) -> Rows:
    """Select the lines of the members who sit in a unit on a day, or also below it.

    Loads id, full_name, name_key, birth_date, sex, standing, unit_id and unit_name (of the official
    membership, which may lie elsewhere for a temporary one).
    """
    seat = Membership.__table__.alias("seat")
    at = Unit.__table__.alias("seat_unit")
    where = (
        and_(at.c.path >= home.path, at.c.path < home.path + PATH_END)
        if subtree
        else at.c.id == home.id
    )
    sits = (
        select(seat.c.member_id)
        .join(at, at.c.id == seat.c.unit_id)
        .where(where, seat.c.during.contains(day))
    )
    statement = _with_home(
        day,
        Member.id,
        Member.full_name,
        Member.name_key,
        Member.birth_date,
        Member.sex,
        Member.standing,
        Unit.id.label("unit_id"),
        Unit.name.label("unit_name"),
    ).where(Member.id.in_(sits))
    if q is not None:
        statement = statement.where(Member.name_folded.contains(text.fold(q), autoescape=True))
    return statement


def member(member_id: uuid.UUID, day: date) -> Rows:
    """Select (Member, unit_id, unit_name) of one member, the unit as of a day."""
    return _with_home(day, Member, Unit.id.label("unit_id"), Unit.name.label("unit_name")).where(
        Member.id == member_id
    )


def seats(member_id: uuid.UUID, day: date) -> Rows:
    """Select (path, kind) of the memberships of a member on a day."""
    return (
        select(Unit.path, Membership.kind)
        .join(Membership, Membership.unit_id == Unit.id)
        .where(Membership.member_id == member_id, Membership.during.contains(day))
    )


def chaired(member_id: uuid.UUID) -> Rows:
    """Select (id, bucket_id) of the meetings that a member chairs and the buckets they are in."""
    return (
        select(Meeting.id, Addressing.bucket_id)
        .join(Addressing, Addressing.audience_id == Meeting.audience_id)
        .where(Meeting.chair_id == member_id)
    )


def positions(member_id: uuid.UUID) -> Rows:
    """Select the lines of the posts of a member, past and present, with the unit's name."""
    return (
        select(
            Position.id,
            Position.member_id,
            Position.unit_id,
            Unit.name.label("unit_name"),
            Position.role,
            func.lower(Position.during).label("begin"),
            func.upper(Position.during).label("until"),
        )
        .join(Unit, Unit.id == Position.unit_id)
        .where(Position.member_id == member_id)
    )


def position(position_id: uuid.UUID) -> Rows:
    """Select (Position, Unit) of one post."""
    return (
        select(Position, Unit)
        .join(Unit, Unit.id == Position.unit_id)
        .where(Position.id == position_id)
    )
