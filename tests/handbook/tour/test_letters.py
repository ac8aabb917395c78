"""What a file says of itself, as far as it can be made out; nothing it lacks is an obstacle."""

from datetime import date
from pathlib import Path

import pytest

from handbook.demo.papers import FOLDER, read_paper
from handbook.tour.letters import Letter, read_letter
from tests.support.office import make_letter, make_pdf

HEAD = "ĐẢNG BỘ TỈNH A\nĐẢNG ỦY XÃ B\n\n*\n\n"


def _read(tmp_path: Path, written: str) -> Letter:
    path = tmp_path / "thu.txt"
    path.write_text(written, encoding="utf-8")
    return read_letter(path)


def test_the_papers_of_the_demo_are_read_as_their_own_form_says() -> None:
    for path in sorted(FOLDER.glob("*.txt")):
        letter, paper = read_letter(path), read_paper(path)
        assert (letter.number, letter.symbol) == (paper.number, paper.symbol)
        assert letter.issued_on == paper.issued_on
        assert letter.abstract.lower() in paper.abstract.lower()


@pytest.mark.parametrize(
    ("written", "number", "symbol", "day"),
    [
        ("Số 572-CV/TU\n\nB, ngày 09 tháng 02 năm 2022", 572, "CV/TU", date(2022, 2, 9)),
        ("Số: 05 - BC/CB\n\nB, ngày 3 tháng 12 năm 2025", 5, "BC/CB", date(2025, 12, 3)),
        ("**Số 7-NQ/ĐU**", 7, "NQ/ĐU", None),
        ("Số [so]-CV/TU\n\nB, ngày[ng]tháng[th]năm 2023", None, None, None),
        ("Số 572-CV/TU\n\nB, ngày 31 tháng 02 năm 2022", 572, "CV/TU", None),
        ("Số 0-CV/TU", None, "CV/TU", None),
        ("Không có gì", None, None, None),
    ],
)
def test_number_and_date_may_be_missing(
    tmp_path: Path, written: str, number: int | None, symbol: str | None, day: date | None
) -> None:
    letter = _read(tmp_path, HEAD + written)
    assert (letter.number, letter.symbol, letter.issued_on) == (number, symbol, day)


@pytest.mark.parametrize(
    ("written", "abstract"),
    [
        (
            "*Về việc tăng cường\nsử dụng Sổ tay*\n\nKính gửi: Các chi bộ.",
            "Về việc tăng cường sử dụng Sổ tay",
        ),
        ("KẾ HOẠCH\n\nhọc tập nghị quyết năm nay\n\nI. MỤC ĐÍCH", "Học tập nghị quyết năm nay"),
        (
            "Kính gửi: Các đồng chí đảng viên trong xã\n\nMời các đồng chí dự họp.",
            "Mời các đồng chí dự họp.",
        ),
        ("ĐẢNG CỘNG SẢN VIỆT NAM", "thu"),
        ("", "thu"),
    ],
)
def test_the_abstract_is_the_first_sensible_line(
    tmp_path: Path, written: str, abstract: str
) -> None:
    assert _read(tmp_path, HEAD + written).abstract == abstract


def test_a_long_abstract_is_cut(tmp_path: Path) -> None:
    letter = _read(tmp_path, f"Về {'việc ' * 300}")
    assert len(letter.abstract) == 400
    assert letter.abstract.endswith("…")


def test_a_word_file_is_read_and_a_pdf_goes_by_its_name(tmp_path: Path) -> None:
    word, pdf, broken = tmp_path / "a.docx", tmp_path / "bao-cao.pdf", tmp_path / "hong.docx"
    word.write_bytes(make_letter())
    pdf.write_bytes(make_pdf([["Báo cáo tháng này"]]))
    broken.write_bytes(b"PK\x03\x04 not a workbook at all")
    assert read_letter(word).abstract == "Kế hoạch học tập"
    assert read_letter(pdf).abstract == "bao-cao"
    assert read_letter(broken).abstract == "hong"


def test_the_type_follows_from_the_symbol() -> None:
    letter = Letter("a.txt", b"a", "Về việc", number=7, kind="NQ", symbol="NQ/ĐU")
    codes = {"NQ": "resolution"}
    assert letter.type_code(codes) == "resolution"
    assert letter.type_code({}) == "official_letter"
    assert letter.unnumbered().number is None
