"""Word's automatic numbers, written out as Word shows them."""

import io
import re
import zipfile
from pathlib import Path

import pytest
from docx.document import Document

from handbook.files.kinds import Kind, UnsupportedFile
from handbook.files.numbering import write_labels
from handbook.files.rendering import render
from handbook.files.schemes import LONGEST_LABEL, write_number
from tests.support import office

LEGAL = (("upperRoman", "%1."), ("decimal", "%2."), ("lowerLetter", "%3)"), ("bullet", "-"))


def _level(index: int, number_format: str, text: str, more: str = "", start: str = "1") -> str:
    return (
        f'<w:lvl w:ilvl="{index}"><w:start w:val="{start}"/><w:numFmt w:val="{number_format}"/>'
        f'{more}<w:lvlText w:val="{text}"/></w:lvl>'
    )


def _pattern(*levels: str, name: str = "0") -> str:
    return f'<w:abstractNum w:abstractNumId="{name}">{"".join(levels)}</w:abstractNum>'


def _num(num: int, *overrides: str, pattern: str = "0") -> str:
    content = f'<w:abstractNumId w:val="{pattern}"/>{"".join(overrides)}'
    return f'<w:num w:numId="{num}">{content}</w:num>'


def _restart(index: int, start: int) -> str:
    return f'<w:lvlOverride w:ilvl="{index}"><w:startOverride w:val="{start}"/></w:lvlOverride>'


def _style(name: str, properties: str, based_on: str = "", kind: str = "paragraph") -> str:
    base = f'<w:basedOn w:val="{based_on}"/>' if based_on else ""
    return (
        f'<w:style w:type="{kind}" w:styleId="{name}"><w:name w:val="{name}"/>{base}'
        f"<w:pPr>{properties}</w:pPr></w:style>"
    )


def _list(num: int, index: int | None = None) -> str:
    level = "" if index is None else f'<w:ilvl w:val="{index}"/>'
    return f'<w:numPr>{level}<w:numId w:val="{num}"/></w:numPr>'


def _say(text: str, properties: str = "") -> str:
    return f"<w:p><w:pPr>{properties}</w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>"


def _item(num: int, index: int = 0, text: str = "x") -> str:
    return _say(text, _list(num, index))


def _in_style(name: str, more: str = "") -> str:
    return _say("x", f'<w:pStyle w:val="{name}"/>{more}')


def _lines(folder: Path, data: bytes) -> list[str]:
    path = folder / "upload"
    path.write_bytes(data)
    return [line for part in render(path, Kind.DOCX).parts for line in part.text.split("\n")]


def _html(folder: Path, data: bytes) -> str:
    path = folder / "upload"
    path.write_bytes(data)
    return "\n".join(part.html for part in render(path, Kind.DOCX).parts)


def _labels(folder: Path, numbering: str, body: str, styles: str = "") -> list[str]:
    lines = _lines(folder, office.make_numbered(numbering, body, styles))
    return [line.removesuffix("x").strip() for line in lines]


def test_a_resolution_shows_the_numbers_it_is_cited_by(tmp_path: Path) -> None:
    numbering = _pattern(*(_level(i, *level) for i, level in enumerate(LEGAL))) + _num(1)
    places = (0, 1, 2, 2, 1, 2, 0, 1)
    body = "".join(_item(1, index) for index in places)
    assert _labels(tmp_path, numbering, body) == [
        "I.", "1.", "a)", "b)", "2.", "a)", "II.", "1.",
    ]  # fmt: skip


def test_an_interrupted_list_goes_on_counting(tmp_path: Path) -> None:
    numbering = _pattern(_level(0, "decimal", "Điều %1.")) + _num(1)
    cell = "<w:tbl><w:tr><w:tc>" + _item(1) + "</w:tc></w:tr></w:tbl>"
    body = _item(1) + _say("Đoạn xen giữa.") + _item(1) + cell + _item(1)
    assert _labels(tmp_path, numbering, body) == [
        "Điều 1.", "Đoạn xen giữa.", "Điều 2.", "Điều 3.", "Điều 4.",
    ]  # fmt: skip


