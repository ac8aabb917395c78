"""Where a flowing text is cut into parts, and which footnotes each part takes along.

A part begins at a heading or a numbered section ("I.", "1.", "Điều 5") once the part before it has
some length, or where the next block would make it too long; never inside a paragraph, a list item
or a table. A footnote stands at the end of the part that holds its mark.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, groupby
from typing import Final

from handbook.files.child import TOO_LARGE, Limits, Part, RenderFailed

MIN_WORDS: Final = 120
MAX_WORDS: Final = 600
TITLE_WORDS: Final = 40
HEADING_CHARS: Final = 120

_SECTION: Final = re.compile(
    r"(?i:phần|chương|mục|điều)\s+(?:(?i:thứ)\s+\w+|[IVX]+|\d+)\b"
    r"|[IVX]+\s?[.)/–-]\s*\S"
    r"|\d{1,2}\s?[.)/](?!\d)\s*\S"
)
_MARKDOWN_HEADING: Final = re.compile(r"#{1,6}\s")


@dataclass(frozen=True, slots=True)
class Block:
    """A piece that is never cut: a paragraph, a heading, a table or one item of a list.

    `items_of` is the list an item belongs to, as (its tag, its number in the document). `note` is
    the id of the footnote it is, `marks` are those of the footnotes it refers to.
    """

    html: str
    text: str
    begins: bool = False
    items_of: tuple[str, int] | None = None
    note: str | None = None
    marks: tuple[str, ...] = ()

    @property
    def words(self) -> int:
        """Return how many words a reader reads; a lone dash or star is none."""
        return sum(any(map(str.isalnum, word)) for word in self.text.split())

    @property
    def is_title(self) -> bool:
        """Whether it announces what follows, and so may not end a part."""
        return self.begins and self.words <= TITLE_WORDS


def split(blocks: Iterable[Block]) -> list[list[Block]]:
    """Return the blocks in order, in runs that make good parts."""
    runs: list[list[Block]] = []
    words = 0
    for block in blocks:
        more = block.words
        full = words >= MIN_WORDS and (block.begins or words + more > MAX_WORDS)
        if not runs or (full and not runs[-1][-1].is_title):
            runs.append([])
            words = 0
        runs[-1].append(block)
        words += more
    if len(runs) > 1 and words < TITLE_WORDS and not runs[-1][0].begins:
        runs[-2:] = [runs[-2] + runs[-1]]
    return runs


def make_parts(blocks: Iterable[Block], limits: Limits) -> Iterator[Part]:
    """Yield the parts of a flowing text."""
    blocks = list(blocks)
    if sum(len(block.text) for block in blocks) > limits.chars:
        raise RenderFailed(TOO_LARGE)
    if not any(block.text for block in blocks):
        return
    given: dict[tuple[str, int], int] = {}
    for number, run in enumerate(_place_notes(blocks), 1):
        markup = "\n".join(
            _join(group, list(items), given)
            for group, items in groupby(run, key=lambda block: block.items_of)
        )
        text = "\n".join(block.text for block in run if block.text)
        heading = shorten(run[0].text) if run[0].begins else None
        yield Part(number, heading, markup, text, sum(block.words for block in run))


def _place_notes(blocks: list[Block]) -> list[list[Block]]:
    """Return the runs of a text, each with its footnotes; a note without a mark ends the last."""
    notes: dict[str, list[Block]] = {}
    for block in blocks:
        if block.note is not None:
            notes.setdefault(block.note, []).append(block)
    runs = split(block for block in blocks if block.note is None) or [[]]
    for run in runs:
        marks = [mark for block in run for mark in block.marks]
        run.extend(note for mark in marks for note in notes.pop(mark, ()))
    runs[-1].extend(chain.from_iterable(notes.values()))
    return runs


def _join(
    group: tuple[str, int] | None, blocks: list[Block], given: dict[tuple[str, int], int]
) -> str:
    """Return the markup of neighbours; items get their list back, counting on where it was cut."""
    markup = "\n".join(block.html for block in blocks)
    if group is None:
        return markup
    before = given.get(group, 0)
    given[group] = before + len(blocks)
    start = f' start="{before + 1}"' if before and group[0] == "ol" else ""
    return f"<{group[0]}{start}>{markup}</{group[0]}>"


def shorten(text: str) -> str:
    """Return a heading of one line for a table of contents."""
    line = " ".join(text.replace("*", "").lstrip("# _").split())
    if len(line) <= HEADING_CHARS:
        return line
    return line[: HEADING_CHARS - 1].rsplit(" ", 1)[0] + "…"


def begins_section(text: str) -> bool:
    """Whether a paragraph opens a numbered section of the first level."""
    bare = text.lstrip("*_# ")
    return bool(_SECTION.match(bare) or _MARKDOWN_HEADING.match(text))
