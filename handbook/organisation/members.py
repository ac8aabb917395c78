"""Use cases over members: the gate to a member, admission, correction, sealed numbers."""

import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row
from sqlalchemy.dialects.postgresql import Range

from handbook import clock, database, ids, text
from handbook.access import Actor, Permission
from handbook.audit import service as audit
from handbook.changes import service as changes
from handbook.errors import Conflict, Forbidden, Invalid, NotFound
from handbook.organisation import queries, rules, service
from handbook.sealing import Sealer
from models import Member, Membership, Rows, Unit

_PLAIN = ("birth_date", "sex", "standing", "admitted_on", "official_on")
_NUMBERS = {"phone": "phone", "card_number": "card"}


def members_in(actor: Actor, unit_id: uuid.UUID, *, subtree: bool, q: str | None) -> Rows:
    """Select the lines of the members of a unit over which the actor holds MEMBER_READ."""
    unit = service.get_unit(actor, unit_id, Permission.MEMBER_READ)
    return queries.members_in(unit, clock.today(), subtree=subtree, q=q)


def demand_member(actor: Actor, member_id: uuid.UUID, permission: Permission | None = None) -> None:
    """Raise unless a member sits today where the actor holds MEMBER_READ: the gate to members.

    NotFound outside of that, Forbidden when ``permission`` is not held over the unit of the
    official membership.
    """
    session = database.session()
    places = session.execute(queries.seats(member_id, clock.today())).all()
    if not any(actor.may(Permission.MEMBER_READ, place.path) for place in places):
        raise NotFound
    if permission is not None:
        official = [place.path for place in places if place.kind == "official"]
        if not any(actor.may(permission, path) for path in official):
            raise Forbidden


def get_member(actor: Actor, member_id: uuid.UUID, permission: Permission | None = None) -> Member:
    """Return a member's row behind the gate, locked to the end of the transaction."""
    demand_member(actor, member_id, permission)
    return _row(member_id, lock=True).Member  # type: ignore[no-any-return]  # a Row's entity


def _row(member_id: uuid.UUID, *, lock: bool = False) -> Row[Any]:
    statement = queries.member(member_id, clock.today())
    if lock:
        statement = statement.with_for_update(of=Member, key_share=True)
    return database.session().execute(statement).one()


def shown(member_id: uuid.UUID, sealer: Sealer) -> dict[str, Any]:
    """Return a member in the form of ``MemberOut``: numbers masked, unit of today.

    The caller has passed a gate, or shows a member's own record.
    """
    row = _row(member_id)
    member: Member = row.Member
    numbers = {
        field: rules.masked(_opened(member, column, sealer)) for field, column in _NUMBERS.items()
    }
    plain = {name: getattr(member, name) for name in ("id", "full_name", "revision", *_PLAIN)}
    return {**plain, **numbers, "unit_id": row.unit_id, "unit_name": row.unit_name}


def _opened(member: Member, column: str, sealer: Sealer) -> str | None:
    sealed: bytes | None = getattr(member, f"{column}_sealed")
    return None if sealed is None else sealer.open(sealed, bind=f"member.{column}:{member.id}")


def seal_number(
    member_id: uuid.UUID, column: str, number: str | None, sealer: Sealer
) -> dict[str, bytes | None]:
    """Return the two columns of a member's ``phone`` or ``card``: sealed, and its blind index.

    The number is brought to its one spelling first; None empties both columns.
    """
    if number is None:
        return {f"{column}_sealed": None, f"{column}_index": None}
    spelled = rules.spelled(number)
    return {
        f"{column}_sealed": sealer.seal(spelled, bind=f"member.{column}:{member_id}"),
        f"{column}_index": sealer.blind(spelled, purpose=f"member.{column}"),
    }


