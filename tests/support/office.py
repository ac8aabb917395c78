"""Files as offices send them, and as attackers do, for tests: DOCX, PDF, TXT, bombs."""

import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import docx
from docx.document import Document
from docx.enum.style import WD_STYLE_TYPE

_MIB: Final = 1 << 20
_WORD: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml"
_FOOTNOTES: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/footnotes"
_NAMESPACE: Final = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_FONT: Final = (
    b"<< /Type /Font /Subtype /Type0 /BaseFont /Times /Encoding /Identity-H "
    b"/DescendantFonts [4 0 R] /ToUnicode 5 0 R >>"
)
_GLYPHS: Final = (
    b"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /Times /DW 500 /CIDSystemInfo "
    b"<< /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> >>"
)


def make_docx(fill: Callable[[Document], object]) -> bytes:
    """Return a DOCX that `fill` has written into; the template's table styles are left out."""
    document = docx.Document()
    for style in list(document.styles):
        if style.type == WD_STYLE_TYPE.TABLE and style.name != "Normal Table":
            style.delete()
    fill(document)
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def make_letter() -> bytes:
    """Return a short DOCX in Vietnamese: headings, paragraphs, a list and a table."""

    def fill(document: Document) -> None:
        document.add_heading("Kế hoạch học tập", level=1)
        document.add_paragraph("Kính gửi: Các chi bộ trực thuộc.")
        document.add_paragraph("Nghiên cứu văn bản", style="List Bullet")
        document.add_paragraph("Thảo luận tại chi bộ", style="List Bullet")
        table = document.add_table(rows=2, cols=2)
        for cell, text in zip(
            (cell for row in table.rows for cell in row.cells),
            ("Nội dung", "Thời hạn", "Học tập", "30/11/2026"),
            strict=True,
        ):
            cell.text = text
        document.add_heading("Tổ chức thực hiện", level=2)
        document.add_paragraph("Các đồng chí chi ủy viên đôn đốc đảng viên.")

    return make_docx(fill)


def rezip(data: bytes, entries: Mapping[str, bytes | Callable[[bytes], bytes] | None]) -> bytes:
    """Return the ZIP with entries replaced, changed by a function, added, or (None) left out."""
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as source,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        old = {name: source.read(name) for name in source.namelist()}
        for name in {**old, **entries}:
            change = entries.get(name, old.get(name))
            content = change(old[name]) if callable(change) else change
            if content is not None:
                target.writestr(name, content)
    return buffer.getvalue()


def change_document(data: bytes, old: str, new: str) -> bytes:
    """Return the DOCX with one string of its main XML replaced; the string must be there."""

    def change(content: bytes) -> bytes:
        assert old.encode() in content
        return content.replace(old.encode(), new.encode(), 1)

    return rezip(data, {"word/document.xml": change})


def with_footnote(data: bytes, mark: str, note: str) -> bytes:
    """Return the DOCX with a footnote in place of `mark`, which must stand in one run."""
    reference = '</w:t></w:r><w:r><w:footnoteReference w:id="2"/></w:r><w:r><w:t>'
    notes = (
        f'<w:footnotes {_NAMESPACE}><w:footnote w:id="2"><w:p><w:r><w:t>{note}</w:t></w:r></w:p>'
        "</w:footnote></w:footnotes>"
    )
    relation = f'<Relationship Id="rIdNotes" Type="{_FOOTNOTES}" Target="footnotes.xml"/>'
    kind = f'<Override PartName="/word/footnotes.xml" ContentType="{_WORD}.footnotes+xml"/>'
    return rezip(
        change_document(data, mark, reference),
        {
            "word/footnotes.xml": notes.encode(),
            "word/_rels/document.xml.rels": lambda old: old.replace(
                b"</Relationships>", f"{relation}</Relationships>".encode()
            ),
            "[Content_Types].xml": lambda old: old.replace(b"</Types>", f"{kind}</Types>".encode()),
        },
    )


def make_numbered(numbering: str, body: str, styles: str = "") -> bytes:
    """Return a DOCX of raw XML: the content of its numbering, of its body, and further styles.

    Words of the main namespace have the prefix `w`.
    """
    numbers = f"<w:numbering {_NAMESPACE}>{numbering}</w:numbering>"
    text = f"<w:document {_NAMESPACE}><w:body>{body}</w:body></w:document>"
    return rezip(
        make_docx(lambda _document: None),
        {
            "word/numbering.xml": numbers.encode(),
            "word/document.xml": text.encode(),
            "word/styles.xml": lambda old: old.replace(
                b"</w:styles>", f"{styles}</w:styles>".encode()
            ),
        },
    )


