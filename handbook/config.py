"""Settings: read once from the environment, checked as a whole, then never changed.

``load`` reports every fault at once. In development and tests missing secrets are made and kept in
the working folder; in production nothing is made up and nothing unsafe is accepted.
"""

import base64
import binascii
import difflib
import json
import os
import re
import secrets
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import time
from pathlib import Path
from types import MappingProxyType

PRODUCTION = "production"
SECRETS = ("SECRET_KEY", "SEALING_KEYS", "BLIND_KEY")

_SECRET_BYTES = 32
_MEBIBYTE = 1024 * 1024
_KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")
_NEW_KEY = "make one with: openssl rand -base64 32"


@dataclass(frozen=True)
class Settings:
    """Everything a process may be told from outside; ``repr`` shows no secret."""

    environment: str
    database_url: str | None = field(repr=False)
    database_owner_url: str | None = field(repr=False)
    var_dir: Path
    secret_key: bytes = field(repr=False)
    sealing_keys: Mapping[str, bytes] = field(repr=False)
    blind_key: bytes = field(repr=False)
    access_minutes: int
    refresh_days: int
    offline_days: int
    fcm_credentials: Path | None
    fcm_url: str | None
    files_dir: Path
    upload_max_bytes: int
    web_host: str
    web_port: int
    web_workers: int
    pool_size: int
    statement_timeout_ms: int
    lock_timeout_ms: int
    idle_transaction_timeout_ms: int
    quiet_hours: tuple[time, time] | None
    worker_sweep_seconds: float
    lease_seconds: int
    log_level: str
    rate_limit_storage: str = field(repr=False)
    rate_limits: bool
    argon2_slots: int
    language: str
    trusted_proxies: int
    anchor_file: Path

    @property
    def production(self) -> bool:
        """Whether the strict rules of production hold."""
        return self.environment == PRODUCTION

    @property
    def embedded(self) -> bool:
        """Whether the program runs its own database server."""
        return self.database_url is None

    @property
    def sealing_current(self) -> str:
        """The id of the key that seals: the first one given."""
        return next(iter(self.sealing_keys))


class SettingsError(Exception):
    """The settings cannot be used; ``faults`` and the message name each one and its remedy."""

    def __init__(self, faults: Iterable[str]) -> None:
        """Keep the faults, one line each, and list them in the message."""
        self.faults = tuple(faults)
        lines = "\n".join(f"  - {fault}" for fault in self.faults)
        super().__init__(f"The settings cannot be used:\n{lines}")


class _Reader:
    """Reads values by name, remembers which names exist and every fault found."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.values = dict(environ)
        self.known: set[str] = set()
        self.faults: list[str] = []

    def fault(self, name: str, wrong: str, remedy: str) -> None:
        """Note what is wrong with a name and what to do; never put a secret into either."""
        self.faults.append(f"{name}: {wrong}; {remedy}.")

    def text(self, name: str) -> str | None:
        """Return the value without blanks around it, None if absent or empty."""
        self.known.add(name)
        return self.values.get(name, "").strip() or None

    def choice(self, name: str, default: str, choices: tuple[str, ...]) -> str:
        """Return one of the choices."""
        value = self.text(name) or default
        if value in choices:
            return value
        self.fault(name, f"{value!r} is not a choice", f"use one of {', '.join(choices)}")
        return default

    def whole(self, name: str, default: int, low: int, high: int) -> int:
        """Return a whole number within bounds."""
        return int(self._number(name, default, low, high, r"[0-9]{1,18}", "a whole number"))

    def decimal(self, name: str, default: float, low: float, high: float) -> float:
        """Return a number within bounds."""
        return self._number(name, default, low, high, r"[0-9]{1,9}(\.[0-9]{1,9})?", "a number")

    def _number(
        self, name: str, default: float, low: float, high: float, shape: str, kind: str
    ) -> float:
        value = self.text(name)
        if value is None:
            return default
        if re.fullmatch(shape, value) and low <= float(value) <= high:
            return float(value)
        self.fault(name, f"{value!r} cannot be used", f"give {kind} from {low} to {high}")
        return default

    def path(self, name: str, default: Path) -> Path:
        """Return an absolute path."""
        return Path(self.text(name) or default).expanduser().absolute()

    def database(self, name: str) -> str | None:
        """Return a PostgreSQL address in SQLAlchemy's form, None if absent."""
        value = self.text(name)
        if value is None:
            return None
        scheme, mark, rest = value.partition("://")
        if mark and rest and scheme in {"postgres", "postgresql", "postgresql+psycopg"}:
            return f"postgresql+psycopg://{rest}"
        self.fault(name, "it is not a PostgreSQL address", "write postgresql://user@host/database")
        return None

    def key(self, name: str, encoded: str) -> bytes:
        """Return a key of 32 bytes or more written in base64."""
        try:
            decoded = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            self.fault(name, "it is not base64", _NEW_KEY)
            return b""
        if len(decoded) < _SECRET_BYTES:
            self.fault(name, f"the key is shorter than {_SECRET_BYTES} bytes", _NEW_KEY)
        return decoded


