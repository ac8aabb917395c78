"""The rights of the house told a second time, in the plainest Python, to hold the first against.

Nothing here looks at ``handbook.access``: the table is written by hand from the plan, permission by
permission, and the door is three sentences.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# Who may do what at the unit of the post and everywhere below it.
EVERY_POST = {
    "secretary",
    "deputy",
    "committee_member",
    "overseer",
    "note_taker",
    "clerk",
    "organisation_officer",
    "propaganda_officer",
    "editor",
    "approver",
    "administrator",
}
LEADERS = {"secretary", "deputy"}
RIGHTS: Mapping[str, set[str]] = {
    "unit_read": EVERY_POST,
    "unit_write": {"organisation_officer"},
    "member_read": {*LEADERS, "committee_member", "organisation_officer"},
    "member_write": {"organisation_officer"},
    "position_write": {"organisation_officer"},
    "document_draft": {*LEADERS, "clerk", "propaganda_officer"},
    "document_publish": {*LEADERS, "clerk", "propaganda_officer"},
    "campaign_write": {*LEADERS, "propaganda_officer"},
    "record_write": LEADERS,
    "meeting_write": {*LEADERS, "note_taker", "clerk"},
    "meeting_read": {*LEADERS, "committee_member", "overseer", "note_taker", "clerk"},
    "report_read": {
        *LEADERS,
        "committee_member",
        "overseer",
        "clerk",
        "organisation_officer",
        "propaganda_officer",
    },
    "audit_read": {"administrator"},
}


@dataclass(frozen=True)
class Caller:
    """Who stands at the door: whether the session is good, and the posts held today."""

    name: str
    told: str
    signed_in: bool
    posts: frozenset[str] = frozenset()


def door(policy: Mapping[str, Any], caller: Caller) -> str:
    """Return what the door answers: ``401``, ``403`` or ``in``, from an operation's x-policy."""
    permission = policy["permission"]
    if permission == "anyone":
        return "in"
    if not caller.signed_in:
        return "401"
    # What is addressed to the caller needs no post: whether it is, is asked of each object.
    if permission == "signed_in" or policy["scope"] == "buckets":
        return "in"
    return "in" if RIGHTS[permission] & caller.posts else "403"


def may(permission: str, posts: Mapping[str, str], path: str) -> bool:
    """Return whether one of ``posts`` (path of the unit → role) allows something at ``path``."""
    for place, role in posts.items():
        if role in RIGHTS[permission] and path[: len(place)] == place:
            return True
    return False
