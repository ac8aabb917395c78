"""Settings: defaults, every fault at once, nothing unsafe in production, no secret shown."""

import base64
import json
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import time
from pathlib import Path

import pytest

from handbook import config
from handbook.config import Settings, SettingsError, load

KEY = base64.b64encode(bytes(range(32))).decode()
OTHER = base64.b64encode(bytes(range(1, 33))).decode()
SECRET = "s3cret-" * 6


@pytest.fixture
def production(tmp_path: Path) -> dict[str, str]:
    return {
        "HANDBOOK_ENV": "production",
        "HANDBOOK_VAR": str(tmp_path),
        "DATABASE_URL": "postgresql://app:hunter2@db/handbook",
        "DATABASE_OWNER_URL": "postgresql://owner:hunter3@db/handbook",
        "SECRET_KEY": SECRET,
        "SEALING_KEYS": f"2026:{KEY},2025:{OTHER}",
        "BLIND_KEY": OTHER,
    }


def faults(environ: dict[str, str]) -> str:
    with pytest.raises(SettingsError) as caught:
        load(environ)
    assert len(caught.value.faults) == str(caught.value).count("\n  - ")
    return str(caught.value)


def development(tmp_path: Path, **extra: str) -> Settings:
    return load({"HANDBOOK_VAR": str(tmp_path), **extra})


def test_development_needs_nothing(tmp_path: Path) -> None:
    settings = development(tmp_path)
    assert settings.environment == "development"
    assert settings.embedded
    assert not settings.production
    assert settings.database_owner_url is None
    assert settings.files_dir == tmp_path / "files"
    assert settings.anchor_file == tmp_path / "audit.anchor"
    assert settings.quiet_hours == (time(21), time(6))
    assert (settings.access_minutes, settings.refresh_days, settings.offline_days) == (15, 60, 30)
    assert (settings.web_host, settings.web_port, settings.web_workers) == ("127.0.0.1", 8000, 2)
    assert settings.upload_max_bytes == 52_428_800
    assert settings.argon2_slots >= 1
    assert settings.rate_limits is True
    assert settings.language == "vi"


def test_missing_secrets_are_made_once_and_kept_private(tmp_path: Path) -> None:
    var = tmp_path / "new" / "var"
    first, second = development(var), development(var)
    assert first == second
    assert list(first.sealing_keys) == ["local"]
    assert len(first.secret_key) >= 32
    assert len(first.blind_key) == 32
    assert stat.S_IMODE((var / "secrets.json").stat().st_mode) == 0o600
    assert [path.name for path in var.iterdir()] == ["secrets.json"]
    assert development(tmp_path / "elsewhere").blind_key != first.blind_key


def test_processes_that_start_together_agree(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: development(tmp_path).blind_key, range(24)))
    assert len(set(made)) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["secrets.json"]


def test_the_later_of_two_writers_takes_what_the_first_wrote(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = development(tmp_path)
    monkeypatch.setattr(Path, "exists", lambda _path: False)
    assert development(tmp_path) == first


def test_a_given_secret_goes_before_a_kept_one(tmp_path: Path) -> None:
    kept = development(tmp_path)
    given = development(tmp_path, BLIND_KEY=KEY)
    assert given.blind_key == bytes(range(32)) != kept.blind_key
    assert given.secret_key == kept.secret_key


@pytest.mark.parametrize("content", ["{", "[]", "null", "{}"])
def test_a_broken_file_of_secrets_is_a_fault(tmp_path: Path, content: str) -> None:
    (tmp_path / "secrets.json").write_text(content)
    assert "secrets.json: it cannot be read" in faults({"HANDBOOK_VAR": str(tmp_path)})


def test_production_with_everything_given(production: dict[str, str], tmp_path: Path) -> None:
    settings = load(production | {"HANDBOOK_WEB_HOST": "0.0.0.0"})  # noqa: S104 - it is allowed
    assert settings.production
    assert settings.database_url == "postgresql+psycopg://app:hunter2@db/handbook"
    assert settings.database_owner_url == "postgresql+psycopg://owner:hunter3@db/handbook"
    assert settings.sealing_current == "2026"
    assert list(settings.sealing_keys) == ["2026", "2025"]
    assert settings.secret_key == SECRET.encode()
    assert not (tmp_path / "secrets.json").exists()


def test_repr_and_faults_show_no_secret(production: dict[str, str]) -> None:
    limits = {"HANDBOOK_RATE_LIMIT_STORAGE": "redis://:hunter4@cache"}
    shown = repr(load(production | limits)) + faults(
        production
        | {
            "DATABASE_URL": "mysql://app:hunter2@db",
            "SECRET_KEY": "hunter5",
            "BLIND_KEY": "hunter6",
            "SEALING_KEYS": "hunter7",
            "HANDBOOK_RATE_LIMIT_STORAGE": "memcached://hunter8",
        }
    )
    assert "hunter" not in shown
    for secret in (SECRET, KEY, OTHER, repr(bytes(range(32)))):
        assert secret not in shown


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    told = faults(
        {
            "HANDBOOK_VAR": str(tmp_path),
            "DATABASE_URL": "sqlite:///x",
            "HANDBOOK_WEB_PORT": "eighty",
            "HANDBOOK_ACCESS_MINUTES": "16",
            "HANDBOOK_QUIET_HOURS": "21-6",
            "HANDBOOK_LOG_LEVEL": "LOUD",
            "HANDBOOK_WEB_PROT": "80",
            "FCM_CREDENTIALS": str(tmp_path / "none.json"),
        }
    )
    lines = told.splitlines()
    assert lines[0] == "The settings cannot be used:"
    assert [line.split(":")[0].removeprefix("  - ") for line in lines[1:]] == [
        "DATABASE_URL",
        "HANDBOOK_ACCESS_MINUTES",
        "FCM_CREDENTIALS",
        "HANDBOOK_WEB_PORT",
        "HANDBOOK_QUIET_HOURS",
        "HANDBOOK_LOG_LEVEL",
        "HANDBOOK_WEB_PROT",
    ]
    assert "perhaps HANDBOOK_WEB_PORT is meant" in lines[-1]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"SECRET_KEY": ""}, "SECRET_KEY: production needs it"),
        ({"SECRET_KEY": "x" * 31}, "SECRET_KEY: it is shorter"),
        ({"SEALING_KEYS": ""}, "SEALING_KEYS: production needs it"),
        ({"SEALING_KEYS": f"a:{KEY},a:{KEY}"}, "SEALING_KEYS: a key has no id or one used twice"),
        ({"SEALING_KEYS": "a:AAAA"}, "SEALING_KEYS: the key is shorter"),
        ({"SEALING_KEYS": "a:" + base64.b64encode(bytes(33)).decode()}, "a is longer"),
        ({"SEALING_KEYS": ","}, "SEALING_KEYS: it holds no key"),
        ({"BLIND_KEY": ""}, "BLIND_KEY: production needs it"),
        ({"BLIND_KEY": "*"}, "BLIND_KEY: it is not base64"),
        ({"FCM_URL": "http://localhost:1"}, "FCM_URL: it is a test seam"),
        ({"DATABASE_OWNER_URL": ""}, "DATABASE_OWNER_URL: the owner is the application's own"),
        (
            {"DATABASE_OWNER_URL": "postgres://app:hunter2@db/handbook"},
            "DATABASE_OWNER_URL: the owner is the application's own",
        ),
        ({"DATABASE_URL": ""}, "DATABASE_OWNER_URL: it stands without DATABASE_URL"),
        (
            {"DATABASE_URL": "", "DATABASE_OWNER_URL": ""},
            "DATABASE_URL: production needs a server",
        ),
    ],
)
def test_production_refuses(production: dict[str, str], change: dict[str, str], fault: str) -> None:
    load(production)
    assert fault in faults(production | change)


