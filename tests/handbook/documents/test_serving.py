"""The file of a document: ranges, conditions, names, and who fetched it."""

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from handbook import database
from handbook.documents import serving
from handbook.files import place
from handbook.http import Handbook
from models import Document, DocumentVersion, Download
from tests.support import library
from tests.support.library import Library
from tests.support.phone import Phone


@pytest.fixture
def shown(scene: Library) -> Document:
    """Return a published document."""
    return library.published(scene.commune, scene.clerk)


@pytest.fixture
def whole(db: Session, shown: Document) -> bytes:
    """Return the content of the published file."""
    version = database.session().get_one(DocumentVersion, shown.version_id)
    with place.store().open(version.file_sha256) as file:
        return file.read()


@pytest.mark.parametrize(
    ("asked", "status", "first", "beyond"),
    [
        (None, 200, 0, None),
        ("bytes=0-4", 206, 0, 5),
        ("bytes=5-", 206, 5, None),
        ("bytes=-3", 206, -3, None),
        ("bytes=-99999", 206, 0, None),
        ("bytes=2-99999", 206, 2, None),
        ("bytes=99999-", 416, 0, 0),
        ("bytes=0-1,3-4", 200, 0, None),
        ("bytes=4-2", 200, 0, None),
        ("bytes=x", 200, 0, None),
        ("lines=0-4", 200, 0, None),
    ],
)
def test_ranges(
    reader: Phone,
    shown: Document,
    whole: bytes,
    asked: str | None,
    status: int,
    first: int,
    beyond: int | None,
) -> None:
    headers = {} if asked is None else {"Range": asked}
    answer = reader.get(f"/documents/{shown.id}/file", headers=headers)
    assert answer.status_code == status
    size = len(whole)
    if status == 416:
        assert answer.headers["Content-Range"] == f"bytes */{size}"
        assert answer.json["code"] == "range_not_satisfiable"
        return
    expected = whole[first:beyond]
    assert answer.data == expected
    assert answer.headers["Content-Length"] == str(len(expected))
    assert answer.headers["Accept-Ranges"] == "bytes"
    if status == 206:
        start = first % size
        assert (
            answer.headers["Content-Range"] == f"bytes {start}-{start + len(expected) - 1}/{size}"
        )
    else:
        assert "Content-Range" not in answer.headers


@pytest.mark.parametrize(
    ("if_range", "status"),
    [
        ('"{tag}"', 206),
        ('W/"{tag}"', 200),
        ('"other"', 200),
        ("Sun, 01 Nov 2026 05:00:00 GMT", 200),
    ],
)
def test_if_range(reader: Phone, shown: Document, whole: bytes, if_range: str, status: int) -> None:
    tag = library.sha256(whole)
    headers = {"Range": "bytes=0-1", "If-Range": if_range.format(tag=tag)}
    answer = reader.get(f"/documents/{shown.id}/file", headers=headers)
    assert answer.status_code == status
    assert answer.data == (whole[:2] if status == 206 else whole)


def test_headers_are_safe(reader: Phone, shown: Document, whole: bytes) -> None:
    answer = reader.get(f"/documents/{shown.id}/file")
    assert answer.data == whole
    assert answer.get_etag() == (library.sha256(whole), False)
    assert answer.headers["Content-Disposition"] == (
        'attachment; filename="bao cao quy iii.txt"; '
        "filename*=UTF-8''B%C3%A1o%20c%C3%A1o%20qu%C3%BD%20III.txt"
    )
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert answer.content_type == "text/plain; charset=utf-8"


@pytest.mark.parametrize("name", ['a"b\r\nX: y.txt', "đơn; filename=x.txt"])
def test_a_name_cannot_break_the_header(name: str) -> None:
    found = serving.disposition(name)
    assert found.isprintable()
    assert found.count('"') == 2
    assert found.count(";") == 2


@pytest.mark.parametrize("target", ["file", "parts/1"])
def test_unchanged_only_after_authorisation(
    app: Handbook, scene: Library, reader: Phone, shown: Document, target: str
) -> None:
    path = f"/documents/{shown.id}/{target}"
    first = reader.get(path)
    assert first.data
    headers = {"If-None-Match": first.headers["ETag"]}
    same = reader.get(path, headers=headers)
    assert (same.status_code, same.data) == (304, b"")
    assert Phone(app, None).get(path, headers=headers).status_code == 401
    assert Phone(app, scene.other_reader).get(path, headers=headers).status_code == 404


def test_the_first_fetch_of_each_is_kept(
    db: Session, scene: Library, reader: Phone, shown: Document
) -> None:
    calls: list[tuple[str, dict[str, Any]]] = [
        ("parts/2", {}),
        ("parts/2", {}),
        ("file", {}),
        ("file", {"Range": "bytes=0-1"}),
        ("parts/3", {}),
    ]
    answers = [
        reader.get(f"/documents/{shown.id}/{target}", headers=headers) for target, headers in calls
    ]
    assert all(answer.data for answer in answers)
    assert [answer.status_code for answer in answers] == [200, 200, 200, 206, 404]
    rows = database.session().scalars(select(Download).order_by(Download.part_number)).all()
    assert [row.part_number for row in rows] == [0, 2]
    assert reader.session is not None
    assert {(row.device_id, row.account_id, row.version_id) for row in rows} == {
        (reader.session.device_id, reader.session.account_id, shown.version_id)
    }


def test_a_file_closes_when_nobody_reads_on(
    reader: Phone, shown: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[bool] = []
    close = serving._Slice.close

    def note(part: serving._Slice) -> None:
        closed.append(True)
        close(part)

    monkeypatch.setattr(serving._Slice, "close", note)
    answer = reader.get(f"/documents/{shown.id}/file", buffered=False)
    answer.close()
    assert closed
