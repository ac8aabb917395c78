"""The stage: a province in an embedded database of its own, the server as in production."""

import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from flask_jwt_extended import create_access_token
from rich.console import Console
from sqlalchemy import make_url

from bench.measure import Client, Group
from handbook import config, demo, embedded, launch, upgrades
from handbook.app import create_app
from handbook.http import Handbook

ROOT = launch.ROOT / "var" / "bench"


def _free_ports(number: int) -> list[int]:
    """Return ports of this machine that are free: a second run must not share the first one's."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(number)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


PORT, FCM_PORT, OTHER_PORT = _free_ports(3)
JSON = {"Content-Type": "application/json"}


@dataclass
class Stage:
    """What a benchmark works on."""

    var: Path
    settings: config.Settings
    urls: launch.DatabaseUrls
    app: Handbook
    console: Console
    web: Group
    postgres: Group
    memory: dict[str, list[float]] = field(default_factory=dict)

    def client(self, token: str | None = None) -> Client:
        """Return a connection to the web server."""
        return Client(self.settings.web_port, token)

    def connect(self, *, autocommit: bool = True) -> psycopg.Connection[Any]:
        """Return a plain connection as the owner."""
        return psycopg.connect(_plain(self.urls.owner), autocommit=autocommit)

    def one(self, statement: str, **params: object) -> Any:
        """Return the first column of the only row of a statement."""
        with self.connect() as connection:
            row = connection.execute(statement, params).fetchone()
        return row[0] if row else None

    def token(self, member_id: object) -> str:
        """Return an access token of an open session of a member, made when there is none."""
        with self.connect() as connection:
            row = connection.execute(_SESSION, {"member": member_id}).fetchone()
            if row is None:
                raise RuntimeError(f"member {member_id} has no account with a device")
        with self.app.app_context():
            claims = {"sid": str(row[0])}
            return str(create_access_token(identity=str(row[1]), additional_claims=claims))


_SESSION = """
WITH found AS (
  SELECT a.id AS account_id, da.device_id FROM account a
  JOIN device_account da ON da.account_id = a.id
  WHERE a.member_id = %(member)s ORDER BY da.device_id LIMIT 1
), made AS (
  INSERT INTO session (id, account_id, device_id, expires_at)
  SELECT gen_random_uuid(), account_id, device_id, now() + interval '1 day' FROM found
  RETURNING id, account_id
)
SELECT id, account_id FROM made
"""


def environment(var: Path, **more: str) -> dict[str, str]:
    """Return the environment of the benchmark's processes; ``var`` is their working folder."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("HANDBOOK_", "DATABASE_", "FCM_", "SECRET_", "SEALING_", "BLIND_"))
    }
    return {
        **kept,
        "HANDBOOK_ENV": "development",
        "HANDBOOK_VAR": str(var),
        "HANDBOOK_WEB_PORT": str(PORT),
        "HANDBOOK_RATE_LIMITS": "off",
        "HANDBOOK_QUIET_HOURS": "",
        "HANDBOOK_LOG_LEVEL": "WARNING",
        "PYTHONPATH": str(launch.ROOT),
        **more,
    }


@contextmanager
def open_stage(console: Console, *, members: int, cells: int, facts: int) -> Iterator[Stage]:
    """Give the stage; a province of that size is built first when it is not there.

    Each size has a database of its own below ``var/bench``, kept for the next run.
    """
    var = ROOT / f"{members}-{cells}-{facts}"
    var.mkdir(parents=True, exist_ok=True)
    settings = config.load(environment(var))
    with embedded.start(var / "postgres") as server:
        urls = launch.DatabaseUrls(server.url(role=embedded.APP), server.url(role=embedded.OWNER))
        upgrades.upgrade(urls.owner, urls.application_role)
        app = create_app(settings, urls.application)
        if demo.is_empty(app):
            console.print("Building a province (kept in var/bench for the next run)…")
            demo.province(
                app, console, members=members, cells=cells, facts=facts, owner_url=urls.owner
            )
            _settle(server)
        with web(var, settings, urls) as group:
            yield Stage(var, settings, urls, app, console, group, Group([server.pid]))


def _settle(server: embedded.Server) -> None:
    """Do at once what the database would do in the minutes after a load."""
    address = _plain(server.url(role=embedded.ADMIN))
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")


def _plain(url: str) -> str:
    """Return an address of SQLAlchemy's in the driver's form."""
    address = make_url(url).set(drivername="postgresql")
    return address.render_as_string(hide_password=False)


@contextmanager
def web(
    var: Path,
    settings: config.Settings,
    urls: launch.DatabaseUrls,
    command: list[str] | None = None,
) -> Iterator[Group]:
    """Run the web server and give its processes."""
    children = launch.Children(
        [command or launch.web_command(settings)], {**environment(var), **names(urls)}
    )
    try:
        launch.wait_until_live(settings, children)
        yield Group([children.processes[0].pid])
    finally:
        children.stop()


@contextmanager
def worker(stage: Stage, credentials: Path, number: int = 1) -> Iterator[Group]:
    """Run ``number`` workers that push through the fake and give their processes."""
    told = environment(
        stage.var, FCM_CREDENTIALS=str(credentials), FCM_URL=f"http://127.0.0.1:{FCM_PORT}"
    )
    children = launch.Children([launch.worker_command()] * number, {**told, **names(stage.urls)})
    try:
        yield Group([one.pid for one in children.processes])
    finally:
        children.stop()


def names(urls: launch.DatabaseUrls) -> dict[str, str]:
    """Return the settings that name the database."""
    return {"DATABASE_URL": urls.application, "DATABASE_OWNER_URL": urls.owner}
