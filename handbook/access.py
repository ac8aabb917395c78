"""Rights: what a post allows, over which part of the tree, and the actor that holds them today.

Rights follow from position × subtree × dates and are read anew for each request, so a revoked
session or a lost position counts at the next one.
"""

import enum
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from handbook import clock
from handbook.errors import Forbidden, Unauthenticated


class Permission(enum.StrEnum):
    """What one may be allowed to do. The first two need no position."""

    ANYONE = "anyone"
    SIGNED_IN = "signed_in"
    UNIT_READ = "unit_read"
    UNIT_WRITE = "unit_write"
    MEMBER_READ = "member_read"
    MEMBER_WRITE = "member_write"
    POSITION_WRITE = "position_write"
    DOCUMENT_DRAFT = "document_draft"
    DOCUMENT_PUBLISH = "document_publish"
    CAMPAIGN_WRITE = "campaign_write"
    RECORD_WRITE = "record_write"
    MEETING_WRITE = "meeting_write"
    MEETING_READ = "meeting_read"
    REPORT_READ = "report_read"
    AUDIT_READ = "audit_read"


_P = Permission
_LEADER = frozenset(
    {
        _P.UNIT_READ,
        _P.MEMBER_READ,
        _P.DOCUMENT_DRAFT,
        _P.DOCUMENT_PUBLISH,
        _P.CAMPAIGN_WRITE,
        _P.RECORD_WRITE,
        _P.MEETING_WRITE,
        _P.MEETING_READ,
        _P.REPORT_READ,
    }
)

# What a post (chức vụ) allows at its unit and everywhere below it.
ROLE_PERMISSIONS: Mapping[str, frozenset[Permission]] = {
    "secretary": _LEADER,
    "deputy": _LEADER,
    "committee_member": frozenset({_P.UNIT_READ, _P.MEMBER_READ, _P.MEETING_READ, _P.REPORT_READ}),
    "overseer": frozenset({_P.UNIT_READ, _P.MEETING_READ, _P.REPORT_READ}),
    "note_taker": frozenset({_P.UNIT_READ, _P.MEETING_WRITE, _P.MEETING_READ}),
    "clerk": frozenset(
        {
            _P.UNIT_READ,
            _P.DOCUMENT_DRAFT,
            _P.DOCUMENT_PUBLISH,
            _P.MEETING_WRITE,
            _P.MEETING_READ,
            _P.REPORT_READ,
        }
    ),
    "organisation_officer": frozenset(
        {
            _P.UNIT_READ,
            _P.UNIT_WRITE,
            _P.MEMBER_READ,
            _P.MEMBER_WRITE,
            _P.POSITION_WRITE,
            _P.REPORT_READ,
        }
    ),
    "propaganda_officer": frozenset(
        {
            _P.UNIT_READ,
            _P.DOCUMENT_DRAFT,
            _P.DOCUMENT_PUBLISH,
            _P.CAMPAIGN_WRITE,
            _P.REPORT_READ,
        }
    ),
    "editor": frozenset({_P.UNIT_READ}),
    "approver": frozenset({_P.UNIT_READ}),
    # An administrator keeps accounts and the trail, and reads no content.
    "administrator": frozenset({_P.UNIT_READ, _P.AUDIT_READ}),
}


@dataclass(frozen=True, slots=True)
class Post:
    """A position held today: the role, and the path of its unit."""

    unit_id: uuid.UUID
    path: str
    role: str


@dataclass(frozen=True, slots=True)
class Place:
    """A membership held today: ``official`` or ``temporary``, and the path of its unit."""

    unit_id: uuid.UUID
    path: str
    kind: str


