"""Which kinds of file are taken, told by their first bytes and by a careful opening.

Everything here is cheap enough for the process that receives an upload: memory stays bounded
whatever the file says about itself, and no document is parsed. The parsing, and with it the last
word on a damaged file, belongs to `handbook.files.rendering`, which runs in a limited child.
"""

import codecs
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import IO, Final
from xml.parsers import expat

MAX_ENTRIES: Final = 2_000
MAX_DIRECTORY_BYTES: Final = 512 * 1024

_CHUNK: Final = 64 * 1024
_HEAD: Final = 1024
_END_RECORD: Final = 22
_MAX_CONTENT_TYPES: Final = 256 * 1024
_DOCX: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_DOCX_MAIN: Final = f"{_DOCX}.main+xml"
_ENCRYPT: Final = re.compile(rb"/Encrypt\s*(?:\d+\s+\d+\s+R|<<)")
_OTHER_TEXTS: Final = ("{\\rtf", "<?xml", "<!doctype", "<html", "%!ps")
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0e-\x1f\ufffe\uffff]")
_BEFORE_XML: Final = codecs.BOM_UTF8 + codecs.BOM_UTF16_LE + b"\0 \t\r\n"
_FREE_BYTES: Final = 1 << 20
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP_FAULTS: Final = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
)


class Kind(StrEnum):
    """A kind of file the handbook takes; the value is its usual extension."""

    DOCX = "docx"
    PDF = "pdf"
    TXT = "txt"

    @property
    def media_type(self) -> str:
        """Return the media type under which such a file is served."""
        return _MEDIA_TYPES[self]


_MEDIA_TYPES: Final = {
    Kind.DOCX: _DOCX,
    Kind.PDF: "application/pdf",
    Kind.TXT: "text/plain; charset=utf-8",
}


class UnsupportedFile(Exception):
    """The file is refused. `code` is stable.

    Codes: `empty`, `unknown_kind`, `ambiguous` (two kinds at once), `macros`, `encrypted`,
    `old_office` (binary Word, Excel), `not_utf8` (UTF-16, TCVN3, windows-1258 and the like),
    `damaged`, `too_many_entries`.
    """

    def __init__(self, code: str) -> None:
        """Keep the code."""
        super().__init__(code)
        self.code = code


def detect(data_path: Path) -> Kind:
    """Return the kind of the file at `data_path`; its name plays no part.

    Raises UnsupportedFile with a stable code. A PDF may still turn out damaged or encrypted when it
    is rendered.
    """
    with data_path.open("rb") as file:
        head = file.read(_HEAD)
        if not head:
            raise UnsupportedFile("empty")
        if head.startswith(_OLE):
            raise UnsupportedFile(_name_ole(file))
        if head.startswith(b"PK\x03\x04"):
            _check_docx(file, head)
            return Kind.DOCX
        if head.startswith(b"%PDF-"):
            _check_pdf(file)
            return Kind.PDF
        _check_text(file, head)
        return Kind.TXT


def open_archive(file: IO[bytes]) -> zipfile.ZipFile:
    """Open a ZIP whose directory is small, unambiguous and plain; raise UnsupportedFile otherwise.

    The end record is read first, because `zipfile` loads a directory of any size.
    """
    size = file.seek(0, 2)
    file.seek(max(0, size - _END_RECORD - 20))
    tail = file.read()
    record = tail[-_END_RECORD:]
    if (
        not record.startswith(b"PK\x05\x06")
        or record[-2:] != b"\0\0"
        or tail.startswith(b"PK\x06\x07")
    ):
        raise UnsupportedFile("damaged")
    entries, length, offset = (
        int.from_bytes(record[start:end], "little") for start, end in ((10, 12), (12, 16), (16, 20))
    )
    if entries > MAX_ENTRIES or length > MAX_DIRECTORY_BYTES:
        raise UnsupportedFile("too_many_entries")
    if offset + length != size - _END_RECORD:
        raise UnsupportedFile("ambiguous")
    try:
        archive = zipfile.ZipFile(file)
    except _ZIP_FAULTS as error:
        raise UnsupportedFile("damaged") from error
    _check_directory(archive.infolist())
    return archive


def _check_directory(entries: list[zipfile.ZipInfo]) -> None:
    """Refuse too many, doubled, encrypted or strangely packed entries."""
    names = {entry.filename.casefold() for entry in entries}
    if len(entries) > MAX_ENTRIES:
        raise UnsupportedFile("too_many_entries")
    if any(entry.flag_bits & 0x1 for entry in entries):
        raise UnsupportedFile("encrypted")
    plain = all(
        entry.compress_type in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED} for entry in entries
    )
    if not plain or len(names) != len(entries):
        raise UnsupportedFile("damaged")


def _check_docx(file: IO[bytes], head: bytes) -> None:
    """Refuse a ZIP that is not a plain Word document without macros."""
    if b"%PDF-" in head:
        raise UnsupportedFile("ambiguous")
    with open_archive(file) as archive:
        names = {entry.filename.casefold() for entry in archive.infolist()}
        if any(
            name.endswith(("vbaproject.bin", "vbadata.xml")) or "/activex/" in name
            for name in names
        ):
            raise UnsupportedFile("macros")
        types = _read_content_types(archive)
    if any("macroenabled" in kind.casefold() for kind in types):
        raise UnsupportedFile("macros")
    if types.get(_DOCX_MAIN) not in names:  # Word on the web calls it word/document2.xml
        raise UnsupportedFile("unknown_kind")


