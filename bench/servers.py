"""Granian beside gunicorn: what each costs, and how each behaves when it is treated badly."""

import statistics
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import cycle
from typing import Final

from rich.table import Table

from bench import fixtures
from bench import stage as stages
from bench.abuse import many, slow_bodies
from bench.measure import Client, Group, cpu_each, mebibytes
from bench.reads import LIVE, PAGE
from bench.stage import JSON, Stage
from handbook import launch
from handbook.config import Settings

PORT: Final = stages.OTHER_PORT
SLOW: Final = "/api/v1/bench/slow"
SIGN_IN: Final = "/api/v1/auth/session"
SLOW_BODIES: Final = 24
LOGINS: Final = 30
_LONGEST_SECONDS: Final = 12
_MEMBER: Final = """
SELECT a.member_id FROM session s JOIN account a ON a.id = s.account_id
WHERE s.ended_at IS NULL ORDER BY s.id LIMIT 1
"""
_GUNICORN: Final = (
    "--worker-class", "gthread", "--worker-connections", "200", "--no-control-socket",
    "--graceful-timeout", "10", "--log-level", "error",
)  # fmt: skip


def _commands(settings: Settings) -> dict[str, list[str]]:
    app, gateway = "bench.slow:app", "bench.slow:gateway"
    ours = [gateway if part == "wsgi:gateway" else part for part in launch.web_command(settings)]
    plain = ["wsgi" if part == "rsgi" else app if part == gateway else part for part in ours]
    gunicorn = [
        sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{settings.web_port}",
        "--workers", str(settings.web_workers), "--threads", "4", *_GUNICORN, app,
    ]  # fmt: skip
    return {
        "gateway": ours,
        "granian × 1": [*plain[:-1], "--blocking-threads", "1", app],
        "granian × 4": [*plain[:-1], "--blocking-threads", "4", app],
        "gunicorn × 4": gunicorn,
    }


def compare(stage: Stage) -> None:
    """Print one row for each measure; what follows from it stands in docs/decisions."""
    settings = replace(stage.settings, web_port=PORT)
    token, body = stage.token(stage.one(_MEMBER)), fixtures.sign_in_body(stage)
    columns: dict[str, dict[str, str]] = {}
    for name, command in _commands(settings).items():
        stage.console.print(f"… {name}")
        columns[name] = _Bench(stage, settings, command, token, body).measure()
    table = Table(title=f"Web servers, {settings.web_workers} workers; times in ms", width=100)
    table.add_column("measure", ratio=1)
    for name in columns:
        table.add_column(name, justify="right", max_width=16)
    for measure in next(iter(columns.values())):
        table.add_row(measure, *[columns[name][measure] for name in columns])
    stage.console.print(table)


