"""The command line: what it offers, and how it tells what went wrong."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from handbook import launch
from handbook.cli import NAMES, cli
from handbook.commands import openapi


def call(*arguments: str, **names: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603  # our own command
        [sys.executable, "-m", "handbook", *arguments],
        cwd=launch.ROOT,
        env={**os.environ, **names},
        capture_output=True,
        text=True,
        check=False,
    )


def test_help_lists_every_command() -> None:
    told = CliRunner().invoke(cli, ["--help"])
    assert told.exit_code == 0
    assert all(name in told.output for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_each_command_explains_itself(name: str) -> None:
    told = CliRunner().invoke(cli, [name, "--help"])
    assert told.exit_code == 0
    assert len(told.output.splitlines()) > 3


def test_an_unknown_command_is_a_usage_error() -> None:
    done = call("dance")
    assert done.returncode == 2
    assert "dance" in done.stderr


def test_faulty_settings_are_all_told_without_a_trace() -> None:
    done = call("migrate", HANDBOOK_ENV="production", HANDBOOK_WEB_PORT="x", DATABASE_URL="")
    assert done.returncode == 1
    assert "HANDBOOK_WEB_PORT" in done.stdout
    assert "SECRET_KEY" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_demo_data_is_not_for_production(tmp_path: Path) -> None:
    secret = "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LTEyMzQ="
    done = call(
        "demo",
        HANDBOOK_ENV="production",
        HANDBOOK_VAR=str(tmp_path),
        SECRET_KEY=secret,
        SEALING_KEYS=f"k1:{secret}",
        BLIND_KEY=secret,
        DATABASE_URL="postgresql://app@localhost/none",
        DATABASE_OWNER_URL="postgresql://owner@localhost/none",
    )
    assert done.returncode == 1
    assert "not for production" in done.stdout


def test_a_drifted_document_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = tmp_path / "openapi.yaml"
    monkeypatch.setattr(openapi, "FILE", kept)
    runner = CliRunner()
    assert isinstance(runner.invoke(openapi.command, ["--check"]).exception, launch.LaunchError)
    assert runner.invoke(openapi.command).exit_code == 0
    assert runner.invoke(openapi.command, ["--check"]).exit_code == 0
    kept.write_text(kept.read_text("utf-8") + "x: 1\n", "utf-8")
    assert isinstance(runner.invoke(openapi.command, ["--check"]).exception, launch.LaunchError)
