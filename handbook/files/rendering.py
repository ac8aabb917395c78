"""From an untrusted file to parts of clean HTML. Runs inside the limited child, nowhere else.

What flows is cut by `handbook.files.sections`; a PDF gives one part for each page. The same file
always gives the same parts.
"""

import html
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Final

import mammoth
import nh3
import pypdfium2
from pypdfium2 import raw as pdfium

from handbook.files.child import (
    DAMAGED,
    EMPTY,
    ENCRYPTED,
    TOO_LARGE,
    Limits,
    Part,
    RenderFailed,
    Rendition,
)
from handbook.files.kinds import Kind, UnsupportedFile, check_inflation
from handbook.files.numbering import write_labels
from handbook.files.sections import Block, begins_section, make_parts, shorten

_LINE_START: Final = re.compile(r"[-–+*•●]\s|[a-zđ]\s?[.)]\s")
_UNWANTED: Final = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\u00ad\u200b\u202a-\u202e\u2060-\u2069\ufeff"
    "\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
)
_UNREADABLE: Final = re.compile("[\ue000-\uf8ff\ufffd]")
_NOTE_ID: Final = re.compile(r"#?(?:foot|end)note-(?:ref-)?[\w-]{1,40}")
_LINK: Final = re.compile(r"(?i:https?://|mailto:|tel:)\S+")
_EMPTY_ANCHOR: Final = re.compile(r"<a[^>]*></a>")
_STYLES: Final = "p[style-name='Title'] => h1:fresh\np[style-name='Subtitle'] => h2:fresh"
_VOID: Final = frozenset({"br", "img"})
_HEADINGS: Final = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_LISTS: Final = frozenset({"ol", "ul"})


def render(path: Path, kind: Kind, limits: Limits | None = None) -> Rendition:
    """Return the parts of the file at `path`, at least one.

    Raises RenderFailed for what it recognises, and lets the errors of the parsers pass: the child
    takes each for a damaged file.
    """
    limits = limits or Limits()
    work: dict[Kind, Callable[[Path, Limits], Iterable[Part]]] = {
        Kind.DOCX: _render_docx,
        Kind.PDF: _render_pdf,
        Kind.TXT: _render_txt,
    }
    parts = tuple(work[kind](path, limits))
    if not parts:
        raise RenderFailed(EMPTY)
    return Rendition(parts)


def _tidy(text: str) -> str:
    """Return text in NFC without control, direction or invisible characters and lone surrogates.

    A solidus overlay left alone goes too: after a tag it would melt into the tag's bracket.
    """
    return unicodedata.normalize("NFC", _UNWANTED.sub("", text)).replace("\u0338", "")


def _squeeze(text: str) -> str:
    """Return the lines of a text, each with single spaces, without empty ones."""
    lines = (" ".join(line.split()) for line in text.splitlines())
    return "\n".join(line for line in lines if line)