def test_numbers_of_several_levels_stand_together(tmp_path: Path) -> None:
    levels = (
        _level(0, "upperRoman", "%1."),
        _level(1, "decimal", "%1.%2"),
        _level(2, "decimal", "%1.%2.%3", "<w:isLgl/>"),
    )
    body = "".join(_item(1, index) for index in (1, 0, 1, 2, 2, 1, 2))
    assert _labels(tmp_path, _pattern(*levels) + _num(1), body) == [
        "I.1", "II.", "II.1", "2.1.1", "2.1.2", "II.2", "2.2.1",
    ]  # fmt: skip


def test_lists_of_one_pattern_count_together_until_one_restarts(tmp_path: Path) -> None:
    numbering = _pattern(_level(0, "decimal", "%1.")) + _num(1) + _num(2) + _num(3, _restart(0, 5))
    body = "".join(_item(num) for num in (1, 2, 3, 3, 1))
    assert _labels(tmp_path, numbering, body) == ["1.", "2.", "5.", "6.", "7."]


def test_patterns_count_apart(tmp_path: Path) -> None:
    numbering = (
        _pattern(_level(0, "decimal", "%1.")) + _pattern(_level(0, "lowerLetter", "%1)"), name="1")
        + _num(1) + _num(2, pattern="1")
    )  # fmt: skip
    body = "".join(_item(num) for num in (1, 2, 1, 2))
    assert _labels(tmp_path, numbering, body) == ["1.", "a)", "2.", "b)"]


@pytest.mark.parametrize(
    ("restart", "expected"),
    [
        ("", ["1", "1", "1", "2", "1"]),
        ('<w:lvlRestart w:val="0"/>', ["1", "2", "3", "4", "5"]),
        ('<w:lvlRestart w:val="1"/>', ["1", "2", "3", "4", "1"]),
    ],
)
def test_a_level_restarts_where_it_is_told(
    tmp_path: Path, restart: str, expected: list[str]
) -> None:
    levels = (
        _level(0, "upperRoman", "%1."),
        _level(1, "decimal", "%2."),
        _level(2, "decimal", "(%3)", restart),
    )
    body = "".join(_item(1, index) for index in (0, 2, 1, 2, 1, 2, 2, 0, 1, 2))
    labels = _labels(tmp_path, _pattern(*levels) + _num(1), body)
    counted = [label.strip("()") for label in labels if label.startswith("(")]
    assert counted == expected


def test_a_list_may_change_a_level_of_its_pattern(tmp_path: Path) -> None:
    change = (
        f'<w:lvlOverride w:ilvl="0">{_level(0, "upperLetter", "%1/", start="3")}</w:lvlOverride>'
    )
    numbering = _pattern(_level(0, "decimal", "%1.")) + _num(1, change)
    assert _labels(tmp_path, numbering, _item(1) + _item(1)) == ["C/", "D/"]


def test_styles_number_their_paragraphs(tmp_path: Path) -> None:
    numbering = _pattern(
        _level(0, "upperRoman", "Chương %1"),
        _level(1, "decimal", "Điều %2.", '<w:lvlRestart w:val="0"/><w:pStyle w:val="Dieu"/>'),
    ) + _num(7)
    styles = (
        _style("Chuong", _list(7)) + _style("Dieu", _list(7), "Chuong")
        + _style("DieuMoi", "", "Dieu") + _style("Thuong", _list(0), "Dieu")
    )  # fmt: skip
    body = "".join(map(_in_style, ("Chuong", "Dieu", "DieuMoi", "Thuong", "Chuong", "Dieu")))
    body += _in_style("Dieu", _list(0)) + _in_style(
        "Chuong", '<w:numPr><w:ilvl w:val="1"/></w:numPr>'
    )
    assert _labels(tmp_path, numbering, body, styles) == [
        "Chương I", "Điều 1.", "Điều 2.", "", "Chương II", "Điều 3.", "", "Điều 4.",
    ]  # fmt: skip


