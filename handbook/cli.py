"""The command line: run the house, migrate it, fill it, show it."""

import sys
from pathlib import Path

import click
from alembic import command
from rich.console import Console

from handbook import config, database, demo, embedded, jobs, launch, logs, openapi, tour
from handbook.app import create_app
from handbook.config import Settings
from handbook.http import Handbook

OPENAPI_FILE = launch.ROOT / "docs" / "openapi.yaml"
console = Console(highlight=False)
_TOLD = (config.SettingsError, launch.LaunchError, embedded.EmbeddedError, tour.TourError)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Sổ tay Đảng viên: the server of a digital party-member handbook."""


def main() -> None:
    """Run the command line; faults that have a remedy are told in one line, without a trace."""
    try:
        cli(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        sys.exit(130)
    except _TOLD as error:
        console.print(str(error), style="red", markup=False)
        sys.exit(1)


def _settings() -> Settings:
    settings = config.from_environment()
    logs.configure(settings.log_level)
    return settings


def _migrate(urls: launch.DatabaseUrls) -> None:
    database.upgrade(urls.owner, urls.application_role)


def _app(settings: Settings, urls: launch.DatabaseUrls) -> Handbook:
    return create_app(settings, urls.application)


@cli.command()
def run() -> None:
    """Start database, web and worker; Ctrl-C stops all of it."""
    settings = _settings()
    with launch.stop_asked() as asked, launch.database_running(settings) as urls:
        _migrate(urls)
        app = _app(settings, urls)
        if not settings.production and demo.is_empty(app):
            demo.commune(app, console)
        children = launch.Children(
            [launch.web_command(settings), launch.worker_command()],
            launch.child_environment(urls),
        )
        try:
            launch.wait_until_live(settings, children)
            _tell_where(settings)
            while not asked.wait(0.5):
                ended = children.find_ended()
                if ended is not None:
                    raise launch.LaunchError(f"A process ended (exit {ended.returncode}).")
            console.print("Đang dừng…")
        finally:
            children.stop()


def _tell_where(settings: Settings) -> None:
    base = f"http://{settings.web_host}:{settings.web_port}"
    console.print(f"\nAPI            {base}/api/v1")
    console.print(f"Documentation  {base}/api/docs")
    if not settings.production:
        console.print(demo.told())
    console.print("Ctrl-C stops everything.")


@cli.command()
def worker() -> None:
    """Run the worker: the clock, the outbox and all due work."""
    settings = _settings()
    app = _app(settings, launch.database_urls(settings))
    jobs.run_worker(app, settings)


@cli.command()
def migrate() -> None:
    """Bring the database to the newest migration."""
    with launch.database_running(_settings()) as urls:
        _migrate(urls)
    console.print("The database is at the newest migration.")


@cli.command("demo")
@click.option("--size", type=click.Choice(["commune", "province"]), default="commune")
def fill(size: str) -> None:
    """Fill an empty database with made-up data."""
    settings = _settings()
    if settings.production:
        raise launch.LaunchError("Demo data is not for production.")
    with launch.database_running(settings) as urls:
        _migrate(urls)
        app = _app(settings, urls)
        if not demo.is_empty(app):
            console.print("The database holds data already; nothing was changed.")
        elif size == "province":
            demo.province(app, console, owner_url=urls.owner)
        else:
            demo.commune(app, console)


@cli.command("tour")
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def show(files: tuple[Path, ...]) -> None:
    """Play the main job on the running server with FILES (DOCX, PDF or TXT)."""
    tour.tour(_settings(), files, console)


@cli.command("openapi")
@click.option("--check", is_flag=True, help="Only tell whether the file is what the code says.")
def write_openapi(*, check: bool) -> None:
    """Write docs/openapi.yaml from the code."""
    settings = config.load({"HANDBOOK_ENV": "test"})
    text = openapi.as_yaml(create_app(settings, "postgresql+psycopg://unused@localhost/unused"))
    if not check:
        OPENAPI_FILE.write_text(text, encoding="utf-8")
    elif not OPENAPI_FILE.exists() or OPENAPI_FILE.read_text(encoding="utf-8") != text:
        raise launch.LaunchError("docs/openapi.yaml is not what the code says: run `make openapi`.")


@cli.command()
@click.argument("name")
def migration(name: str) -> None:
    """Draft the next migration NAME from the difference between models and database."""
    with launch.database_running(_settings()) as urls:
        _migrate(urls)
        head = launch.ROOT / "migrations" / "HEAD"
        number = f"{int(head.read_text().strip()) + 1:04}"
        options = database.alembic_config(urls.owner, urls.application_role)
        command.revision(options, message=name, autogenerate=True, rev_id=number)
        head.write_text(f"{number}\n")