class _Cutter(HTMLParser):
    """Cuts clean HTML into blocks at its top level, and between the items of top-level lists."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.blocks: list[Block] = []
        self._stack: list[str] = []
        self._lists = 0
        self._note: str | None = None
        self._marks: list[str] = []
        self._html: list[str] = []
        self._text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take an opening tag; that of a top-level list is put back by `sections`."""
        values = dict(attrs)
        if tag == "li" and len(self._stack) == 1:
            self._note = values.get("id")
        elif tag == "a":
            self._marks.append((values.get("href") or "").removeprefix("#"))
        if tag in _LISTS and not self._stack:
            self._lists += 1
        else:
            self._html.append(_tidy(self.get_starttag_text() or ""))
        if tag in _LISTS or tag == "br":
            self._text.append("\n")
        if tag not in _VOID:
            self._stack.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Take a closing tag; where it ends a block, keep the block."""
        self._stack.pop()
        if self._stack or tag not in _LISTS:
            self._html.append(f"</{tag}>")
        in_table = "table" in self._stack
        if tag in {"td", "th"}:
            self._text.append(" \x1f ")
        elif tag == "tr" or (tag in {"p", "li", *_HEADINGS} and not in_table):
            self._text.append("\n")
        elif tag == "p":
            self._text.append(" ")
        if not self._stack or (len(self._stack) == 1 and self._stack[0] in _LISTS):
            self._finish(tag)

    def handle_data(self, data: str) -> None:
        """Take text."""
        self._html.append(_tidy(data))
        self._text.append(data)

    def handle_entityref(self, name: str) -> None:
        """Take a named character."""
        self._html.append(f"&{name};")
        self._text.append(html.unescape(f"&{name};"))

    def _finish(self, tag: str) -> None:
        """Keep what was gathered as one block, unless it shows nothing."""
        markup = "".join(self._html).strip()
        text = _squeeze(_tidy("".join(self._text).replace(" \x1f \n", "\n").replace("\x1f", "|")))
        note, marks = self._note, tuple(self._marks)
        self._html, self._text, self._note, self._marks = [], [], None, []
        if text or "<img" in markup:
            begins = tag in _HEADINGS or (tag == "p" and begins_section(text))
            group = (self._stack[0], self._lists) if self._stack else None
            self.blocks.append(Block(markup, text, begins, group, note, marks))


def _filter_attribute(_tag: str, name: str, value: str) -> str | None:
    """Return the value of an attribute if it is one of the few that carry meaning."""
    allowed = {
        "href": _NOTE_ID.fullmatch(value) or _LINK.fullmatch(value),
        "id": _NOTE_ID.fullmatch(value),
        "colspan": value.isdecimal(),
        "rowspan": value.isdecimal(),
    }
    return value if allowed.get(name, True) else None


_CLEANER: Final = nh3.Cleaner(
    tags={
        *_HEADINGS, *_LISTS, *_VOID, "a", "em", "li", "p", "s", "strong", "sub", "sup", "table",
        "tbody", "td", "th", "thead", "tr",
    },
    attributes={
        "a": {"href", "id"}, "li": {"id"}, "img": {"alt", "class"},
        "td": {"colspan", "rowspan"}, "th": {"colspan", "rowspan"},
    },
    attribute_filter=_filter_attribute,
    url_schemes={"http", "https", "mailto", "tel"},
)  # fmt: skip


def _render_docx(path: Path, limits: Limits) -> Iterable[Part]:
    """Write labels out, render by mammoth, then clean by nh3.

    A picture leaves an empty `img` of the class `left-out`.
    """
    with path.open("rb") as file:
        try:
            check_inflation(file, limits.inflated_bytes, limits.xml_bytes, limits.inflation)
        except UnsupportedFile as error:
            raise RenderFailed(_CODES.get(error.code, DAMAGED)) from error
        markup: str = mammoth.convert_to_html(
            write_labels(file),
            style_map=_STYLES,
            include_embedded_style_map=False,
            convert_image=mammoth.images.img_element(lambda _image: {"class": "left-out"}),
        ).value
    if len(markup) > 4 * limits.chars:
        raise RenderFailed(TOO_LARGE)
    cutter = _Cutter()
    cutter.feed(_EMPTY_ANCHOR.sub("", _CLEANER.clean(markup)))
    cutter.close()
    return make_parts(cutter.blocks, limits)


_CODES: Final = {
    "too_many_entries": TOO_LARGE,
    "too_large_inside": TOO_LARGE,
    "encrypted": ENCRYPTED,
}


def _render_txt(path: Path, limits: Limits) -> Iterable[Part]:
    """Keep paragraphs and their lines; where no line is empty, each line is a paragraph."""
    if path.stat().st_size > 4 * limits.chars:
        raise RenderFailed(TOO_LARGE)
    text = _tidy(path.read_text("utf-8-sig", errors="strict"))
    paragraphs = re.split(r"\n\s*\n", text.strip())
    if len(paragraphs) == 1:
        paragraphs = text.splitlines()
    return make_parts(_make_paragraphs(map(_squeeze, paragraphs)), limits)


def _make_paragraphs(texts: Iterable[str]) -> Iterator[Block]:
    """Yield a block for each text that says something."""
    for text in filter(None, texts):
        markup = html.escape(text, quote=False).replace("\n", "<br>")
        yield Block(f"<p>{markup}</p>", text, begins_section(text))


def _render_pdf(path: Path, limits: Limits) -> Iterator[Part]:
    """Yield one part for each page; a page without a usable text layer says so."""
    try:
        document: Any = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        locked = error.err_code in {pdfium.FPDF_ERR_PASSWORD, pdfium.FPDF_ERR_SECURITY}
        raise RenderFailed(ENCRYPTED if locked else DAMAGED) from error
    if pdfium.FPDF_GetSecurityHandlerRevision(document) != -1:
        raise RenderFailed(ENCRYPTED)
    if len(document) > limits.pages:
        raise RenderFailed(TOO_LARGE)
    chars = 0
    for number in range(1, len(document) + 1):
        page = document[number - 1]
        layer = page.get_textpage()
        chars += layer.count_chars()
        if chars > limits.chars:
            raise RenderFailed(TOO_LARGE)
        yield _make_page(number, layer.get_text_bounded())
        layer.close()
        page.close()


def _make_page(number: int, raw_text: str) -> Part:
    """Return the part of one page."""
    # Vietnamese breaks no words: a hyphen that PDFium takes for a break was written as one.
    text = _squeeze(_tidy(re.sub(r"[\x02\ufffe]\s*", "-", raw_text)))
    unreadable = len(_UNREADABLE.findall(text))
    if not any(map(str.isalnum, text)) or unreadable * 3 > len(text):
        return Part(number, None, '<p class="no-text"></p>', "", 0, has_text=False)
    blocks = list(_make_paragraphs(_reflow(text.split("\n"))))
    heading = next((shorten(block.text) for block in blocks if block.begins), None)
    words = sum(block.words for block in blocks)
    return Part(
        number,
        heading,
        "\n".join(block.html for block in blocks),
        "\n".join(block.text for block in blocks),
        words,
    )


def _reflow(lines: list[str]) -> Iterator[str]:
    """Yield paragraphs made of printed lines.

    A paragraph ends at a line clearly shorter than the page is wide, and before a line that opens a
    section or an item.
    """
    width = max(map(len, lines))
    gathered: list[str] = []
    for line in lines:
        if gathered and (begins_section(line) or _LINE_START.match(line)):
            yield " ".join(gathered)
            gathered = []
        gathered.append(line)
        if len(line) < width * 3 // 4:
            yield " ".join(gathered)
            gathered = []
    if gathered:
        yield " ".join(gathered)
