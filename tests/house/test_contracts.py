"""The fences of pyproject.toml hold because they can fail: a planted import makes them."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from handbook import app as factory
from handbook import config
from handbook.http import Routes
from handbook.policies import PolicyMissingError
from tests.support import source

LINT = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()"]

# What is planted, where, and the contract that breaks.
PLANTED = {
    "models knows flask": ("models/base.py", "import flask\n", "models knows SQLAlchemy"),
    "models knows handbook": (
        "models/base.py",
        "from handbook import clock\n",
        "Three storeys",
    ),
    "push knows handbook": ("push/work.py", "from handbook import clock\n", "Three storeys"),
    "a feature leans upwards": (
        "handbook/organisation/service.py",
        "from handbook.notifications import service as above\n",
        "Features lean one way",
    ),
    "http below the routes": (
        "handbook/organisation/service.py",
        "import flask\n",
        "No HTTP below the routes",
    ),
    "a rule knows the clock": (
        "handbook/organisation/rules.py",
        "from handbook import clock\n",
        "Rules are pure",
    ),
    "handbook knows firebase": (
        "handbook/notifications/service.py",
        "import firebase_admin\n",
        "Only push talks",
    ),
    "a feature imports routes": (
        "handbook/notifications/service.py",
        "from handbook.organisation import routes\n",
        "Only app imports routes",
    ),
    "a room nobody planned": ("handbook/attic/__init__.py", '"""Nobody knows it."""\n', "one way"),
}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the house's source and contracts."""
    found = tmp_path_factory.mktemp("house")
    for storey in source.STOREYS:
        ignore = shutil.ignore_patterns("__pycache__", "swagger", "locale")
        shutil.copytree(source.ROOT / storey, found / storey, ignore=ignore)
    shutil.copy(source.ROOT / "pyproject.toml", found)
    return found


def _lint(house: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own interpreter and arguments
        [*LINT, "--no-logo", "--cache-dir", str(house / ".cache")],
        cwd=house,
        env={"PYTHONPATH": str(house), "NO_COLOR": "1", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_copy_keeps_its_contracts(house: Path) -> None:
    found = _lint(house)
    assert found.returncode == 0, found.stdout


@pytest.mark.parametrize("case", PLANTED)
def test_a_forbidden_import_breaks_its_contract(house: Path, case: str) -> None:
    path, planted, contract = PLANTED[case]
    file = house / path
    before = file.read_text(encoding="utf-8") if file.exists() else None
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"{before or ''}\n{planted}", encoding="utf-8")
    try:
        found = _lint(house)
    finally:
        if before is None:
            shutil.rmtree(file.parent)
        else:
            file.write_text(before, encoding="utf-8")
    broken = [line for line in found.stdout.splitlines() if line.rstrip().endswith("BROKEN")]
    assert found.returncode == 1, found.stdout + found.stderr
    assert any(contract in line for line in broken), broken


def test_a_route_without_a_policy_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, test_settings: config.Settings
) -> None:
    naked = Routes("naked", __name__, prefix="/naked", description="No policy.")
    naked.add_url_rule("/", "get", lambda: "no", methods=["GET"])
    url = "postgresql+psycopg://nobody@localhost/nothing"
    assert factory.create_app(test_settings, url) is not None
    monkeypatch.setattr(factory, "FEATURES", (*factory.FEATURES, naked))
    with pytest.raises(PolicyMissingError, match="/api/v1/naked/"):
        factory.create_app(test_settings, url)
