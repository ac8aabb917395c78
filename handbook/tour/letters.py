"""What a file says of itself: abstract, number, date, type, as far as they can be made out.

Old or careless sources lack any of them; then it is left out, and the abstract is the first
sensible line or the name of the file.
"""

import re
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET

from handbook import text

_NUMBER: Final = re.compile(
    r"^\W*Số\s*:?\s*(\d{1,5})\s*-\s*([^\W\d_]+)\s*/\s*([^\W\d_][\w./-]*)", re.MULTILINE
)
_DATE: Final = re.compile(r"ngày\s+(\d{1,2})\s+tháng\s+(\d{1,2})\s+năm\s+(\d{4})")
_ABOUT: Final = re.compile(r"^(?:V/v|Về|về)\b")
_SENSIBLE: Final = re.compile(r"[^\W\d_]")
_HEAD_LINES: Final = 40
_LONGEST: Final = 400
_LEAST_WORDS: Final = 4
_WORD: Final = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_MOST_XML: Final = 20_000_000


@dataclass(frozen=True, slots=True)
class Letter:
    """A file with what it says of itself; ``kind`` is the type's symbol (``CV``, ``NQ``)."""

    name: str
    content: bytes
    abstract: str
    number: int | None = None
    kind: str | None = None
    symbol: str | None = None
    issued_on: date | None = None

    def type_code(self, codes: Mapping[str, str]) -> str:
        """Return the code of the type by its symbol; an official letter when there is none."""
        return codes.get(self.kind or "", "official_letter")

    def unnumbered(self) -> "Letter":
        """Return the same without a number: it is taken already."""
        return replace(self, number=None)


def read_letter(path: Path) -> Letter:
    """Return a file with what can be made out of its text."""
    content = path.read_bytes()
    lines = [" ".join(line.split()).strip("*_ ") for line in _text_of(path, content).splitlines()]
    plain = [line for line in lines if line]
    whole = "\n".join(plain[:_HEAD_LINES])
    number, day = _NUMBER.search(whole), _DATE.search(whole)
    return Letter(
        name=path.name,
        content=content,
        abstract=_abstract(lines[: 2 * _HEAD_LINES]) or path.stem,
        number=int(number[1]) or None if number else None,
        kind=number[2] if number else None,
        symbol=f"{number[2]}/{number[3]}" if number else None,
        issued_on=_day(day) if day else None,
    )


def _text_of(path: Path, content: bytes) -> str:
    """Return the text of a TXT or DOCX file; nothing of a PDF, whose name has to do."""
    if content.startswith(b"PK"):
        return "\n".join(_paragraphs(path))
    if content.startswith(b"%PDF"):
        return ""
    return text.nfc(content.decode("utf-8-sig", errors="replace"))


def _paragraphs(path: Path) -> Iterable[str]:
    """Return the paragraphs of a DOCX; none when it cannot be opened."""
    try:
        with zipfile.ZipFile(path) as archive:
            entry = archive.getinfo("word/document.xml")
            if entry.file_size > _MOST_XML:
                return []
            root = ET.fromstring(archive.read(entry))  # noqa: S314 - the user's own file
    except (OSError, KeyError, zipfile.BadZipFile, ET.ParseError):
        return []
    return [
        text.nfc("".join(piece.text or "" for piece in paragraph.iter(f"{_WORD}t")))
        for paragraph in root.iter(f"{_WORD}p")
    ]


def _abstract(lines: list[str]) -> str | None:
    """Return the lines that say what it is about, else the first line that is a sentence."""
    for place, line in enumerate(lines):
        if _ABOUT.match(line):
            return _cut(" ".join(_until_blank(lines[place:])))
    return next((_cut(line) for line in lines if _is_sentence(line)), None)


def _until_blank(lines: list[str]) -> list[str]:
    return lines[: lines.index("")] if "" in lines else lines[:3]


def _is_sentence(line: str) -> bool:
    """Tell a sentence from the head of a letter: some words, not all in capitals, no date."""
    return (
        len(line.split()) >= _LEAST_WORDS
        and _SENSIBLE.search(line) is not None
        and line.upper() != line
        and not _DATE.search(line)
        and not line.lower().startswith("kính gửi")
    )


def _cut(line: str) -> str:
    found = line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"
    return f"{found[0].upper()}{found[1:]}"


def _day(found: re.Match[str]) -> date | None:
    try:
        return date(int(found[3]), int(found[2]), int(found[1]))
    except ValueError:
        return None
