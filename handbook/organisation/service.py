"""Use cases over units: the gate to a unit, setting up and changing units."""

import uuid
from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range

from handbook import clock, database, ids, text
from handbook.access import Actor, Permission
from handbook.audit import service as audit
from handbook.errors import Conflict, Invalid, NotFound
from handbook.organisation import queries, rules
from models import UNIT_NUMBER, Rows, Unit, UnitVersion


def chain(actor: Actor) -> list[str]:
    """Return the paths of the units the actor belongs to by place or post, and of those above."""
    own = [place.path for place in actor.places] + [post.path for post in actor.posts]
    return sorted({upper for path in own for upper in rules.ancestors(path)})


def visible_units(actor: Actor, *, parent_id: uuid.UUID | None, q: str | None) -> Rows:
    """Select the units the actor may see: own scopes, and the own chain up to the root."""
    return queries.visible_units(
        actor.scopes(Permission.UNIT_READ), chain(actor), clock.today(), parent_id=parent_id, q=q
    )


def get_unit(
    actor: Actor, unit_id: uuid.UUID, permission: Permission | None = None, *, lock: bool = False
) -> Unit:
    """Return a unit the actor may see, dissolved or not; the only door to a unit's row.

    Raises NotFound when it is not there or not visible, Forbidden when it is visible but
    ``permission`` is not held over it. ``lock`` holds the row to the end of the transaction.
    """
    statement = queries.unit(unit_id)
    if lock:
        statement = statement.with_for_update(key_share=True)
    unit: Unit | None = database.session().scalar(statement)
    if unit is None or not _sees(actor, unit.path):
        raise NotFound
    if permission is not None:
        actor.require(permission, unit.path)
    return unit


def _sees(actor: Actor, path: str) -> bool:
    return actor.may(Permission.UNIT_READ, path) or path in chain(actor)


def demand_open(unit: Unit) -> None:
    """Raise Conflict ``unit_dissolved`` when the unit is dissolved: it takes no writes."""
    if rules.is_dissolved(unit.dissolved_on, clock.today()):
        raise Conflict("unit_dissolved")


def day_or_today(day: date | None) -> date:
    """Return ``day``, or today when none is given; Invalid (field ``from``) for a day to come."""
    today = clock.today()
    if day is not None and day > today:
        raise Invalid(errors={"from": ["range"]})
    return day or today


def create_unit(actor: Actor, body: Mapping[str, Any]) -> Unit:
    """Set up a unit below one over which the actor holds UNIT_WRITE (body: ``UnitIn``).

    Raises Conflict when the parent is dissolved or the code is taken, Invalid when the kind may not
    stand below the parent's or the day is to come.
    """
    parent = get_unit(actor, body["parent_id"], Permission.UNIT_WRITE, lock=True)
    demand_open(parent)
    if not rules.may_stand_below(body["kind"], parent.kind):
        raise Invalid("unit_kind_misplaced", errors={"kind": ["choice"]})
    begin = day_or_today(body["begin"])
    session = database.session()
    number = session.execute(select(UNIT_NUMBER.next_value())).scalar_one()
    unit = Unit(
        id=ids.new(),
        number=number,
        parent_id=parent.id,
        path=parent.path + rules.path_label(number),
        kind=body["kind"],
        code=body["code"],
        **_named(body["name"]),
    )
    session.add(unit)
    session.flush()
    session.add(_version(unit, Range(begin, None)))
    session.flush()
    audit.record(
        actor,
        "unit.created",
        "unit",
        unit.id,
        unit_id=unit.id,
        data={"parent_id": str(parent.id), "kind": unit.kind, "from": begin.isoformat()},
    )
    return unit


def change_unit(actor: Actor, unit: Unit, body: Mapping[str, Any]) -> Unit:
    """Rename a locked unit or change its kind from a day on (body: ``UnitChange``).

    The present version ends and the next begins on that day; on the very day the present version
    began, it is corrected in place. Nothing new changes nothing.
    """
    demand_open(unit)
    kind, name = body.get("kind", unit.kind), body.get("name", unit.name)
    begin = day_or_today(body["begin"])
    if (kind, name) == (unit.kind, unit.name):
        return unit
    if kind != unit.kind:
        _demand_kind_fits(unit, kind)
    _follow(unit, kind, name, begin)
    unit.revision += 1
    database.session().flush()
    audit.record(
        actor,
        "unit.changed",
        "unit",
        unit.id,
        unit_id=unit.id,
        data={"changed": sorted({"kind", "name"} & body.keys()), "from": begin.isoformat()},
    )
    return unit


def _follow(unit: Unit, kind: str, name: str, begin: date) -> None:
    """End the present version of a unit on ``begin`` and let the next one begin."""
    session = database.session()
    today = clock.today()
    present: UnitVersion | None = session.scalar(queries.version_on(unit.id, today))
    began = present.during.lower if present else None
    if not rules.change_day_fits(begin, began=began, today=today):
        raise Invalid(errors={"from": ["range"]})
    unit.kind = kind
    for column, value in _named(name).items():
        setattr(unit, column, value)
    if present is None or began != begin:
        end = present.during.upper if present else None
        if present is not None:
            present.during = Range(began, begin)
            session.flush()  # before the next version is inserted: the two must not overlap
        session.add(_version(unit, Range(begin, end)))
    else:
        present.kind, present.name = kind, name


def _demand_kind_fits(unit: Unit, kind: str) -> None:
    """Raise unless the unit may be of ``kind`` between its parent, children and members."""
    session = database.session()
    below = session.scalars(queries.child_kinds(unit.id, clock.today())).all()
    fits = all(rules.may_stand_below(child, kind) for child in below)
    if unit.parent_id is not None:
        parent: Unit = session.scalars(queries.unit(unit.parent_id)).one()
        fits = fits and rules.may_stand_below(kind, parent.kind)
    if not fits:
        raise Invalid("unit_kind_misplaced", errors={"kind": ["choice"]})
    seated = session.execute(queries.seats_members(unit.id, clock.today())).scalar_one()
    if kind not in rules.HOMES and seated:
        raise Conflict("unit_has_members")


def _named(name: str) -> dict[str, str]:
    return {"name": name, "name_folded": text.fold(name), "sort_key": text.sort_key(name)}


def _version(unit: Unit, during: Range[date]) -> UnitVersion:
    return UnitVersion(
        id=ids.new(),
        unit_id=unit.id,
        parent_id=unit.parent_id,
        kind=unit.kind,
        name=unit.name,
        during=during,
    )
