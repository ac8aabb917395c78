"""The database: sessions, engines, and the one transaction around each request or piece of work."""

import enum
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.orm import Session

import models
from handbook.config import Settings

db = SQLAlchemy(metadata=models.Base.metadata)

SNAPSHOT = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
_BEFORE_COMMIT: list[Callable[[Session], None]] = []
_INSTANT: ContextVar[Connection | None] = ContextVar("instant", default=None)


class Transaction(enum.StrEnum):
    """How a request meets the database."""

    NONE = "none"
    WRITE = "write"
    SNAPSHOT = "snapshot"
    INSTANT = "instant"


def connect_arguments(settings: Settings) -> dict[str, Any]:
    """Return the driver's arguments: time-outs, Vietnamese session time, the program's name."""
    options = {
        "statement_timeout": settings.statement_timeout_ms,
        "lock_timeout": settings.lock_timeout_ms,
        "idle_in_transaction_session_timeout": settings.idle_transaction_timeout_ms,
        "timezone": "Asia/Ho_Chi_Minh",
        "application_name": "handbook",
    }
    listed = " ".join(f"-c {name}={value}" for name, value in options.items())
    return {"options": listed, "connect_timeout": 5}


def install(app: Flask, settings: Settings, url: str) -> None:
    """Bind ``app`` to the database at ``url``; no connection is opened yet."""
    engine_options = {
        "pool_size": settings.pool_size,
        "max_overflow": settings.pool_size,
        "pool_timeout": 10,
        "pool_recycle": 1800,
        "connect_args": connect_arguments(settings),
    }
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {**engine_options, "pool_pre_ping": True}
    db.init_app(app)
    app.extensions["handbook_instant"] = create_engine(
        url,
        isolation_level="AUTOCOMMIT",
        pool_reset_on_return=None,
        skip_autocommit_rollback=True,
        **{**engine_options, "max_overflow": 0},
    )


def before_commit(hook: Callable[[Session], None]) -> None:
    """Run ``hook`` as one of the last statements of every write transaction, in order of naming."""
    if hook not in _BEFORE_COMMIT:
        _BEFORE_COMMIT.append(hook)


@contextmanager
def transaction(app: Flask, kind: Transaction) -> Iterator[None]:
    """Hold one transaction of ``kind``: committed when the block ends, rolled back when it raises.

    Within the block ``db.session`` is its session; with ``INSTANT`` there is no transaction and
    ``executor`` gives a connection on which each statement stands alone.
    """
    if kind is Transaction.NONE:
        yield
    elif kind is Transaction.INSTANT:
        engine: Engine = app.extensions["handbook_instant"]
        with engine.connect() as connection:
            token = _INSTANT.set(connection)
            try:
                yield
            finally:
                _INSTANT.reset(token)
    else:
        with _session_transaction(kind):
            yield


@contextmanager
def _session_transaction(kind: Transaction) -> Iterator[None]:
    session = db.session()
    token = _INSTANT.set(None)
    try:
        if kind is Transaction.SNAPSHOT:
            session.connection(execution_options=SNAPSHOT)
        yield
        if kind is Transaction.WRITE:
            session.flush()
            for hook in _BEFORE_COMMIT:
                hook(session)
            session.commit()
        else:
            session.rollback()
    except BaseException:
        session.rollback()
        raise
    finally:
        _INSTANT.reset(token)
        db.session.remove()


def executor() -> Connection | Session:
    """Return what executes the statements of the current transaction."""
    return _INSTANT.get() or db.session()


def session() -> Session:
    """Return the session of the current transaction."""
    return db.session()
