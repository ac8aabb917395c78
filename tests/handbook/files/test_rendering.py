"""Parts of clean HTML from DOCX, PDF and TXT."""

import base64
import io
import unicodedata
from pathlib import Path

import pytest
from docx.document import Document
from docx.opc.constants import RELATIONSHIP_TYPE

from handbook.files.child import Limits, Part, RenderFailed
from handbook.files.kinds import Kind
from handbook.files.rendering import render
from tests.support import office

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
LONG = "Chi bộ tổ chức cho đảng viên học tập nghị quyết. " * 13
"""One hundred and thirty words."""


def _render(folder: Path, data: bytes | str, kind: Kind) -> list[Part]:
    path = folder / "upload"
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    parts = render(path, kind).parts
    assert [part.number for part in parts] == list(range(1, len(parts) + 1))
    for part in parts:
        assert unicodedata.is_normalized("NFC", part.html + part.text)
    return list(parts)


def _only(parts: list[Part]) -> Part:
    assert len(parts) == 1
    return parts[0]


def test_a_letter_keeps_its_form(tmp_path: Path) -> None:
    part = _only(_render(tmp_path, office.make_letter(), Kind.DOCX))
    rows = (
        "<tr><td><p>Nội dung</p></td><td><p>Thời hạn</p></td></tr>",
        "<tr><td><p>Học tập</p></td><td><p>30/11/2026</p></td></tr>",
    )
    assert part.heading == "Kế hoạch học tập"
    assert part.html.split("\n") == [
        "<h1>Kế hoạch học tập</h1>",
        "<p>Kính gửi: Các chi bộ trực thuộc.</p>",
        "<ul><li>Nghiên cứu văn bản</li>",
        "<li>Thảo luận tại chi bộ</li></ul>",
        f"<table><tbody>{''.join(rows)}</tbody></table>",
        "<h2>Tổ chức thực hiện</h2>",
        "<p>Các đồng chí chi ủy viên đôn đốc đảng viên.</p>",
    ]
    assert part.text.split("\n")[3:6] == [
        "Thảo luận tại chi bộ",
        "Nội dung | Thời hạn",
        "Học tập | 30/11/2026",
    ]
    assert part.words == len(part.text.replace("|", "").split())


def test_footnotes_are_kept_and_linked(tmp_path: Path) -> None:
    data = office.make_docx(lambda document: document.add_paragraph("Theo@ quy định"))
    part = _only(_render(tmp_path, office.with_footnote(data, "@", "Xem Điều 5"), Kind.DOCX))
    assert '<a href="#footnote-2" id="footnote-ref-2"' in part.html
    assert '<li id="footnote-2"><p>Xem Điều 5' in part.html


def test_a_footnote_stays_with_the_part_of_its_mark(tmp_path: Path) -> None:
    def fill(document: Document) -> None:
        document.add_paragraph(f"I. Theo@ quy định. {LONG}")
        document.add_paragraph(f"II. Thực hiện. {LONG}")

    data = office.with_footnote(office.make_docx(fill), "@", "Xem Điều 5")
    first, second = _render(tmp_path, data, Kind.DOCX)
    assert first.text.endswith("\nXem Điều 5 ↑")
    assert '<ol><li id="footnote-2"><p>Xem Điều 5 <a href="#footnote-ref-2"' in first.html
    assert "footnote" not in second.html


@pytest.mark.parametrize(
    ("target", "kept"),
    [
        ("https://dangcongsan.vn/", True),
        ("mailto:vanphong@example.vn", True),
        ("javascript:alert(1)", False),
        ("data:text/html,x", False),
        ("//example.vn/x", False),
        ("file:///etc/passwd", False),
    ],
)
def test_only_plain_links_are_kept(tmp_path: Path, target: str, *, kept: bool) -> None:
    ids: list[str] = []

    def fill(document: Document) -> None:
        document.add_paragraph("@xem@")
        ids.append(document.part.relate_to(target, RELATIONSHIP_TYPE.HYPERLINK, is_external=True))

    data = office.make_docx(fill)
    link = (
        '</w:t></w:r><w:hyperlink xmlns:r="http://schemas.openxmlformats.org/officeDocument/'
        f'2006/relationships" r:id="{ids[0]}"><w:r><w:t>xem</w:t></w:r></w:hyperlink><w:r><w:t>'
    )
    part = _only(_render(tmp_path, office.change_document(data, "@xem@", link), Kind.DOCX))
    assert part.html.startswith("<p><a ")
    assert (f'href="{target}"' in part.html) is kept
    assert part.text == "xem"


