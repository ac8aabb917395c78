"""The actor of a request: who is signed in, and what that allows today."""

import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from handbook import access, clock, database, ids
from handbook.access import Actor, Permission, Post
from handbook.audiences import service as audiences
from handbook.changes import service as changes
from handbook.errors import Forbidden, Unauthenticated
from models import Session as SignInSession
from tests.support import build
from tests.support.counting import assert_queries

DAY = timedelta(days=1)


def load(of: SignInSession, account_id: uuid.UUID | None = None) -> Actor:
    """Return the actor of a session."""
    return access.load_actor(database.session(), of.id, account_id or of.account_id)


def actor(*posts: tuple[str, str]) -> Actor:
    """Return an actor with posts as (path, role)."""
    none = ids.new()
    held = tuple(Post(none, path, role) for path, role in posts)
    return Actor(none, none, none, none, places=(), posts=held, buckets=())


def test_an_actor_comes_in_one_round_trip(db: Session) -> None:
    commune = build.unit(kind="commune")
    cell = build.unit(commune)
    who = build.member(cell)
    build.position(who, commune, "clerk")
    session = build.session_of(who)
    db.flush()
    with assert_queries(1):
        found = load(session)
    assert (found.session_id, found.account_id) == (session.id, session.account_id)
    assert (found.member_id, found.device_id) == (who.id, session.device_id)
    assert [(one.unit_id, one.path, one.kind) for one in found.places] == [
        (cell.id, cell.path, "official")
    ]
    assert [(one.unit_id, one.path, one.role) for one in found.posts] == [
        (commune.id, commune.path, "clerk")
    ]


@pytest.mark.parametrize(
    ("start", "end", "is_held"),
    [
        (-10, None, True),
        (0, None, True),
        (1, None, False),
        (-10, 1, True),
        (-10, 0, False),  # the end is the first day without
        (-10, -5, False),
    ],
)
def test_posts_and_places_are_those_of_today(
    db: Session, start: int, end: int | None, *, is_held: bool
) -> None:
    cell = build.unit()
    who = build.member()
    today = clock.today()
    dates: dict[str, Any] = {
        "start": today + start * DAY,
        "end": today + end * DAY if end is not None else None,
    }
    build.membership(who, cell, **dates)
    build.position(who, cell, "secretary", **dates)
    found = load(build.session_of(who))
    assert (len(found.places), len(found.posts)) == ((1, 1) if is_held else (0, 0))


def test_today_is_the_vietnamese_day(db: Session, at: Any) -> None:
    cell = build.unit()
    who = build.member(cell)
    build.position(who, cell, "secretary", start=date(2026, 12, 1))
    session = build.session_of(who)
    at(datetime(2026, 11, 30, 16, 59, tzinfo=UTC))
    assert load(session).posts == ()
    at(datetime(2026, 11, 30, 17, 0, tzinfo=UTC))
    assert len(load(session).posts) == 1


def test_buckets_are_those_of_today_with_their_positions(db: Session) -> None:
    commune = build.unit(kind="commune")
    cell, other = build.unit(commune), build.unit(commune)
    who = build.member(cell)
    held = audiences.unit_bucket(commune.id)
    audiences.unit_bucket(other.id)
    own = audiences.personal_buckets([who.id])[who.id]
    changes.touch("notice", ids.new(), [held, own])
    changes.touch("notice", ids.new(), [held])
    changes.flush(db)
    found = {one.id: one for one in load(build.session_of(who)).buckets}
    assert set(found) == {held, own}
    assert (found[held].position, found[held].personal) == (2, False)
    assert (found[own].position, found[own].personal) == (1, True)
    assert found[held].since == build.LONG_AGO.isoformat()


def _spoil(kind: str, session: SignInSession, who: Any) -> None:
    now = clock.now()
    if kind == "ended":
        session.ended_at, session.ended_by = now, "revoked"
    elif kind == "run out":
        session.expires_at = now
    elif kind == "disabled":
        build.account(who).disabled_at = now
    elif kind == "left":
        who.left_on = clock.today()
    elif kind == "leaves tomorrow":
        who.left_on = clock.today() + DAY


@pytest.mark.parametrize("kind", ["none", "leaves tomorrow"])
def test_an_open_session_has_an_actor(db: Session, kind: str) -> None:
    who = build.member()
    session = build.session_of(who)
    _spoil(kind, session, who)
    db.flush()
    assert load(session).member_id == who.id


@pytest.mark.parametrize("kind", ["ended", "run out", "disabled", "left"])
def test_a_closed_session_has_none(db: Session, kind: str) -> None:
    who = build.member()
    session = build.session_of(who)
    _spoil(kind, session, who)
    db.flush()
    with pytest.raises(Unauthenticated) as refused:
        load(session)
    assert refused.value.code == "session_revoked"


def test_a_token_speaks_for_its_own_account(db: Session) -> None:
    session = build.session_of(build.member())
    other = build.account(build.member())
    for account_id in (other.id, ids.new()):
        with pytest.raises(Unauthenticated):
            load(session, account_id)


def test_scopes_have_no_overlap() -> None:
    found = actor(
        ("00010002", "clerk"),
        ("0001", "secretary"),
        ("0003", "clerk"),
        ("0003", "administrator"),
        ("00030004", "overseer"),
    )
    assert found.scopes(Permission.DOCUMENT_DRAFT) == ("0001", "0003")
    assert found.scopes(Permission.AUDIT_READ) == ("0003",)
    assert found.scopes(Permission.MEMBER_WRITE) == ()


def test_a_right_reaches_down_not_up_nor_aside() -> None:
    found = actor(("00010002", "secretary"))
    for path, expected in (
        ("00010002", True),
        ("000100020003", True),
        ("0001", False),
        ("00010003", False),
        ("", False),
    ):
        assert found.may(Permission.UNIT_READ, path) is expected
        if expected:
            found.require(Permission.UNIT_READ, path)
        else:
            with pytest.raises(Forbidden):
                found.require(Permission.UNIT_READ, path)
    assert found.holds_any(Permission.UNIT_READ)
    assert not found.holds_any(Permission.AUDIT_READ)
