"""What the app shows its own member: the record, places, posts, rights and device."""

from typing import Any

from handbook import database
from handbook.access import Actor, Permission
from handbook.accounts import queries
from handbook.organisation import members
from handbook.sealing import Sealer

_OF_EVERYONE = {Permission.ANYONE, Permission.SIGNED_IN}


def describe(actor: Actor, sealer: Sealer) -> dict[str, Any]:
    """Return the actor in the form of ``MeOut``; the statements do not grow with the posts."""
    db = database.session()
    own = db.execute(queries.account_on_device(actor.session_id)).one()
    known = {place.unit_id for place in actor.places} | {post.unit_id for post in actor.posts}
    units = {row.id: row for row in db.execute(queries.unit_names(known))}
    return {
        "session_id": actor.session_id,
        "account": own.Account,
        "member": members.shown(actor.member_id, sealer),
        "device": own.Device,
        "places": [
            {
                "unit_id": place.unit_id,
                "unit_kind": units[place.unit_id].kind,
                "unit_name": units[place.unit_id].name,
                "kind": place.kind,
            }
            for place in actor.places
        ],
        "posts": [
            {
                "unit_id": post.unit_id,
                "unit_kind": units[post.unit_id].kind,
                "unit_name": units[post.unit_id].name,
                "role": post.role,
            }
            for post in actor.posts
        ],
        "permissions": _permissions(actor),
    }


def _permissions(actor: Actor) -> list[dict[str, Any]]:
    """Return each permission held, with the units at and below which it is."""
    units = {post.path: post.unit_id for post in actor.posts}
    return [
        {"permission": str(permission), "unit_ids": [units[path] for path in scopes]}
        for permission in Permission
        if permission not in _OF_EVERYONE and (scopes := actor.scopes(permission))
    ]
