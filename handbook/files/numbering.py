"""Word's automatic numbers ("I.", "1.2", "a)", "Điều 3.") as text, for documents are cited by them.

A DOCX holds only rules for its numbers; mammoth keeps the depth of a list and no more. Here each
paragraph gets the label Word shows at its beginning, and is no item of a list any more; bullets
stay lists. Runs inside the limited child, after `kinds.check_inflation` has bounded the XML.

The rules are those of ECMA-376 part 1, 17.9, as Word reads them: lists made from one pattern
(`abstractNum`) count together, and a restart (`startOverride`) takes effect once.
"""

import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from posixpath import basename, dirname, join
from typing import IO, Final
from xml.etree import ElementTree as ET

from handbook.files.kinds import UnsupportedFile

LONGEST_LABEL: Final = 120
LARGEST_NUMBER: Final = 32_767

_Element = ET.Element
_URI: Final = b"http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_STRICT_URI: Final = b"http://purl.oclc.org/ooxml/wordprocessingml/main"
_W: Final = f"{{{_URI.decode()}}}"
_CHOICE: Final = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Choice"
_RELATION: Final = "{http://schemas.openxmlformats.org/package/2006/relationships}Relationship"
_SPACE: Final = "{http://www.w3.org/XML/1998/namespace}space"
_TEXTS: Final = ("officeDocument", "footnotes", "endnotes")
_OFF: Final = frozenset({"0", "false", "off"})
_LEVELS: Final = 9
_MOST_ANCESTORS: Final = 30
_BULLETS: Final = "bullets"
_REFERENCE: Final = re.compile("%([1-9])")
_ROMAN: Final = (
    (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"),
    (40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
)  # fmt: skip


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
            _parse(archive.read(places["styles"])) if "styles" in places else _Element("none"),
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


def _parse(data: bytes) -> _Element:
    """Return the root of a part, whose words are in the usual namespace even in a strict file."""
    parser = ET.XMLParser(target=_Builder())  # noqa: S314 - the builder takes no entities
    parser.feed(data.replace(_STRICT_URI, _URI))
    root: _Element = parser.close()
    return root


def _serialise(root: _Element) -> bytes:
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


@dataclass(frozen=True, slots=True)
class Level:
    """One level of a list: how its numbers look and when they begin anew.

    It begins anew after a paragraph of a level whose index is below `restart`.
    """

    number_format: str
    text: str
    start: int
    restart: int
    decimal: bool
    joint: str
    caps: bool
    hidden: bool
    bold: bool | None
    italic: bool | None


@dataclass(frozen=True, slots=True)
class Scheme:
    """A list: the pattern it shares its counters with, its levels, its restarts, its styles."""

    pattern: str
    levels: dict[int, Level]
    restarts: dict[int, int] = field(default_factory=dict)
    styles: dict[str, int] = field(default_factory=dict)


class Rules:
    """The rules for numbers of one document, read from its numbering and styles."""

    def __init__(self, numbering: _Element, styles: _Element) -> None:
        """Read the roots of both parts; what is odd in them counts as absent."""
        self._styles: dict[str, _Element] = {}
        self._default: str | None = None
        self._ancestries: dict[str | None, list[str]] = {}
        for style in styles.iter(_W + "style"):
            name = style.get(_W + "styleId", "")
            self._styles.setdefault(name, style)
            if style.get(_W + "type") == "paragraph" and style.get(_W + "default", "0") not in _OFF:
                self._default = name
        self._nums = {num.get(_W + "numId", ""): num for num in numbering.findall(_W + "num")}
        self._patterns = {
            name: (_read_scheme(name, pattern), _get(pattern, "numStyleLink"))
            for pattern in numbering.findall(_W + "abstractNum")
            for name in [pattern.get(_W + "abstractNumId", "")]
        }
        self._schemes = {name: self._read_num(num) for name, num in self._nums.items()}

    def find(self, properties: _Element | None) -> tuple[str, int] | None:
        """Return the list and the level of a paragraph with these properties, if it is in one."""
        direct = _child(properties, "numPr")
        ancestry = self._trace(_get(properties, "pStyle"))
        sources = [direct, *(_child(self._styles[name], "pPr", "numPr") for name in ancestry)]
        num = next(filter(None, (_get(source, "numId") for source in sources)), "0")
        scheme = self.get_scheme(num)
        if num == "0" or scheme is None:
            return None
        linked = (str(scheme.styles[name]) for name in ancestry if name in scheme.styles)
        indexes = (_get(direct, "ilvl"), next(linked, None), *(_get(s, "ilvl") for s in sources))
        return num, _read_int(next(filter(None, indexes), None), most=_LEVELS - 1)

    def get_scheme(self, num: str) -> Scheme | None:
        """Return the list of this id, if it has a pattern."""
        return self._schemes.get(num)

    def _trace(self, style: str | None) -> list[str]:
        """Return a paragraph's style and those it is based on; without one, the default style."""
        if style not in self._ancestries:
            found: list[str] = []
            name = style if style in self._styles else self._default
            while name in self._styles and name not in found and len(found) < _MOST_ANCESTORS:
                found.append(name)
                name = _get(self._styles[name], "basedOn")
            self._ancestries[style] = found
        return self._ancestries[style]

    def _read_num(self, num: _Element) -> Scheme | None:
        """Return a list with the changes it makes to its pattern."""
        scheme = self._get_pattern(num)
        if scheme is None:
            return None
        levels = dict(scheme.levels)
        restarts = {}
        for override in num.findall(_W + "lvlOverride"):
            index = _read_int(override.get(_W + "ilvl"), most=_LEVELS - 1)
            level = override.find(_W + "lvl")
            if level is not None:
                levels[index] = _read_level(level, index)
            start = _get(override, "startOverride")
            if start is not None:
                restarts[index] = _read_int(start)
        return Scheme(scheme.pattern, levels, restarts, scheme.styles)

    def _get_pattern(self, num: _Element | None) -> Scheme | None:
        """Return the pattern of a list, which may stand behind styles for lists."""
        for _ in range(_MOST_ANCESTORS):
            scheme, link = self._patterns.get(_get(num, "abstractNumId") or "", (None, None))
            if link is None:
                return scheme
            style = self._styles.get(link)
            num = self._nums.get(_get(_child(style, "pPr", "numPr"), "numId") or "")
        return None


class Counter:
    """Counts the paragraphs of one text, in its order."""

    def __init__(self, rules: Rules) -> None:
        """Begin before the first paragraph."""
        self._rules = rules
        self._counts: dict[str, dict[int, int]] = {}
        self._restarted: set[tuple[str, int]] = set()

    def count(self, num: str, index: int) -> tuple[Level, str] | None:
        """Count a paragraph of a list; return its level, and its label where it is no bullet."""
        scheme = self._rules.get_scheme(num)
        level = scheme.levels.get(index) if scheme else None
        if scheme is None or level is None:
            return None
        counts = self._counts.setdefault(scheme.pattern, {})
        restarts = index in scheme.restarts and (num, index) not in self._restarted
        if restarts or index not in counts:
            counts[index] = scheme.restarts.get(index, level.start)
            self._restarted.add((num, index))
        else:
            counts[index] = min(counts[index] + 1, LARGEST_NUMBER)
        for other, rule in scheme.levels.items():
            if index < rule.restart:
                counts.pop(other, None)
            elif other < index:  # a level that was passed over counts as begun
                counts.setdefault(other, scheme.restarts.get(other, rule.start))

        def show(reference: re.Match[str]) -> str:
            shown = int(reference[1]) - 1
            rule = scheme.levels.get(shown)
            if rule is None or shown > index:
                return ""
            return write_number(counts[shown], "decimal" if level.decimal else rule.number_format)

        label = _REFERENCE.sub(show, level.text)[:LONGEST_LABEL]
        return level, label.upper() if level.caps else label


def write_number(number: int, number_format: str) -> str:
    """Return a number of a list as Word writes it; formats beyond the usual ones are decimal."""
    folded = number_format.lower()
    if folded in {"none", "bullet"}:
        return ""
    if folded == "decimalzero":
        return f"{number:02}"
    if folded not in {"lowerletter", "upperletter", "lowerroman", "upperroman"}:
        return str(number)
    if folded.endswith("letter"):
        repeated, letter = divmod(number - 1, 26)
        written = chr(ord("a") + letter) * (repeated % 30 + 1) if number else ""
    else:
        written = ""
        for value, sign in _ROMAN:
            written += sign * (number // value)
            number %= value
    return written.upper() if folded.startswith("upper") else written


def _read_scheme(name: str, pattern: _Element) -> Scheme:
    """Return a pattern as a list without changes."""
    found = {
        _read_int(e.get(_W + "ilvl"), most=_LEVELS - 1): e for e in pattern.findall(_W + "lvl")
    }
    levels = {index: _read_level(level, index) for index, level in found.items()}
    styles = {_get(level, "pStyle") or "": index for index, level in found.items()}
    return Scheme(name, levels, styles=styles)


def _read_level(level: _Element, index: int) -> Level:
    """Return the level an element describes."""
    look = _child(level, "rPr")
    return Level(
        number_format=_get(level, "numFmt") or "decimal",
        text=(_get(level, "lvlText") or "")[:LONGEST_LABEL],
        start=_read_int(_get(level, "start")),
        restart=min(index, _read_int(_get(level, "lvlRestart") or str(index))),
        decimal=bool(_find_switch(level, "isLgl")),
        joint="" if _get(level, "suff") == "nothing" else " ",
        caps=bool(_find_switch(look, "caps")),
        hidden=bool(_find_switch(look, "vanish")),
        bold=_find_switch(look, "b"),
        italic=_find_switch(look, "i"),
    )


def _label_paragraphs(root: _Element, rules: Rules) -> None:
    """Write the label of each paragraph of a text, and leave only bullets in lists."""
    counter = Counter(rules)
    first: _Element | None = None
    depths: list[int] = []
    for paragraph in _walk(root):
        properties = paragraph.find(_W + "pPr")
        mark = _child(properties, "rPr")
        place = rules.find(properties)
        _leave_list(properties)
        # A paragraph whose end was deleted runs into the next one, and is not counted.
        if _child(mark, "del") is not None:
            first = paragraph if first is None else first
            continue
        index = place[1] if place else 0
        counted = counter.count(*place) if place and _child(mark, "moveFrom") is None else None
        if counted and counted[0].number_format == "bullet":
            depths = [*(depth for depth in depths if depth < index), index]
            _join_bullets(paragraph, len(depths) - 1)
        else:
            depths = []
            if counted and counted[1] and not counted[0].hidden:
                _put_label(paragraph if first is None else first, *counted, mark)
        first = None


def _walk(root: _Element) -> Iterator[_Element]:
    """Yield the paragraphs in order, without those that are deleted, moved away or said twice."""
    waiting = [root]
    while waiting:
        element = waiting.pop()
        if element.tag == _W + "p":
            yield element
        waiting.extend(child for child in reversed(element) if not _is_left_out(child))


def _is_left_out(element: _Element) -> bool:
    """Whether mammoth passes over an element: of alternatives it takes the last resort."""
    if element.tag == _W + "tr":
        return _child(element, "trPr", "del") is not None
    return element.tag in {_W + "del", _W + "moveFrom", _CHOICE}


def _leave_list(properties: _Element | None) -> None:
    """Take a paragraph out of its list."""
    if properties is not None:
        for direct in properties.findall(_W + "numPr"):
            properties.remove(direct)


def _join_bullets(paragraph: _Element, depth: int) -> None:
    """Make a paragraph an item of the list of bullets."""
    properties = paragraph.find(_W + "pPr")
    if properties is None:
        properties = _Element(_W + "pPr")
        paragraph.insert(0, properties)
    direct = ET.SubElement(properties, _W + "numPr")
    ET.SubElement(direct, _W + "ilvl", {_W + "val": str(depth)})
    ET.SubElement(direct, _W + "numId", {_W + "val": _BULLETS})


def _put_label(paragraph: _Element, level: Level, label: str, mark: _Element | None) -> None:
    """Put a label before all that a paragraph says, in the weight of its number."""
    run = _Element(_W + "r")
    look = ET.SubElement(run, _W + "rPr")
    for name, own in (("b", level.bold), ("i", level.italic)):
        if own if own is not None else _find_switch(mark, name):
            ET.SubElement(look, _W + name)
    text = ET.SubElement(run, _W + "t", {_SPACE: "preserve"})
    text.text = label.rstrip() + level.joint if level.joint else label
    paragraph.insert(0 if paragraph.find(_W + "pPr") is None else 1, run)


def _make_bullets() -> bytes:
    """Return the numbering of a document that has bullets only."""
    root = _Element(_W + "numbering")
    pattern = ET.SubElement(root, _W + "abstractNum", {_W + "abstractNumId": "0"})
    for index in range(_LEVELS):
        level = ET.SubElement(pattern, _W + "lvl", {_W + "ilvl": str(index)})
        ET.SubElement(level, _W + "numFmt", {_W + "val": "bullet"})
    num = ET.SubElement(root, _W + "num", {_W + "numId": _BULLETS})
    ET.SubElement(num, _W + "abstractNumId", {_W + "val": "0"})
    return _serialise(root)


def _child(element: _Element | None, *names: str) -> _Element | None:
    """Return what lies at the end of a path of first children, if anything."""
    for name in names:
        element = None if element is None else element.find(_W + name)
    return element


def _get(element: _Element | None, name: str) -> str | None:
    """Return the value of a child, if there is one."""
    child = _child(element, name)
    return None if child is None else child.get(_W + "val")


def _find_switch(element: _Element | None, name: str) -> bool | None:
    """Return whether a child switches something on or off, None where there is no such child."""
    child = _child(element, name)
    return None if child is None else child.get(_W + "val") not in _OFF


def _read_int(text: str | None, most: int = LARGEST_NUMBER) -> int:
    """Return a whole number up to `most`; 0 for what is none."""
    return min(int(text), most) if text and text.isdecimal() and len(text) < _LEVELS else 0
