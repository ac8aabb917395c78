"""Workbooks (XLSX) with bounded memory: rows are written as they come, to a file that is removed.

A cell with text is written as text whatever it begins with, so a name such as ``=HYPERLINK(…)``
is shown and never evaluated.
"""

import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Any

from xlsxwriter import Workbook

from handbook import clock

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
Cell = str | int | float | None
_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
_A4 = 9
_HEADING_HEIGHT = 32
# What a cell of a worksheet holds at most; a longer text is cut.
_LONGEST = 32_767


@dataclass(frozen=True)
class Column:
    """A column: its heading, and its width in characters."""

    heading: str
    width: int


@dataclass(frozen=True)
class Sheet:
    """A worksheet: a title, lines below it, a table; ``rows`` are read once, in order."""

    name: str
    title: str
    lines: Sequence[str]
    columns: Sequence[Column]
    rows: Iterable[Sequence[Cell]]


def build(sheets: Iterable[Sheet]) -> IO[bytes]:
    """Return the workbook as an open file at its beginning, which is gone once it is closed."""
    file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by who sends it
    try:
        with Workbook(file, _OPTIONS) as book:
            book.set_properties({"created": clock.now().replace(tzinfo=None)})
            formats = _formats(book)
            for sheet in sheets:
                _write(book.add_worksheet(sheet.name), sheet, formats)
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return file


def _formats(book: Any) -> dict[str, Any]:
    return {
        "title": book.add_format({"bold": True, "font_size": 14}),
        "heading": book.add_format(
            {"bold": True, "text_wrap": True, "valign": "vcenter", "border": 1}
        ),
        "cell": book.add_format({"valign": "top"}),
        "fraction": book.add_format({"valign": "top", "num_format": "0.0"}),
    }


def _write(page: Any, sheet: Sheet, formats: dict[str, Any]) -> None:
    for place, column in enumerate(sheet.columns):
        page.set_column(place, place, column.width)
    page.write_string(0, 0, sheet.title[:_LONGEST], formats["title"])
    for place, line in enumerate(sheet.lines, 1):
        page.write_string(place, 0, line[:_LONGEST])
    top = len(sheet.lines) + 2
    page.freeze_panes(top + 1, 0)
    page.repeat_rows(top)
    page.set_row(top, _HEADING_HEIGHT)
    page.set_landscape()
    page.set_paper(_A4)
    page.fit_to_pages(1, 0)
    for place, column in enumerate(sheet.columns):
        page.write_string(top, place, column.heading, formats["heading"])
    for down, row in enumerate(sheet.rows, top + 1):
        for place, value in enumerate(row):
            look = formats["fraction" if isinstance(value, float) else "cell"]
            _write_cell(page, down, place, value, look)


def _write_cell(page: Any, down: int, place: int, value: Cell, look: Any) -> None:
    if isinstance(value, str):
        page.write_string(down, place, value[:_LONGEST], look)
    elif value is not None:
        page.write_number(down, place, value, look)


def written(instant: datetime | None) -> str | None:
    """Return an instant as a cell shows it: ``30/11/2026 17:00`` on the Vietnamese clock."""
    return None if instant is None else clock.local(instant).strftime("%d/%m/%Y %H:%M")