def from_environment() -> Settings:
    """Load the settings of this process; SettingsError lists what is wrong."""
    return load(os.environ)


def load(environ: Mapping[str, str]) -> Settings:
    """Return the settings that an environment describes; SettingsError lists every fault.

    In development and tests this writes missing secrets to ``secrets.json`` in the working folder.
    """
    read = _Reader(environ)
    environment = read.choice("HANDBOOK_ENV", "development", ("development", PRODUCTION, "test"))
    var_dir = read.path("HANDBOOK_VAR", Path("var"))
    _find_secrets(read, environment, var_dir)
    database_url = read.database("DATABASE_URL")
    settings = Settings(
        environment=environment,
        database_url=database_url,
        database_owner_url=read.database("DATABASE_OWNER_URL") or database_url,
        var_dir=var_dir,
        secret_key=_secret_key(read),
        sealing_keys=_sealing_keys(read),
        blind_key=read.key("BLIND_KEY", blind) if (blind := read.text("BLIND_KEY")) else b"",
        access_minutes=read.whole("HANDBOOK_ACCESS_MINUTES", 15, 1, 15),
        refresh_days=read.whole("HANDBOOK_REFRESH_DAYS", 60, 1, 365),
        offline_days=read.whole("HANDBOOK_OFFLINE_DAYS", 30, 1, 365),
        fcm_credentials=_credentials(read),
        fcm_url=_fcm_url(read, environment),
        files_dir=read.path("HANDBOOK_FILES", var_dir / "files"),
        upload_max_bytes=read.whole("HANDBOOK_UPLOAD_MAX_BYTES", 50 * _MEBIBYTE, 1, 2**40),
        web_host=read.text("HANDBOOK_WEB_HOST") or "127.0.0.1",
        web_port=read.whole("HANDBOOK_WEB_PORT", 8000, 1, 65535),
        web_workers=read.whole("HANDBOOK_WEB_WORKERS", 2, 1, 256),
        pool_size=read.whole("HANDBOOK_POOL_SIZE", 5, 1, 1000),
        statement_timeout_ms=read.whole("HANDBOOK_STATEMENT_TIMEOUT_MS", 30_000, 1, 3_600_000),
        lock_timeout_ms=read.whole("HANDBOOK_LOCK_TIMEOUT_MS", 5_000, 1, 3_600_000),
        idle_transaction_timeout_ms=read.whole(
            "HANDBOOK_IDLE_TRANSACTION_TIMEOUT_MS", 60_000, 1, 3_600_000
        ),
        quiet_hours=_quiet_hours(read),
        worker_sweep_seconds=read.decimal("HANDBOOK_WORKER_SWEEP_SECONDS", 2, 0.05, 3600),
        lease_seconds=read.whole("HANDBOOK_LEASE_SECONDS", 60, 1, 3600),
        log_level=read.choice(
            "HANDBOOK_LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
        ),
        rate_limit_storage=_rate_limit_storage(read),
        rate_limits=read.choice("HANDBOOK_RATE_LIMITS", "on", ("on", "off")) == "on",
        argon2_slots=read.whole("HANDBOOK_ARGON2_SLOTS", os.cpu_count() or 1, 1, 1024),
        language=read.choice("HANDBOOK_LANGUAGE", "vi", ("vi", "en")),
        trusted_proxies=read.whole("HANDBOOK_TRUSTED_PROXIES", 0, 0, 10),
        anchor_file=read.path("HANDBOOK_ANCHOR_FILE", var_dir / "audit.anchor"),
    )
    _check_databases(read, settings)
    _check_names(read)
    if read.faults:
        raise SettingsError(read.faults)
    return settings


def _find_secrets(read: _Reader, environment: str, var_dir: Path) -> None:
    """Fill in the secrets that are not given, or note their absence in production."""
    missing = [name for name in SECRETS if read.text(name) is None]
    if environment == PRODUCTION:
        for name in missing:
            read.fault(name, "production needs it and it is not set", _NEW_KEY)
    elif missing and not read.faults:
        path = var_dir / "secrets.json"
        try:
            kept = _kept_secrets(path)
            read.values.update({name: kept[name] for name in missing})
        except (OSError, ValueError, LookupError, TypeError, AttributeError):
            read.fault(str(path), "it cannot be read or written", "repair it or set the secrets")


