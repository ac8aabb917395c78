"""Granian beside gunicorn: what each costs, and how each behaves when it is treated badly."""

import socket
import statistics
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace

from rich.table import Table

from bench import stage as stages
from bench.measure import Client, Group, cpu_each
from bench.reads import LIVE, PAGE
from bench.stage import PORT, Stage
from handbook import launch

_WSGI = "bench.slow:app"
SLOW = "/api/v1/bench/slow"


def _commands(stage: Stage) -> dict[str, list[str]]:
    granian = [part if part != "wsgi:app" else _WSGI for part in launch.web_command(stage.settings)]
    four = [*granian]
    four[four.index("--blocking-threads") + 1] = "4"
    gunicorn = [
        sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{PORT}", "--workers", "2",
        "--threads", "4", "--worker-class", "gthread", "--worker-connections", "200",
        "--no-control-socket", "--graceful-timeout", "10", "--log-level", "error", _WSGI,
    ]  # fmt: skip
    return {
        "granian, 2 workers × 1 thread": granian,
        "granian, 2 workers × 4 threads": four,
        "gunicorn gthread, 2 × 4": gunicorn,
    }


def compare(stage: Stage) -> None:
    """Print one row for each server; the decision is written down in docs/decisions."""
    table = Table(title="Web servers")
    table.add_column("measure")
    token = stage.token(stage.one(_MEMBER))
    columns: dict[str, dict[str, str]] = {}
    for name, command in _commands(stage).items():
        table.add_column(name, justify="right")
        stage.console.print(f"… {name}")
        columns[name] = _measure(stage, command, token)
    for measure in next(iter(columns.values())):
        table.add_row(measure, *[columns[name][measure] for name in columns])
    stage.console.print(table)


_MEMBER = "SELECT member_id FROM account ORDER BY member_id OFFSET 100 LIMIT 1"


def _measure(stage: Stage, command: list[str], token: str) -> dict[str, str]:
    port = PORT + 5
    settings = replace(stage.settings, web_port=port)
    command = [part.replace(str(PORT), str(port)) for part in command]
    found: dict[str, str] = {}
    with stages.web(settings, stage.urls, command) as group:
        client = Client(port, token)
        found["hello, CPU ms"] = _cpu(group, lambda: client.get(LIVE))
        found["first page, CPU ms"] = _cpu(group, lambda: client.get(PAGE))
        found["hello at 8 clients"] = _flood(port, token, LIVE)
        found["first page at 8 clients"] = _flood(port, token, PAGE)
        with _slow_bodies(port):
            found["first page beside 8 slow bodies"] = _latency(port, token, PAGE)
        with _background(lambda: Client(port, token).get(SLOW)):
            found["first page beside one 500 ms query"] = _latency(port, token, PAGE)
        found["memory, MB"] = f"{sum(group.memory()) / 2**20:.0f}"
    found["graceful stop"] = _graceful(stage, settings.web_port, command, token)
    found["stop while starting"] = _stop_while_starting(stage, command)
    return found


def _cpu(group: Group, act: Callable[[], object]) -> str:
    cpu_each(group, act, 50)
    return f"{statistics.median(cpu_each(group, act, 400) for _ in range(3)):.3f}"


def _latency(port: int, token: str, path: str, times: int = 200) -> str:
    client = Client(port, token)
    spent = []
    for _ in range(times):
        begin = time.perf_counter()
        client.get(path)
        spent.append((time.perf_counter() - begin) * 1000)
    return _told(spent)


def _told(spent: list[float]) -> str:
    ordered = sorted(spent)
    return (
        f"p50 {ordered[len(ordered) // 2]:.1f} p99 {ordered[int(len(ordered) * 0.99)]:.1f} "
        f"max {ordered[-1]:.0f} ms"
    )


def _flood(port: int, token: str, path: str) -> str:
    spent: list[float] = []

    def drive() -> None:
        client = Client(port, token)
        for _ in range(150):
            begin = time.perf_counter()
            client.get(path)
            spent.append((time.perf_counter() - begin) * 1000)

    threads = [threading.Thread(target=drive) for _ in range(8)]
    begin = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return f"{len(spent) / (time.perf_counter() - begin):.0f}/s, {_told(spent)}"


class _slow_bodies:  # noqa: N801  # reads like the block it stands for
    """Eight clients that send one byte of a body a second while the block runs."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.stop = threading.Event()
        self.sockets: list[socket.socket] = []

    def __enter__(self) -> None:
        head = (
            b"POST /api/v1/auth/session HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Content-Length: 1000\r\n\r\n"
        )
        for _ in range(8):
            found = socket.create_connection(("127.0.0.1", self.port))
            found.sendall(head)
            self.sockets.append(found)
        self.thread = threading.Thread(target=self._drip)
        self.thread.start()
        time.sleep(0.5)

    def _drip(self) -> None:
        while not self.stop.wait(1):
            for one in self.sockets:
                one.sendall(b" ")

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self.thread.join()
        for one in self.sockets:
            one.close()


class _background:  # noqa: N801  # reads like the block it stands for
    """One client that repeats an act while the block runs."""

    def __init__(self, act: Callable[[], object]) -> None:
        self.act = act
        self.stop = threading.Event()

    def __enter__(self) -> None:
        self.thread = threading.Thread(target=self._repeat)
        self.thread.start()
        time.sleep(0.1)

    def _repeat(self) -> None:
        while not self.stop.is_set():
            self.act()

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self.thread.join()


def _graceful(stage: Stage, port: int, command: list[str], token: str) -> str:
    """Stop the server while a 500 ms request runs; it must be answered."""
    settings = replace(stage.settings, web_port=port)
    answered: list[bool] = []

    def ask() -> None:
        try:
            Client(port, token).get(SLOW)
            answered.append(True)
        except (OSError, RuntimeError):
            answered.append(False)

    with stages.web(settings, stage.urls, command):
        thread = threading.Thread(target=ask)
        thread.start()
        time.sleep(0.2)
        begin = time.perf_counter()
    thread.join()
    spent = time.perf_counter() - begin
    return f"{'answered' if answered == [True] else 'LOST'}, {spent:.1f} s"


def _stop_while_starting(stage: Stage, command: list[str]) -> str:
    """Say stop 0.3 s after the start; report how long it takes, with the word repeated."""
    names = {
        **stages.environment(),
        "DATABASE_URL": stage.urls.application,
        "DATABASE_OWNER_URL": stage.urls.owner,
    }
    children = launch.Children([command], names)
    time.sleep(0.3)
    begin = time.perf_counter()
    children.stop()
    return f"{time.perf_counter() - begin:.1f} s"