def admit(actor: Actor, unit_id: uuid.UUID, body: Mapping[str, Any], sealer: Sealer) -> Member:
    """Enter a member into a cell over which the actor holds MEMBER_WRITE (body: ``MemberIn``).

    Raises Conflict when the unit is dissolved, takes no members, or the card number is taken;
    Invalid when the dates or numbers cannot be.
    """
    unit = service.get_unit(actor, unit_id, Permission.MEMBER_WRITE, lock=True)
    service.demand_open(unit)
    if unit.kind not in rules.HOMES:
        raise Conflict("unit_takes_no_members")
    begin = service.day_or_today(body["begin"])
    _demand_sound(body)
    member = Member(id=ids.new(), **_columns(body))
    for field, column in _NUMBERS.items():
        for name, value in seal_number(member.id, column, body[field], sealer).items():
            setattr(member, name, value)
    session = database.session()
    session.add(member)
    session.flush()
    session.add(
        Membership(
            id=ids.new(),
            member_id=member.id,
            unit_id=unit.id,
            kind="official",
            during=Range(begin, None),
        )
    )
    _record(actor, "member.admitted", member, unit, {"from": begin.isoformat()})
    return member


def change(actor: Actor, member: Member, body: Mapping[str, Any], sealer: Sealer) -> Member:
    """Correct the record of a locked member (body: ``MemberChange``); nothing new changes nothing.

    Raises Conflict when the card number is taken, Invalid when dates or numbers cannot be.
    """
    fields = ("full_name", *_PLAIN)
    held = {name: getattr(member, name) for name in fields}
    held["card_number"] = True if member.card_index is not None else None
    _demand_sound({**held, **body})
    columns = _columns({name: body[name] for name in fields if name in body})
    for field, column in _NUMBERS.items():
        if field in body:
            columns |= _changed_number(member, column, body[field], sealer)
    columns = {name: value for name, value in columns.items() if value != getattr(member, name)}
    if not columns:
        return member
    for name, value in columns.items():
        setattr(member, name, value)
    member.revision += 1
    database.session().flush()
    if "full_name" in columns:
        _touch_chaired(member)
    _record(actor, "member.changed", member, None, {"changed": sorted(body)})
    return member


def _touch_chaired(member: Member) -> None:
    """Tell phones of the meetings that name a member as their chair."""
    chaired: dict[uuid.UUID, list[uuid.UUID]] = {}
    for row in database.session().execute(queries.chaired(member.id)):
        chaired.setdefault(row.id, []).append(row.bucket_id)
    for meeting, buckets in chaired.items():
        changes.touch("meeting", meeting, buckets)


def _changed_number(
    member: Member, column: str, number: str | None, sealer: Sealer
) -> dict[str, bytes | None]:
    """Return the columns of a number, none when it is the one already held."""
    columns = seal_number(member.id, column, number, sealer)
    same = columns[f"{column}_index"] == getattr(member, f"{column}_index")
    return {} if same else columns


def _columns(body: Mapping[str, Any]) -> dict[str, Any]:
    columns = {name: body[name] for name in _PLAIN if name in body}
    if "full_name" in body:
        name = " ".join(body["full_name"].split())
        columns |= {
            "full_name": name,
            "name_key": text.name_key(name),
            "name_folded": text.fold(name),
        }
    return columns


def _demand_sound(body: Mapping[str, Any]) -> None:
    faults = rules.person_faults(
        standing=body["standing"],
        birth_date=body["birth_date"],
        admitted_on=body["admitted_on"],
        official_on=body["official_on"],
        has_card=body["card_number"] is not None,
        today=clock.today(),
    )
    phone = body.get("phone")
    if phone is not None and not rules.is_phone(rules.spelled(phone)):
        faults["phone"] = ["format"]
    if not text.name_key(body["full_name"]):
        faults["full_name"] = ["format"]
    if faults:
        raise Invalid(errors=faults)


def _record(
    actor: Actor, action: str, member: Member, unit: Unit | None, data: Mapping[str, object]
) -> None:
    audit.record(
        actor,
        action,
        "member",
        member.id,
        unit_id=unit.id if unit else None,
        member_id=member.id,
        data=data,
    )
