"""Accounts' rows: who is found, and the lines of sessions."""

from datetime import timedelta

from sqlalchemy.orm import Session as Database

from handbook import clock
from handbook.accounts import queries
from models import SignInName
from tests.support import build


def test_candidates_are_capped(db: Database) -> None:
    index = b"x" * 32
    for _ in range(queries.MOST_CANDIDATES + 2):
        account = build.account(build.member())
        db.add(SignInName(index=index, account_id=account.id, kind="phone"))
    db.flush()
    found = db.execute(queries.candidates(index, clock.today())).all()
    assert len(found) == queries.MOST_CANDIDATES


def test_lines_are_the_live_sessions_of_the_account(db: Database) -> None:
    member = build.member()
    current, other, ended, over = (build.session_of(member) for _ in range(4))
    build.session_of(build.member())
    ended.ended_at, ended.ended_by = clock.now(), "revoked"
    over.expires_at = clock.now() - timedelta(seconds=1)
    db.flush()
    rows = db.execute(queries.session_lines(current.account_id, current.id, clock.now())).all()
    assert {row.id: row.current for row in rows} == {current.id: True, other.id: False}
