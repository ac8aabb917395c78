"""The documents of the demo commune: texts in Party form, read into the fields of a record.

The form is that of Quy định 399-QĐ/TW: upper organisation, issuer, number; place and date; type and
abstract (a công văn bears no type, its abstract stands under the number); text; Nơi nhận; signer.
"""

import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent / "documents"
TERM: Final = "2025-2030"
ISSUERS: Final = {
    "ĐU": "Đảng ủy xã Hòa Lạc Sơn",
    "TU": "Tỉnh ủy Thanh Vân",
    "CB": "Chi bộ thôn Đông An",
}

_NUMBER: Final = re.compile(r"^Số (\d+)-([A-ZĐa-z]+)/([A-ZĐ]+)$", re.MULTILINE)
_DATE: Final = re.compile(r"^[^,\n]+, ngày (\d\d) tháng (\d\d?) năm (\d{4})$", re.MULTILINE)
_COUNTRY: Final = "ĐẢNG CỘNG SẢN VIỆT NAM"
_LETTER: Final = "CV"
_TYPES: Final = {
    "NGHỊ QUYẾT": "resolution",
    "CHỈ THỊ": "directive",
    "KẾ HOẠCH": "plan",
    "THÔNG BÁO": "announcement",
    "HƯỚNG DẪN": "guidance",
    "BÁO CÁO": "report",
    "QUYẾT ĐỊNH": "decision",
    "QUY ĐỊNH": "regulation",
    "KẾT LUẬN": "conclusion",
    "CHƯƠNG TRÌNH": "programme",
}


class NotInForm(Exception):
    """A text lacks a piece that the form demands; the message names it."""


@dataclass(frozen=True, slots=True)
class Paper:
    """A document as its text tells it; ``symbol`` is what follows the number: ``NQ/ĐU``."""

    path: Path
    number: int
    symbol: str
    issued_on: date
    type_code: str
    abstract: str
    signer: str
    post: str

    @property
    def issuer_symbol(self) -> str:
        """Return the issuer's own symbol: what stands after the slash."""
        return self.symbol.rpartition("/")[2]

    @property
    def issuer(self) -> str:
        """Return the name of the issuer, told by its symbol."""
        return ISSUERS[self.issuer_symbol]


def read_papers() -> list[Paper]:
    """Return the documents of the demo, in order of their files."""
    return [read_paper(path) for path in sorted(FOLDER.glob("*.txt"))]


def read_paper(path: Path) -> Paper:
    """Return what a text in Party form says of itself; NotInForm names what is missing."""
    written = path.read_text(encoding="utf-8")
    blocks = _blocks(written)
    number = _find(_NUMBER, written, "number")
    day = _find(_DATE, written, "date")
    if _COUNTRY not in blocks:
        raise NotInForm("the name of the Party")
    if "Nơi nhận:" not in blocks:
        raise NotInForm("Nơi nhận")
    type_code, abstract = _type_and_abstract(blocks, number[2] == _LETTER)
    return Paper(
        path=path,
        number=int(number[1]),
        symbol=f"{number[2]}/{number[3]}",
        issued_on=date(int(day[3]), int(day[2]), int(day[1])),
        type_code=type_code,
        abstract=_upper_first(abstract),
        signer=blocks[-1],
        post=blocks[-2].split("\n")[-1],
    )


def _blocks(written: str) -> list[str]:
    return [block.strip() for block in re.split(r"\n\s*\n", written) if block.strip()]


def _upper_first(abstract: str) -> str:
    return f"{abstract[0].upper()}{abstract[1:]}"


def _find(form: re.Pattern[str], written: str, piece: str) -> re.Match[str]:
    found = form.search(written)
    if found is None:
        raise NotInForm(piece)
    return found


def _type_and_abstract(blocks: list[str], is_letter: bool) -> tuple[str, str]:  # noqa: FBT001 - one private caller
    """Return the type's code and the abstract, which stands right below type or number."""
    for place, block in enumerate(blocks):
        if is_letter and _NUMBER.match(block):
            return "official_letter", " ".join(blocks[place + 1].split())
        if block in _TYPES and place > blocks.index(_COUNTRY):
            return _TYPES[block], " ".join(blocks[place + 1].split())
    raise NotInForm("type")


@dataclass(frozen=True, slots=True)
class Head:
    """What stands above the text of a document, as another issuer would have it."""

    upper: str
    issuer: str
    place: str
    number: int
    symbol: str
    abstract: str
    day: date


def changes_of(paper: Paper, head: Head) -> list[tuple[str, str]]:
    """Return (old, new) of each block that differs when a paper is issued anew under ``head``."""
    changes: list[tuple[str, str]] = []
    for block in _blocks(paper.path.read_text(encoding="utf-8")):
        if not changes:
            changes.append((block, f"{head.upper}\n{head.issuer}".upper()))
        elif _NUMBER.match(block):
            changes.append((block, f"Số {head.number:02d}-{head.symbol}"))
        elif _DATE.match(block):
            changes.append((block, f"{head.place}, {written_day(head.day)}"))
        elif _upper_first(block) == paper.abstract:
            changes.append((block, f"{head.abstract[0].lower()}{head.abstract[1:]}"))
    return changes


def changed(written: str, changes: list[tuple[str, str]]) -> str:
    """Return a text, or its HTML, with the first place of each old block replaced by the new."""
    for old, new in changes:
        written = written.replace(old, new, 1)
        written = written.replace(old.replace("\n", "<br>"), new.replace("\n", "<br>"), 1)
    return written


def written_day(day: date) -> str:
    """Return a day as documents write it: a zero before days below 10 and months 1 and 2."""
    month = f"{day.month:02d}" if day.month <= 2 else str(day.month)  # noqa: PLR2004 - February
    return f"ngày {day.day:02d} tháng {month} năm {day.year}"