def make_macro_docx() -> bytes:
    """Return a DOCX that carries a macro project."""
    return rezip(make_letter(), {"word/vbaProject.bin": b"macro"})


def make_docm() -> bytes:
    """Return a document that only its content type betrays as one with macros."""
    return rezip(
        make_letter(),
        {
            "[Content_Types].xml": lambda old: old.replace(
                f"{_WORD}.document.main+xml".encode(),
                b"application/vnd.ms-word.document.macroEnabled.main+xml",
            )
        },
    )


def make_bomb(mebibytes: int = 600) -> bytes:
    """Return a small DOCX whose main XML swells to so many MiB."""
    small = rezip(make_letter(), {"word/document.xml": None})
    buffer = io.BytesIO(small)
    with (
        zipfile.ZipFile(buffer, "a", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("word/document.xml", "w") as entry,
    ):
        entry.write(f"<w:document {_NAMESPACE}>".encode())
        piece = b" " * _MIB
        for _ in range(mebibytes):
            entry.write(piece)
        entry.write(b"</w:document>")
    return buffer.getvalue()


def make_entity_bomb() -> bytes:
    """Return a DOCX whose main XML multiplies itself by entities."""
    entities = "".join(f'<!ENTITY e{level} "{f"&e{level - 1};" * 10}">' for level in range(1, 10))
    doctype = f'<!DOCTYPE w:document [<!ENTITY e0 "đảng viên ">{entities}]>'
    xml = (
        f"{doctype}<w:document {_NAMESPACE}><w:body><w:p><w:r><w:t>&e9;</w:t></w:r></w:p>"
        "</w:body></w:document>"
    )
    return rezip(make_letter(), {"word/document.xml": xml.encode()})


def make_pdf(pages: Sequence[Sequence[str]], *, encrypted: str = "") -> bytes:
    """Return a PDF with these lines on its pages, in a text layer that knows Vietnamese.

    A page without lines has no text layer. `encrypted` is the name under which the file declares an
    encryption whose password nobody knows (usually `/Encrypt`).
    """
    codes = {char: code for code, char in enumerate(sorted({*"".join(map("".join, pages))}), 1)}
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Count {len(pages)} /Kids [{_refer(pages)}] >>".encode(),
        _FONT,
        _GLYPHS,
        _stream(_map_to_unicode(codes)),
    ]
    for number, lines in enumerate(pages):
        shown = " ".join(
            f"<{''.join(f'{codes[char]:04x}' for char in line)}> Tj 0 -16 Td" for line in lines
        )
        objects += [
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {7 + 2 * number} 0 R "
            f"/Resources << /Font << /F1 3 0 R >> >> >>".encode(),
            _stream(f"BT /F1 12 Tf 72 770 Td {shown} ET" if lines else "0 0 595 842 re f"),
        ]
    locked = (
        f"{encrypted} << /Filter /Standard /V 1 /R 2 /P -4 /O <{'41' * 32}> /U <{'42' * 32}> >> "
        f"/ID [<{'43' * 16}> <{'43' * 16}>] "
    )
    return _number(objects, locked if encrypted else "")


def _refer(pages: Sequence[object]) -> str:
    """Return the references to the page objects: 6, 8, 10 and so on."""
    return " ".join(f"{6 + 2 * number} 0 R" for number in range(len(pages)))


def _stream(content: str) -> bytes:
    """Return a stream object."""
    return f"<< /Length {len(content)} >>\nstream\n{content}\nendstream".encode()


def _map_to_unicode(codes: Mapping[str, int]) -> str:
    """Return a ToUnicode map."""
    lines = "\n".join(
        f"1 beginbfchar\n<{code:04x}> <{char.encode('utf-16-be').hex()}>\nendbfchar"
        for char, code in codes.items()
    )
    return (
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /X def "
        "/CMapType 2 def\n1 begincodespacerange\n<0000> <ffff>\nendcodespacerange\n"
        f"{lines}\nendcmap end end"
    )


def _number(objects: Sequence[bytes], trailer: str) -> bytes:
    """Return a whole PDF file of these objects, numbered from 1."""
    data = bytearray(b"%PDF-1.7\n")
    places = []
    for number, content in enumerate(objects, 1):
        places.append(len(data))
        data += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    start = len(data)
    data += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    for place in places:
        data += b"%010d 00000 n \n" % place
    data += f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R {trailer}>>\n".encode()
    return bytes(data + b"startxref\n%d\n%%%%EOF\n" % start)
