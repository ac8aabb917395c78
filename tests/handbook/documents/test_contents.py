"""Files of drafts: taken one by one, refused with a reason."""

import io
from typing import Any

import pytest
from sqlalchemy.orm import Session

from handbook import http
from handbook.http import Handbook
from tests.support import build, library, office
from tests.support.library import Library
from tests.support.phone import Phone


def test_uploads(db: Session, scene: Library, clerk: Phone) -> None:
    made = library.drafted(clerk, scene)
    path = f"/documents/{made['id']}/versions"
    assert clerk.post(path, {"file": "x"}).status_code == 415
    assert clerk.post(path, data={}, content_type="multipart/form-data").status_code in {400, 422}
    macros = library.upload(clerk, made["id"], office.make_macro_docx())
    assert (macros.status_code, macros.json["code"]) == (415, "file_macros")
    empty = library.upload(clerk, made["id"], b"")
    assert (empty.status_code, empty.json["code"]) == (422, "file_empty")
    numbers = [
        library.upload(clerk, made["id"], office.make_letter()).json["number"] for _ in range(2)
    ]
    assert numbers == [1, 2]
    listed = clerk.get(path).json["items"]
    assert [line["number"] for line in listed] == [2, 1]


def test_a_retried_upload_is_one_version(db: Session, scene: Library, clerk: Phone) -> None:
    path = f"/documents/{library.drafted(clerk, scene)['id']}/versions"
    headers = {"Idempotency-Key": build.key()}

    def send(content: bytes) -> Any:
        return clerk.post(path, data={"file": (io.BytesIO(content), "a.txt")}, headers=headers)

    first, again = send(b"Chi bo"), send(b"Chi bo")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json == first.json
    assert send(b"Dang bo").json["code"] == "idempotency_mismatch"
    assert len(clerk.get(path).json["items"]) == 1


@pytest.mark.parametrize(
    ("data", "field", "code"),
    [
        ({}, "file", "required"),
        ({"other": "file"}, "other", "unknown"),
        ({"file": "file", "note": "text"}, "note", "unknown"),
        ({"file": ["file", "file"]}, "file", "duplicate"),
    ],
)
def test_an_upload_is_one_file(
    scene: Library, clerk: Phone, data: dict[str, Any], field: str, code: str
) -> None:
    def filled(value: Any) -> Any:
        if isinstance(value, list):
            return [filled(one) for one in value]
        return (io.BytesIO(b"chu"), "a.txt") if value == "file" else value

    made = library.drafted(clerk, scene)
    answer = clerk.post(
        f"/documents/{made['id']}/versions",
        data={name: filled(value) for name, value in {"": "", **data}.items() if name},
        content_type="multipart/form-data",
    )
    assert answer.status_code == 422, answer.json
    assert answer.json["errors"][field][0]["code"] == code


def test_an_upload_has_a_limit(
    app: Handbook, scene: Library, clerk: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = library.drafted(clerk, scene)
    monkeypatch.setattr(http, "BODY_MAX", 10_000)
    large = b"a" * 200_000
    assert library.upload(clerk, made["id"], large, "a.txt").status_code == 201
    settings = app.extensions["handbook_settings"]
    monkeypatch.setitem(vars(settings), "upload_max_bytes", 1000)
    assert library.upload(clerk, made["id"], b"a" * 1001, "a.txt").status_code == 413
    assert library.upload(clerk, made["id"], large, "a.txt").status_code == 413
    assert library.upload(clerk, made["id"], b"a" * 1000, "a.txt").status_code == 201
