"""Address objects: keep the expression as written and the buckets it comes down to."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import insert, select, text, tuple_

from handbook import clock, database, ids
from handbook.access import Actor, Permission
from handbook.audiences import queries
from handbook.audiences.rules import EVERYONE, UnitTerm, cover
from handbook.errors import Invalid
from models import BELOW, Addressing, Audience, Bucket

_PERSONAL = text(
    """
    INSERT INTO bucket (id, member_id)
    SELECT i, m FROM unnest(CAST(:ids AS uuid[]), CAST(:members AS uuid[])) AS one(i, m)
    ORDER BY m
    ON CONFLICT (member_id) DO NOTHING
    """
)
_UNIT = text(
    """
    INSERT INTO bucket (id, unit_id, reach, role)
    SELECT i, u, r, o
    FROM unnest(CAST(:ids AS uuid[]), CAST(:units AS uuid[]), CAST(:reaches AS text[]),
                CAST(:roles AS text[])) AS one(i, u, r, o)
    ORDER BY u, r, o
    ON CONFLICT (unit_id, reach, role) DO NOTHING
    """
)


def address(
    actor: Actor, kind: str, expression: Mapping[str, Any], *, permission: Permission
) -> uuid.UUID:
    """Return the id of a new audience of ``kind`` for an expression in the form of ``AudienceIn``.

    The actor must hold ``permission`` over every unit named and over the unit of every member
    named; a unit outside that, unknown or dissolved raises Invalid with ``audience`` as the field.
    """
    terms: list[Mapping[str, Any]] = list(expression["include"])
    covered = _covered(actor, terms, permission)
    members = [term["member_id"] for term in terms if "member_id" in term]
    _demand_members(actor, members, permission)
    buckets = [
        *_unit_buckets([(unit_id, term.reach, term.role) for unit_id, term in covered]),
        *personal_buckets(members).values(),
    ]
    return address_buckets(kind, buckets, written=_written(terms))


def address_buckets(
    kind: str, buckets: Iterable[uuid.UUID], *, written: Mapping[str, Any]
) -> uuid.UUID:
    """Return the id of a new audience of ``kind`` made of ``buckets``; ``written`` is kept."""
    session = database.session()
    audience = ids.new()
    session.execute(insert(Audience).values(id=audience, kind=kind, expression=dict(written)))
    since = clock.now()
    rows = [
        {"audience_id": audience, "bucket_id": bucket, "kind": kind, "since": since}
        for bucket in sorted(set(buckets))
    ]
    if rows:
        session.execute(insert(Addressing), rows)
    return audience


def buckets_of(audience_id: uuid.UUID) -> list[uuid.UUID]:
    """Return the ids of the buckets of an audience."""
    return list(database.session().scalars(queries.buckets_of(audience_id)))


def buckets_of_each(audience_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, list[uuid.UUID]]:
    """Return audience id → the ids of its buckets, for all in one statement."""
    found: dict[uuid.UUID, list[uuid.UUID]] = {audience_id: [] for audience_id in audience_ids}
    for row in database.session().execute(queries.buckets_of_each(found)):
        found[row.audience_id].append(row.bucket_id)
    return found


def personal_buckets(members: Iterable[uuid.UUID]) -> dict[uuid.UUID, uuid.UUID]:
    """Return member id → id of the personal bucket, making those that are missing."""
    unique = sorted(set(members))
    if not unique:
        return {}
    session = database.session()
    session.execute(_PERSONAL, {"ids": [ids.new() for _ in unique], "members": unique})
    rows = session.execute(select(Bucket.member_id, Bucket.id).where(Bucket.member_id.in_(unique)))
    return {row.member_id: row.id for row in rows}


def unit_bucket(unit_id: uuid.UUID, *, reach: str = BELOW, role: str = EVERYONE) -> uuid.UUID:
    """Return the id of a unit's bucket, making it when it is missing."""
    (found,) = _unit_buckets([(unit_id, reach, role)])
    return found


def _covered(
    actor: Actor, terms: Sequence[Mapping[str, Any]], permission: Permission
) -> list[tuple[uuid.UUID, UnitTerm]]:
    wanted = [term for term in terms if "unit_id" in term]
    rows = database.session().execute(queries.units(term["unit_id"] for term in wanted))
    known = {row.id: row for row in rows}
    for term in wanted:
        row = known.get(term["unit_id"])
        if row is None or row.dissolved_on or not actor.may(permission, row.path):
            raise Invalid("audience_not_allowed", errors={"audience": ["choice"]})
    paths = {row.path: row.id for row in known.values()}
    found = cover(
        UnitTerm(known[term["unit_id"]].path, term.get("reach", BELOW), term.get("role", EVERYONE))
        for term in wanted
    )
    return [(paths[term.path], term) for term in found]


def _demand_members(actor: Actor, members: Sequence[uuid.UUID], permission: Permission) -> None:
    """Raise Invalid unless every member named sits today where the actor holds ``permission``."""
    if not members:
        return
    rows = database.session().execute(queries.homes(members, clock.today()))
    allowed = {row.member_id for row in rows if actor.may(permission, row.path)}
    if not set(members) <= allowed:
        raise Invalid("audience_not_allowed", errors={"audience": ["choice"]})


def _unit_buckets(wanted: Sequence[tuple[uuid.UUID, str, str]]) -> list[uuid.UUID]:
    """Return the ids of the buckets (unit id, reach, role), making those that are missing."""
    if not wanted:
        return []
    session = database.session()
    units, reaches, roles = (list(column) for column in zip(*wanted, strict=True))
    fresh = {"ids": [ids.new() for _ in wanted], "units": units, "reaches": reaches, "roles": roles}
    session.execute(_UNIT, fresh)
    key = tuple_(Bucket.unit_id, Bucket.reach, Bucket.role)
    return list(session.scalars(select(Bucket.id).where(key.in_(wanted))))


def _written(terms: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    return {"include": [{name: str(value) for name, value in term.items()} for term in terms]}
