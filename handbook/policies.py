"""Policies: what each route declares of itself, and what follows from it for its documentation."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from handbook.access import Permission
from handbook.database import Transaction

BODY_MAX = 1 << 20
UPLOAD = -1
RATES = {"sign_in": "120 per minute", "upload": "60 per minute"}
View = Callable[..., Any]

_KEY_HEADER = {
    "in": "header",
    "name": "Idempotency-Key",
    "required": True,
    "schema": {"type": "string", "minLength": 8, "maxLength": 128, "pattern": "^[!-~]+$"},
    "description": "Made by the client, kept 30 days: a retry gets the same answer.",
}
_MATCH_HEADER = {
    "in": "header",
    "name": "If-Match",
    "required": True,
    "schema": {"type": "string", "minLength": 1},
    "description": "The ETag of the state that is to be changed.",
}
_NONE_MATCH_HEADER = {
    "in": "header",
    "name": "If-None-Match",
    "required": False,
    "schema": {"type": "string", "minLength": 1},
    "description": "The ETag already at hand: 304 if it is still the newest.",
}


@dataclass(frozen=True)
class Policy:
    """What a route demands and does; shown as ``x-policy`` in the OpenAPI document.

    ``scope`` says over what the permission is asked: ``none``, ``self`` (own rows), ``unit`` (a
    subtree of a position) or ``buckets`` (what is addressed to the actor). ``idempotency`` is
    ``none`` (safe or replayable by nature), ``key`` (Idempotency-Key demanded), ``client_id`` (the
    client makes the id) or ``own`` (its own replay rule). ``audit`` names the line that is written.
    ``body_max`` is in bytes; ``UPLOAD`` stands for a file as large as the settings allow.
    """

    permission: Permission
    scope: str = "self"
    transaction: Transaction = Transaction.SNAPSHOT
    audit: str | None = None
    idempotency: str = "none"
    rate: str | None = None
    cache: str = "no-store"
    body_max: int | None = field(default=None, compare=False)

    def described(self) -> dict[str, Any]:
        """Return the policy as plain values for the OpenAPI document."""
        return {
            "permission": str(self.permission),
            "scope": self.scope,
            "transaction": str(self.transaction),
            "audit": self.audit,
            "idempotency": self.idempotency,
            "rate": RATES[self.rate] if self.rate else None,
            "cache": self.cache,
        }


def policy_of(view: View) -> Policy:
    """Return the policy that ``view`` declares."""
    found: Policy = vars(view)["policy"]
    return found


def is_policed(view: object) -> bool:
    """Return whether ``view`` declares a policy."""
    return isinstance(getattr(view, "__dict__", {}).get("policy"), Policy)


class PolicyMissingError(Exception):
    """A route was added without a policy; the program does not start."""


def headers_of(policy: Policy) -> list[dict[str, Any]]:
    """Return the headers, as OpenAPI parameters, that follow from a policy."""
    found = []
    if policy.idempotency == "key":
        found.append(_KEY_HEADER)
    if policy.cache == "if-match":
        found.append(_MATCH_HEADER)
    if policy.cache == "etag":
        found.append(_NONE_MATCH_HEADER)
    return found


def problems_of(method: str, rule: str, policy: Policy, *, has_input: bool) -> set[int]:
    """Return the problem statuses that follow from what a route declares."""
    found = {400, 503}
    if policy.permission is not Permission.ANYONE:
        found |= {401}
    if policy.permission not in {Permission.ANYONE, Permission.SIGNED_IN}:
        found |= {403}
    if "<" in rule:
        found |= {404}
    if has_input:
        found |= {422}
    if method in {"POST", "PUT", "PATCH"}:
        found |= {408, 409, 413, 415, 422, 507}
    if method == "DELETE":
        found |= {409}
    if policy.idempotency == "key":
        found |= {409, 422, 428}
    if policy.cache == "if-match":
        found |= {412, 428}
    if policy.rate:
        found |= {429}
    return found