def test_a_picture_leaves_a_mark_and_no_data(tmp_path: Path) -> None:
    def fill(document: Document) -> None:
        document.add_paragraph("Sơ đồ")
        document.add_picture(io.BytesIO(PIXEL))

    part = _only(_render(tmp_path, office.make_docx(fill), Kind.DOCX))
    assert part.html == '<p>Sơ đồ</p>\n<p><img class="left-out"></p>'


def test_markup_in_the_text_stays_text(tmp_path: Path) -> None:
    written = "<script>alert(1)</script> A & B"
    data = office.make_docx(lambda document: document.add_paragraph(written))
    part = _only(_render(tmp_path, data, Kind.DOCX))
    assert part.html == "<p>&lt;script&gt;alert(1)&lt;/script&gt; A &amp; B</p>"
    assert part.text == written
    assert _render(tmp_path, written, Kind.TXT)[0].html == part.html


def test_a_style_map_inside_the_file_is_not_obeyed(tmp_path: Path) -> None:
    data = office.make_docx(lambda document: document.add_paragraph("Nội dung"))
    mapped = office.rezip(data, {"mammoth/style-map": b"p => h6:fresh"})
    assert _render(tmp_path, mapped, Kind.DOCX)[0].html == "<p>Nội dung</p>"


def test_an_automatic_number_begins_a_part(tmp_path: Path) -> None:
    def fill(document: Document) -> None:
        for _ in range(2):
            document.add_paragraph(LONG, style="List Number")

    first, second = _render(tmp_path, office.make_docx(fill), Kind.DOCX)
    assert first.html == f"<p>1. {LONG.strip()} </p>"
    assert (second.heading or "").startswith("2. Chi bộ tổ chức")
    assert second.text == f"2. {LONG.strip()}"


def test_a_table_is_never_cut(tmp_path: Path) -> None:
    def fill(document: Document) -> None:
        document.add_paragraph(LONG)
        table = document.add_table(rows=8, cols=1)
        for row in table.rows:
            row.cells[0].text = LONG

    before, table = _render(tmp_path, office.make_docx(fill), Kind.DOCX)
    assert "<table>" not in before.html
    assert table.html.count("<tr>") == 8


@pytest.mark.parametrize(
    ("line", "heading"),
    [
        ("I. Tình hình chung", "I. Tình hình chung"),
        ("II- NHIỆM VỤ", "II- NHIỆM VỤ"),
        ("1. Các chi bộ", "1. Các chi bộ"),
        ("**2. Giao Văn phòng**", "2. Giao Văn phòng"),
        ("## Phần chung", "Phần chung"),
        ("Điều 12. Hiệu lực", "Điều 12. Hiệu lực"),
        ("CHƯƠNG II", "CHƯƠNG II"),
        ("Phần thứ nhất", "Phần thứ nhất"),
        (f"3. {LONG}", f"3. {LONG}"[:119].rsplit(" ", 1)[0] + "…"),
        ("1.1. Nội dung", None),
        ("30/11/2026 là hạn", None),
        ("12.000 đảng viên", None),
        ("C. Mác và Ph. Ăngghen", None),
        ("Điều kiện chung", None),
        ("- Như trên", None),
    ],
)
def test_a_numbered_section_begins_a_part(tmp_path: Path, line: str, heading: str | None) -> None:
    parts = _render(tmp_path, f"Mở đầu\n\n{LONG}\n\n{line}\n\n{LONG}", Kind.TXT)
    assert [part.heading for part in parts] == ([None] if heading is None else [None, heading])


def test_text_keeps_paragraphs_lines_and_emphasis(tmp_path: Path) -> None:
    data = "\ufeffSố 05-CV/ĐU\r\n*Về việc*\r\nhọc tập\r\n\r\n\r\n**T/M**   BAN\r\n".encode()
    part = _only(_render(tmp_path, data, Kind.TXT))
    assert part.html == "<p>Số 05-CV/ĐU<br>*Về việc*<br>học tập</p>\n<p>**T/M** BAN</p>"
    assert part.text == "Số 05-CV/ĐU\n*Về việc*\nhọc tập\n**T/M** BAN"


