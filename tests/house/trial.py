"""Calls that are taken back: each sees the rows of the test and leaves none of its own."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from handbook import database, ids
from handbook.http import Handbook
from tests.support.openapi import Operation


def settle(db: Session) -> Connection:
    """Keep what the test has built, let go of its session, and return the shared connection."""
    connection = db.connection()
    db.commit()
    database.db.session.remove()
    return connection


@contextmanager
def taken_back(connection: Connection) -> Iterator[None]:
    """Undo whatever the block writes; the connection must have been settled."""
    savepoint = connection.begin_nested()
    try:
        yield
    finally:
        database.db.session.remove()
        savepoint.rollback()


def path_to_nothing(app: Handbook, operation: Operation) -> str:
    """Return a path of the operation whose ids name nothing."""
    rule = next(rule for rule in app.url_map.iter_rules(operation.name))
    values = {
        name: 1 if type(converter).__name__ == "IntegerConverter" else ids.new()
        for name, converter in rule._converters.items()
    }
    return app.url_map.bind("localhost").build(operation.name, values, method=operation.method)