@dataclass(frozen=True, slots=True)
class HeldBucket:
    """A bucket held today: since which day, and the newest position of its log."""

    id: uuid.UUID
    since: str
    position: int
    personal: bool


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: the account behind the request, with the places, posts and buckets of today."""

    session_id: uuid.UUID
    account_id: uuid.UUID
    device_id: uuid.UUID
    member_id: uuid.UUID
    places: tuple[Place, ...]
    posts: tuple[Post, ...]
    buckets: tuple[HeldBucket, ...]

    def scopes(self, permission: Permission) -> tuple[str, ...]:
        """Return the paths of the subtrees in which ``permission`` is held, without overlaps."""
        paths = sorted(
            {post.path for post in self.posts if permission in ROLE_PERMISSIONS[post.role]}
        )
        kept: list[str] = []
        for path in paths:
            if not any(path.startswith(upper) for upper in kept):
                kept.append(path)
        return tuple(kept)

    def may(self, permission: Permission, path: str) -> bool:
        """Return whether ``permission`` is held at the unit with ``path``."""
        return any(path.startswith(scope) for scope in self.scopes(permission))

    def require(self, permission: Permission, path: str) -> None:
        """Raise Forbidden unless ``permission`` is held at the unit with ``path``."""
        if not self.may(permission, path):
            raise Forbidden

    def holds_any(self, permission: Permission) -> bool:
        """Return whether ``permission`` is held anywhere."""
        return any(permission in ROLE_PERMISSIONS[post.role] for post in self.posts)


_ACTOR = text(
    """
    SELECT s.account_id, s.device_id, s.ended_at, s.expires_at, a.member_id, a.disabled_at,
      m.left_on,
      (SELECT jsonb_agg(jsonb_build_array(p.unit_id, u.path, p.role) ORDER BY u.path, p.role)
         FROM position p JOIN unit u ON u.id = p.unit_id
        WHERE p.member_id = a.member_id AND p.during @> CAST(:today AS date)) AS posts,
      (SELECT jsonb_agg(jsonb_build_array(ms.unit_id, u.path, ms.kind) ORDER BY ms.kind, u.path)
         FROM membership ms JOIN unit u ON u.id = ms.unit_id
        WHERE ms.member_id = a.member_id AND ms.during @> CAST(:today AS date)) AS places,
      (SELECT jsonb_agg(jsonb_build_array(g.bucket_id, g.since, coalesce(h.position, 0), g.own)
                        ORDER BY g.bucket_id)
         FROM (SELECT hb.bucket_id, coalesce(min(lower(hb.during))::text, '') AS since,
                      bool_or(lower_inf(hb.during)) AS own
                 FROM held_bucket hb WHERE hb.member_id = a.member_id
                GROUP BY hb.bucket_id HAVING bool_or(hb.during @> CAST(:today AS date))) g
         LEFT JOIN bucket_head h ON h.bucket_id = g.bucket_id) AS buckets
    FROM session s JOIN account a ON a.id = s.account_id JOIN member m ON m.id = a.member_id
    WHERE s.id = :session_id
    """
)


def load_actor(
    executor: Connection | Session, session_id: uuid.UUID, account_id: uuid.UUID
) -> Actor:
    """Return the actor of a session in one round trip.

    Raises Unauthenticated: ``session_revoked`` when the session has ended, run out, belongs to
    another account, or its account is disabled or its member has left.
    """
    now, today = clock.now(), clock.today()
    row = executor.execute(_ACTOR, {"session_id": session_id, "today": today}).one_or_none()
    if row is None or row.account_id != account_id or not _is_open(row, now, today):
        raise Unauthenticated("session_revoked")
    return Actor(
        session_id=session_id,
        account_id=account_id,
        device_id=row.device_id,
        member_id=row.member_id,
        places=tuple(Place(uuid.UUID(one[0]), one[1], one[2]) for one in row.places or ()),
        posts=tuple(Post(uuid.UUID(one[0]), one[1], one[2]) for one in row.posts or ()),
        buckets=tuple(
            HeldBucket(uuid.UUID(one[0]), one[1], one[2], one[3]) for one in row.buckets or ()
        ),
    )


def _is_open(row: Any, now: datetime, today: date) -> bool:
    return (
        row.ended_at is None
        and row.expires_at > now
        and row.disabled_at is None
        and (row.left_on is None or row.left_on > today)
    )
