"""How Word numbers: the schemes of a document, and the counter that walks through it.

The rules are those of ECMA-376 part 1, 17.9, as Word reads them: lists made from one pattern
(`abstractNum`) count together, and a restart (`startOverride`) takes effect once.
"""

import re
from dataclasses import dataclass, field
from typing import Final
from xml.etree import ElementTree as ET

LONGEST_LABEL: Final = 120
LARGEST_NUMBER: Final = 32_767
LEVELS: Final = 9
BULLETS: Final = "bullets"
URI: Final = b"http://schemas.openxmlformats.org/wordprocessingml/2006/main"
W: Final = f"{{{URI.decode()}}}"
Element = ET.Element

_OFF: Final = frozenset({"0", "false", "off"})
_MOST_ANCESTORS: Final = 30
_REFERENCE: Final = re.compile("%([1-9])")
_ROMAN: Final = (
    (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"),
    (40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
)  # fmt: skip


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

    def __init__(self, numbering: Element, styles: Element) -> None:
        """Read the roots of both parts; what is odd in them counts as absent."""
        self._styles: dict[str, Element] = {}
        self._default: str | None = None
        self._ancestries: dict[str | None, list[str]] = {}
        for style in styles.iter(W + "style"):
            name = style.get(W + "styleId", "")
            self._styles.setdefault(name, style)
            if style.get(W + "type") == "paragraph" and style.get(W + "default", "0") not in _OFF:
                self._default = name
        self._nums = {num.get(W + "numId", ""): num for num in numbering.findall(W + "num")}
        self._patterns = {
            name: (_read_scheme(name, pattern), attribute(pattern, "numStyleLink"))
            for pattern in numbering.findall(W + "abstractNum")
            for name in [pattern.get(W + "abstractNumId", "")]
        }
        self._schemes = {name: self._read_num(num) for name, num in self._nums.items()}

    def find(self, properties: Element | None) -> tuple[str, int] | None:
        """Return the list and the level of a paragraph with these properties, if it is in one."""
        direct = child_of(properties, "numPr")
        ancestry = self._trace(attribute(properties, "pStyle"))
        sources = [direct, *(child_of(self._styles[name], "pPr", "numPr") for name in ancestry)]
        num = next(filter(None, (attribute(source, "numId") for source in sources)), "0")
        scheme = self.get_scheme(num)
        if num == "0" or scheme is None:
            return None
        linked = (str(scheme.styles[name]) for name in ancestry if name in scheme.styles)
        indexes = (
            attribute(direct, "ilvl"),
            next(linked, None),
            *(attribute(s, "ilvl") for s in sources),
        )
        return num, read_int(next(filter(None, indexes), None), most=LEVELS - 1)

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
                name = attribute(self._styles[name], "basedOn")
            self._ancestries[style] = found
        return self._ancestries[style]

    def _read_num(self, num: Element) -> Scheme | None:
        """Return a list with the changes it makes to its pattern."""
        scheme = self._get_pattern(num)
        if scheme is None:
            return None
        levels = dict(scheme.levels)
        restarts = {}
        for override in num.findall(W + "lvlOverride"):
            index = read_int(override.get(W + "ilvl"), most=LEVELS - 1)
            level = override.find(W + "lvl")
            if level is not None:
                levels[index] = _read_level(level, index)
            start = attribute(override, "startOverride")
            if start is not None:
                restarts[index] = read_int(start)
        return Scheme(scheme.pattern, levels, restarts, scheme.styles)

    def _get_pattern(self, num: Element | None) -> Scheme | None:
        """Return the pattern of a list, which may stand behind styles for lists."""
        for _ in range(_MOST_ANCESTORS):
            scheme, link = self._patterns.get(attribute(num, "abstractNumId") or "", (None, None))
            if link is None:
                return scheme
            style = self._styles.get(link)
            num = self._nums.get(attribute(child_of(style, "pPr", "numPr"), "numId") or "")
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


def _read_scheme(name: str, pattern: Element) -> Scheme:
    """Return a pattern as a list without changes."""
    found = {read_int(e.get(W + "ilvl"), most=LEVELS - 1): e for e in pattern.findall(W + "lvl")}
    levels = {index: _read_level(level, index) for index, level in found.items()}
    styles = {attribute(level, "pStyle") or "": index for index, level in found.items()}
    return Scheme(name, levels, styles=styles)


def _read_level(level: Element, index: int) -> Level:
    """Return the level an element describes."""
    look = child_of(level, "rPr")
    return Level(
        number_format=attribute(level, "numFmt") or "decimal",
        text=(attribute(level, "lvlText") or "")[:LONGEST_LABEL],
        start=read_int(attribute(level, "start")),
        restart=min(index, read_int(attribute(level, "lvlRestart") or str(index))),
        decimal=bool(find_switch(level, "isLgl")),
        joint="" if attribute(level, "suff") == "nothing" else " ",
        caps=bool(find_switch(look, "caps")),
        hidden=bool(find_switch(look, "vanish")),
        bold=find_switch(look, "b"),
        italic=find_switch(look, "i"),
    )


def child_of(element: Element | None, *names: str) -> Element | None:
    """Return what lies at the end of a path of first children, if anything."""
    for name in names:
        element = None if element is None else element.find(W + name)
    return element


def attribute(element: Element | None, name: str) -> str | None:
    """Return the value of a child, if there is one."""
    child = child_of(element, name)
    return None if child is None else child.get(W + "val")


def find_switch(element: Element | None, name: str) -> bool | None:
    """Return whether a child switches something on or off, None where there is no such child."""
    child = child_of(element, name)
    return None if child is None else child.get(W + "val") not in _OFF


def read_int(text: str | None, most: int = LARGEST_NUMBER) -> int:
    """Return a whole number up to `most`; 0 for what is none."""
    return min(int(text), most) if text and text.isdecimal() and len(text) < LEVELS else 0
