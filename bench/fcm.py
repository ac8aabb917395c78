"""The fake of FCM in a process of its own, and what it has counted."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.measure import Client
from bench.stage import FCM_PORT, Stage, environment
from handbook import launch

URL = f"http://127.0.0.1:{FCM_PORT}"
_START_SECONDS = 30


@contextmanager
def fake(stage: Stage) -> Iterator[Path]:
    """Run the fake while the block runs and give the path of its credentials."""
    credentials = stage.var / "fcm.json"
    credentials.unlink(missing_ok=True)
    command = [
        sys.executable, "-m", "tests.support.fcm",
        "--port", str(FCM_PORT), "--credentials", str(credentials),
    ]  # fmt: skip
    process = subprocess.Popen(
        command, cwd=launch.ROOT, env=environment(stage.var), stdout=subprocess.DEVNULL
    )
    try:
        _wait(process, credentials)
        yield credentials
    finally:
        process.terminate()
        process.wait()


def _wait(process: subprocess.Popen[bytes], credentials: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not credentials.exists() or not _answers():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError("the fake of FCM did not start")
        time.sleep(0.05)


def _answers() -> bool:
    try:
        received()
    except OSError:
        return False
    return True


def received() -> int:
    """Return how many messages the fake has received."""
    _, body, _ = Client(FCM_PORT).call("GET", "/stats")
    found: int = json.loads(body)["received"]
    return found
