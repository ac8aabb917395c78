"""Units, members and posts, read and written by rights in scope."""

import uuid
from typing import Any

from flask import Response, current_app
from sqlalchemy import Row

from handbook import paging
from handbook.access import Actor, Permission
from handbook.database import Transaction
from handbook.fields import PageQuery
from handbook.http import Routes
from handbook.organisation import members, positions, schemas, service
from handbook.policies import Policy
from handbook.sealing import Sealer
from handbook.wire import demand_match, json_response, unchanged, with_tag
from models import Member, Position, Unit

routes = Routes(
    "organisation",
    __name__,
    prefix="",
    description="Tổ chức đảng, đảng viên, chức vụ: units, members and their posts.",
)
_UNIT = schemas.UnitOut()
_MEMBER = schemas.MemberOut()
_READ_UNITS = Policy(Permission.SIGNED_IN, scope="unit")
_READ_MEMBERS = Policy(Permission.MEMBER_READ, scope="unit")


def _creates(permission: Permission, audit: str) -> Policy:
    return Policy(
        permission,
        scope="unit",
        transaction=Transaction.WRITE,
        audit=audit,
        idempotency="key",
    )


def _changes(permission: Permission, audit: str, cache: str = "if-match") -> Policy:
    return Policy(permission, scope="unit", transaction=Transaction.WRITE, audit=audit, cache=cache)


def _sealer() -> Sealer:
    sealer: Sealer = current_app.extensions["handbook_sealer"]
    return sealer


def _unit(unit: Unit, status: int = 200) -> Response:
    return with_tag(json_response(_UNIT.dump(unit), status), str(unit.revision))


def _member(member_id: uuid.UUID, status: int = 200) -> Response:
    """Answer with a member and the revision as ETag; personal data is not kept by caches."""
    shown = members.shown(member_id, _sealer())
    response = json_response(_MEMBER.dump(shown), status)
    response.set_etag(str(shown["revision"]))
    return response


@routes.get("/units", policy=_READ_UNITS, query=schemas.UnitQuery, out=schemas.UnitPage)
def list_units(actor: Actor, query: dict[str, Any]) -> paging.Page:
    """List units in the order of the tree.

    The units in the actor's scopes, and the actor's own units with those above them; dissolved ones
    are left out.
    """
    statement = service.visible_units(actor, parent_id=query["parent_id"], q=query["q"])
    return paging.page(statement, purpose="units", by=(Unit.path,), query=query)


@routes.get(
    "/units/<uuid:unit_id>",
    policy=Policy(Permission.SIGNED_IN, scope="unit", cache="etag"),
    out=schemas.UnitOut,
    also={304: "Unchanged."},
)
def get_unit(actor: Actor, unit_id: uuid.UUID) -> Response:
    """Show a unit as it stands today; the ETag is its revision."""
    unit = service.get_unit(actor, unit_id)
    return unchanged(str(unit.revision)) or _unit(unit)


@routes.post(
    "/units",
    policy=_creates(Permission.UNIT_WRITE, "unit.created"),
    body=schemas.UnitIn,
    out=schemas.UnitOut,
    status=201,
    problems=(404,),
)
def create_unit(actor: Actor, body: dict[str, Any]) -> Response:
    """Set up a unit below another.

    A parent outside the actor's sight is not found; a dissolved one refuses.
    """
    return _unit(service.create_unit(actor, body), 201)


@routes.patch(
    "/units/<uuid:unit_id>",
    policy=_changes(Permission.UNIT_WRITE, "unit.changed"),
    body=schemas.UnitChange,
    out=schemas.UnitOut,
)
def change_unit(actor: Actor, body: dict[str, Any], unit_id: uuid.UUID) -> Response:
    """Rename a unit or change its kind from a day on.

    The name and kind until then stay in the unit's history.
    """
    unit = service.get_unit(actor, unit_id, Permission.UNIT_WRITE, lock=True)
    demand_match(unit.revision)
    return _unit(service.change_unit(actor, unit, body))


@routes.get(
    "/units/<uuid:unit_id>/members",
    policy=_READ_MEMBERS,
    query=schemas.MemberQuery,
    out=schemas.MemberPage,
)
def list_members(actor: Actor, query: dict[str, Any], unit_id: uuid.UUID) -> paging.Page:
    """List the members of a unit by name, as Vietnamese names sort.

    With ``subtree`` also those of the units below it; a member is listed once.
    """
    statement = members.members_in(actor, unit_id, subtree=query["subtree"], q=query["q"])
    return paging.page(
        statement,
        purpose=f"members:{unit_id}",
        by=(Member.name_key, Member.id),
        query=query,
        whole_rows=True,
    )


@routes.post(
    "/units/<uuid:unit_id>/members",
    policy=_creates(Permission.MEMBER_WRITE, "member.admitted"),
    body=schemas.MemberIn,
    out=schemas.MemberOut,
    status=201,
)
def admit_member(actor: Actor, body: dict[str, Any], unit_id: uuid.UUID) -> Response:
    """Enter a member into a cell.

    Phone and card number are kept sealed and shown masked.
    """
    return _member(members.admit(actor, unit_id, body, _sealer()).id, 201)


@routes.get(
    "/members/<uuid:member_id>",
    policy=_READ_MEMBERS,
    out=schemas.MemberOut,
)
def get_member(actor: Actor, member_id: uuid.UUID) -> Response:
    """Show a member; the ETag is the revision to name in If-Match."""
    members.demand_member(actor, member_id)
    return _member(member_id)


@routes.patch(
    "/members/<uuid:member_id>",
    policy=_changes(Permission.MEMBER_WRITE, "member.changed"),
    body=schemas.MemberChange,
    out=schemas.MemberOut,
)
def change_member(actor: Actor, body: dict[str, Any], member_id: uuid.UUID) -> Response:
    """Correct a member's record; what is left out stays."""
    member = members.get_member(actor, member_id, Permission.MEMBER_WRITE)
    demand_match(member.revision)
    return _member(members.change(actor, member, body, _sealer()).id)


@routes.get(
    "/members/<uuid:member_id>/positions",
    policy=_READ_MEMBERS,
    query=PageQuery,
    out=schemas.PositionPage,
)
def list_positions(actor: Actor, query: dict[str, Any], member_id: uuid.UUID) -> paging.Page:
    """List a member's posts, past and present, in the order they were entered."""
    return paging.page(
        positions.positions_of(actor, member_id),
        purpose=f"positions:{member_id}",
        by=(Position.id,),
        query=query,
        whole_rows=True,
    )


@routes.post(
    "/members/<uuid:member_id>/positions",
    policy=_creates(Permission.POSITION_WRITE, "position.given"),
    body=schemas.PositionIn,
    out=schemas.PositionOut,
    status=201,
)
def give_position(actor: Actor, body: dict[str, Any], member_id: uuid.UUID) -> Row[Any]:
    """Give a member a post at a unit; its rights count from the day named.

    Nobody gives a post to themselves.
    """
    return positions.give(actor, member_id, body)


@routes.patch(
    "/positions/<uuid:position_id>",
    policy=_changes(Permission.POSITION_WRITE, "position.ended", cache="no-store"),
    body=schemas.PositionEnd,
    out=schemas.PositionOut,
)
def end_position(actor: Actor, body: dict[str, Any], position_id: uuid.UUID) -> Row[Any]:
    """End a post on a day; its rights end with it.

    Putting the same end again changes nothing, so no If-Match is needed.
    """
    return positions.end(actor, position_id, body["until"])