class _Bench:
    """One server, measured and ill-treated."""

    def __init__(
        self, stage: Stage, settings: Settings, command: list[str], token: str, body: bytes
    ) -> None:
        self.stage = stage
        self.settings = settings
        self.command = command
        self.token = token
        self.body = body

    def measure(self) -> dict[str, str]:
        """Return what was found, measure by measure."""
        found: dict[str, str] = {}
        with stages.web(self.stage.var, self.settings, self.stage.urls, self.command) as group:
            found["hello, CPU ms"] = self._cpu(group, LIVE)
            found["first page, CPU ms"] = self._cpu(group, PAGE)
            found["hello, 8 clients"] = self._flood(LIVE)
            found["first page, 8 clients"] = self._flood(PAGE)
            found["first page alone"] = self._latency()
            with slow_bodies(PORT, SIGN_IN, SLOW_BODIES):
                found[f"… beside {SLOW_BODIES} slow bodies"] = self._latency()
            with many(1, self._wait_slowly):
                found["… beside a 500 ms query"] = self._latency()
            with many(2, self._wait_slowly):
                found["… beside two of them"] = self._latency()
            storm, answered = self._storm()
            found[f"… beside {LOGINS} logins at once"] = storm
            found["logins answered"] = answered
            found["memory, MB"] = f"{sum(mebibytes(group)):.0f}"
        found["stop, a request running"] = self._stop(self._wait_slowly)
        found["stop, an idle connection"] = self._stop(self._idle)
        found["stop while starting"] = self._stop_while_starting()
        return found

    def _client(self) -> Client:
        return Client(PORT, self.token, seconds=_LONGEST_SECONDS)

    def _wait_slowly(self) -> None:
        self._client().get(SLOW)

    def _idle(self) -> None:
        client = self._client()
        client.get(LIVE)
        self.kept = client  # stays open while the server is told to stop

    def _cpu(self, group: Group, path: str) -> str:
        clients = [self._client() for _ in range(4)]
        turns = cycle(clients)

        def act() -> None:
            next(turns).get(path)

        cpu_each(group, act, 100)
        return f"{statistics.median(cpu_each(group, act, 400) for _ in range(3)):.3f}"

    def _latency(self, times: int = 150) -> str:
        try:
            return _told(self._timed(self._client(), PAGE, times))
        except TimeoutError:
            return f"none in {_LONGEST_SECONDS} s"

    @staticmethod
    def _timed(client: Client, path: str, times: int) -> list[float]:
        """Return the milliseconds of so many reads, fewer when they take too long."""
        spent: list[float] = []
        end = time.perf_counter() + _LONGEST_SECONDS
        while len(spent) < times and (begin := time.perf_counter()) < end:
            client.get(path)
            spent.append((time.perf_counter() - begin) * 1000)
        return spent

    def _flood(self, path: str) -> str:
        spent: list[float] = []

        def drive() -> None:
            spent.extend(self._timed(self._client(), path, 150))

        begin = time.perf_counter()
        _together(drive, 8)
        return f"{len(spent) / (time.perf_counter() - begin):.0f}/s {_told(spent)}"

    def _storm(self) -> tuple[str, str]:
        """Read first pages while 30 clients sign in without a pause."""
        statuses: list[int] = []

        def sign_in() -> None:
            status, _, _ = Client(PORT).call("POST", SIGN_IN, self.body, JSON)
            statuses.append(status)

        with many(LOGINS, sign_in):
            begin = time.perf_counter()
            told = self._latency(100)
            spent = time.perf_counter() - begin
        kinds = {status: statuses.count(status) for status in sorted(set(statuses))}
        counted = ", ".join(f"{number} × {status}" for status, number in kinds.items())
        return told, f"{counted} in {spent:.0f} s"

    def _stop(self, act: Callable[[], None]) -> str:
        """Stop the server in the middle of ``act``, which must succeed."""
        answered: list[bool] = []

        def ask() -> None:
            try:
                act()
                answered.append(True)
            except (OSError, RuntimeError):
                answered.append(False)

        with stages.web(self.stage.var, self.settings, self.stage.urls, self.command):
            thread = threading.Thread(target=ask)
            thread.start()
            time.sleep(0.2)
            begin = time.perf_counter()
        spent = time.perf_counter() - begin
        thread.join()
        return f"{'answered' if answered == [True] else 'LOST'}, {spent:.1f} s"

    def _stop_while_starting(self) -> str:
        """Say stop at several moments of the start; return the longest time it took."""
        names = {**stages.environment(self.stage.var), **stages.names(self.stage.urls)}
        longest = 0.0
        for moment in (0.2, 0.6, 1.2, 2.0):
            children = launch.Children([self.command], names)
            time.sleep(moment)
            begin = time.perf_counter()
            children.stop()
            longest = max(longest, time.perf_counter() - begin)
        return f"{longest:.1f} s"


def _together(act: Callable[[], None], number: int) -> None:
    threads = [threading.Thread(target=act) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _told(spent: Sequence[float]) -> str:
    ordered = sorted(spent)
    p50, p95 = (ordered[int(len(ordered) * share)] for share in (0.5, 0.95))
    return f"p50 {p50:.0f}, p95 {p95:.0f}"
