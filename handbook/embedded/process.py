"""The server's process: found, started, waited for, ended."""

import shutil
import signal
import time
from contextlib import suppress
from io import TextIOWrapper
from pathlib import Path

import psutil

from handbook.embedded.place import (
    ADMIN,
    PORT,
    EmbeddedError,
    Runner,
    binaries,
    open_owned,
    socket_folder,
)

_START_SECONDS = 60.0  # recovery after a crash included
_STOP_SECONDS = 60.0
_LOG_LIMIT = 5_000_000  # bytes; a longer log is set aside at the next start
_LOG_TAIL = 15  # lines shown when the server does not start

_SETTINGS = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "effective_cache_size": "512MB",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %u@%d ",
}
_FAST_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}


def postmaster(directory: Path) -> psutil.Process | None:
    """Return the server's living process; None when the note that names it is stale or absent."""
    recorded = _recorded(directory)
    if not recorded:
        return None
    try:
        process = psutil.Process(int(recorded[0]))
        ours = str(directory / "data") in process.cmdline()
    except (psutil.Error, ValueError):
        return None
    return process if ours and _lives(process.pid) else None


def _lives(pid: int) -> bool:
    """Tell whether a process runs; one that ended and waits to be noticed does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _recorded(directory: Path) -> list[str]:
    """Return the lines of the server's own note: pid, data, start, port, socket, …, status."""
    try:
        return (directory / "data" / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return []


def ensure_running(directory: Path, runner: Runner, *, fast: bool) -> tuple[int, Path]:
    """Start the server unless it runs; return its pid and the folder of its socket."""
    log_path = directory / "server.log"
    if log_path.exists() and log_path.stat().st_size > _LOG_LIMIT:
        log_path.replace(directory / "server.log.1")
    try:
        with open_owned(directory, log_path.name) as log:
            process = postmaster(directory)
            if process:
                return _wait_until_ready(directory, process.pid)
            _end_orphans(directory)
            _initialise(directory, runner, log, fast=fast)
            return _wait_until_ready(directory, _launch(directory, runner, log, fast=fast))
    except (EmbeddedError, OSError) as error:
        tail = log_path.read_text(errors="replace").splitlines()[-_LOG_TAIL:]
        raise EmbeddedError(
            "\n".join([f"The embedded PostgreSQL in {directory} did not start: {error}", *tail])
        ) from error


def _initialise(directory: Path, runner: Runner, log: TextIOWrapper, *, fast: bool) -> None:
    """Make the data folder, whole or not at all; check one that is there."""
    data = directory / "data"
    if data.exists():
        found = (data / "PG_VERSION").read_text().strip()
        ours = runner.run([binaries() / "postgres", "--version"], log).split()[-1].split(".")[0]
        if found != ours:
            raise EmbeddedError(
                f"its data were written by PostgreSQL {found}, and this is PostgreSQL {ours}. "
                "Dump them with the old version and restore them, or remove the folder."
            )
        return
    unfinished = directory / "data.new"
    shutil.rmtree(unfinished, ignore_errors=True)
    options = ["--auth=trust", "--encoding=UTF8", "--locale=C", f"--username={ADMIN}"]
    speed = ["--no-sync"] if fast else []
    runner.run([binaries() / "initdb", "-D", unfinished, *options, *speed], log)
    unfinished.rename(data)


def _end_orphans(directory: Path) -> None:
    """End what a killed server left behind: its processes may work on, and hold the data."""
    if not _recorded(directory):
        return
    orphans = [process for process in psutil.process_iter() if _works_in(process, directory)]
    for process in orphans:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGQUIT)
    for process in psutil.wait_procs(orphans, timeout=5)[1]:
        with suppress(psutil.NoSuchProcess):
            process.kill()


def _works_in(process: psutil.Process, directory: Path) -> bool:
    """Tell whether a process is PostgreSQL's and has this data folder as its own."""
    try:
        return process.name() == "postgres" and process.cwd() == str(directory / "data")
    except psutil.Error:
        return False


def _launch(directory: Path, runner: Runner, log: TextIOWrapper, *, fast: bool) -> int:
    """Let a shell start the server and leave it, so that it dies with nobody; return its pid."""
    settings = _SETTINGS | (_FAST_SETTINGS if fast else {})
    sockets = socket_folder(directory)
    for leftover in sockets.glob(".s.PGSQL.*"):
        leftover.unlink()
    settings["unix_socket_directories"] = str(sockets)
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    # The server takes the pid in an old postmaster.pid for a living server when any process has
    # that number now, as happens in a restarted container; it excepts its own grandparent's.
    stale = _recorded(directory)[:1]
    grandparent = [f"PG_GRANDPARENT_PID={stale[0]}"] if stale else []
    server = ["env", *grandparent, str(binaries() / "postgres"), "-D", str(directory / "data")]
    shell = ["sh", "-c", '"$@" </dev/null >&2 & echo $!', "sh"]
    return int(runner.run([*shell, *server, *options], log))


def _wait_until_ready(directory: Path, pid: int) -> tuple[int, Path]:
    """Return the server's pid and socket folder as soon as it takes connections."""
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        note = _recorded(directory)
        if note[:1] == [str(pid)] and note[7:] and note[7].strip() == "ready":
            return pid, Path(note[4])
        if not _lives(pid):
            raise EmbeddedError("the server ended at once. Its last words were:")
        time.sleep(0.01)
    raise EmbeddedError(f"it was not ready after {_START_SECONDS:.0f} seconds.")


def shut_down(process: psutil.Process | None) -> None:
    """End the server: clients are cut off, everything committed is kept."""
    if process is None:
        return
    with suppress(psutil.NoSuchProcess):
        process.send_signal(signal.SIGINT)
    deadline = time.monotonic() + _STOP_SECONDS
    while time.monotonic() < deadline:
        if not _lives(process.pid):
            return
        time.sleep(0.01)
    raise EmbeddedError(f"The embedded PostgreSQL ({process.pid}) did not end in time.")
