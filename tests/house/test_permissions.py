"""Routes × principals: what the door answers is what a second, naive telling of the rights says.

The table stands in ``docs/permissions.md``, so that a change of rights shows in review;
``UPDATE=1`` writes it anew.
"""

import os
import re
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from handbook import clock, ids
from handbook.access import ROLE_PERMISSIONS, Actor, Permission, Post
from handbook.http import Handbook
from models import ROLES, Member
from tests.house.trial import path_to_nothing, settle, taken_back
from tests.support import build, naive, openapi, source
from tests.support.naive import Caller
from tests.support.openapi import Operation

FILE = source.ROOT / "docs" / "permissions.md"
CALLERS = (
    Caller("anonymous", "no token", signed_in=False),
    Caller("revoked", "secretary whose session was revoked", signed_in=False),
    Caller("disabled", "secretary whose account is disabled", signed_in=False),
    Caller("left", "secretary who has left the Party", signed_in=False),
    Caller("member", "member without a post", signed_in=True),
    Caller("ended", "member whose post as secretary ended yesterday", signed_in=True),
    Caller(
        "secretary", "secretary of the own cell", signed_in=True, posts=frozenset({"secretary"})
    ),
    Caller(
        "sibling", "secretary of a sibling cell", signed_in=True, posts=frozenset({"secretary"})
    ),
    Caller("clerk", "clerk of the commune", signed_in=True, posts=frozenset({"clerk"})),
    Caller(
        "propaganda",
        "propaganda officer of it",
        signed_in=True,
        posts=frozenset({"propaganda_officer"}),
    ),
    Caller(
        "organisation",
        "organisation officer of it",
        signed_in=True,
        posts=frozenset({"organisation_officer"}),
    ),
    Caller(
        "foreign",
        "the same in another commune",
        signed_in=True,
        posts=frozenset({"organisation_officer"}),
    ),
    Caller(
        "administrator",
        "administrator of the commune",
        signed_in=True,
        posts=frozenset({"administrator"}),
    ),
)


@pytest.fixture
def tokens(db: Session) -> dict[str, str | None]:
    """Return an access token for each caller, all of it prepared by plain rows."""
    commune, other = build.unit(kind="commune"), build.unit(kind="commune")
    cell, sibling = build.unit(commune), build.unit(commune)
    at = {"clerk": commune, "propaganda": commune, "organisation": commune, "foreign": other}
    at |= {"administrator": commune, "sibling": sibling}

    found: dict[str, str | None] = {}
    for caller in CALLERS:
        who: Member = build.member(at.get(caller.name, cell))
        for role in caller.posts:
            build.position(who, at.get(caller.name, cell), role)
        if caller.name in {"revoked", "disabled", "left"}:
            build.position(who, cell, "secretary")
        if caller.name == "ended":
            build.position(who, cell, "secretary", end=clock.today())
        session = build.session_of(who)
        found[caller.name] = build.token(session) if caller.name != "anonymous" else None
        if caller.name == "revoked":
            session.ended_at, session.ended_by = clock.now(), "revoked"
        elif caller.name == "disabled":
            build.account(who).disabled_at = clock.now()
        elif caller.name == "left":
            who.left_on = clock.today() - timedelta(days=1)
    db.flush()
    return found


def _answer(client: FlaskClient, path: str, operation: Operation, token: str | None) -> str:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    found = client.open(path, method=operation.method, headers=headers)
    code = found.json["code"] if found.status_code >= 400 and found.json else ""
    # A route that takes a secret instead of a token refuses it from inside.
    at_the_door = code in {"unauthenticated", "bad_token", "expired_token", "session_revoked"}
    if found.status_code == 401 and at_the_door:
        return "401"
    return "403" if found.status_code == 403 else "in"


def _observe(
    app: Handbook, connection: Connection, tokens: dict[str, str | None]
) -> dict[str, dict[str, str]]:
    """Return the door's answer for each operation and caller; each call is taken back."""
    client = app.test_client()
    found: dict[str, dict[str, str]] = {}
    for operation in openapi.contract(app).operations.values():
        path = path_to_nothing(app, operation)
        row = found.setdefault(f"{operation.method} {operation.path}", {})
        for caller in CALLERS:
            with taken_back(connection):
                row[caller.name] = _answer(client, path, operation, tokens[caller.name])
    return found


