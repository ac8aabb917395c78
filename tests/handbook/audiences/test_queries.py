"""Who holds which bucket: two views that tell the same pairs, against plain Python."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import TableClause, delete, select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from handbook import database, ids
from handbook.access import Actor, HeldBucket
from handbook.audiences import queries
from handbook.audiences import service as audiences
from models import (
    ALONE,
    BELOW,
    EVERYONE,
    Addressing,
    Bucket,
    Member,
    Membership,
    Position,
    Unit,
    bucket_member,
    held_bucket,
)
from tests.support import build, counting

DAY = date(2026, 11, 22)
PAST = (date(2021, 1, 1), date(2022, 1, 1))
ROLES = (EVERYONE, "secretary", "overseer")
Pair = tuple[uuid.UUID, uuid.UUID, str]


@dataclass
class Town:
    """A small tree with every bucket there can be, and some members."""

    units: list[Unit]
    buckets: list[Bucket]
    members: list[Member]


def make_town() -> Town:
    """Return a province with two communes, two cells each, and a bucket for all there is."""
    root = build.unit(kind="province")
    communes = [build.unit(root, kind="commune") for _ in range(2)]
    cells = [build.unit(commune) for commune in communes for _ in range(2)]
    units = [root, *communes, *cells]
    members = [build.member() for _ in range(3)]
    for unit in units:
        for reach in (ALONE, BELOW):
            for role in ROLES:
                audiences.unit_bucket(unit.id, reach=reach, role=role)
    audiences.personal_buckets([member.id for member in members[:2]])
    buckets = database.session().scalars(select(Bucket)).all()
    return Town(units, list(buckets), members)


def expected(town: Town, held: Sequence[tuple[Member, Unit, str, str]]) -> set[Pair]:
    """Return (member, bucket, during) as a reader of the rule would list them."""
    found = {(bucket.member_id, bucket.id, "(,)") for bucket in town.buckets if bucket.member_id}
    units = {unit.id: unit for unit in town.units}
    for member, unit, role, during in held:
        for bucket in town.buckets:
            if bucket.unit_id is None or bucket.role not in {role, EVERYONE}:
                continue
            at = units[bucket.unit_id]
            reaches = at is unit if bucket.reach == ALONE else is_within(unit, at, units)
            if reaches:
                found.add((member.id, bucket.id, during))
    return found


def is_within(unit: Unit, upper: Unit, units: dict[uuid.UUID, Unit]) -> bool:
    """Return whether a unit is ``upper`` or stands somewhere below it, by its parents."""
    return unit is upper or (
        unit.parent_id is not None and is_within(units[unit.parent_id], upper, units)
    )


def told(session: Session, view: TableClause) -> set[Pair]:
    """Return what a view tells, ranges as text."""
    columns = view.c
    rows = session.execute(select(columns.member_id, columns.bucket_id, columns.during))
    return {(row.member_id, row.bucket_id, spoken(row.during)) for row in rows}


def spoken(during: Range[date]) -> str:
    lower, upper = during.lower, during.upper
    return f"({lower or ''},{upper or ''})"


PLACES = st.lists(
    st.tuples(
        st.integers(0, 2), st.integers(0, 6), st.sampled_from(["member", *ROLES[1:]]), st.booleans()
    ),
    max_size=6,
    unique_by=lambda place: (place[0], place[2] == "member" or place[1:3], place[3]),
)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(PLACES)
def test_both_views_tell_what_the_rule_says(
    db: Session, places: list[tuple[int, int, str, bool]]
) -> None:
    db.execute(delete(Membership))
    db.execute(delete(Position))
    db.execute(delete(Bucket))
    town = make_town()
    held = []
    for who, where, role, is_past in places:
        member, unit = town.members[who], town.units[where]
        start, end = PAST if is_past else (date(2023, 1, 1), None)
        if role == "member":
            build.membership(member, unit, start=start, end=end)
        else:
            build.position(member, unit, role, start=start, end=end)
        held.append((member, unit, role, f"({start},{end or ''})"))
    wanted = expected(town, held)
    assert told(db, held_bucket) == wanted
    assert told(db, bucket_member) == wanted


def actor_with(buckets: Sequence[uuid.UUID]) -> Actor:
    held = tuple(HeldBucket(bucket, "2020-01-01", 0, personal=False) for bucket in buckets)
    return Actor(ids.new(), ids.new(), ids.new(), ids.new(), (), (), held)


def test_the_audiences_that_reach_an_actor(db: Session) -> None:
    one, two = (audiences.unit_bucket(build.unit(kind="commune").id) for _ in range(2))
    both = audiences.address_buckets("document", [one, two], written={})
    first = audiences.address_buckets("document", [one], written={})
    audiences.address_buckets("meeting", [one], written={})
    actor = actor_with([two])
    assert set(db.scalars(queries.addressed_to(actor, "document"))) == {both}
    assert set(db.scalars(queries.addressed_to(actor_with([one, two]), "document"))) == {
        both,
        first,
    }
    assert db.scalars(queries.addressed_to(actor_with([]), "document")).all() == []
    assert set(db.scalars(queries.buckets_of(both))) == {one, two}


def test_the_members_of_an_audience_on_a_day(db: Session) -> None:
    commune = build.unit(kind="commune")
    cell = build.unit(commune)
    here = build.member(cell)
    build.position(here, commune, "overseer")
    gone = build.member()
    build.membership(gone, cell, start=PAST[0], end=PAST[1])
    build.member(build.unit(kind="commune"))
    audience = audiences.address_buckets(
        "document",
        [audiences.unit_bucket(commune.id), audiences.unit_bucket(cell.id, reach=ALONE)],
        written={},
    )
    assert db.scalars(queries.members_of(audience, DAY)).all() == [here.id]
    assert set(db.scalars(queries.members_of(audience, PAST[0]))) == {here.id, gone.id}
    assert db.scalars(queries.members_of(audience, PAST[1])).all() == [here.id]


def test_units_and_homes(db: Session) -> None:
    cell = build.unit(build.unit(kind="commune"))
    member = build.member(cell)
    [unit] = db.execute(queries.units([cell.id, ids.new()]))
    assert tuple(unit) == (cell.id, cell.path, None)
    [home] = db.execute(queries.homes([member.id], DAY))
    assert tuple(home) == (member.id, cell.path)
    assert db.execute(queries.homes([member.id], date(2019, 1, 1))).all() == []
    assert db.scalars(select(Addressing.audience_id)).all() == []


def test_personal_buckets_are_made_once_in_two_statements(db: Session) -> None:
    members = [build.member().id for _ in range(5)]
    first = audiences.personal_buckets(members[:2])
    with counting.assert_queries(2):
        found = audiences.personal_buckets([*members, *members])
    assert set(found) == set(members)
    assert {member: found[member] for member in first} == first
    with counting.assert_queries(0):
        assert audiences.personal_buckets([]) == {}
