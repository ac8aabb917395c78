"""Take in files from outside, and hand them out again."""

import re
import shutil
import tempfile
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO, Final

from sqlalchemy import exists, select
from sqlalchemy.dialects.postgresql import insert as upsert

from handbook import database, text
from handbook.errors import Problem, Unavailable
from handbook.files import kinds, place
from handbook.files.kinds import Kind
from handbook.files.storage import FileStore, StorageFull
from models import StoredFile

NAMELESS: Final = "van-ban"
_LONGEST_STEM: Final = 150
_WRONG_TYPE: Final = {"unknown_kind", "ambiguous", "macros", "old_office"}
_EXTENSION: Final = re.compile(r"\.[A-Za-z][A-Za-z0-9]{0,4}$")
_WILD: Final = frozenset('<>:"|?*')


def accept(content: IO[bytes]) -> StoredFile:
    """Return the stored file of ``content``, a seekable stream; the same content is stored once.

    Raises Problem: 413 when it is larger than the settings allow, 415 or 422 ``file_<code>`` when
    its kind is not taken (codes of ``kinds.UnsupportedFile``), 507 when the store is full.
    """
    if content.seek(0, 2) > place.most_bytes():
        raise Problem("payload_too_large", status=413)
    content.seek(0)
    store = place.store()
    try:
        put = store.put(content)
    except StorageFull:
        raise Unavailable("storage_full", status=507) from None
    try:
        with at_hand(store, put.sha256) as path:
            kind = kinds.detect(path)
    except kinds.UnsupportedFile as error:
        _forget(store, put.sha256)
        status = 415 if error.code in _WRONG_TYPE else 422
        raise Problem(f"file_{error.code}", status=status) from None
    row = upsert(StoredFile).values(sha256=put.sha256, size=put.size, kind=kind.value)
    database.session().execute(row.on_conflict_do_nothing())
    return database.session().get_one(StoredFile, put.sha256)


def _forget(store: FileStore, sha256: str) -> None:
    """Delete a refused file, unless it was taken once under older rules."""
    known = database.session().scalar(select(exists().where(StoredFile.sha256 == sha256)))
    if not known:
        store.delete(sha256)


def open_stored(sha256: str) -> BinaryIO:
    """Return a stored file for reading from its start; seekable, to be closed by the caller."""
    return place.store().open(sha256)


@contextmanager
def at_hand(store: FileStore, sha256: str) -> Iterator[Path]:
    """Give the path of a stored file on this machine, of a passing copy where there is none."""
    path = store.path(sha256)
    if path is not None:
        yield path
        return
    with tempfile.NamedTemporaryFile() as copy, store.open(sha256) as source:
        shutil.copyfileobj(source, copy)
        copy.flush()
        yield Path(copy.name)


def safe_name(given: str | None, kind: Kind) -> str:
    """Return the name under which an uploaded file is kept and handed out again.

    The last piece of the path that was ``given``, without unseen and wildcard characters, at most
    150 characters, with the extension of ``kind``; ``van-ban`` when nothing is left.
    """
    last = re.split(r"[/\\]", given or "")[-1]
    clean = text.nfc("".join(" " if _is_unfit(sign) else sign for sign in last))
    stem = _EXTENSION.sub("", clean).strip(". ")[:_LONGEST_STEM].strip() or NAMELESS
    return f"{' '.join(stem.split())}.{kind.value}"


def _is_unfit(sign: str) -> bool:
    """Tell whether a name should not hold a character: wildcards, controls, marks of direction."""
    return sign in _WILD or unicodedata.category(sign).startswith("C")
