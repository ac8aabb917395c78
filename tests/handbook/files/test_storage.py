"""Files in a folder: named by content, whole or not at all."""

import errno
import hashlib
import io
import os
from pathlib import Path

import pytest

from handbook.files.storage import FileStore, LocalStore, StorageFull, StoredFile

CONTENT = "Nghị quyết".encode() * 200_000
NAME = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return LocalStore(tmp_path / "files")


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("content", [CONTENT, io.BytesIO(CONTENT)])
def test_a_file_comes_back_under_the_name_of_its_content(
    store: FileStore, tmp_path: Path, content: io.BytesIO | bytes
) -> None:
    assert store.put(content) == StoredFile(NAME, len(CONTENT))
    with store.open(NAME) as file:
        assert file.read() == CONTENT
    assert store.size(NAME) == len(CONTENT)
    assert store.path(NAME) == tmp_path / "files" / NAME[:2] / NAME[2:4] / NAME
    assert store.exists(NAME)


def test_the_same_content_is_kept_once(store: FileStore, tmp_path: Path) -> None:
    store.put(CONTENT)
    store.put(CONTENT)
    assert len(_files(tmp_path)) == 1


def test_nothing_lies_under_its_name_before_it_is_whole(store: FileStore, tmp_path: Path) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell() > len(CONTENT) // 2:
                raise ConnectionResetError
            return super().read(size)

    with pytest.raises(ConnectionResetError):
        store.put(Broken(CONTENT))
    assert _files(tmp_path) == []


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_full_disk_leaves_nothing(
    store: FileStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, call, fail)
        with pytest.raises(StorageFull):
            store.put(CONTENT)
    assert _files(tmp_path) == []
    assert store.put(CONTENT).sha256 == NAME


def test_another_fault_of_the_disk_is_not_called_full(
    store: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="Input/output") as caught:
        store.put(CONTENT)
    assert caught.value.errno == errno.EIO


def test_the_file_and_its_folders_are_flushed_to_the_disk(
    store: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[int] = []
    sync = os.fsync

    def watch(descriptor: int) -> None:
        flushed.append(os.fstat(descriptor).st_ino)
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", watch)
    store.put(CONTENT)
    path = store.path(NAME)
    assert path is not None
    assert flushed == [place.stat().st_ino for place in (path, *path.parents[:3])]


def test_a_deleted_file_is_gone_and_may_be_deleted_again(store: FileStore) -> None:
    store.put(CONTENT)
    store.delete(NAME)
    store.delete(NAME)
    assert not store.exists(NAME)
    with pytest.raises(FileNotFoundError):
        store.open(NAME)
    with pytest.raises(FileNotFoundError):
        store.size(NAME)


@pytest.mark.parametrize("name", ["", "../../etc/passwd", NAME.upper(), NAME[:-1], NAME + "\n"])
def test_only_a_digest_is_a_name(store: FileStore, name: str) -> None:
    with pytest.raises(ValueError, match="SHA-256"):
        store.exists(name)
    with pytest.raises(ValueError, match="SHA-256"):
        store.open(name)
