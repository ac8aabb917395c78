"""Members: admitted, corrected, seen by scope; numbers sealed."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from handbook import clock
from handbook.access import Actor, Permission
from handbook.errors import Conflict, Forbidden, Invalid, NotFound
from handbook.organisation import members
from handbook.sealing import SealBroken, Sealer
from models import AuditEntry, Member, Membership
from tests.handbook.organisation.conftest import House, act_as
from tests.support import build

CANARY = "Phạm Hoàng Yến"


@pytest.fixture
def sealer(house: House) -> Sealer:
    found: Sealer = house.app.extensions["handbook_sealer"]
    return found


def member_in(**more: Any) -> dict[str, Any]:
    return {
        "full_name": CANARY,
        "birth_date": date(1990, 5, 1),
        "sex": "female",
        "standing": "official",
        "admitted_on": date(2015, 2, 3),
        "official_on": date(2016, 2, 3),
        "phone": "+84 912 345 678",
        "card_number": "038 168 000 001",
        "begin": None,
        **more,
    }


def lines(db: Session, member: Member) -> list[AuditEntry]:
    return list(db.scalars(select(AuditEntry).where(AuditEntry.object_id == member.id)))


def test_admit(db: Session, house: House, officer: Actor, sealer: Sealer) -> None:
    member = members.admit(officer, house.cell.id, member_in(full_name="Phạm  Hoàng Yến"), sealer)
    assert member.full_name == CANARY
    seat = db.scalars(select(Membership).where(Membership.member_id == member.id)).one()
    assert (seat.unit_id, seat.kind) == (house.cell.id, "official")
    assert (seat.during.lower, seat.during.upper) == (clock.today(), None)
    (line,) = lines(db, member)
    assert (line.action, line.unit_id) == ("member.admitted", house.cell.id)
    assert CANARY not in str(line.data)
    shown = members.shown(member.id, sealer)
    assert (shown["phone"], shown["card_number"]) == ("•••••••678", "•••••••••001")
    assert (shown["unit_id"], shown["unit_name"]) == (house.cell.id, "Chi bộ thôn Một")


def test_numbers_are_sealed_to_their_row_and_found_by_index(
    db: Session, house: House, officer: Actor, sealer: Sealer
) -> None:
    member = members.admit(officer, house.cell.id, member_in(), sealer)
    assert member.phone_sealed is not None
    assert b"912345678" not in member.phone_sealed
    assert member.phone_index == sealer.blind("0912345678", purpose="member.phone")
    assert member.card_index == sealer.blind("038168000001", purpose="member.card")
    other = members.admit(officer, house.cell.id, member_in(card_number=None), sealer)
    assert other.phone_index == member.phone_index
    other.phone_sealed = member.phone_sealed
    db.flush()
    with pytest.raises(SealBroken):
        members.shown(other.id, sealer)


def test_a_card_number_belongs_to_one_member(
    db: Session, house: House, officer: Actor, sealer: Sealer
) -> None:
    members.admit(officer, house.cell.id, member_in(), sealer)
    with pytest.raises(IntegrityError, match="uq_member_card_index"):
        members.admit(officer, house.cell.id, member_in(card_number="038168000001"), sealer)


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"birth_date": date(2015, 2, 4)}, "admitted_on"),
        ({"official_on": date(2015, 2, 2)}, "official_on"),
        ({"standing": "probationary", "official_on": None}, "card_number"),
        ({"phone": "12 34"}, "phone"),
        ({"full_name": "!!!"}, "full_name"),
        ({"begin": date(9999, 1, 1)}, "from"),
    ],
)
def test_a_record_that_cannot_be(
    house: House, officer: Actor, sealer: Sealer, more: dict[str, Any], field: str
) -> None:
    members.admit(officer, house.cell.id, member_in(), sealer)
    with pytest.raises(Invalid) as refusal:
        members.admit(officer, house.cell.id, member_in(card_number="2", **more), sealer)
    assert set(refusal.value.errors) == {field}


def test_where_a_member_may_be_admitted(
    db: Session, house: House, officer: Actor, sealer: Sealer
) -> None:
    members.admit(officer, house.other_cell.id, member_in(card_number=None), sealer)
    with pytest.raises(NotFound):
        members.admit(officer, house.neighbour_cell.id, member_in(), sealer)
    with pytest.raises(Conflict, match="unit_takes_no_members"):
        members.admit(officer, house.commune.id, member_in(), sealer)
    house.other_cell.dissolved_on = clock.today()
    db.flush()
    with pytest.raises(Conflict, match="unit_dissolved"):
        members.admit(officer, house.other_cell.id, member_in(), sealer)
    with pytest.raises(Forbidden):
        members.admit(act_as(db, house.secretary), house.cell.id, member_in(), sealer)


def test_change(db: Session, house: House, officer: Actor, sealer: Sealer) -> None:
    member = members.admit(officer, house.cell.id, member_in(), sealer)
    body = {"full_name": "Phạm Hoàng Ánh", "phone": "0987654321", "sex": None}
    members.change(officer, member, body, sealer)
    assert (member.full_name, member.name_folded) == ("Phạm Hoàng Ánh", "pham hoang anh")
    assert (member.sex, member.revision) == (None, 2)
    assert members.shown(member.id, sealer)["phone"] == "•••••••321"
    assert members.shown(member.id, sealer)["card_number"] == "•••••••••001"
    line = lines(db, member)[-1]
    assert (line.action, line.data) == (
        "member.changed",
        {"changed": ["full_name", "phone", "sex"]},
    )


def test_the_same_again_changes_nothing(
    db: Session, house: House, officer: Actor, sealer: Sealer
) -> None:
    member = members.admit(officer, house.cell.id, member_in(), sealer)
    body = {"full_name": CANARY, "phone": "0912.345.678", "card_number": "038168000001"}
    members.change(officer, member, body, sealer)
    assert member.revision == 1
    assert len(lines(db, member)) == 1


def test_a_change_is_judged_with_what_stays(house: House, officer: Actor, sealer: Sealer) -> None:
    member = members.admit(officer, house.cell.id, member_in(), sealer)
    with pytest.raises(Invalid) as refusal:
        members.change(officer, member, {"standing": "probationary"}, sealer)
    assert set(refusal.value.errors) == {"official_on", "card_number"}
    body = {"standing": "probationary", "official_on": None, "card_number": None}
    members.change(officer, member, body, sealer)
    assert (member.standing, member.card_index, member.card_sealed) == ("probationary", None, None)


def test_the_gate(db: Session, house: House, officer: Actor) -> None:
    secretary = act_as(db, house.secretary)
    assert members.get_member(officer, house.plain.id, Permission.MEMBER_WRITE) is house.plain
    assert members.get_member(secretary, house.plain.id) is house.plain
    with pytest.raises(Forbidden):
        members.get_member(secretary, house.plain.id, Permission.MEMBER_WRITE)
    for stranger in (
        build.member(house.neighbour_cell),
        build.member(),
        build.member(house.other_cell),
    ):
        with pytest.raises(NotFound):
            members.get_member(secretary, stranger.id)
    with pytest.raises(NotFound):
        members.get_member(act_as(db, house.plain), house.plain.id)


def test_a_host_reads_a_guest_but_does_not_write(db: Session, house: House, officer: Actor) -> None:
    guest = build.member(house.neighbour_cell)
    build.membership(guest, house.cell, kind="temporary")
    assert members.get_member(officer, guest.id) is guest
    with pytest.raises(Forbidden):
        members.get_member(officer, guest.id, Permission.MEMBER_WRITE)


def test_a_member_of_the_past_is_not_found(db: Session, house: House, officer: Actor) -> None:
    gone = build.member()
    seat = build.membership(gone, house.cell, end=clock.today() + timedelta(days=1))
    assert members.get_member(officer, gone.id) is gone
    seat.during = build.since(build.LONG_AGO, clock.today())
    db.flush()
    with pytest.raises(NotFound):
        members.get_member(officer, gone.id)
