"""Where files lie: a small port, and the local folder that stands behind it by default.

A file is named by the SHA-256 of its content and never changes, so to put it twice is to put it
once. A store in an object service can take the place of `LocalStore` behind the same port.
"""

import errno
import hashlib
import os
import re
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, Final, Protocol

_CHUNK: Final = 1 << 20
_NAME: Final = re.compile(r"[0-9a-f]{64}")
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class StorageFull(Exception):
    """There is no room for the file; nothing of it was kept. The same call may succeed later."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """What a store knows of a file: its name, in 64 small hexadecimal digits, and its bytes."""

    sha256: str
    size: int


class FileStore(Protocol):
    """A place for files named by their content.

    A name that is no SHA-256 is a ValueError; a name that is not there a FileNotFoundError.
    """

    def put(self, content: IO[bytes] | bytes) -> StoredFile:
        """Keep the content, read from where a stream stands to its end.

        When it returns, the file survives a power cut. Raises StorageFull.
        """
        ...

    def open(self, sha256: str) -> BinaryIO:
        """Return the file for reading from its start; seekable, to be closed by the caller."""
        ...

    def path(self, sha256: str) -> Path | None:
        """Return the file's place on this machine, or None where the store has no such places."""
        ...

    def size(self, sha256: str) -> int:
        """Return how many bytes the file has."""
        ...

    def exists(self, sha256: str) -> bool:
        """Whether the file is there."""
        ...

    def delete(self, sha256: str) -> None:
        """Remove the file; nothing happens when it is not there."""
        ...


class LocalStore:
    """A `FileStore` in a folder of this machine, as `ab/cd/abcd…`; safe for many processes."""

    def __init__(self, root: Path) -> None:
        """Keep files under `root`, which is made when it is missing."""
        self._root = root

    def put(self, content: IO[bytes] | bytes) -> StoredFile:
        """Write beside the final place's tree, flush to the disk, then rename: all or nothing."""
        try:
            self._root.mkdir(parents=True, exist_ok=True)
            descriptor, name = tempfile.mkstemp(prefix=".incoming-", dir=self._root)
            try:
                with os.fdopen(descriptor, "wb") as target:
                    stored = _copy(content, target)
                    target.flush()
                    os.fsync(target.fileno())
                self._settle(Path(name), stored.sha256)
            except BaseException:
                with suppress(FileNotFoundError):
                    Path(name).unlink()
                raise
        except OSError as error:
            if error.errno in _FULL:
                raise StorageFull from error
            raise
        return stored

    def open(self, sha256: str) -> BinaryIO:
        """Return the file for reading from its start."""
        return self.path(sha256).open("rb")

    def path(self, sha256: str) -> Path:
        """Return where the file lies, or would lie."""
        if not _NAME.fullmatch(sha256):
            raise ValueError("not a SHA-256 in small hexadecimal digits")
        return self._root / sha256[:2] / sha256[2:4] / sha256

    def size(self, sha256: str) -> int:
        """Return how many bytes the file has."""
        return self.path(sha256).stat().st_size

    def exists(self, sha256: str) -> bool:
        """Whether the file is there."""
        return self.path(sha256).is_file()

    def delete(self, sha256: str) -> None:
        """Remove the file; its folders stay, so that a file on its way in finds them."""
        self.path(sha256).unlink(missing_ok=True)

    def _settle(self, incoming: Path, sha256: str) -> None:
        """Give a finished file its name, and make the name last."""
        final = self.path(sha256)
        final.parent.mkdir(parents=True, exist_ok=True)
        incoming.chmod(0o640)
        incoming.replace(final)
        for folder in (final.parent, final.parent.parent, self._root):
            _flush_folder(folder)


def _copy(content: IO[bytes] | bytes, target: IO[bytes]) -> StoredFile:
    """Copy in pieces and return what was copied."""
    digest = hashlib.sha256()
    size = 0
    pieces = (content,) if isinstance(content, bytes) else iter(lambda: content.read(_CHUNK), b"")
    for piece in pieces:
        digest.update(piece)
        target.write(piece)
        size += len(piece)
    return StoredFile(digest.hexdigest(), size)


def _flush_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
