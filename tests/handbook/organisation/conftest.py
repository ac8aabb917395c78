"""A commune with two cells below it, a neighbour, and who may do what there."""

from dataclasses import dataclass

import pytest
from sqlalchemy.orm import Session

from handbook.access import Actor, load_actor
from handbook.http import Handbook
from models import Member, Unit
from tests.support import build
from tests.support.phone import Phone


@dataclass
class House:
    """The units and people of these tests; ``officer`` holds every right below ``commune``."""

    app: Handbook
    province: Unit
    commune: Unit
    cell: Unit
    other_cell: Unit
    neighbour: Unit
    neighbour_cell: Unit
    officer: Member
    secretary: Member
    plain: Member

    def phone(self, who: Member) -> Phone:
        """Return a signed-in phone."""
        return Phone(self.app, who)


@pytest.fixture
def house(app: Handbook, db: Session) -> House:
    """Return the house."""
    province = build.unit(kind="province", name="Đảng bộ tỉnh")
    commune = build.unit(province, "commune", "Đảng bộ xã Đông")
    cell = build.unit(commune, "cell", "Chi bộ thôn Một")
    other_cell = build.unit(commune, "cell", "Chi bộ thôn Hai")
    neighbour = build.unit(province, "commune", "Đảng bộ xã Tây")
    neighbour_cell = build.unit(neighbour, "cell", "Chi bộ thôn Ba")
    officer = build.member(cell, "Trần Thị Bình")
    build.position(officer, commune, "organisation_officer")
    secretary = build.member(cell, "Lê Văn Cường")
    build.position(secretary, cell, "secretary")
    return House(
        app,
        province,
        commune,
        cell,
        other_cell,
        neighbour,
        neighbour_cell,
        officer,
        secretary,
        build.member(cell, "Nguyễn Văn An"),
    )


def act_as(db: Session, who: Member) -> Actor:
    """Return the member as the actor of a request."""
    session = build.session_of(who)
    return load_actor(db, session.id, session.account_id)


@pytest.fixture
def officer(house: House, db: Session) -> Actor:
    """Return the organisation officer of the commune as an actor."""
    return act_as(db, house.officer)
