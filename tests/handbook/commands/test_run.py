"""``handbook run`` as a person calls it: start, look, Ctrl-C, and start again."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from handbook import launch

pytestmark = pytest.mark.timeout(180)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class House:
    """One start of the whole house in a folder of its own."""

    def __init__(self, var: Path, port: int) -> None:
        """Start it."""
        self.port = port
        self.log = var / "run.log"
        names = {"HANDBOOK_VAR": str(var), "HANDBOOK_WEB_PORT": str(port), "HANDBOOK_ENV": "test"}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(  # our own command
                [sys.executable, "-m", "handbook", "run"],
                cwd=launch.ROOT,
                env={**os.environ, **names},
                stdout=log,
                stderr=log,
            )

    def wait(self, seconds: float = 120) -> None:
        """Wait until it says where it is, and answers."""
        deadline = time.monotonic() + seconds
        while "Ctrl-C" not in self.log.read_text("utf-8"):
            assert self.process.poll() is None, self.log.read_text("utf-8")
            assert time.monotonic() < deadline, self.log.read_text("utf-8")
            time.sleep(0.1)
        base = f"http://127.0.0.1:{self.port}/api/v1/health/ready"
        with urllib.request.urlopen(base, timeout=10) as answer:  # our own address
            assert answer.status == 200

    def stop(self) -> int:
        """Send Ctrl-C and return the exit code, once no process of it is left."""
        children = psutil.Process(self.process.pid).children(recursive=True)
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(60)
        gone, alive = psutil.wait_procs(children, timeout=10)
        assert not alive, [one.cmdline() for one in alive]
        assert len(gone) >= 3  # the web server with its workers, and the worker
        return code


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def started(tmp_path: Path, port: int) -> Iterator[list[House]]:
    houses: list[House] = []
    yield houses
    for house in houses:
        if house.process.poll() is None:
            house.process.kill()


def test_the_house_starts_stops_and_starts_again(
    tmp_path: Path, port: int, started: list[House]
) -> None:
    first = House(tmp_path, port)
    started.append(first)
    first.wait()
    told = first.log.read_text("utf-8")
    assert f"http://127.0.0.1:{port}/api/docs" in told
    assert "secretary" in told
    assert first.stop() == 0
    first.log.unlink()
    second = House(tmp_path, port)
    started.append(second)
    second.wait()
    again = second.log.read_text("utf-8")
    assert "secretary" in again
    assert "Văn bản" not in again  # nothing was seeded a second time
    assert second.stop() == 0


def test_a_taken_port_is_told_with_a_remedy(
    tmp_path: Path, port: int, started: list[House]
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        house = House(tmp_path, port)
        started.append(house)
        assert house.process.wait(60) == 1
    told = house.log.read_text("utf-8")
    assert "HANDBOOK_WEB_PORT" in told
    assert "Traceback" not in told.splitlines()[-1]
