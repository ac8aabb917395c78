"""``run``: the whole house with one command."""

import subprocess
import sys
import threading

import click
import psycopg
from psycopg import sql
from sqlalchemy import make_url

from handbook import launch
from handbook.commands.common import console, settings
from handbook.config import Settings
from handbook.launch import DatabaseUrls

HEAD = launch.ROOT / "migrations" / "HEAD"


@click.command()
def command() -> None:
    """Start database, web and worker; Ctrl-C stops all of it."""
    found = settings()
    launch.demand_free_port(found)
    with launch.stop_asked() as asked, launch.database_running(found) as urls:
        _prepare(found, urls)
        _serve(found, urls, asked)


def _prepare(found: Settings, urls: DatabaseUrls) -> None:
    """Migrate if the newest migration is not there; fill with demo data what is empty."""
    if _value(urls, "alembic_version", "SELECT version_num FROM alembic_version") != _newest():
        _call("migrate", urls)
    if not found.production and _value(urls, "unit", "SELECT id FROM unit LIMIT 1") is None:
        _call("demo", urls)


def _newest() -> str:
    return HEAD.read_text(encoding="utf-8").strip()


def _value(urls: DatabaseUrls, table: str, statement: str) -> object:
    """Return the first value of a statement, None without a row or without the table."""
    address = make_url(urls.owner).set(drivername="postgresql")
    with psycopg.connect(address.render_as_string(hide_password=False)) as connection:
        there = connection.execute("SELECT to_regclass(%s)", (table,)).fetchone()
        if there is None or there[0] is None:
            return None
        row = connection.execute(sql.SQL(statement)).fetchone()
        return row[0] if row else None


def _call(name: str, urls: DatabaseUrls) -> None:
    """Run another command in a process of its own, so that this one stays small."""
    done = subprocess.run(  # noqa: S603  # our own command
        [sys.executable, "-m", "handbook", name],
        env=launch.child_environment(urls),
        check=False,
    )
    if done.returncode:
        raise launch.LaunchError(f"`{name}` failed; its words are above.")


def _serve(found: Settings, urls: DatabaseUrls, asked: threading.Event) -> None:
    children = launch.Children(
        [launch.web_command(found), launch.worker_command()], launch.child_environment(urls)
    )
    try:
        launch.wait_until_live(found, children)
        _tell_where(found)
        while not asked.wait(0.5):
            ended = children.find_ended()
            if ended is not None:
                raise launch.LaunchError(
                    f"A process ended (exit {ended.returncode}); its words are above."
                )
        console.print("Đang dừng…")
    finally:
        children.stop()


def _tell_where(found: Settings) -> None:
    base = f"http://{found.web_host}:{found.web_port}"
    console.print(f"\nAPI            {base}/api/v1")
    console.print(f"Documentation  {base}/api/docs")
    if not found.production:
        console.print(launch.read_demo_accounts(found))
    console.print("Ctrl-C stops everything.")
