"""Fixtures of the whole suite.

``db`` gives a transaction that is rolled back after the test, seen by the application too.
``real`` gives a database of its own in which commits are commits, for tests with two connections.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest
from flask.ctx import AppContext
from hypothesis import settings as hypothesis_settings
from sqlalchemy import Connection
from sqlalchemy.orm import Session, scoped_session, sessionmaker

from handbook import clock, config, database
from handbook.app import create_app
from handbook.http import Handbook
from tests.support import build, cluster, settings
from tests.support.phone import Phone

hypothesis_settings.register_profile("handbook", deadline=None)
hypothesis_settings.load_profile("handbook")

_WORKER = f"{os.environ.get('PYTEST_XDIST_WORKER', 'main')}_{os.getpid()}"


@pytest.fixture(scope="session")
def server() -> Iterator[cluster.Cluster]:
    """Return the PostgreSQL server of this run."""
    found = cluster.start()
    yield found
    found.close()


@pytest.fixture(scope="session")
def var(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the working folder of this worker."""
    return tmp_path_factory.mktemp("var")


@pytest.fixture(scope="session")
def test_settings(var: Path) -> config.Settings:
    """Return the settings of this worker's application."""
    return settings.make(var, HANDBOOK_RATE_LIMITS="off")


@pytest.fixture(scope="session")
def app(server: cluster.Cluster, test_settings: config.Settings) -> Iterator[Handbook]:
    """Return this worker's application on a database of its own."""
    name = f"handbook_test_{_WORKER}"
    server.copy(name)
    made = create_app(test_settings, server.url(name))
    made.testing = False
    yield made
    _dispose(made)
    server.drop(name)


def _dispose(app: Handbook) -> None:
    app.extensions["handbook_instant"].dispose()
    with app.app_context():
        database.db.engine.dispose()


class _OneConnection:
    """Stands for the engine of single statements: gives the test's own connection."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        yield self.connection


@pytest.fixture
def db(app: Handbook, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    """Return the session of a transaction that the application shares and that never commits."""
    with app.app_context():
        engine = database.db.engine
    connection = engine.connect()
    outer = connection.begin()
    factory = sessionmaker(
        bind=connection, join_transaction_mode="create_savepoint", expire_on_commit=False
    )
    shared: scoped_session[Session] = scoped_session(factory)
    monkeypatch.setattr(database.db, "session", shared)
    monkeypatch.setattr(database, "SNAPSHOT", {})
    monkeypatch.setitem(app.extensions, "handbook_instant", _OneConnection(connection))
    with app.app_context():
        session = shared()
        yield session
        shared.remove()
    outer.rollback()
    connection.close()


@dataclass
class Real:
    """An application on a database of its own, where commits are commits."""

    app: Handbook
    url: str
    owner_url: str

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Hold one committed transaction as the application does."""
        with self.app.app_context(), database.transaction(self.app, database.Transaction.WRITE):
            yield database.session()

    def sign_in(self) -> Phone:
        """Return the phone of a new member."""
        with self.write():
            return Phone(self.app, build.member())

    def context(self) -> AppContext:
        """Return an application context."""
        return self.app.app_context()


@pytest.fixture
def real(server: cluster.Cluster, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Real]:
    """Return an application on a fresh database in which commits are commits."""
    name = f"handbook_real_{_WORKER}_{abs(hash(request.node.nodeid)) % 10**8}"
    server.copy(name)
    made = create_app(settings.make(tmp_path, HANDBOOK_RATE_LIMITS="off"), server.url(name))
    yield Real(made, server.url(name), server.url(name, cluster.OWNER))
    _dispose(made)
    server.drop(name)


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    """Return a function that stops the clock at an instant."""

    def stop(instant: datetime) -> None:
        assert instant.tzinfo is not None
        monkeypatch.setattr(clock, "now", lambda: instant)

    return stop
