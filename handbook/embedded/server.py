"""A server that programs share: ``start`` and ``Server``."""

import fcntl
import time
from io import TextIOWrapper
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg
from psycopg import sql
from sqlalchemy import URL

from handbook.embedded.place import ADMIN, PORT, Runner, lock_if_free, locked, open_owned, prepare
from handbook.embedded.process import ensure_running, postmaster, shut_down

DATABASE = "handbook"
OWNER = "handbook_owner"
APP = "handbook_app"

EXTENSIONS = ("btree_gist",)

_DYING_SECONDS = 0.3


class Server:
    """A running server that this program uses; ``start`` makes it, ``stop`` gives it back."""

    def __init__(self, directory: Path, socket: Path, pid: int, use: TextIOWrapper) -> None:
        self.directory = directory
        self.socket = socket
        self.pid = pid
        self._use: TextIOWrapper | None = use

    def url(self, database: str = DATABASE, role: str = APP) -> str:
        """Return the address of a database for SQLAlchemy, to be used by this role."""
        address = URL.create(
            "postgresql+psycopg",
            username=role,
            database=database,
            query={"host": str(self.socket), "port": str(PORT)},
        )
        return address.render_as_string(hide_password=False)

    def stop(self) -> None:
        """Give the server back; it ends when no other program uses it. May be called twice.

        Raises:
            EmbeddedError: it did not end in time.
        """
        if self._use is None:
            return
        with locked(self.directory):
            self._use.close()
            self._use = None
            with open_owned(self.directory, "users") as users:
                if lock_if_free(users):
                    shut_down(postmaster(self.directory))

    def __enter__(self) -> Self:
        """Return the server itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop."""
        self.stop()


def start(directory: Path, *, fast: bool = False) -> Server:
    """Return the running server of a folder, which is made and filled when needed.

    The server has the roles ``handbook_owner`` and ``handbook_app`` and the database ``handbook``
    with its extensions. With ``fast`` it does not wait for the disk: right for tests, though a
    crash of the machine may destroy the data. A server that already runs keeps the settings it was
    started with.

    Raises:
        EmbeddedError: it cannot start; the message ends with the last lines of its log.
    """
    directory = directory.resolve()
    runner = prepare(directory)
    with locked(directory):
        use = open_owned(directory, "users")
        try:
            fcntl.flock(use, fcntl.LOCK_SH)
            pid, socket = _ensure_ready(directory, runner, fast=fast)
        except BaseException:
            use.close()
            raise
        return Server(directory, socket, pid, use)


def _ensure_ready(directory: Path, runner: Runner, *, fast: bool) -> tuple[int, Path]:
    """Start the server unless it runs, and fill it; return its pid and the folder of its socket."""
    pid, socket = ensure_running(directory, runner, fast=fast)
    try:
        _ensure_contents(socket)
    except psycopg.OperationalError:
        time.sleep(_DYING_SECONDS)  # the server that ran was just being killed
        pid, socket = ensure_running(directory, runner, fast=fast)
        _ensure_contents(socket)
    return pid, socket


def _connect(socket: Path, database: str = ADMIN) -> psycopg.Connection[tuple[str, ...]]:
    """Return a connection of the administrator; each statement stands at once."""
    return psycopg.connect(
        host=str(socket), port=PORT, user=ADMIN, dbname=database, autocommit=True
    )


def _ensure_contents(socket: Path) -> None:
    """Make the roles and the database that are missing."""
    with _connect(socket) as connection:
        roles = {row[0] for row in connection.execute("SELECT rolname::text FROM pg_roles")}
        for role in (OWNER, APP):
            if role not in roles:
                connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(role)))
        databases = connection.execute("SELECT datname::text FROM pg_database").fetchall()
        if (DATABASE,) not in databases:
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {}").format(
                    sql.Identifier(DATABASE), sql.Identifier(OWNER)
                )
            )
    _make_extensions(socket, DATABASE)


def _make_extensions(socket: Path, database: str) -> None:
    """Make the extensions the tables lean on, where they are missing."""
    with _connect(socket, database) as connection:
        for extension in EXTENSIONS:
            statement = sql.SQL("CREATE EXTENSION IF NOT EXISTS {}")
            connection.execute(statement.format(sql.Identifier(extension)))
