"""Where the database is, and how the house is started and stopped as a whole."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from urllib.error import URLError

from sqlalchemy import make_url

from handbook import embedded
from handbook.config import Settings

ROOT = Path(__file__).resolve().parent.parent
DEMO_ACCOUNTS = "demo-accounts.txt"
STOP_SECONDS = 15
START_SECONDS = 60


@dataclass(frozen=True)
class DatabaseUrls:
    """The two addresses of the database: the application's, and the owner's for migrations."""

    application: str
    owner: str

    @property
    def application_role(self) -> str | None:
        """Return the role that migrations grant rights to."""
        return make_url(self.application).username


class LaunchError(Exception):
    """The house cannot be started; the message says why and what to do."""


def database_urls(settings: Settings) -> DatabaseUrls:
    """Return the addresses of the user's server, or of the embedded one, started if need be.

    An embedded server lives as long as a process of the program uses it.
    """
    if settings.database_url is not None:
        return DatabaseUrls(
            settings.database_url, settings.database_owner_url or settings.database_url
        )
    server = embedded.start(settings.var_dir / "postgres")
    return DatabaseUrls(server.url(role=embedded.APP), server.url(role=embedded.OWNER))


@contextmanager
def database_running(settings: Settings) -> Iterator[DatabaseUrls]:
    """Hold the database for the length of a command; stops the embedded server if it was ours."""
    if settings.database_url is not None:
        yield database_urls(settings)
        return
    with embedded.start(settings.var_dir / "postgres") as server:
        yield DatabaseUrls(server.url(role=embedded.APP), server.url(role=embedded.OWNER))


def write_demo_accounts(settings: Settings, told: str) -> None:
    """Keep what is to be told of the demo accounts for the next start."""
    (settings.var_dir / DEMO_ACCOUNTS).write_text(told, encoding="utf-8")


def read_demo_accounts(settings: Settings) -> str:
    """Return what is to be told of the demo accounts; empty without demo data."""
    kept = settings.var_dir / DEMO_ACCOUNTS
    return kept.read_text(encoding="utf-8") if kept.exists() else ""


def web_command(settings: Settings) -> list[str]:
    """Return the command of the web server: granian, with the gateway before the application."""
    return [
        sys.executable,
        "-m",
        "handbook.web",
        "--interface",
        "rsgi",
        "--host",
        settings.web_host,
        "--port",
        str(settings.web_port),
        "--workers",
        str(settings.web_workers),
        "--backlog",
        "1024",
        "--backpressure",
        "512",
        "--workers-kill-timeout",
        "10",
        "--respawn-failed-workers",
        "--no-ws",
        "--log-level",
        "warning",
        "wsgi:gateway",
    ]


def worker_command() -> list[str]:
    """Return the command of the worker: the clock, the outbox and all due work."""
    return [sys.executable, "-m", "handbook", "worker"]


def child_environment(urls: DatabaseUrls) -> dict[str, str]:
    """Return the environment of web and worker: as here, with the database named."""
    return {
        **os.environ,
        "DATABASE_URL": urls.application,
        "DATABASE_OWNER_URL": urls.owner,
        "PYTHONPATH": str(ROOT),
    }


class Children:
    """The processes of the house: started together, stopped together."""

    def __init__(self, commands: Sequence[Sequence[str]], environment: Mapping[str, str]) -> None:
        """Start each command in a process group of its own, so that Ctrl-C reaches us alone."""
        self.processes = [
            subprocess.Popen(command, env=dict(environment), cwd=ROOT, start_new_session=True)  # noqa: S603  # our own commands
            for command in commands
        ]

    def find_ended(self) -> subprocess.Popen[bytes] | None:
        """Return a process that has ended, None while all run."""
        return next((one for one in self.processes if one.poll() is not None), None)

    def stop(self) -> None:
        """Ask all to finish, wait 15 seconds at most, then end what is left."""
        for process in self.processes:
            _signal(process, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        for process in self.processes:
            self._wait(process, deadline)
        for process in self.processes:
            _signal_group(process, signal.SIGKILL)
            process.wait()

    @staticmethod
    def _wait(process: subprocess.Popen[bytes], deadline: float) -> None:
        """Wait for one; a server that was still starting ignores the first word, so repeat it."""
        while process.poll() is None and time.monotonic() < deadline:
            try:
                process.wait(1)
            except subprocess.TimeoutExpired:
                _signal(process, signal.SIGTERM)


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    if process.poll() is None:
        process.send_signal(number)


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return


def demand_free_port(settings: Settings) -> None:
    """Raise LaunchError if somebody listens on the port of the web server already."""
    family = socket.AF_INET6 if ":" in settings.web_host else socket.AF_INET
    with socket.socket(family) as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind((settings.web_host, settings.web_port))
        except OSError as error:
            raise LaunchError(
                f"Port {settings.web_port} of {settings.web_host} cannot be used "
                f"({error.strerror}). Set HANDBOOK_WEB_PORT to another."
            ) from error


def wait_until_live(settings: Settings, children: Children) -> None:
    """Wait until the web server answers; raise LaunchError if a process ends or time runs out."""
    address = f"http://{settings.web_host}:{settings.web_port}/api/v1/health/ready"
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        ended = children.find_ended()
        if ended is not None:
            raise LaunchError(
                f"A process ended while starting (exit {ended.returncode}); its words are above."
            )
        try:
            with urllib.request.urlopen(address, timeout=2) as answer:  # our own http address
                answer.read()
                return
        except (URLError, OSError):
            time.sleep(0.05)
    raise LaunchError(f"The web server did not answer within {START_SECONDS} seconds.")


@contextmanager
def stop_asked() -> Iterator[threading.Event]:
    """Give an event that is set by Ctrl-C or SIGTERM while the block runs."""
    asked = threading.Event()

    def note(_number: int, _frame: FrameType | None) -> None:
        asked.set()

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