def test_without_empty_lines_each_line_is_a_paragraph(tmp_path: Path) -> None:
    assert _render(tmp_path, "Một\nHai\n", Kind.TXT)[0].html == "<p>Một</p>\n<p>Hai</p>"


def test_text_is_normalised_and_rid_of_tricks(tmp_path: Path) -> None:
    written = unicodedata.normalize("NFD", "Đảng ủy") + "\u202egpj\u200b\x7f\u00ad \u0338"
    assert _render(tmp_path, written, Kind.TXT)[0].text == "Đảng ủygpj"
    data = office.make_docx(lambda document: document.add_paragraph("\u0338" + written))
    assert _render(tmp_path, data, Kind.DOCX)[0].html == "<p>Đảng ủygpj </p>"


def test_a_pdf_gives_a_part_for_each_page(tmp_path: Path) -> None:
    lines = ["Điều 1. Phạm vi", "Quy định này áp dụng đối với đảng bộ, các chi bộ và toàn thể",
             "đảng viên trong toàn tỉnh.", "- Chi bộ", "- Đảng bộ"]  # fmt: skip
    first, second, third = _render(tmp_path, office.make_pdf([lines, [], ["Nơi nhận:"]]), Kind.PDF)
    assert first.html.split("\n") == [
        "<p>Điều 1. Phạm vi</p>",
        f"<p>{lines[1]} {lines[2]}</p>",
        "<p>- Chi bộ</p>",
        "<p>- Đảng bộ</p>",
    ]
    assert (first.heading, first.words, first.has_text) == ("Điều 1. Phạm vi", 28, True)
    assert second == Part(2, None, '<p class="no-text"></p>', "", 0, has_text=False)
    assert third.text == "Nơi nhận:"


def test_letters_without_meaning_are_no_text(tmp_path: Path) -> None:
    part = _only(_render(tmp_path, office.make_pdf([["\ue001\ue002\ue003 a"]]), Kind.PDF))
    assert not part.has_text


def test_decomposed_letters_of_a_pdf_are_composed(tmp_path: Path) -> None:
    lines = [unicodedata.normalize("NFD", "Nghị quyết của Đảng ủy")]
    assert _render(tmp_path, office.make_pdf([lines]), Kind.PDF)[0].text == "Nghị quyết của Đảng ủy"


@pytest.mark.parametrize(
    ("data", "kind", "limits"),
    [
        (office.make_pdf([["a"], ["b"]]), Kind.PDF, Limits(pages=1)),
        (office.make_pdf([["abcdef"], ["ghijkl"]]), Kind.PDF, Limits(chars=8)),
        (office.make_letter(), Kind.DOCX, Limits(chars=100)),
        (office.make_letter(), Kind.DOCX, Limits(xml_bytes=1_000)),
        (office.make_letter(), Kind.DOCX, Limits(inflated_bytes=1_000)),
        (b"abcdefghi", Kind.TXT, Limits(chars=8)),
        (b"a" * 100, Kind.TXT, Limits(chars=8)),
    ],
)
def test_too_much_inside_is_refused(
    tmp_path: Path, data: bytes, kind: Kind, limits: Limits
) -> None:
    path = tmp_path / "upload"
    path.write_bytes(data)
    assert render(path, kind).parts
    with pytest.raises(RenderFailed, match="too_large_inside"):
        render(path, kind, limits)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (office.make_pdf([["x"]], encrypted="/Encrypt"), "encrypted"),
        (b"%PDF-1.7 startxref", "damaged"),
    ],
)
def test_a_pdf_that_does_not_open_is_named(tmp_path: Path, data: bytes, code: str) -> None:
    with pytest.raises(RenderFailed, match=code):
        _render(tmp_path, data, Kind.PDF)


def test_the_same_file_gives_the_same_parts(tmp_path: Path) -> None:
    first, second = (_render(tmp_path, office.make_letter(), Kind.DOCX) for _ in range(2))
    assert first == second
