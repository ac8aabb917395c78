import tracemalloc
import zipfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from xml.etree import ElementTree as Tree

import pytest

from handbook.reports import workbook
from handbook.reports.workbook import Cell, Column, Sheet

NAMESPACE = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def sheet(rows: Iterator[Sequence[Cell]], columns: int = 3) -> Sheet:
    names = [Column(f"Cột {place}", 20) for place in range(columns)]
    return Sheet("Theo đơn vị", "KẾT QUẢ", ["Đơn vị: Xã Tân An", "Mẫu số"], names, rows)


def read(*sheets: Sheet) -> list[Tree.Element]:
    with workbook.build(sheets) as file, zipfile.ZipFile(file) as packed:
        names = sorted(name for name in packed.namelist() if name.startswith("xl/worksheets/"))
        return [Tree.fromstring(packed.read(name)) for name in names]  # noqa: S314 - our own file


def cells(page: Tree.Element) -> dict[str, tuple[str | None, str]]:
    """Return place → (type, text) of each cell."""
    return {
        cell.attrib["r"]: (cell.get("t"), "".join(cell.itertext()))
        for cell in page.iter(f"{NAMESPACE}c")
    }


def test_the_head_stands_above_a_frozen_heading() -> None:
    (page,) = read(sheet(iter([["Chi bộ 1", 5, 33.3]])))
    found = cells(page)
    assert [found[place][1] for place in ("A1", "A2", "A3", "A5", "B5", "C5")] == [
        "KẾT QUẢ",
        "Đơn vị: Xã Tân An",
        "Mẫu số",
        "Cột 0",
        "Cột 1",
        "Cột 2",
    ]
    assert (found["A6"], found["B6"][1], found["C6"][1]) == (("inlineStr", "Chi bộ 1"), "5", "33.3")
    pane = page.find(f".//{NAMESPACE}pane")
    assert pane is not None
    assert (pane.get("topLeftCell"), pane.get("state")) == ("A6", "frozen")


@pytest.mark.parametrize(
    "text",
    ['=HYPERLINK("http://x")', "+84", "-1", "@sum", "\tx", "\rx", "http://x", "012345678901"],
)
def test_text_is_text_whatever_it_begins_with(text: str) -> None:
    (page,) = read(sheet(iter([[text, None, None]])))
    kind, _ = cells(page)["A6"]
    assert kind == "inlineStr"
    assert page.find(f".//{NAMESPACE}f") is None
    assert page.find(f".//{NAMESPACE}hyperlink") is None


def test_an_empty_cell_is_left_out() -> None:
    (page,) = read(sheet(iter([[None, None, 1]])))
    assert set(cells(page)) & {"A6", "B6", "C6"} == {"C6"}


def test_memory_does_not_grow_with_the_rows() -> None:
    def peak(rows: int) -> int:
        tracemalloc.start()
        lines = ([f"Nguyễn Văn {place}", place, None] for place in range(rows))
        workbook.build([sheet(lines)]).close()
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(10)
    assert peak(6000) < peak(600) + 200_000


def test_the_file_is_closed_when_a_row_fails() -> None:
    def rows() -> Iterator[Sequence[Cell]]:
        yield ["một", 1, None]
        raise RuntimeError

    with pytest.raises(RuntimeError):
        workbook.build([sheet(rows())])


def test_an_instant_is_written_on_the_vietnamese_clock() -> None:
    assert workbook.written(datetime(2026, 11, 30, 10, tzinfo=UTC)) == "30/11/2026 17:00"
    assert workbook.written(None) is None