def written(observed: dict[str, dict[str, str]], app: Handbook) -> str:
    """Return the tables as Markdown."""
    lines = [
        "# Who may go through which door",
        "",
        "Made by `tests/house/test_permissions.py` from answers of the running application, each",
        "of which equals a second telling of the rights in `tests/support/naive.py`. `UPDATE=1`",
        "writes it anew. `✓` is in, `·` is 401 (sign in first), `✗` is 403 (needs a post). Behind",
        "the door the object is asked for: what lies outside the caller's scope is not found.",
        "",
        *(f"- **{caller.name}**: {caller.told}" for caller in CALLERS),
        "",
        "| operation | permission | scope | " + " | ".join(one.name for one in CALLERS) + " |",
        "|---|---|---|" + "---|" * len(CALLERS),
    ]
    signs = {"in": "✓", "401": "·", "403": "✗"}
    for operation in sorted(
        openapi.contract(app).operations.values(), key=lambda one: (one.path, one.method)
    ):
        name = f"{operation.method} {operation.path}"
        policy = operation.policy
        answers = " | ".join(signs[observed[name][caller.name]] for caller in CALLERS)
        shown = name.replace("/api/v1", "")
        lines.append(f"| `{shown}` | {policy['permission']} | {policy['scope']} | {answers} |")
    lines += ["", "## What a post allows, at its unit and below", ""]
    lines += ["| permission | " + " | ".join(ROLES) + " |", "|---|" + "---|" * len(ROLES)]
    for permission in list(Permission)[2:]:
        marks = ["✓" if permission in ROLE_PERMISSIONS[role] else " " for role in ROLES]
        lines.append(f"| {permission} | " + " | ".join(marks) + " |")
    return "\n".join(lines) + "\n"


def test_the_door_answers_as_the_naive_telling_says(
    app: Handbook, db: Session, tokens: dict[str, str | None]
) -> None:
    observed = _observe(app, settle(db), tokens)
    expected = {
        f"{one.method} {one.path}": {
            caller.name: naive.door(one.policy, caller) for caller in CALLERS
        }
        for one in openapi.contract(app).operations.values()
    }
    wrong = [
        f"{name} for {caller}: {answer}, expected {expected[name][caller]}"
        for name, row in observed.items()
        for caller, answer in row.items()
        if answer != expected[name][caller]
    ]
    assert not wrong, "\n".join(wrong)

    text = written(observed, app)
    if os.environ.get("UPDATE"):
        FILE.write_text(text, encoding="utf-8")
    assert FILE.read_text(encoding="utf-8") == text, (
        "rights changed: UPDATE=1 writes the table anew"
    )


def test_the_tables_of_posts_are_the_same() -> None:
    assert set(naive.RIGHTS) == {str(one) for one in list(Permission)[2:]}
    assert set(ROLE_PERMISSIONS) == set(ROLES) == naive.EVERY_POST
    for role, permissions in ROLE_PERMISSIONS.items():
        told = {name for name, roles in naive.RIGHTS.items() if role in roles}
        assert {str(one) for one in permissions} == told, role


PATHS = st.lists(st.sampled_from(["0001", "0002", "000z"]), min_size=1, max_size=4).map("".join)


@given(
    st.dictionaries(PATHS, st.sampled_from(ROLES), max_size=4),
    st.sampled_from(list(Permission)[2:]),
    PATHS,
)
def test_rights_reach_down_the_tree_only(
    posts: dict[str, str], permission: Permission, path: str
) -> None:
    none = ids.new()
    actor = Actor(
        session_id=none,
        account_id=none,
        device_id=none,
        member_id=none,
        places=(),
        posts=tuple(Post(none, at, role) for at, role in posts.items()),
        buckets=(),
    )
    assert actor.may(permission, path) == naive.may(permission, posts, path)
    assert actor.holds_any(permission) == bool(actor.scopes(permission))
    scopes = actor.scopes(permission)
    assert not any(
        one != other and re.match(re.escape(other), one) for one in scopes for other in scopes
    )
