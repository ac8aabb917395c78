"""The demo's documents: each in Party form, in correct text, and read into its record."""

import re
from datetime import date
from pathlib import Path

import pytest

from handbook import text
from handbook.demo import papers
from handbook.demo.papers import FOLDER, Head, NotInForm, read_paper, read_papers
from handbook.files import rendering
from handbook.files.kinds import Kind, detect
from migrations.fixed import DOCUMENT_TYPES

PATHS = sorted(FOLDER.glob("*.txt"))
BY_CODE = {row["code"]: row for row in DOCUMENT_TYPES}


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_each_is_in_party_form(path: Path) -> None:
    written = path.read_text(encoding="utf-8")
    paper = read_paper(path)
    assert text.clean(written) == written.strip()
    assert detect(path) is Kind.TXT
    assert 150 <= text.word_count(written) <= 500
    lines = written.splitlines()
    assert lines[0].startswith("ĐẢNG BỘ ")
    assert f"Số {paper.number:02d}-{paper.symbol}" in lines
    assert f"Hòa Lạc Sơn, {papers.written_day(paper.issued_on)}" in lines or paper.symbol.endswith(
        "/TU"
    )
    assert lines.index("ĐẢNG CỘNG SẢN VIỆT NAM") < lines.index("Nơi nhận:")
    assert re.search(r"^- Lưu .*\.$", written, re.MULTILINE)
    assert re.search(r"^T/[ML] (BAN|CHI BỘ)", written, re.MULTILINE)
    assert lines[-1] == paper.signer
    assert paper.post in {"BÍ THƯ", "PHÓ BÍ THƯ", "CHÁNH VĂN PHÒNG"}
    body = written[: written.index("Nơi nhận:")].strip()
    assert body.endswith(".")


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_symbol_and_type_agree(path: Path) -> None:
    paper = read_paper(path)
    kind = BY_CODE[paper.type_code]
    assert paper.symbol.partition("/")[0] == kind["symbol"]
    assert paper.issuer_symbol != "CB" or kind["cell_may_issue"]


def test_numbers_are_unique_within_issuer_and_type() -> None:
    keys = [(one.issuer, one.type_code, one.number) for one in read_papers()]
    assert len(keys) >= 12
    assert len(set(keys)) == len(keys)


def test_a_letter_bears_no_type_and_says_to_whom() -> None:
    letter = next(one for one in read_papers() if one.type_code == "official_letter")
    written = letter.path.read_text(encoding="utf-8")
    assert "Kính gửi:" in written
    assert "\nCÔNG VĂN\n" not in written
    others = [one for one in read_papers() if one.type_code != "official_letter"]
    assert not [one for one in others if "Kính gửi" in one.path.read_text(encoding="utf-8")]


@pytest.mark.parametrize(
    ("cut", "piece"),
    [
        (r"^Số .*$", "number"),
        (r"^.*, ngày .*$", "date"),
        (r"^ĐẢNG CỘNG SẢN VIỆT NAM$", "the name of the Party"),
        (r"^Nơi nhận:$", "Nơi nhận"),
        (r"^NGHỊ QUYẾT$", "type"),
    ],
)
def test_what_is_missing_is_named(tmp_path: Path, cut: str, piece: str) -> None:
    path = tmp_path / "paper.txt"
    whole = PATHS[0].read_text(encoding="utf-8")
    path.write_text(whole, encoding="utf-8")
    assert read_paper(path).number == 7
    path.write_text(re.sub(cut, "", whole, flags=re.MULTILINE), encoding="utf-8")
    with pytest.raises(NotInForm, match=piece):
        read_paper(path)


@pytest.mark.parametrize(
    ("day", "written"),
    [
        (date(2026, 2, 3), "ngày 03 tháng 02 năm 2026"),
        (date(2026, 3, 10), "ngày 10 tháng 3 năm 2026"),
        (date(2026, 11, 9), "ngày 09 tháng 11 năm 2026"),
    ],
)
def test_a_day_is_written_with_its_zeros(day: date, written: str) -> None:
    assert papers.written_day(day) == written


def test_parts_under_a_new_head_are_those_of_the_new_file(tmp_path: Path) -> None:
    for paper in read_papers():
        head = Head(
            upper="Đảng bộ tỉnh Thanh Vân",
            issuer="Đảng ủy xã Phú Vân Hạ",
            place="Phú Vân Hạ",
            number=3,
            symbol="NQ/ĐU",
            abstract="Về công tác dân vận tháng 5 năm 2026",
            day=date(2026, 5, 9),
        )
        changes = papers.changes_of(paper, head)
        path = tmp_path / paper.path.name
        path.write_text(
            papers.changed(paper.path.read_text(encoding="utf-8"), changes), encoding="utf-8"
        )
        made = rendering.render(path, Kind.TXT).parts
        kept = rendering.render(paper.path, Kind.TXT).parts
        assert [papers.changed(part.html, changes) for part in kept] == [one.html for one in made]
        assert "Số 03-NQ/ĐU" in made[0].text
        assert "ĐẢNG ỦY XÃ PHÚ VÂN HẠ" in made[0].text
