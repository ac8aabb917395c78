"""Files taken in: once each, by their content, under a safe name."""

import io
from pathlib import Path
from typing import BinaryIO

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from handbook.errors import Problem, Unavailable
from handbook.files import place, service
from handbook.files.kinds import Kind
from handbook.files.storage import LocalStore, StorageFull
from models import StoredFile
from tests.support import library, office


def test_the_same_content_is_stored_once(db: Session) -> None:
    letter = office.make_letter()
    first, again = (service.accept(io.BytesIO(letter)) for _ in range(2))
    assert first.sha256 == again.sha256 == library.sha256(letter)
    assert (first.kind, first.size) == ("docx", len(letter))
    rows = select(func.count()).select_from(StoredFile).where(StoredFile.sha256 == first.sha256)
    assert db.scalar(rows) == 1
    with service.open_stored(first.sha256) as file:
        assert file.read() == letter


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"", 422, "file_empty"),
        (b"\x89PNG\r\n\x1a\n" + bytes(200), 415, "file_unknown_kind"),
        (office.make_macro_docx(), 415, "file_macros"),
        (office.make_docm(), 415, "file_macros"),
        ("đảng".encode("utf-16"), 422, "file_not_utf8"),
    ],
)
def test_what_is_refused_is_not_kept(db: Session, content: bytes, status: int, code: str) -> None:
    with pytest.raises(Problem) as refused:
        service.accept(io.BytesIO(content))
    assert (refused.value.status, refused.value.code) == (status, code)
    assert not place.store().exists(library.sha256(content))


def test_too_large_is_refused_before_it_is_stored(
    db: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(place, "most_bytes", lambda: 10)
    with pytest.raises(Problem) as refused:
        service.accept(io.BytesIO(b"eleven char"))
    assert refused.value.status == 413
    assert not place.store().exists(library.sha256(b"eleven char"))
    assert service.accept(io.BytesIO(b"ten chars!")).size == 10


def test_a_full_store_is_told_as_such(db: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise StorageFull

    monkeypatch.setattr(LocalStore, "put", full)
    with pytest.raises(Unavailable) as refused:
        service.accept(io.BytesIO(b"a text"))
    assert (refused.value.status, refused.value.code) == (507, "storage_full")


class _FarStore(LocalStore):
    """A store whose files are not on this machine."""

    def open(self, sha256: str) -> BinaryIO:
        return super().path(sha256).open("rb")

    def path(self, sha256: str) -> Path:
        return None if self._asked else super().path(sha256)  # type: ignore[return-value]  # far

    _asked = False


def test_a_far_file_is_at_hand_as_a_passing_copy(tmp_path: Path) -> None:
    store = _FarStore(tmp_path)
    put = store.put(b"content")
    store._asked = True
    with service.at_hand(store, put.sha256) as path:
        assert path.read_bytes() == b"content"
        assert tmp_path not in path.parents
    assert not path.exists()


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("Báo cáo quý III.docx", "Báo cáo quý III.docx"),
        ("C:\\Users\\an\\Kế hoạch.DOC", "Kế hoạch.docx"),
        ("../../etc/passwd", "passwd.docx"),
        ("a\r\nSet-Cookie: x.pdf", "a Set-Cookie x.docx"),
        ("05-BC.2026", "05-BC.2026.docx"),
        ("Ke\u0301 hoa\u0323ch.docx", "Ké hoạch.docx"),
        ("....", "van-ban.docx"),
        ("\u202e.docx", "van-ban.docx"),
        ("", "van-ban.docx"),
        (None, "van-ban.docx"),
        ("x" * 400 + ".docx", "x" * 150 + ".docx"),
    ],
)
def test_safe_name(given: str | None, kept: str) -> None:
    assert service.safe_name(given, Kind.DOCX) == kept