def test_a_pattern_may_stand_behind_a_style_for_lists(tmp_path: Path) -> None:
    numbering = (
        _pattern(_level(0, "decimal", "%1)")) + _pattern('<w:numStyleLink w:val="Kieu"/>', name="1")
        + _pattern('<w:numStyleLink w:val="Vong"/>', name="2")
        + _num(1) + _num(2, pattern="1") + _num(3, pattern="2")
    )  # fmt: skip
    styles = _style("Kieu", _list(1), kind="numbering") + _style("Vong", _list(3), kind="numbering")
    body = _item(2) + _item(2) + _item(3)
    assert _labels(tmp_path, numbering, body, styles) == ["1)", "2)", ""]


def test_bullets_stay_lists_at_their_own_depth(tmp_path: Path) -> None:
    numbering = _pattern(
        _level(0, "decimal", "%1."), _level(1, "bullet", "-"), _level(2, "bullet", "+")
    ) + _num(1)
    body = _item(1) + _item(1, 1, "b") + _item(1, 2, "c") + _item(1, 1, "d") + _item(1)
    html = _html(tmp_path, office.make_numbered(numbering, body))
    assert html.replace("\n", "") == (
        "<p>1. x</p><ul><li>b<ul><li>c</li></ul></li><li>d</li></ul><p>2. x</p>"
    )


def test_no_label_is_made_up(tmp_path: Path) -> None:
    numbering = (
        _pattern(_level(0, "none", ""), _level(1, "decimal", "%1%3%2."))
        + _pattern(_level(0, "decimal", "%1.", "<w:rPr><w:vanish/></w:rPr>"), name="1")
        + _num(1) + _num(2, pattern="1") + _num(3, pattern="404")
    )  # fmt: skip
    body = _item(1) + _item(1, 1) + _item(2) + _item(3) + _item(404) + _item(1, 5)
    assert _labels(tmp_path, numbering, body) == ["", "1.", "", "", "", ""]


def test_a_label_is_written_as_its_level_says(tmp_path: Path) -> None:
    glued = '<w:suff w:val="nothing"/>'
    numbering = (
        _pattern(_level(0, "decimal", "Điều %1. ", f"{glued}<w:rPr><w:b/></w:rPr>"))
        + _pattern(_level(0, "upperRoman", "Chương %1", "<w:rPr><w:caps/></w:rPr>"), name="1")
        + _num(1) + _num(2, pattern="1")
    )  # fmt: skip
    body = _item(1) + _item(2) + _say("x", f"{_list(2, 0)}<w:rPr><w:i/></w:rPr>")
    html = _html(tmp_path, office.make_numbered(numbering, body))
    assert html.split("\n") == [
        "<p><strong>Điều 1. </strong>x</p>",
        "<p>CHƯƠNG I x</p>",
        "<p><em>CHƯƠNG II </em>x</p>",
    ]


def test_what_was_deleted_is_not_counted(tmp_path: Path) -> None:
    gone = "<w:rPr><w:del w:id='1' w:author='a'/></w:rPr>"
    numbering = _pattern(_level(0, "decimal", "%1.")) + _num(1)
    row = (
        "<w:tr><w:trPr><w:del w:id='2' w:author='a'/></w:trPr><w:tc>" + _item(1) + "</w:tc></w:tr>"
    )
    body = (
        _item(1) + _say("y", _list(1, 0) + gone) + _item(1)
        + f"<w:tbl>{row}<w:tr><w:tc>{_item(1)}</w:tc></w:tr></w:tbl>"
    )  # fmt: skip
    assert _labels(tmp_path, numbering, body) == ["1.", "2. y", "3."]


def test_what_word_says_twice_is_counted_once(tmp_path: Path) -> None:
    mc = "http://schemas.openxmlformats.org/markup-compatibility/2006"
    box = f"<w:txbxContent>{_item(1)}</w:txbxContent>"
    both = (
        f'<w:p><w:r><mc:AlternateContent xmlns:mc="{mc}"><mc:Choice Requires="wps">{box}'
        f"</mc:Choice><mc:Fallback><w:pict>{box}</w:pict></mc:Fallback></mc:AlternateContent>"
        "</w:r></w:p>"
    )
    numbering = _pattern(_level(0, "decimal", "%1.")) + _num(1)
    assert _labels(tmp_path, numbering, both + _item(1)) == ["1.", "2."]


