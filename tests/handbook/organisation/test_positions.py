"""Posts: given and ended within scope."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from handbook import clock
from handbook.access import Actor
from handbook.errors import Conflict, Forbidden, Invalid, NotFound
from handbook.organisation import positions
from models import AuditEntry, Unit
from tests.handbook.organisation.conftest import House, act_as
from tests.support import build

DAY = timedelta(days=1)


def position_in(at: Unit, role: str = "deputy", **more: Any) -> dict[str, Any]:
    return {"unit_id": at.id, "role": role, "begin": None, **more}


def actions(db: Session, object_id: object) -> list[str]:
    statement = select(AuditEntry.action).where(AuditEntry.object_id == object_id)
    return list(db.scalars(statement.order_by(AuditEntry.number)))


def test_give_and_end(db: Session, house: House, officer: Actor) -> None:
    line = positions.give(officer, house.plain.id, position_in(house.cell))
    assert (line.role, line.unit_name, line.begin, line.until) == (
        "deputy",
        "Chi bộ thôn Một",
        clock.today(),
        None,
    )
    until = clock.today() + DAY
    assert positions.end(officer, line.id, until).until == until
    assert positions.end(officer, line.id, until).until == until
    assert actions(db, line.id) == ["position.given", "position.ended"]


def test_the_same_post_twice_is_refused(house: House, officer: Actor) -> None:
    positions.give(officer, house.plain.id, position_in(house.cell))
    positions.give(officer, house.plain.id, position_in(house.cell, "clerk"))
    with pytest.raises(IntegrityError, match="ex_position_one_at_a_time"):
        positions.give(officer, house.plain.id, position_in(house.cell))


def test_where_a_post_may_be_given(db: Session, house: House, officer: Actor) -> None:
    assert positions.give(officer, house.plain.id, position_in(house.commune))
    with pytest.raises(NotFound):
        positions.give(officer, house.plain.id, position_in(house.neighbour))
    with pytest.raises(Forbidden):
        positions.give(officer, house.plain.id, position_in(house.province))
    stranger = build.member(house.neighbour_cell)
    with pytest.raises(NotFound):
        positions.give(officer, stranger.id, position_in(house.commune))
    house.other_cell.dissolved_on = clock.today()
    db.flush()
    with pytest.raises(Conflict, match="unit_dissolved"):
        positions.give(officer, house.plain.id, position_in(house.other_cell))
    with pytest.raises(Forbidden):
        positions.give(act_as(db, house.secretary), house.plain.id, position_in(house.cell))


def test_nobody_appoints_themselves(house: House, officer: Actor) -> None:
    with pytest.raises(Forbidden, match="own_position"):
        positions.give(officer, officer.member_id, position_in(house.commune, "secretary"))
    assert positions.give(officer, house.plain.id, position_in(house.commune, "secretary"))


def test_nobody_prolongs_their_own_post(house: House, officer: Actor) -> None:
    own = build.position(house.officer, house.commune, "clerk", end=clock.today() + DAY)
    other = build.position(house.plain, house.commune, "clerk", end=clock.today() + DAY)
    later = clock.today() + 9 * DAY
    with pytest.raises(Forbidden, match="own_position"):
        positions.end(officer, own.id, later)
    assert positions.end(officer, other.id, later).until == later


def test_what_cannot_end(db: Session, house: House, officer: Actor) -> None:
    post = build.position(house.plain, house.cell, "deputy")
    with pytest.raises(Invalid):
        positions.end(officer, post.id, build.LONG_AGO)
    assert positions.end(officer, post.id, clock.today()).until == clock.today()
    with pytest.raises(Conflict, match="position_ended"):
        positions.end(officer, post.id, clock.today() + DAY)
    foreign = build.position(house.plain, house.neighbour, "deputy")
    with pytest.raises(NotFound):
        positions.end(officer, foreign.id, clock.today())
    with pytest.raises(NotFound):
        positions.end(officer, house.plain.id, clock.today())


def test_who_sees_the_post_but_may_not_end_it(db: Session, house: House) -> None:
    post = build.position(house.plain, house.cell, "deputy")
    with pytest.raises(Forbidden):
        positions.end(act_as(db, house.secretary), post.id, clock.today())


def test_a_post_at_a_dissolved_unit_may_end(db: Session, house: House, officer: Actor) -> None:
    post = build.position(house.plain, house.other_cell, "deputy")
    house.other_cell.dissolved_on = clock.today()
    db.flush()
    assert positions.end(officer, post.id, clock.today()).until == clock.today()
