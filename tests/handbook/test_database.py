"""Transactions: what a request reads and writes, and what becomes of it."""

import threading
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import DBAPIError, InternalError
from sqlalchemy.orm import Session

from handbook import clock, database
from handbook.app import create_app
from handbook.database import Transaction
from models import Tick
from tests.conftest import Real
from tests.support import planted, settings
from tests.support.phone import Phone
from tests.support.planted import Planted


def _write(task: str) -> None:
    database.session().execute(insert(Tick).values(task=task, slot=clock.now()))


def _count(real: Real) -> int:
    with real.write():
        return planted.count()


def test_what_returns_is_kept(real: Real) -> None:
    with real.write():
        _write("a")
    assert _count(real) == 1


def test_what_raises_is_not(real: Real) -> None:
    def fail() -> None:
        with real.write():
            _write("a")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert _count(real) == 0


@pytest.fixture
def hooks(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Return the list of hooks before a commit, put back after the test."""
    found: list[object] = list(database._BEFORE_COMMIT)
    monkeypatch.setattr(database, "_BEFORE_COMMIT", found)
    return found


def test_hooks_run_last_and_within_the_transaction(real: Real, hooks: list[object]) -> None:
    seen: list[int] = []

    def hook(session: Session) -> None:
        seen.append(session.execute(text("SELECT count(*) FROM tick")).scalar_one())
        session.execute(insert(Tick).values(task="by the hook", slot=clock.now()))

    database.before_commit(hook)
    database.before_commit(hook)
    with real.write():
        database.session().add(Tick(task="a", slot=clock.now()))
        assert seen == []
    assert seen == [1]
    assert len(hooks) == len(set(hooks))


def test_a_hook_that_fails_takes_all_back(real: Real, hooks: list[object]) -> None:
    def hook(_session: Session) -> None:
        raise KeyError

    database.before_commit(hook)
    with pytest.raises(KeyError), real.write():
        _write("a")
    hooks.remove(hook)
    assert _count(real) == 0


def test_a_read_sees_one_state_while_others_commit(real: Real, planted: Planted) -> None:
    answers = []

    def read() -> None:
        answers.append(real.app.test_client().get("/api/v1/planted/sums").json)

    reader = threading.Thread(target=read)
    reader.start()
    assert planted.inside.wait(20)
    with real.write():
        _write("in between")
    planted.go_on.set()
    reader.join(20)
    assert answers == [{"task": "sum", "ticks": 0}]
    assert _count(real) == 1


def test_a_read_cannot_write(real: Real, planted: Planted) -> None:
    answer = real.app.test_client().get("/api/v1/planted/writes")
    assert answer.status_code == 500
    assert _count(real) == 0
    with (
        pytest.raises(InternalError),
        real.context(),
        database.transaction(real.app, Transaction.SNAPSHOT),
    ):
        _write("a")


def test_instant_statements_stand_alone(real: Real) -> None:
    with real.context(), database.transaction(real.app, Transaction.INSTANT):
        first = database.executor().execute(text("SELECT pg_current_xact_id()")).scalar_one()
        second = database.executor().execute(text("SELECT pg_current_xact_id()")).scalar_one()
        assert first != second
        with real.write():
            _write("in between")
        assert planted.count() == 1


def test_after_an_instant_the_session_executes_again(real: Real) -> None:
    with real.context():
        with database.transaction(real.app, Transaction.INSTANT):
            inside = database.executor()
        assert database.executor() is database.session()
        assert inside is not database.session()


def test_no_connection_stays_out(real: Real) -> None:
    with real.context():
        pools: list[Any] = [database.db.engine.pool]
        pools.append(real.app.extensions["handbook_instant"].pool)
        for kind in Transaction:
            with database.transaction(real.app, kind):
                if kind is not Transaction.NONE:
                    database.executor().execute(text("SELECT 1"))
            with pytest.raises((DBAPIError, KeyError)):
                _fail_inside(real, kind)
            assert [pool.checkedout() for pool in pools] == [0, 0], kind


def _fail_inside(real: Real, kind: Transaction) -> None:
    with database.transaction(real.app, kind):
        if kind is Transaction.NONE:
            raise KeyError
        database.executor().execute(text("SELECT 1/0"))


def test_a_connection_knows_its_limits(real: Real) -> None:
    settings_ = real.app.extensions["handbook_settings"]
    with real.write() as session:
        shown = {
            name: session.execute(text(f"SHOW {name}")).scalar_one()
            for name in ("TimeZone", "application_name", "statement_timeout", "lock_timeout")
        }
    assert shown["TimeZone"] == "Asia/Ho_Chi_Minh"
    assert shown["application_name"] == "handbook"
    assert shown["statement_timeout"] == f"{settings_.statement_timeout_ms // 1000}s"
    assert shown["lock_timeout"] == f"{settings_.lock_timeout_ms // 1000}s"


def test_a_statement_that_takes_too_long_is_503(real: Real, tmp_path: Path) -> None:
    given = {"HANDBOOK_STATEMENT_TIMEOUT_MS": "50", "HANDBOOK_RATE_LIMITS": "off"}
    app = create_app(settings.make(tmp_path / "quick", **given), real.url)
    Planted().under(app)
    answer = Phone(app, None).get("/planted/slow")
    assert (answer.status_code, answer.json["code"]) == (503, "busy")
    assert answer.headers["Retry-After"] == "5"
    with app.app_context():
        database.db.engine.dispose()


def test_a_killed_connection_is_503_and_the_next_request_goes_on(
    real: Real, planted: Planted
) -> None:
    client = real.app.test_client()
    path = "/api/v1/planted/instants"
    assert client.get(path).status_code == 200
    end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
    with real.write() as session:
        session.execute(text(f"{end} AND datname = current_database()"))
    statuses = [client.get(path).status_code for _ in range(2)]
    assert statuses in ([503, 200], [200, 200])
    assert client.get("/api/v1/planted/writes").status_code == 500  # a defect, not an outage
