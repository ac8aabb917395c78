"""Who can read a paper, who is invited, and who may chair."""

import uuid
from collections.abc import Callable
from datetime import date

import pytest
from sqlalchemy.orm import Session

from handbook.audiences import service as audiences
from handbook.meetings import queries
from models import ALONE, BELOW, EVERYONE
from tests.handbook.meetings.house import House, actor, bucket, document, house
from tests.support import build

DAY = date(2026, 3, 2)
Bucket = Callable[[House], uuid.UUID]


def of_cell(reach: str, role: str = EVERYONE) -> Bucket:
    return lambda place: bucket(place.cell, reach, role)


def of_commune(reach: str, role: str = EVERYONE) -> Bucket:
    return lambda place: bucket(place.commune, reach, role)


def of_other(place: House) -> uuid.UUID:
    return bucket(place.other)


def of_an(place: House) -> uuid.UUID:
    return audiences.personal_buckets([place.an.id])[place.an.id]


def of_stranger(place: House) -> uuid.UUID:
    return audiences.personal_buckets([place.stranger.id])[place.stranger.id]


@pytest.mark.parametrize(
    ("outer", "inner", "contained"),
    [
        (of_cell(BELOW), of_cell(BELOW), True),
        (of_cell(BELOW), of_cell(ALONE), True),
        (of_cell(ALONE), of_cell(ALONE), True),
        (of_cell(ALONE), of_cell(BELOW), False),
        (of_commune(BELOW), of_cell(BELOW), True),
        (of_commune(ALONE), of_cell(ALONE), False),
        (of_commune(ALONE), of_cell(BELOW), False),
        (of_cell(BELOW), of_commune(BELOW), False),
        (of_cell(BELOW), of_other, False),
        (of_commune(BELOW), of_cell(BELOW, "secretary"), True),
        (of_commune(BELOW, "secretary"), of_cell(BELOW, "secretary"), True),
        (of_commune(BELOW, "secretary"), of_cell(BELOW), False),
        (of_commune(BELOW, "secretary"), of_cell(BELOW, "deputy"), False),
        (of_cell(ALONE), of_an, True),
        (of_commune(BELOW), of_an, True),
        (of_other, of_an, False),
        (of_an, of_an, True),
        (of_stranger, of_an, False),
        (of_an, of_cell(BELOW), False),
    ],
)
def test_a_paper_is_for_all_when_each_bucket_is_contained(
    db: Session, outer: Bucket, inner: Bucket, *, contained: bool
) -> None:
    place = house()
    paper = document(place.commune, place.neighbour, buckets=[outer(place)])
    found = db.scalars(queries.visible_to_all([paper.id], [inner(place)], DAY)).all()
    assert found == ([paper.id] if contained else [])


def test_every_bucket_must_be_contained_and_the_paper_published(db: Session) -> None:
    place = house()
    wide = document(place.commune, place.neighbour, number=1)
    pieces = [bucket(place.cell), bucket(place.other)]
    pieced = document(place.commune, place.neighbour, buckets=pieces, number=2)
    narrow = document(place.commune, place.neighbour, buckets=pieces[:1], number=3)
    draft = document(place.commune, place.neighbour, state="draft", number=4)
    recalled = document(place.commune, place.neighbour, state="recalled", number=5)
    papers = [row.id for row in (wide, pieced, narrow, draft, recalled)]
    found = db.scalars(queries.visible_to_all(papers, pieces, DAY)).all()
    assert set(found) == {wide.id, pieced.id}


def test_a_membership_that_has_ended_opens_no_paper(db: Session) -> None:
    place = house()
    gone = build.member(name="Hồ Văn Hải")
    build.membership(gone, place.cell, end=DAY)
    own = audiences.personal_buckets([gone.id])[gone.id]
    paper = document(place.cell, place.secretary)
    assert db.scalars(queries.visible_to_all([paper.id], [own], DAY)).all() == []


def test_who_may_see_a_paper(db: Session) -> None:
    place = house()
    published = document(place.cell, place.secretary, number=1)
    draft = document(place.cell, place.secretary, state="draft", number=2)
    recalled = document(place.cell, place.secretary, state="recalled", number=3)
    ids = [published.id, draft.id, recalled.id]
    seen = {
        who.full_name: set(db.scalars(queries.readable(actor(who), ids)))
        for who in (place.secretary, place.an, place.stranger)
    }
    assert seen == {
        place.secretary.full_name: {published.id, draft.id},
        place.an.full_name: {published.id},
        place.stranger.full_name: set(),
    }


def test_who_may_chair(db: Session) -> None:
    place = house()
    left = build.member(place.cell, "Đỗ Thị Lan", left_on=DAY)
    moved = build.member(name="Bùi Văn Minh")
    build.membership(moved, place.cell, end=DAY)

    def may(who: uuid.UUID, *, commune: bool = False) -> bool:
        unit = place.commune if commune else place.cell
        return db.scalar(queries.may_chair(who, unit, DAY)) is not None

    assert may(place.an.id)
    assert may(place.an.id, commune=True)
    assert may(place.overseer.id, commune=True)
    assert not may(place.overseer.id)
    assert not may(place.stranger.id)
    assert not may(left.id)
    assert not may(moved.id)