def test_production_embeds_the_database_only_by_consent(production: dict[str, str]) -> None:
    consent = {"DATABASE_URL": "", "DATABASE_OWNER_URL": "", "HANDBOOK_EMBEDDED": "yes"}
    assert load(production | consent).embedded


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_addresses_are_rewritten_for_psycopg(tmp_path: Path, scheme: str) -> None:
    settings = development(tmp_path, DATABASE_URL=f"{scheme}://u@h/d?sslmode=require")
    assert settings.database_url == "postgresql+psycopg://u@h/d?sslmode=require"
    assert settings.database_owner_url == settings.database_url


def test_values_are_read(tmp_path: Path) -> None:
    credentials = tmp_path / "fcm.json"
    credentials.write_text(json.dumps({}))
    settings = development(
        tmp_path,
        FCM_CREDENTIALS=str(credentials),
        FCM_URL="http://127.0.0.1:9",
        HANDBOOK_QUIET_HOURS="",
        HANDBOOK_RATE_LIMITS="off",
        HANDBOOK_WORKER_SWEEP_SECONDS="0.2",
        HANDBOOK_WEB_WORKERS=" 4 ",
        HANDBOOK_FILES=str(tmp_path / "store"),
    )
    assert settings.fcm_credentials == credentials
    assert settings.fcm_url == "http://127.0.0.1:9"
    assert settings.quiet_hours is None
    assert settings.rate_limits is False
    assert settings.worker_sweep_seconds == pytest.approx(0.2)
    assert settings.web_workers == 4
    assert settings.files_dir == tmp_path / "store"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HANDBOOK_QUIET_HOURS", "21:00-21:00"),
        ("HANDBOOK_QUIET_HOURS", "24:00-06:00"),
        ("HANDBOOK_WEB_PORT", "0"),
        ("HANDBOOK_WEB_PORT", "-1"),
        ("HANDBOOK_POOL_SIZE", "1.5"),
        ("HANDBOOK_WORKER_SWEEP_SECONDS", "nan"),
        ("HANDBOOK_ENV", "prod"),
        ("FCM_URL", "fcm.example"),
    ],
)
def test_bad_values_are_faults(tmp_path: Path, name: str, value: str) -> None:
    assert f"{name}: " in faults({"HANDBOOK_VAR": str(tmp_path), name: value})


def test_a_slip_in_the_environment_makes_no_secrets(tmp_path: Path) -> None:
    faults({"HANDBOOK_VAR": str(tmp_path), "HANDBOOK_ENV": "prod"})
    assert list(tmp_path.iterdir()) == []


def test_from_environment_reads_the_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DATABASE_URL", "DATABASE_OWNER_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HANDBOOK_VAR", str(tmp_path))
    monkeypatch.setenv("HANDBOOK_ENV", "test")
    assert config.from_environment() == load(
        {"HANDBOOK_VAR": str(tmp_path), "HANDBOOK_ENV": "test"}
    )
