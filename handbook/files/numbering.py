"""Word's automatic numbers ("I.", "1.2", "a)", "Điều 3.") as text, for documents are cited by them.

A DOCX holds only rules for its numbers; mammoth keeps the depth of a list and no more. Here each
paragraph gets the label Word shows at its beginning, and is no item of a list any more; bullets
stay lists. Runs inside the limited child, after `kinds.check_inflation` has bounded the XML.
"""

import io
import zipfile
from collections.abc import Iterator
from posixpath import basename, dirname, join
from typing import IO, Final
from xml.etree import ElementTree as ET

from handbook.files.kinds import UnsupportedFile
from handbook.files.schemes import (
    BULLETS,
    LEVELS,
    URI,
    Counter,
    Element,
    Level,
    Rules,
    W,
    child_of,
    find_switch,
)

_STRICT_URI: Final = b"http://purl.oclc.org/ooxml/wordprocessingml/main"
_CHOICE: Final = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Choice"
_RELATION: Final = "{http://schemas.openxmlformats.org/package/2006/relationships}Relationship"
_SPACE: Final = "{http://www.w3.org/XML/1998/namespace}space"
_TEXTS: Final = ("officeDocument", "footnotes", "endnotes")


def write_labels(file: IO[bytes]) -> IO[bytes]:
    """Return the DOCX with its labels written out, as far as a renderer of text needs it.

    Without rules for numbers it is `file` itself, from its start; otherwise an archive in memory of
    the texts, styles, bullets and relations alone. Raises the parsers' errors for XML that is not
    well formed, and UnsupportedFile (`damaged`) for a document type.
    """
    file.seek(0)
    with zipfile.ZipFile(file) as archive:
        names = frozenset(archive.namelist())
        places = _find_parts(archive, names)
        if "numbering" not in places:
            file.seek(0)
            return file
        rules = Rules(
            _parse(archive.read(places["numbering"])),
            _parse(archive.read(places["styles"])) if "styles" in places else Element("none"),
        )
        entries = {
            name: archive.read(name)
            for name in names
            if name.endswith(".rels") or name in {"[Content_Types].xml", places.get("styles")}
        }
        for text in _TEXTS:
            if text in places:
                root = _parse(archive.read(places[text]))
                _label_paragraphs(root, rules)
                entries[places[text]] = _serialise(root)
    entries[places["numbering"]] = _make_bullets()
    answer = io.BytesIO()
    with zipfile.ZipFile(answer, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    answer.seek(0)
    return answer


class _Builder(ET.TreeBuilder):
    """Builds a tree, and none with a document type, the home of entities."""

    def doctype(self, *_: object) -> None:
        """Refuse a document type."""
        raise UnsupportedFile("damaged")


def _parse(data: bytes) -> Element:
    """Return the root of a part, whose words are in the usual namespace even in a strict file."""
    parser = ET.XMLParser(target=_Builder())  # noqa: S314 - the builder takes no entities
    parser.feed(data.replace(_STRICT_URI, URI))
    root: Element = parser.close()
    return root


def _serialise(root: Element) -> bytes:
    """Return a part of this root."""
    data: bytes = ET.tostring(root, "utf-8")
    return data


def _find_parts(archive: zipfile.ZipFile, names: frozenset[str]) -> dict[str, str]:
    """Return the entries that hold the texts, the styles and the rules, by kind of relation."""
    found = _follow(archive, names, "")
    main = found.get("officeDocument", "word/document.xml")
    usual = {kind: f"word/{kind}.xml" for kind in ("numbering", "styles", *_TEXTS[1:])}
    parts = {**usual, **_follow(archive, names, main), "officeDocument": main}
    return {kind: name for kind, name in parts.items() if name in names}


def _follow(archive: zipfile.ZipFile, names: frozenset[str], origin: str) -> dict[str, str]:
    """Return the entries to which an entry is related, by kind of relation; the first counts."""
    relations = join(dirname(origin), "_rels", f"{basename(origin)}.rels")
    found: dict[str, str] = {}
    if relations in names:
        for relation in _parse(archive.read(relations)).iter(_RELATION):
            kind = relation.get("Type", "").rpartition("/")[2]
            name = join(dirname(origin), relation.get("Target", "")).lstrip("/")
            if name in names:
                found.setdefault(kind, name)
    return found


def _label_paragraphs(root: Element, rules: Rules) -> None:
    """Write the label of each paragraph of a text, and leave only bullets in lists."""
    counter = Counter(rules)
    first: Element | None = None
    depths: list[int] = []
    for paragraph in _walk(root):
        properties = paragraph.find(W + "pPr")
        mark = child_of(properties, "rPr")
        place = rules.find(properties)
        _leave_list(properties)
        # A paragraph whose end was deleted runs into the next one, and is not counted.
        if child_of(mark, "del") is not None:
            first = paragraph if first is None else first
            continue
        index = place[1] if place else 0
        counted = counter.count(*place) if place and child_of(mark, "moveFrom") is None else None
        if counted and counted[0].number_format == "bullet":
            depths = [*(depth for depth in depths if depth < index), index]
            _join_bullets(paragraph, len(depths) - 1)
        else:
            depths = []
            if counted and counted[1] and not counted[0].hidden:
                _put_label(paragraph if first is None else first, *counted, mark)
        first = None


def _walk(root: Element) -> Iterator[Element]:
    """Yield the paragraphs in order, without those that are deleted, moved away or said twice."""
    waiting = [root]
    while waiting:
        element = waiting.pop()
        if element.tag == W + "p":
            yield element
        waiting.extend(child for child in reversed(element) if not _is_left_out(child))


def _is_left_out(element: Element) -> bool:
    """Whether mammoth passes over an element: of alternatives it takes the last resort."""
    if element.tag == W + "tr":
        return child_of(element, "trPr", "del") is not None
    return element.tag in {W + "del", W + "moveFrom", _CHOICE}


def _leave_list(properties: Element | None) -> None:
    """Take a paragraph out of its list."""
    if properties is not None:
        for direct in properties.findall(W + "numPr"):
            properties.remove(direct)


def _join_bullets(paragraph: Element, depth: int) -> None:
    """Make a paragraph an item of the list of bullets."""
    properties = paragraph.find(W + "pPr")
    if properties is None:
        properties = Element(W + "pPr")
        paragraph.insert(0, properties)
    direct = ET.SubElement(properties, W + "numPr")
    ET.SubElement(direct, W + "ilvl", {W + "val": str(depth)})
    ET.SubElement(direct, W + "numId", {W + "val": BULLETS})


def _put_label(paragraph: Element, level: Level, label: str, mark: Element | None) -> None:
    """Put a label before all that a paragraph says, in the weight of its number."""
    run = Element(W + "r")
    look = ET.SubElement(run, W + "rPr")
    for name, own in (("b", level.bold), ("i", level.italic)):
        if own if own is not None else find_switch(mark, name):
            ET.SubElement(look, W + name)
    text = ET.SubElement(run, W + "t", {_SPACE: "preserve"})
    text.text = label.rstrip() + level.joint if level.joint else label
    paragraph.insert(0 if paragraph.find(W + "pPr") is None else 1, run)


def _make_bullets() -> bytes:
    """Return the numbering of a document that has bullets only."""
    root = Element(W + "numbering")
    pattern = ET.SubElement(root, W + "abstractNum", {W + "abstractNumId": "0"})
    for index in range(LEVELS):
        level = ET.SubElement(pattern, W + "lvl", {W + "ilvl": str(index)})
        ET.SubElement(level, W + "numFmt", {W + "val": "bullet"})
    num = ET.SubElement(root, W + "num", {W + "numId": BULLETS})
    ET.SubElement(num, W + "abstractNumId", {W + "val": "0"})
    return _serialise(root)
