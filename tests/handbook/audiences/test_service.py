"""Addressing objects: by right, kept as written, come down to buckets."""

import uuid
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from handbook import ids
from handbook.access import Actor, Permission, Place, Post
from handbook.audiences import service as audiences
from handbook.errors import Invalid
from models import ALONE, BELOW, EVERYONE, Addressing, Audience, Bucket, Unit
from tests.support import build
from tests.support.counting import statements


def clerk_of(unit: Unit) -> Actor:
    """Return an actor who is the clerk of a unit."""
    post, place = Post(unit.id, unit.path, "clerk"), Place(unit.id, unit.path, "official")
    return Actor(ids.new(), ids.new(), ids.new(), ids.new(), (place,), (post,), ())


def address(actor: Actor, *terms: dict[str, Any]) -> uuid.UUID:
    return audiences.address(
        actor, "document", {"include": list(terms)}, permission=Permission.DOCUMENT_PUBLISH
    )


def test_an_audience_is_kept_as_written_and_covered(db: Session) -> None:
    commune = build.unit(kind="commune")
    cell = build.unit(commune)
    member = build.member(cell)
    audience = address(
        clerk_of(commune),
        {"unit_id": commune.id},
        {"unit_id": cell.id, "reach": ALONE},
        {"member_id": member.id},
    )
    written = db.get_one(Audience, audience)
    assert written.kind == "document"
    assert written.expression == {
        "include": [
            {"unit_id": str(commune.id)},
            {"unit_id": str(cell.id), "reach": ALONE},
            {"member_id": str(member.id)},
        ]
    }
    buckets = db.scalars(
        select(Bucket)
        .join(Addressing, Addressing.bucket_id == Bucket.id)
        .where(Addressing.audience_id == audience, Addressing.kind == "document")
    ).all()
    assert {
        (bucket.unit_id, bucket.reach, bucket.role, bucket.member_id) for bucket in buckets
    } == {
        (commune.id, BELOW, EVERYONE, None),
        (None, None, None, member.id),
    }
    assert set(audiences.buckets_of(audience)) == {bucket.id for bucket in buckets}


@pytest.mark.parametrize("what", ["foreign", "unknown", "dissolved", "above"])
def test_a_unit_that_may_not_be_addressed(db: Session, what: str) -> None:
    root = build.unit(kind="province")
    commune = build.unit(root, kind="commune")
    closed = build.unit(commune)
    closed.dissolved_on = date(2026, 1, 1)
    db.flush()
    units = {
        "foreign": build.unit(root, kind="commune").id,
        "unknown": ids.new(),
        "dissolved": closed.id,
        "above": root.id,
    }
    actor = clerk_of(commune)
    address(actor, {"unit_id": commune.id})
    with pytest.raises(Invalid) as refused:
        address(actor, {"unit_id": commune.id}, {"unit_id": units[what]})
    assert refused.value.code == "audience_not_allowed"


def test_a_member_elsewhere_may_not_be_addressed(db: Session) -> None:
    assert db.scalars(select(Audience.id)).all() == []
    commune = build.unit(kind="commune")
    actor = clerk_of(commune)
    own, foreign = build.member(commune), build.member(build.unit(kind="commune"))
    address(actor, {"member_id": own.id})
    with pytest.raises(Invalid):
        address(actor, {"member_id": own.id}, {"member_id": foreign.id})
    with pytest.raises(Invalid):
        address(actor, {"member_id": ids.new()})


def test_a_bucket_is_made_once(db: Session) -> None:
    unit = build.unit(kind="commune")
    first = audiences.unit_bucket(unit.id)
    assert audiences.unit_bucket(unit.id) == first
    assert audiences.unit_bucket(unit.id, role="secretary") != first
    assert audiences.unit_bucket(unit.id, reach=ALONE) != first
    assert len(db.scalars(select(Bucket.id)).all()) == 3


def test_many_terms_cost_no_more_statements(db: Session) -> None:
    commune = build.unit(kind="commune")
    terms = [{"unit_id": build.unit(commune).id, "role": "secretary"} for _ in range(60)]
    with statements() as few:
        address(clerk_of(commune), *terms[:2])
    with statements() as many:
        audience = address(clerk_of(commune), *terms)
    assert len(many) == len(few)
    assert len(set(audiences.buckets_of(audience))) == len(terms)


def test_the_same_bucket_twice_is_one_addressing(db: Session) -> None:
    bucket = audiences.unit_bucket(build.unit(kind="commune").id)
    audience = audiences.address_buckets("notice", [bucket, bucket], written={"include": []})
    assert db.scalars(select(Addressing.bucket_id)).all() == [bucket]
    empty = audiences.address_buckets("notice", [], written={"include": []})
    assert audiences.buckets_of(empty) == []
    assert audiences.buckets_of(audience) == [bucket]
