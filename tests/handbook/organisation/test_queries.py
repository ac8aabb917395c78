"""Units and members by scope: the right rows."""

from datetime import timedelta

from sqlalchemy.orm import Session

from handbook import clock
from handbook.organisation import queries
from tests.handbook.organisation.conftest import House
from tests.support import build

TODAY = clock.today()


def names(db: Session, house: House, *, subtree: bool, q: str | None = None) -> list[str]:
    home = house.commune if subtree else house.cell
    rows = db.execute(queries.members_in(home, clock.today(), subtree=subtree, q=q))
    return sorted(row.full_name for row in rows)


def test_no_scope_no_unit(db: Session, house: House) -> None:
    statement = queries.visible_units([], [], clock.today(), parent_id=None, q=None)
    assert db.scalars(statement).all() == []


def test_units_inside_scopes_and_on_the_chain(db: Session, house: House) -> None:
    statement = queries.visible_units(
        [house.commune.path], [house.province.path], clock.today(), parent_id=None, q=None
    )
    found = {unit.id for unit in db.scalars(statement)}
    assert found == {house.province.id, house.commune.id, house.cell.id, house.other_cell.id}
    house.cell.dissolved_on = clock.today()
    house.other_cell.dissolved_on = clock.today() + timedelta(days=1)
    db.flush()
    left = {unit.id for unit in db.scalars(statement)}
    assert left == {house.province.id, house.commune.id, house.other_cell.id}


def test_names_are_searched_without_marks_and_wildcards(db: Session, house: House) -> None:
    for q, number in (("THON mot", 1), ("thôn", 2), ("%", 0), ("_", 0)):
        statement = queries.visible_units(
            [house.commune.path], [], clock.today(), parent_id=house.commune.id, q=q
        )
        assert len(db.scalars(statement).all()) == number, q


def test_a_member_is_listed_once_and_only_by_seats_of_today(db: Session, house: House) -> None:
    both = build.member(house.cell, "Đỗ Văn Hai")
    build.membership(both, house.other_cell, kind="temporary")
    past = build.member(None, "Đỗ Văn Qua")
    build.membership(past, house.cell, end=clock.today())
    build.member(house.neighbour_cell, "Đỗ Văn Xa")
    guest = build.member(house.neighbour_cell, "Đỗ Văn Khách")
    build.membership(guest, house.other_cell, kind="temporary")
    three = ["Lê Văn Cường", "Nguyễn Văn An", "Trần Thị Bình"]
    assert names(db, house, subtree=False) == sorted([*three, "Đỗ Văn Hai"])
    assert names(db, house, subtree=True) == sorted([*three, "Đỗ Văn Hai", "Đỗ Văn Khách"])
    assert names(db, house, subtree=True, q="do van") == ["Đỗ Văn Hai", "Đỗ Văn Khách"]
    rows = db.execute(queries.members_in(house.other_cell, clock.today(), subtree=False, q=None))
    homes = {row.full_name: row.unit_name for row in rows}
    assert homes == {"Đỗ Văn Hai": "Chi bộ thôn Một", "Đỗ Văn Khách": "Chi bộ thôn Ba"}


def test_seats_of_today_or_later_count(db: Session, house: House) -> None:
    def seated() -> bool:
        statement = queries.seats_members(house.other_cell.id, clock.today())
        return bool(db.execute(statement).scalar_one())

    assert not seated()
    build.membership(build.member(), house.other_cell, end=clock.today())
    assert not seated()
    build.membership(build.member(), house.other_cell, end=clock.today() + timedelta(days=1))
    assert seated()
