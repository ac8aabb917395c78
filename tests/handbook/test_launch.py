"""Starting and stopping processes together."""

import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from handbook import config, launch
from handbook.launch import Children, LaunchError

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
DEAF = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1); time.sleep(60)",
]


def test_children_stop_together() -> None:
    children = Children([SLEEP, SLEEP], os.environ)
    assert children.find_ended() is None
    children.stop()
    assert {one.poll() for one in children.processes} == {-signal.SIGTERM}


def test_who_does_not_listen_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "STOP_SECONDS", 2)
    children = Children([DEAF], os.environ)
    time.sleep(0.5)
    children.stop()
    assert children.processes[0].poll() == -signal.SIGKILL


def test_a_child_that_ends_while_starting_is_told(test_settings: config.Settings) -> None:
    children = Children([[sys.executable, "-c", "raise SystemExit(3)"]], os.environ)
    with pytest.raises(LaunchError, match="exit 3"):
        launch.wait_until_live(test_settings, children)
    children.stop()


def test_stop_is_asked_by_a_signal_and_the_old_handler_comes_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    if threading.current_thread() is not threading.main_thread():
        pytest.fail("signals reach the main thread only")
    with launch.stop_asked() as asked:
        assert not asked.is_set()
        os.kill(os.getpid(), signal.SIGTERM)
        assert asked.wait(5)
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_server_of_ones_own_is_used_as_given(tmp_path: Path) -> None:
    settings = config.load(
        {
            "HANDBOOK_ENV": "test",
            "HANDBOOK_VAR": str(tmp_path),
            "DATABASE_URL": "postgresql://app@db.example/handbook",
            "DATABASE_OWNER_URL": "postgresql://owner@db.example/handbook",
        }
    )
    with launch.database_running(settings) as urls:
        assert urls.application == "postgresql+psycopg://app@db.example/handbook"
        assert urls.owner == "postgresql+psycopg://owner@db.example/handbook"
        assert urls.application_role == "app"
    assert not (tmp_path / "postgres").exists()