def _read_content_types(archive: zipfile.ZipFile) -> dict[str, str]:
    """Return every content type the package declares, with the name of an entry that has it."""
    types: dict[str, str] = {}
    parser = expat.ParserCreate()

    def start_element(_name: str, attributes: dict[str, str]) -> None:
        name = attributes.get("PartName", "").lstrip("/").casefold()
        types[attributes.get("ContentType", "")] = name

    parser.StartElementHandler = start_element
    parser.StartDoctypeDeclHandler = _refuse_doctype
    try:
        with archive.open("[Content_Types].xml") as entry:
            data = entry.read(_MAX_CONTENT_TYPES + 1)
        if len(data) > _MAX_CONTENT_TYPES:
            raise UnsupportedFile("damaged")
        parser.Parse(data, True)  # noqa: FBT003 - the C function takes no keywords
    except KeyError as error:
        raise UnsupportedFile("unknown_kind") from error
    except (*_ZIP_FAULTS, expat.ExpatError) as error:
        raise UnsupportedFile("damaged") from error
    return types


def _check_pdf(file: IO[bytes]) -> None:
    """Refuse a PDF that is encrypted, also a ZIP, or has no cross-reference at all."""
    size = file.seek(0, 2)
    file.seek(max(0, size - _END_RECORD - 0xFFFF))
    if b"PK\x05\x06" in file.read():
        raise UnsupportedFile("ambiguous")
    referenced = False
    for window in _windows(file):
        if _ENCRYPT.search(window):
            raise UnsupportedFile("encrypted")
        referenced = referenced or b"startxref" in window
    if not referenced:
        raise UnsupportedFile("damaged")


def _check_text(file: IO[bytes], head: bytes) -> None:
    """Refuse anything but plain text in UTF-8, with or without a byte order mark."""
    if b"%PDF-" in head:
        raise UnsupportedFile("ambiguous")
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise UnsupportedFile("not_utf8")
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    start = ""
    file.seek(0)
    try:
        while chunk := file.read(_CHUNK):
            text = decoder.decode(chunk)
            if _CONTROLS.search(text):
                raise UnsupportedFile("unknown_kind")
            start = start or text.lstrip()[:16]
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise UnsupportedFile("unknown_kind" if b"\0" in head else "not_utf8") from error
    if not start:
        raise UnsupportedFile("empty")
    if start.casefold().startswith(_OTHER_TEXTS):
        raise UnsupportedFile("unknown_kind")


def _name_ole(file: IO[bytes]) -> str:
    """Tell an encrypted DOCX, which is wrapped in an OLE file, from an old binary document."""
    name = "EncryptedPackage".encode("utf-16-le")
    return "encrypted" if any(name in window for window in _windows(file)) else "old_office"


def _windows(file: IO[bytes]) -> Iterator[bytes]:
    """Yield the file in pieces that overlap, so that no short mark falls between two."""
    file.seek(0)
    overlap = b""
    while chunk := file.read(_CHUNK):
        yield overlap + chunk
        overlap = chunk[-64:]


def check_inflation(file: IO[bytes], most: int, most_xml: int, ratio: int) -> None:
    """Inflate every entry of a ZIP, keeping nothing, and refuse a bomb before a parser meets it.

    Counts what really comes out: `most` bytes in all, `most_xml` of them XML, and never more than
    `ratio` times the file (the first megabyte is free). Raises UnsupportedFile, here also with the
    code `too_large_inside`. XML with a document type, the home of entities, is `damaged`.
    """
    most = min(most, _FREE_BYTES + ratio * file.seek(0, 2))
    with open_archive(file) as archive:
        for info in archive.infolist():
            try:
                size, is_xml = _inflate(archive, info, min(most, most_xml), most)
            except (*_ZIP_FAULTS, OSError) as error:
                raise UnsupportedFile("damaged") from error
            most -= size
            most_xml -= size if is_xml else 0


def _inflate(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, most_xml: int, most: int
) -> tuple[int, bool]:
    """Return how many bytes an entry holds, and whether a parser may take it for XML."""
    with archive.open(info) as entry:
        chunk = entry.read(_CHUNK)
        is_xml = chunk.lstrip(_BEFORE_XML).startswith(b"<")
        parser = expat.ParserCreate()
        parser.StartDoctypeDeclHandler = _refuse_doctype
        size = 0
        while chunk:
            size += len(chunk)
            if size > (most_xml if is_xml else most):
                raise UnsupportedFile("too_large_inside")
            if is_xml:
                with suppress(expat.ExpatError):
                    parser.Parse(chunk)
            chunk = entry.read(_CHUNK)
    return size, is_xml


def _refuse_doctype(*_: object) -> None:
    """Refuse a document type."""
    raise UnsupportedFile("damaged")
