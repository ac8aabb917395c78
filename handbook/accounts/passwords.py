"""Passwords: argon2id, at most so many at once, and the same work for an unknown name."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from handbook.accounts.rules import spelled_password
from handbook.errors import Unavailable

_HASHER = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
_DUMMY = _HASHER.hash("nobody has this password")
_WAITING_PER_SLOT = 4
_LONGEST_WAIT_SECONDS = 1.0


def hash_password(password: str) -> str:
    """Return the argon2id hash of a password in its one form; about 20 ms and 19 MiB."""
    return _HASHER.hash(spelled_password(password))


def fits(hashed: str | None, password: str) -> bool:
    """Return whether a password fits a hash; without a hash the same work is done in vain."""
    try:
        _HASHER.verify(_DUMMY if hashed is None else hashed, spelled_password(password))
    except (VerificationError, InvalidHashError):
        return False
    return hashed is not None


def is_outdated(hashed: str) -> bool:
    """Return whether a hash was made with other parameters than those of today."""
    return _HASHER.check_needs_rehash(hashed)


class Slots:
    """Room for so many hashes at once, with a short queue; who finds it full comes again."""

    def __init__(self, number: int, *, waiting: int, seconds: float) -> None:
        """Let ``number`` work and ``waiting`` more wait, each for ``seconds`` at most."""
        self._seconds = seconds
        self._work = BoundedSemaphore(number)
        self._room = BoundedSemaphore(number + waiting)

    @contextmanager
    def take(self) -> Iterator[None]:
        """Hold one slot; raise Unavailable ``busy`` when the queue is full or too slow."""
        if not self._room.acquire(blocking=False):
            raise Unavailable("busy")
        try:
            if not self._work.acquire(timeout=self._seconds):
                raise Unavailable("busy")
            try:
                yield
            finally:
                self._work.release()
        finally:
            self._room.release()


@cache
def slots(number: int) -> Slots:
    """Return the slots of this process, the same ones each time."""
    return Slots(number, waiting=_WAITING_PER_SLOT * number, seconds=_LONGEST_WAIT_SECONDS)