def _kept_secrets(path: Path) -> dict[str, str]:
    """Return the secrets kept in a file, made first if there are none.

    Two processes starting together get the same secrets: linking a finished file fails for the
    second, which then reads what the first one wrote.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=".secrets-")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
                json.dump(_made_secrets(), stream)
                stream.flush()
                os.fsync(stream.fileno())
            path.hardlink_to(draft)
        except FileExistsError:
            pass
        finally:
            Path(draft).unlink()
    content = json.loads(path.read_text(encoding="utf-8"))
    return {name: str(content[name]) for name in SECRETS}


def _made_secrets() -> dict[str, str]:
    """Make fresh secrets, written as the environment would carry them."""
    first, second = (base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode() for _ in "ab")
    return {
        "SECRET_KEY": secrets.token_urlsafe(48),
        "SEALING_KEYS": f"local:{first}",
        "BLIND_KEY": second,
    }


def _secret_key(read: _Reader) -> bytes:
    """Return the bytes that sign tokens and cursors."""
    value = (read.text("SECRET_KEY") or "").encode("utf-8", "surrogateescape")
    if value and len(value) < _SECRET_BYTES:
        read.fault("SECRET_KEY", f"it is shorter than {_SECRET_BYTES} bytes", _NEW_KEY)
    return value


def _sealing_keys(read: _Reader) -> Mapping[str, bytes]:
    """Return the sealing keys by id, in the order given."""
    name = "SEALING_KEYS"
    keys: dict[str, bytes] = {}
    for entry in filter(None, (read.text(name) or "").split(",")):
        key_id, _, encoded = entry.strip().partition(":")
        if not _KEY_ID.fullmatch(key_id) or key_id in keys:
            read.fault(name, "a key has no id or one used twice", "write id:base64,id:base64")
            continue
        keys[key_id] = read.key(name, encoded)
        if len(keys[key_id]) > _SECRET_BYTES:
            read.fault(name, f"the key {key_id} is longer than 32 bytes", _NEW_KEY)
    if not keys and read.text(name) and not any(f.startswith(name) for f in read.faults):
        read.fault(name, "it holds no key", "write id:base64,id:base64")
    return MappingProxyType(keys)


def _credentials(read: _Reader) -> Path | None:
    """Return the path of the push credentials; the file has to be there."""
    value = read.text("FCM_CREDENTIALS")
    if value is None:
        return None
    path = Path(value).expanduser().absolute()
    if not path.is_file():
        read.fault("FCM_CREDENTIALS", "there is no such file", "name the service account's file")
    return path


def _fcm_url(read: _Reader, environment: str) -> str | None:
    """Return another address of the push service, for tests only."""
    value = read.text("FCM_URL")
    if value and environment == PRODUCTION:
        read.fault("FCM_URL", "it is a test seam and refused in production", "remove it")
    elif value and not value.startswith(("http://", "https://")):
        read.fault("FCM_URL", f"{value!r} is not an address", "begin with http:// or https://")
    return value


def _quiet_hours(read: _Reader) -> tuple[time, time] | None:
    """Return start and end, on the Vietnamese clock, of the hours without pushes."""
    name = "HANDBOOK_QUIET_HOURS"
    read.known.add(name)
    value = read.values.get(name, "21:00-06:00").strip()
    if not value:
        return None
    hour = r"([01][0-9]|2[0-3]):[0-5][0-9]"
    start, _, end = value.partition("-")
    if re.fullmatch(f"{hour}-{hour}", value) and start != end:
        return time.fromisoformat(start), time.fromisoformat(end)
    read.fault(name, f"{value!r} is not a span", "write 21:00-06:00, or leave it empty")
    return None


def _rate_limit_storage(read: _Reader) -> str:
    """Return where rate limits are counted."""
    name = "HANDBOOK_RATE_LIMIT_STORAGE"
    value = read.text(name) or "memory://"
    if not value.startswith(("memory://", "redis://", "rediss://", "redis+unix://")):
        read.fault(name, "it is not a known store", "use memory:// or redis://host:6379/0")
    return value


def _check_databases(read: _Reader, settings: Settings) -> None:
    """Note what the database settings lack, taken together."""
    embedded = read.choice("HANDBOOK_EMBEDDED", "no", ("yes", "no")) == "yes"
    owner = read.text("DATABASE_OWNER_URL")
    if owner and not read.text("DATABASE_URL"):
        read.fault("DATABASE_OWNER_URL", "it stands without DATABASE_URL", "set both or neither")
    if not settings.production:
        return
    if not read.text("DATABASE_URL"):
        if not embedded:
            wrong = "production needs a server, or consent to the embedded one"
            read.fault("DATABASE_URL", wrong, "set it, or set HANDBOOK_EMBEDDED=yes")
    elif settings.database_url and settings.database_owner_url == settings.database_url:
        wrong = "the owner is the application's own role, which could alter audit rows"
        read.fault("DATABASE_OWNER_URL", wrong, "give the address of a separate owner role")


def _check_names(read: _Reader) -> None:
    """Note every name of ours that nobody reads: most are slips of the keyboard."""
    for name in sorted(read.values.keys() - read.known):
        if name.startswith("HANDBOOK_"):
            near = difflib.get_close_matches(name, read.known, n=1)
            remedy = f"perhaps {near[0]} is meant" if near else "remove it"
            read.fault(name, "there is no such setting", remedy)
