"""What is taken and what is refused, told from the bytes alone."""

import io
import unicodedata
import zipfile
from pathlib import Path

import pytest

from handbook.files import kinds
from handbook.files.kinds import Kind, UnsupportedFile, check_inflation, detect
from tests.support import office

LETTER = office.make_letter()
WEB_LETTER = office.rezip(
    LETTER,
    {
        "word/document.xml": None,
        "word/document2.xml": b"<document/>",
        "[Content_Types].xml": lambda old: old.replace(b"document.xml", b"document2.xml"),
    },
)
PDF = office.make_pdf([["Nghị quyết"]])
TEXT = "Nghị quyết của Đảng ủy phường"
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100)
SPREADSHEET = {"[Content_Types].xml": b"<Types/>", "xl/workbook.xml": b"<workbook/>"}


def _write(folder: Path, data: bytes) -> Path:
    path = folder / "upload"
    path.write_bytes(data)
    return path


def _zip(entries: dict[str, bytes], packing: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", packing) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def _refusal(folder: Path, data: bytes) -> str:
    with pytest.raises(UnsupportedFile) as caught:
        detect(_write(folder, data))
    return caught.value.code


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (LETTER, Kind.DOCX),
        (PDF, Kind.PDF),
        (WEB_LETTER, Kind.DOCX),
        (TEXT.encode(), Kind.TXT),
        (TEXT.encode("utf-8-sig"), Kind.TXT),
        (unicodedata.normalize("NFD", TEXT).encode(), Kind.TXT),
        (b"a\tb\r\nc\x0c", Kind.TXT),
    ],
)
def test_a_kind_is_told_by_content(tmp_path: Path, data: bytes, kind: Kind) -> None:
    assert detect(_write(tmp_path, data)) is kind


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf \r\n\t", "empty"),
        (PNG, "unknown_kind"),
        (b"\0" * 50, "unknown_kind"),
        (b"{\\rtf1 hello}", "unknown_kind"),
        (b"\n<!DOCTYPE html><p>", "unknown_kind"),
        (TEXT.encode("utf-16"), "not_utf8"),
        ("Nghị quyết của Đảng".encode("cp1258", "replace"), "not_utf8"),
        (b"Ngh\xde quy\xd5t c\xf1a \xa7\xb6ng", "not_utf8"),
        ("Đảng bộ".encode()[:-1], "not_utf8"),
        (OLE, "old_office"),
        (OLE + "EncryptedPackage".encode("utf-16-le"), "encrypted"),
        (PDF + LETTER, "ambiguous"),
        (LETTER + PDF, "damaged"),
        (b"PK\x03\x04" + PDF, "ambiguous"),
        (b"x" + PDF, "ambiguous"),
        (office.make_macro_docx(), "macros"),
        (office.rezip(LETTER, {"word/activeX/activeX1.bin": b"macro"}), "macros"),
        (office.make_docm(), "macros"),
        (_zip(SPREADSHEET), "unknown_kind"),
        (_zip({"letter.txt": b"x"}), "unknown_kind"),
        (office.rezip(LETTER, {"word/document.xml": None}), "unknown_kind"),
        (office.rezip(LETTER, {"[Content_Types].xml": b"<Types>"}), "damaged"),
        (office.rezip(LETTER, {"[Content_Types].xml": b"<!DOCTYPE a><a/>"}), "damaged"),
        (LETTER[: len(LETTER) // 2], "damaged"),
        (_zip({f"{number}": b"" for number in range(2_001)}), "too_many_entries"),
        (_zip(SPREADSHEET, zipfile.ZIP_LZMA), "damaged"),
        (_zip({**SPREADSHEET, "XL/workbook.xml": b"<other/>"}), "damaged"),
        (b"PK\x03\x04" + _zip(SPREADSHEET), "ambiguous"),
        (PDF.replace(b"startxref", b"startsref"), "damaged"),
        (office.make_pdf([["x"]], encrypted="/Encrypt"), "encrypted"),
        (b"%PDF-1.7\n" + b"%" * 65_520 + b"/Encrypt 5 0 R startxref", "encrypted"),
    ],
)
def test_the_rest_is_refused(tmp_path: Path, data: bytes, code: str) -> None:
    assert _refusal(tmp_path, data) == code


def test_an_encrypted_entry_is_refused(tmp_path: Path) -> None:
    data = bytearray(LETTER)
    data[data.index(b"PK\x01\x02") + 8] |= 1
    assert _refusal(tmp_path, bytes(data)) == "encrypted"


def test_a_directory_is_refused_before_it_is_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zipfile, "ZipFile", None)
    record = bytearray(LETTER[-22:])
    record[12:16] = (kinds.MAX_DIRECTORY_BYTES + 1).to_bytes(4, "little")
    assert _refusal(tmp_path, LETTER[:-22] + bytes(record)) == "too_many_entries"


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_has_a_media_type(kind: Kind) -> None:
    assert "/" in kind.media_type


def _inflation_refusal(data: bytes, most: int, most_xml: int, ratio: int) -> str:
    with pytest.raises(UnsupportedFile) as caught:
        check_inflation(io.BytesIO(data), most, most_xml, ratio)
    return caught.value.code


def test_inflation_is_counted_over_all_entries() -> None:
    data = _zip({"a.bin": bytes(100_000), "b.bin": bytes(100_000)})
    check_inflation(io.BytesIO(data), 200_000, 0, 1_000)
    assert _inflation_refusal(data, 199_999, 0, 1_000) == "too_large_inside"


def test_xml_has_its_own_limit_whatever_its_name() -> None:
    data = _zip({"word/media/photo.jpg": b"\xef\xbb\xbf <a>" + b" " * 100_000 + b"</a>"})
    check_inflation(io.BytesIO(data), 200_000, 200_000, 1_000)
    assert _inflation_refusal(data, 200_000, 100_000, 1_000) == "too_large_inside"


def test_inflation_is_held_against_the_size_of_the_file() -> None:
    data = _zip({"a.bin": bytes(2 << 20)})
    check_inflation(io.BytesIO(data), 1 << 30, 0, 1_000)
    assert _inflation_refusal(data, 1 << 30, 0, 10) == "too_large_inside"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_document_type_is_refused_in_every_encoding(encoding: str) -> None:
    xml = f'<?xml version="1.0"?>{" " * 70_000}<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'
    data = _zip({"word/document.xml": xml.encode(encoding)})
    assert _inflation_refusal(data, 1 << 30, 1 << 30, 1_000) == "damaged"


def test_an_entry_that_belies_its_sum_is_damaged() -> None:
    data = bytearray(_zip({"a.bin": bytes(1_000)}, zipfile.ZIP_STORED))
    data[data.index(bytes(100))] = 1
    assert _inflation_refusal(bytes(data), 1 << 30, 1 << 30, 1_000) == "damaged"
