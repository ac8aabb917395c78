"""The stage: a province in an embedded database of its own, the server as in production."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg
from flask_jwt_extended import create_access_token
from rich.console import Console
from sqlalchemy import make_url

from bench.measure import Client, Group
from handbook import config, database, demo, embedded, launch
from handbook.app import create_app
from handbook.http import Handbook

VAR = launch.ROOT / "var" / "bench"
PORT = 8790
FCM_PORT = 8791


@dataclass
class Stage:
    """What a benchmark works on."""

    settings: config.Settings
    urls: launch.DatabaseUrls
    app: Handbook
    console: Console
    web: Group
    postgres: Group
    facts: int

    def client(self, token: str | None = None) -> Client:
        """Return a connection to the web server."""
        return Client(self.settings.web_port, token)

    def connect(self, *, autocommit: bool = True) -> psycopg.Connection[Any]:
        """Return a plain connection as the owner."""
        address = make_url(self.urls.owner).set(drivername="postgresql")
        plain = address.render_as_string(hide_password=False)
        return psycopg.connect(plain, autocommit=autocommit)

    def one(self, statement: str, **params: object) -> Any:
        """Return the first column of the only row of a statement."""
        with self.connect() as connection:
            row = connection.execute(statement, params).fetchone()  # type: ignore[arg-type]  # our own text
        return row[0] if row else None

    def token(self, member_id: object) -> str:
        """Return an access token of an open session of a member, made when there is none."""
        with self.connect() as connection:
            row = connection.execute(_SESSION, {"member": member_id}).fetchone()
            if row is None:
                raise RuntimeError(f"member {member_id} has no account with a device")
        with self.app.app_context():
            return str(
                create_access_token(
                    identity=str(row[1]), additional_claims={"sid": str(row[0])}
                )
            )


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


def environment(**more: str) -> dict[str, str]:
    """Return the environment of the benchmark's processes."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("HANDBOOK_", "DATABASE_", "FCM_", "SECRET_", "SEALING_", "BLIND_"))
    }
    return {
        **kept,
        "HANDBOOK_ENV": "development",
        "HANDBOOK_VAR": str(VAR),
        "HANDBOOK_WEB_PORT": str(PORT),
        "HANDBOOK_RATE_LIMITS": "off",
        "HANDBOOK_QUIET_HOURS": "",
        "HANDBOOK_LOG_LEVEL": "WARNING",
        "PYTHONPATH": str(launch.ROOT),
        **more,
    }


@contextmanager
def open_stage(console: Console, *, members: int, cells: int, facts: int) -> Iterator[Stage]:
    """Give the stage, building the province first when it is not there."""
    VAR.mkdir(parents=True, exist_ok=True)
    base = config.load(environment())
    with embedded.start(VAR / "postgres") as server:
        urls = launch.DatabaseUrls(
            server.url(role=embedded.APP), server.url(role=embedded.OWNER)
        )
        database.upgrade(urls.owner, urls.application_role)
        app = create_app(base, urls.application)
        if demo.is_empty(app):
            console.print("Building a province (kept in var/bench for the next run)…")
            demo.province(app, console, members=members, cells=cells, facts=facts)
        with web(base, urls) as group:
            yield Stage(base, urls, app, console, group, Group([server.pid]), facts)


@contextmanager
def web(
    settings: config.Settings,
    urls: launch.DatabaseUrls,
    command: list[str] | None = None,
    extra: Mapping[str, str] | None = None,
) -> Iterator[Group]:
    """Run the web server and give its processes."""
    names = {**environment(**(extra or {})), **_database_names(urls)}
    children = launch.Children([command or launch.web_command(settings)], names)
    try:
        launch.wait_until_live(settings, children)
        yield Group([children.processes[0].pid])
    finally:
        children.stop()


@contextmanager
def worker(stage: Stage, credentials: Path, number: int = 1) -> Iterator[Group]:
    """Run ``number`` workers that push through the fake and give their processes."""
    names = {
        **environment(FCM_CREDENTIALS=str(credentials), FCM_URL=f"http://127.0.0.1:{FCM_PORT}"),
        **_database_names(stage.urls),
    }
    children = launch.Children([launch.worker_command()] * number, names)
    try:
        yield Group([one.pid for one in children.processes])
    finally:
        children.stop()


def _database_names(urls: launch.DatabaseUrls) -> dict[str, str]:
    return {"DATABASE_URL": urls.application, "DATABASE_OWNER_URL": urls.owner}


@contextmanager
def fake_fcm() -> Iterator[Path]:
    """Run the fake of FCM in a process of its own and give the path of its credentials."""
    credentials = VAR / "fcm.json"
    credentials.unlink(missing_ok=True)
    command = [
        sys.executable, "-m", "tests.support.fcm",
        "--port", str(FCM_PORT), "--credentials", str(credentials),
    ]  # fmt: skip
    process = subprocess.Popen(command, cwd=launch.ROOT, env=environment())
    try:
        deadline = time.monotonic() + 20
        while not credentials.exists() or not _stats_answer():
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("the fake of FCM did not start")
            time.sleep(0.05)
        yield credentials
    finally:
        process.terminate()
        process.wait()


def _stats_answer() -> bool:
    try:
        fcm_stats()
    except OSError:
        return False
    return True


def fcm_stats() -> dict[str, Any]:
    """Return what the fake has counted."""
    _, body, _ = Client(FCM_PORT).call("GET", "/stats")
    found: dict[str, Any] = json.loads(body)
    return found


def with_port(settings: config.Settings, port: int) -> config.Settings:
    """Return the settings with another port."""
    return replace(settings, web_port=port)
