import tracemalloc
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import pytest

from handbook.reports import workbook
from handbook.reports.workbook import Cell, Column, Sheet
from tests.handbook.reports import sheet_reader
from tests.handbook.reports.sheet_reader import Tree


def sheet(rows: Iterator[Sequence[Cell]], columns: int = 3) -> Sheet:
    names = [Column(f"Cột {place}", 20) for place in range(columns)]
    return Sheet("Theo đơn vị", "KẾT QUẢ", ["Đơn vị: Xã Tân An", "Mẫu số"], names, rows)


def read(*sheets: Sheet) -> list[Tree]:
    with workbook.build(sheets) as file:
        return list(sheet_reader.pages(file).values())


def test_the_head_stands_above_a_frozen_heading() -> None:
    (page,) = read(sheet(iter([["Chi bộ 1", 5, 33.3]])))
    found = sheet_reader.cells(page)
    assert [found[place][1] for place in ("A1", "A2", "A3", "A5", "B5", "C5")] == [
        "KẾT QUẢ",
        "Đơn vị: Xã Tân An",
        "Mẫu số",
        "Cột 0",
        "Cột 1",
        "Cột 2",
    ]
    assert (found["A6"], found["B6"][1], found["C6"][1]) == (("inlineStr", "Chi bộ 1"), "5", "33.3")
    pane = page.find(f".//{sheet_reader.NAMESPACE}pane")
    assert pane is not None
    assert (pane.get("topLeftCell"), pane.get("state")) == ("A6", "frozen")


@pytest.mark.parametrize(
    "text",
    ['=HYPERLINK("http://x")', "+84", "-1", "@sum", "\tx", "\rx", "http://x", "012345678901"],
)
def test_text_is_text_whatever_it_begins_with(text: str) -> None:
    (page,) = read(sheet(iter([[text, None, None]])))
    kind, _ = sheet_reader.cells(page)["A6"]
    assert kind == "inlineStr"
    assert page.find(f".//{sheet_reader.NAMESPACE}f") is None
    assert page.find(f".//{sheet_reader.NAMESPACE}hyperlink") is None


def test_an_empty_cell_is_left_out() -> None:
    (page,) = read(sheet(iter([[None, None, 1]])))
    assert set(sheet_reader.cells(page)) & {"A6", "B6", "C6"} == {"C6"}


def test_memory_does_not_grow_with_the_rows() -> None:
    def peak(rows: int) -> int:
        tracemalloc.start()
        lines = ([f"Nguyễn Văn {place}", place, None] for place in range(rows))
        workbook.build([sheet(lines)]).close()
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(10)
    # As rows in memory, 9,000 more would take well over 2,000,000 bytes.
    assert peak(12_000) < peak(3000) + 300_000


def test_the_file_is_closed_when_a_row_fails() -> None:
    def rows() -> Iterator[Sequence[Cell]]:
        yield ["một", 1, None]
        raise RuntimeError

    with pytest.raises(RuntimeError):
        workbook.build([sheet(rows())])


def test_an_instant_is_written_on_the_vietnamese_clock() -> None:
    assert workbook.written(datetime(2026, 11, 30, 10, tzinfo=UTC)) == "30/11/2026 17:00"
    assert workbook.written(None) is None