def test_a_strict_document_is_numbered_too(tmp_path: Path) -> None:
    numbering = _pattern(_level(0, "decimal", "%1.")) + _num(1)

    def make_strict(content: bytes) -> bytes:
        return re.sub(
            rb"http://schemas.openxmlformats.org/wordprocessingml/2006/main",
            b"http://purl.oclc.org/ooxml/wordprocessingml/main",
            content,
        )

    parts = ("document", "numbering", "styles")
    data = office.rezip(
        office.make_numbered(numbering, _item(1)),
        {f"word/{name}.xml": make_strict for name in parts},
    )
    assert _lines(tmp_path, data) == ["1. x"]


def test_numbered_headings_of_a_plain_document(tmp_path: Path) -> None:
    def fill(document: Document) -> None:
        document.add_paragraph("Một", style="List Number")
        document.add_paragraph("Chen")
        document.add_paragraph("Hai", style="List Number")
        document.add_paragraph("Gạch", style="List Bullet")

    assert _html(tmp_path, office.make_docx(fill)).split("\n") == [
        "<p>1. Một</p>", "<p>Chen</p>", "<p>2. Hai</p>", "<ul><li>Gạch</li></ul>",
    ]  # fmt: skip


def test_a_footnote_has_its_own_numbers(tmp_path: Path) -> None:
    numbering = _pattern(_level(0, "decimal", "%1.")) + _num(1)
    data = office.make_numbered(numbering, _item(1, text="Theo@"))
    noted = office.rezip(
        office.with_footnote(data, "@", "x"),
        {
            "word/footnotes.xml": lambda old: old.replace(
                b"<w:p>", f"<w:p><w:pPr>{_list(1)}</w:pPr>".encode()
            )
        },
    )
    assert _lines(tmp_path, noted) == ["1. Theo[1]", "1. x ↑"]


def test_hostile_rules_stay_small(tmp_path: Path) -> None:
    numbering = (
        _pattern(_level(0, "upperRoman", "%1" * 1_000, start="99999999")) + _num(1)
        + _pattern(_level(0, "lowerLetter", "%1", start="9" * 5_000), name="1")
        + _num(2, pattern="1")
    )  # fmt: skip
    styles = _style("A", "", "B") + _style("B", "", "A")
    first, second, third = _labels(
        tmp_path, numbering, _item(1) + _item(2) + _in_style("A"), styles
    )
    assert len(first) == LONGEST_LABEL
    assert first.startswith("M" * 32 + "DCCLXVII")
    assert (second, third) == ("", "")


def test_a_document_type_is_refused() -> None:
    doctype = b'<!DOCTYPE w:numbering [<!ENTITY e "x">]>'
    data = office.rezip(
        office.make_numbered(_num(1), ""), {"word/numbering.xml": lambda old: doctype + old}
    )
    with pytest.raises(UnsupportedFile, match="damaged"):
        write_labels(io.BytesIO(data))


def test_without_rules_the_file_is_left_alone() -> None:
    file = io.BytesIO(office.rezip(office.make_letter(), {"word/numbering.xml": None}))
    assert write_labels(file) is file
    assert file.tell() == 0


def test_pictures_are_not_carried_along() -> None:
    data = office.rezip(office.make_letter(), {"word/media/image1.png": b"0" * 1_000})
    with zipfile.ZipFile(write_labels(io.BytesIO(data))) as archive:
        assert "word/document.xml" in archive.namelist()
        assert "word/media/image1.png" not in archive.namelist()


@pytest.mark.parametrize(
    ("number", "number_format", "written"),
    [
        (4, "decimal", "4"),
        (4, "decimalZero", "04"),
        (4, "lowerRoman", "iv"),
        (1994, "upperRoman", "MCMXCIV"),
        (26, "lowerLetter", "z"),
        (28, "upperLetter", "BB"),
        (0, "lowerLetter", ""),
        (0, "upperRoman", ""),
        (4, "none", ""),
        (4, "vietnameseCounting", "4"),
    ],
)
def test_numbers_are_written_as_word_writes_them(
    number: int, number_format: str, written: str
) -> None:
    assert write_number(number, number_format) == written
