"""Setting up and changing units."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from handbook import clock
from handbook.access import Actor, Permission
from handbook.errors import Conflict, Forbidden, Invalid, NotFound, Problem
from handbook.organisation import service
from models import AuditEntry, Unit, UnitVersion
from tests.handbook.organisation.conftest import House, act_as
from tests.support import build


def unit_in(parent: Unit, **more: Any) -> dict[str, Any]:
    return {
        "parent_id": parent.id,
        "kind": "cell",
        "name": "Chi bộ thôn Bốn",
        "code": None,
        "begin": None,
        **more,
    }


def versions(db: Session, unit: Unit) -> list[tuple[str, str, date, date | None]]:
    rows = db.scalars(
        select(UnitVersion).where(UnitVersion.unit_id == unit.id).order_by(UnitVersion.during)
    )
    return [(row.kind, row.name, row.during.lower, row.during.upper) for row in rows]  # type: ignore[misc]  # a version begins


def lines(db: Session, unit: Unit) -> list[AuditEntry]:
    return list(db.scalars(select(AuditEntry).where(AuditEntry.object_id == unit.id)))


def test_create(db: Session, house: House, officer: Actor) -> None:
    unit = service.create_unit(officer, unit_in(house.commune, code="38.168.053.000.001"))
    assert unit.path.startswith(house.commune.path)
    assert len(unit.path) == len(house.commune.path) + 4
    assert versions(db, unit) == [("cell", "Chi bộ thôn Bốn", clock.today(), None)]
    (line,) = lines(db, unit)
    assert (line.action, line.account_id) == ("unit.created", officer.account_id)
    assert "thôn" not in str(line.data)


def test_units_get_paths_of_their_own(db: Session, house: House, officer: Actor) -> None:
    made = [service.create_unit(officer, unit_in(house.commune)) for _ in range(3)]
    assert len({unit.path for unit in made}) == 3
    assert [unit.path for unit in made] == sorted(unit.path for unit in made)


def test_create_from_a_day(db: Session, house: House, officer: Actor) -> None:
    day = clock.today() - timedelta(days=30)
    unit = service.create_unit(officer, unit_in(house.commune, begin=day))
    assert versions(db, unit)[0][2] == day
    with pytest.raises(Invalid) as refusal:
        service.create_unit(officer, unit_in(house.commune, begin=clock.today() + timedelta(1)))
    assert refusal.value.errors == {"from": ["range"]}


@pytest.mark.parametrize(
    ("parent", "more", "refusal"),
    [
        ("neighbour", {}, NotFound),
        ("province", {"kind": "commune"}, Forbidden),
        ("commune", {"kind": "province"}, Invalid),
        ("cell", {}, Invalid),
    ],
)
def test_create_is_refused(  # a success stands in test_create
    house: House, officer: Actor, parent: str, more: dict[str, str], refusal: type[Problem]
) -> None:
    service.create_unit(officer, unit_in(house.commune))
    with pytest.raises(refusal):
        service.create_unit(officer, unit_in(getattr(house, parent), **more))


def test_a_dissolved_unit_refuses_writes(db: Session, house: House, officer: Actor) -> None:
    section = service.create_unit(officer, unit_in(house.commune, kind="section"))
    service.create_unit(officer, unit_in(section))
    section.dissolved_on = clock.today()
    db.flush()
    with pytest.raises(Conflict, match="unit_dissolved"):
        service.create_unit(officer, unit_in(section))
    with pytest.raises(Conflict, match="unit_dissolved"):
        service.change_unit(officer, section, {"name": "Tên mới", "begin": None})


def test_rename_from_a_day(db: Session, house: House, officer: Actor) -> None:
    unit = house.cell
    day = clock.today() - timedelta(days=3)
    service.change_unit(officer, unit, {"name": "Chi bộ thôn Một Đông", "begin": day})
    assert (unit.name, unit.revision) == ("Chi bộ thôn Một Đông", 2)
    assert unit.name_folded == "chi bo thon mot dong"
    assert versions(db, unit) == [
        ("cell", "Chi bộ thôn Một", build.LONG_AGO, day),
        ("cell", "Chi bộ thôn Một Đông", day, None),
    ]
    (line,) = lines(db, unit)
    assert (line.action, line.data["changed"]) == ("unit.changed", ["name"])


def test_on_the_day_it_began_a_version_is_corrected(
    db: Session, house: House, officer: Actor
) -> None:
    unit = service.create_unit(officer, unit_in(house.commune))
    service.change_unit(officer, unit, {"name": "Chi bộ thôn Năm", "begin": None})
    assert versions(db, unit) == [("cell", "Chi bộ thôn Năm", clock.today(), None)]


@pytest.mark.parametrize("day", [build.LONG_AGO - timedelta(days=1), date(9999, 1, 1)])
def test_a_change_fits_into_the_present_version(
    db: Session, house: House, officer: Actor, day: date
) -> None:
    with pytest.raises(Invalid):
        service.change_unit(officer, house.cell, {"name": "Khác", "begin": day})
    service.change_unit(officer, house.cell, {"name": "Khác", "begin": build.LONG_AGO})
    assert versions(db, house.cell) == [("cell", "Khác", build.LONG_AGO, None)]


def test_nothing_new_changes_nothing(db: Session, house: House, officer: Actor) -> None:
    body = {"name": house.cell.name, "kind": "cell", "begin": None}
    service.change_unit(officer, house.cell, body)
    assert house.cell.revision == 1
    assert lines(db, house.cell) == []


def test_a_kind_changes_between_parent_and_children(
    db: Session, house: House, officer: Actor
) -> None:
    empty = service.create_unit(officer, unit_in(house.commune))
    service.change_unit(officer, empty, {"kind": "section", "begin": None})
    assert empty.kind == "section"
    service.create_unit(officer, unit_in(empty))
    for kind in ("group", "province", "cell"):
        with pytest.raises(Invalid, match="unit_kind_misplaced"):
            service.change_unit(officer, empty, {"kind": kind, "begin": None})
    service.change_unit(officer, empty, {"kind": "grassroots", "begin": None})


def test_a_unit_with_members_stays_a_cell(house: House, officer: Actor) -> None:
    change = {"kind": "section", "begin": None}
    service.change_unit(officer, house.other_cell, change)
    with pytest.raises(Conflict, match="unit_has_members"):
        service.change_unit(officer, house.cell, change)


def test_the_gate(db: Session, house: House, officer: Actor) -> None:
    assert service.get_unit(officer, house.cell.id, Permission.UNIT_WRITE) is house.cell
    assert service.get_unit(officer, house.province.id) is house.province
    with pytest.raises(Forbidden):
        service.get_unit(officer, house.province.id, Permission.UNIT_WRITE)
    for unit in (house.neighbour, house.neighbour_cell):
        with pytest.raises(NotFound):
            service.get_unit(officer, unit.id)
    plain = act_as(db, house.plain)
    assert service.get_unit(plain, house.commune.id) is house.commune
    with pytest.raises(NotFound):
        service.get_unit(plain, house.other_cell.id)
