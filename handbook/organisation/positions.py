"""Use cases over posts: giving one from a day, ending one on a day. Rights follow at once."""

import uuid
from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import Row
from sqlalchemy.dialects.postgresql import Range

from handbook import clock, database, ids
from handbook.access import Actor, Permission
from handbook.audit import service as audit
from handbook.errors import Conflict, Forbidden, Invalid, NotFound
from handbook.organisation import members, queries, rules, service
from models import Position, Rows, Unit


def positions_of(actor: Actor, member_id: uuid.UUID) -> Rows:
    """Select the lines of the posts, past and present, of a member the actor may see."""
    members.demand_member(actor, member_id)
    return queries.positions(member_id)


def give(actor: Actor, member_id: uuid.UUID, body: Mapping[str, Any]) -> Row[Any]:
    """Give a member a post at a unit over which the actor holds POSITION_WRITE (``PositionIn``).

    Nobody gives a post to themselves (Forbidden ``own_position``). Raises Conflict when the unit is
    dissolved or the member holds this post there in these days already.
    """
    members.demand_member(actor, member_id)
    unit = service.get_unit(actor, body["unit_id"], Permission.POSITION_WRITE)
    _demand_other(actor, member_id)
    service.demand_open(unit)
    begin: date = body["begin"] or clock.today()
    position = Position(
        id=ids.new(),
        member_id=member_id,
        unit_id=unit.id,
        role=body["role"],
        during=Range(begin, None),
    )
    database.session().add(position)
    database.session().flush()
    _record(actor, "position.given", position, {"role": position.role, "from": begin.isoformat()})
    return _line(position)


def end(actor: Actor, position_id: uuid.UUID, until: date) -> Row[Any]:
    """End a post: ``until`` is its first day without it, today at once, or a day to come.

    Repeating the same end changes nothing. Raises Conflict ``position_ended`` when the post is over
    already, Invalid when it would end before it began, Forbidden for the actor's own post.
    """
    position = _get(actor, position_id)
    _demand_other(actor, position.member_id)
    began, ended = position.during.lower, position.during.upper
    if ended == until:
        return _line(position)
    if ended is not None and ended <= clock.today():
        raise Conflict("position_ended")
    if began is None or not rules.end_fits(until, began):
        raise Invalid(errors={"until": ["range"]})
    position.during = Range(began, until)
    database.session().flush()
    _record(actor, "position.ended", position, {"role": position.role, "until": until.isoformat()})
    return _line(position)


def _get(actor: Actor, position_id: uuid.UUID) -> Position:
    """Return a locked post at a unit over which the actor holds POSITION_WRITE."""
    statement = queries.position(position_id).with_for_update(of=Position, key_share=True)
    row = database.session().execute(statement).one_or_none()
    if row is None:
        raise NotFound
    position: Position = row.Position
    unit: Unit = row.Unit
    if not actor.may(Permission.POSITION_WRITE, unit.path):
        raise Forbidden if actor.may(Permission.MEMBER_READ, unit.path) else NotFound
    return position


def _demand_other(actor: Actor, member_id: uuid.UUID) -> None:
    if member_id == actor.member_id:
        raise Forbidden("own_position")


def _line(position: Position) -> Row[Any]:
    statement = queries.positions(position.member_id).where(Position.id == position.id)
    return database.session().execute(statement).one()


def _record(actor: Actor, action: str, position: Position, data: Mapping[str, object]) -> None:
    audit.record(
        actor,
        action,
        "position",
        position.id,
        unit_id=position.unit_id,
        member_id=position.member_id,
        data=data,
    )
