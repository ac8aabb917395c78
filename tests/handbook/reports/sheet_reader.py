"""Read what a workbook holds, by the parts of its file."""

import io
import zipfile
from typing import IO
from xml.etree import ElementTree as ET

NAMESPACE = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
Tree = ET.Element


def pages(file: IO[bytes]) -> dict[str, Tree]:
    """Return name → tree of the worksheets, in their order."""
    with zipfile.ZipFile(file) as packed:
        book = ET.fromstring(packed.read("xl/workbook.xml"))  # noqa: S314 - our own file
        names = [sheet.attrib["name"] for sheet in book.iter(f"{NAMESPACE}sheet")]
        return {
            name: ET.fromstring(packed.read(f"xl/worksheets/sheet{place}.xml"))  # noqa: S314 - our own file
            for place, name in enumerate(names, 1)
        }


def cells(page: Tree) -> dict[str, tuple[str | None, str]]:
    """Return place → (type, text) of each cell of a worksheet."""
    return {
        cell.attrib["r"]: (cell.get("t"), "".join(cell.itertext()))
        for cell in page.iter(f"{NAMESPACE}c")
    }


def rows(data: bytes) -> dict[str, list[list[str]]]:
    """Return name of the worksheet → its rows as texts, empty cells left out."""
    found = {}
    for name, page in pages(io.BytesIO(data)).items():
        found[name] = [
            ["".join(cell.itertext()) for cell in row.iter(f"{NAMESPACE}c")]
            for row in page.iter(f"{NAMESPACE}row")
        ]
    return found
