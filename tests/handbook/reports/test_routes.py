from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from handbook import ids
from handbook.audiences import service as audiences
from handbook.changes import service as changes
from handbook.http import Handbook
from handbook.reports import exports
from models import AuditEntry, Campaign, Document, DocumentVersion, Member
from tests.handbook.reports import sheet_reader
from tests.handbook.studies import house
from tests.handbook.studies.house import DEADLINE, HOUR, NOW, House
from tests.support import build
from tests.support.counting import statements
from tests.support.phone import Phone

FROZEN = "Đảng viên thuộc đối tượng học tập, chốt tại thời điểm triển khai"
ZEROS = {
    "targets": 0,
    "completed": 0,
    "completed_late": 0,
    "started": 0,
    "pending": 0,
    "percent": None,
    "no_device": 0,
    "entered_by_secretary": 0,
}


@pytest.fixture
def place(db: Session, at: Callable[[datetime], None]) -> House:
    at(NOW)
    return House()


@pytest.fixture
def document(place: House) -> Document:
    return house.document(place.commune)


@pytest.fixture
def row(place: House, document: Document) -> Campaign:
    """Return a campaign: An has completed, Binh late, Chi by the secretary's entry."""
    other = house.document(place.commune)
    found = house.campaign(place.commune, [document, other], by=place.officer)
    for one in (document, other):
        house.read(place.an, one)
        house.read(place.binh, one, DEADLINE + HOUR)
    house.read(place.secretary, document)
    house.enter(found, place.chi, place.secretary)
    build.device(place.an)
    house.freeze(found)
    return found


def status(app: Handbook, who: Member | None, path: str) -> int:
    answer = Phone(app, who).get(path)
    answer.close()
    return answer.status_code


def completion(row: Campaign, unit: Any, more: str = "") -> str:
    path = {
        "": "/reports/completion",
        "/members": "/reports/completion/members",
        ".xlsx": "/reports/completion.xlsx",
    }[more]
    return f"{path}?campaign_id={row.id}&unit_id={unit.id}"


def test_completion_by_direct_child_with_a_named_denominator(
    app: Handbook, place: House, row: Campaign
) -> None:
    answer = Phone(app, place.officer).get(completion(row, place.commune))
    assert answer.status_code == 200
    report = answer.json
    assert report["denominator"] == {
        "name": "targets_frozen_at_issue",
        "label": FROZEN,
        "at": "2026-11-16T09:00:00+07:00",
    }
    assert report["as_of"] == "2026-11-16T09:00:00+07:00"
    assert report["pending_marks"] == 3
    assert report["rows"] == [
        {
            "unit_id": str(place.first.id),
            "name": "Chi bộ ấp 1",
            "targets": 3,
            "completed": 1,
            "completed_late": 1,
            "started": 1,
            "pending": 0,
            "percent": 66.7,
            "no_device": 2,
            "entered_by_secretary": 0,
        },
        {
            "unit_id": str(place.second.id),
            "name": "Chi bộ ấp 2",
            "targets": 1,
            "completed": 1,
            "completed_late": 0,
            "started": 0,
            "pending": 0,
            "percent": 100.0,
            "no_device": 1,
            "entered_by_secretary": 1,
        },
    ]
    assert report["total"] == {
        "targets": 4,
        "completed": 2,
        "completed_late": 1,
        "started": 1,
        "pending": 0,
        "percent": 75.0,
        "no_device": 3,
        "entered_by_secretary": 1,
    }


def test_the_report_settles_with_the_marks(app: Handbook, place: House, row: Campaign) -> None:
    house.settle()
    answer = Phone(app, place.officer).get(completion(row, place.commune))
    assert answer.json["pending_marks"] == 0


def test_a_cell_reports_its_own_members(app: Handbook, place: House, row: Campaign) -> None:
    report = Phone(app, place.secretary).get(completion(row, place.first)).json
    assert [(line["unit_id"], line["targets"]) for line in report["rows"]] == [
        (str(place.first.id), 3)
    ]
    assert report["total"]["targets"] == 3


def test_a_transfer_after_the_issue_moves_no_figure(
    app: Handbook, place: House, row: Campaign, db: Session
) -> None:
    before = Phone(app, place.officer).get(completion(row, place.commune)).json["rows"]
    db.execute(
        text("UPDATE membership SET unit_id = :to WHERE member_id = :who"),
        {"to": place.second.id, "who": place.an.id},
    )
    changes.mark_stale("campaign_target", [(row.id, place.an.id)])
    changes.mark_stale("campaign_count", [(row.id, place.first.id)])
    house.settle()
    assert Phone(app, place.officer).get(completion(row, place.commune)).json["rows"] == before


def test_nobody_reports_on_what_is_not_theirs(app: Handbook, place: House, row: Campaign) -> None:
    paths = [completion(row, place.commune, more) for more in ("", "/members", ".xlsx")]
    for path in paths:
        assert status(app, place.officer, path) == 200
        assert status(app, None, path) == 401
        assert status(app, place.an, path) == 403
        assert status(app, place.secretary, path) == 404
        assert status(app, place.stranger, path) == 404
    # The own unit, but a campaign that has no targets there.
    foreign = Phone(app, place.stranger)
    assert foreign.get(completion(row, place.other)).status_code == 404


def test_a_draft_has_no_report(app: Handbook, place: House, document: Document) -> None:
    draft = house.campaign(place.commune, [document], by=place.officer, issue=False)
    phone = Phone(app, place.officer)
    assert phone.get(completion(draft, place.commune)).status_code == 404


def test_a_report_while_freezing_is_of_nobody_yet(
    app: Handbook, place: House, document: Document
) -> None:
    fresh = house.campaign(place.commune, [document], by=place.officer)
    report = Phone(app, place.officer).get(completion(fresh, place.commune)).json
    assert report["total"] == ZEROS
    assert [line["percent"] for line in report["rows"]] == [None, None]


@pytest.mark.parametrize("query", ["", "?campaign_id=x&unit_id=y", "?campaign_id=1"])
def test_a_faulty_query_is_refused(app: Handbook, place: House, query: str) -> None:
    assert status(app, place.officer, f"/reports/completion{query}") == 422


def test_members_show_each_document_and_the_missing_device(
    app: Handbook, place: House, row: Campaign, document: Document
) -> None:
    house.acknowledge(place.secretary, document)
    officer = Phone(app, place.officer)
    lines = officer.get(completion(row, place.commune, "/members")).json["items"]
    assert [(line["full_name"], line["state"], line["has_device"]) for line in lines] == [
        ("Nguyễn Văn An", "completed", True),
        ("Lê Văn Bí", "started", False),
        ("Nguyễn Thị Bình", "completed_late", False),
        ("Phạm Thị Chi", "completed", False),
    ]
    assert [line["recorded_by_secretary"] for line in lines] == [False, False, False, True]
    states = [(one["read"], one["acknowledged"]) for one in lines[1]["documents"]]
    assert states == [(True, True), (False, False)]
    late = officer.get(completion(row, place.commune, "/members") + "&state=completed_late").json
    assert [line["member_id"] for line in late["items"]] == [str(place.binh.id)]


def test_pages_of_members_meet(app: Handbook, place: House, row: Campaign) -> None:
    officer = Phone(app, place.officer)
    path = completion(row, place.commune, "/members") + "&limit=3"
    first = officer.get(path).json
    last = officer.get(f"{path}&cursor={first['next_cursor']}").json
    found = [line["member_id"] for line in (*first["items"], *last["items"])]
    assert sorted(found) == sorted(str(member.id) for member in place.members)
    assert last["next_cursor"] is None


def reading(document: Document, unit: Any, more: str = "") -> str:
    path = {
        "": f"/reports/documents/{document.id}/completion",
        "/members": f"/reports/documents/{document.id}/completion/members",
        ".xlsx": f"/reports/documents/{document.id}/completion.xlsx",
    }[more]
    return f"{path}?unit_id={unit.id}"


def read_by_some(place: House, document: Document, db: Session) -> None:
    house.read(place.an, document)
    house.acknowledge(place.an, document)
    assert document.version_id is not None
    older = db.get_one(DocumentVersion, document.version_id)
    newest = DocumentVersion(
        id=ids.new(),
        document_id=document.id,
        number=2,
        file_sha256=older.file_sha256,
        file_name="b.txt",
        state="ready",
        created_by=older.created_by,
    )
    db.add(newest)
    db.flush()
    document.version_id = newest.id
    db.flush()
    house.acknowledge(place.chi, document)
    build.device(place.an)


def test_completion_of_a_document_is_of_those_addressed_today(
    app: Handbook, place: House, document: Document, db: Session
) -> None:
    read_by_some(place, document, db)
    answer = Phone(app, place.officer).get(reading(document, place.commune))
    assert answer.status_code == 200
    report = answer.json
    assert report["denominator"]["name"] == "members_addressed_today"
    assert report["rows"] == [
        {
            "unit_id": str(place.first.id),
            "name": "Chi bộ ấp 1",
            "addressed": 3,
            "opened": 1,
            "read": 1,
            "acknowledged": 0,
            "acknowledged_older": 1,
            "percent": 33.3,
            "no_device": 2,
        },
        {
            "unit_id": str(place.second.id),
            "name": "Chi bộ ấp 2",
            "addressed": 1,
            "opened": 0,
            "read": 0,
            "acknowledged": 1,
            "acknowledged_older": 0,
            "percent": 0.0,
            "no_device": 1,
        },
    ]
    assert report["total"]["addressed"] == 4


def test_a_narrow_audience_narrows_the_denominator(app: Handbook, place: House) -> None:
    buckets = [
        audiences.unit_bucket(place.commune.id, role="secretary"),
        *audiences.personal_buckets([place.chi.id]).values(),
    ]
    narrow = house.document(place.commune, buckets)
    report = Phone(app, place.officer).get(reading(narrow, place.commune)).json
    assert [line["addressed"] for line in report["rows"]] == [1, 1]
    members = Phone(app, place.officer).get(reading(narrow, place.commune, "/members")).json
    assert [line["full_name"] for line in members["items"]] == ["Lê Văn Bí", "Phạm Thị Chi"]


def test_members_of_a_document_keep_the_older_version_apart(
    app: Handbook, place: House, document: Document, db: Session
) -> None:
    read_by_some(place, document, db)
    lines = (
        Phone(app, place.officer).get(reading(document, place.commune, "/members")).json["items"]
    )
    seen = {
        line["full_name"]: (
            line["read_at"],
            line["acknowledged_at"],
            line["acknowledged_older_at"],
            line["has_device"],
        )
        for line in lines
    }
    now = "2026-11-16T09:00:00+07:00"
    assert seen["Nguyễn Văn An"] == (now, None, now, True)
    assert seen["Phạm Thị Chi"] == (None, now, None, False)


def test_a_document_is_reported_where_it_comes_from_or_is_addressed(
    app: Handbook, place: House, document: Document
) -> None:
    for more in ("", "/members", ".xlsx"):
        assert status(app, place.secretary, reading(document, place.first, more)) == 200
        assert status(app, place.secretary, reading(document, place.commune, more)) == 404
        assert status(app, place.stranger, reading(document, place.other, more)) == 404
        assert status(app, place.an, reading(document, place.first, more)) == 403
        assert status(app, None, reading(document, place.first, more)) == 401
    only_chi = house.document(place.commune, audiences.personal_buckets([place.chi.id]).values())
    assert status(app, place.secretary, reading(only_chi, place.first)) == 404
    draft = house.document(place.commune, state="draft")
    assert status(app, place.officer, reading(draft, place.commune)) == 404


def test_the_workbook_of_a_campaign_holds_units_members_and_documents(
    app: Handbook, place: House, row: Campaign, db: Session
) -> None:
    answer = Phone(app, place.officer).get(completion(row, place.commune, ".xlsx"))
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert "attachment" in answer.headers["Content-Disposition"]
    found = sheet_reader.rows(answer.data)
    answer.close()
    assert list(found) == ["Theo đơn vị", "Theo đảng viên", "Văn bản"]
    units = found["Theo đơn vị"]
    assert units[:6] == [
        ["KẾT QUẢ HỌC TẬP: Học tập nghị quyết"],
        ["Đơn vị: Đảng bộ xã Tân An"],
        [f"Mẫu số: {FROZEN} (16/11/2026 09:00)"],
        ["Số liệu tính đến: 16/11/2026 09:00"],
        ["Hạn hoàn thành: 30/11/2026 17:00"],
        ["Số mục đang chờ cập nhật vào số liệu: 3"],
    ]
    assert units[-3:] == [
        ["Chi bộ ấp 1", "3", "1", "1", "1", "0", "66.7", "2", "0"],
        ["Chi bộ ấp 2", "1", "1", "0", "0", "0", "100", "1", "1"],
        ["Tổng cộng", "4", "2", "1", "1", "0", "75", "3", "1"],
    ]
    members = found["Theo đảng viên"]
    heading = members.index(next(line for line in members if line[0] == "STT"))
    assert members[heading][6] == "Không có thiết bị"
    assert members[heading + 1 :][0] == [
        "1",
        "Nguyễn Văn An",
        "Chi bộ ấp 1",
        "Hoàn thành đúng hạn",
        "2",
        "16/11/2026 09:00",
        "Có",
        "Có",
    ]
    assert len(members) == heading + 1 + 4
    line = db.scalars(select(AuditEntry).where(AuditEntry.action == "report.exported")).one()
    assert (line.object_id, line.unit_id) == (row.id, place.commune.id)


def test_a_name_that_looks_like_a_formula_is_text(
    app: Handbook, place: House, document: Document
) -> None:
    build.member(place.first, '=HYPERLINK("http://x")')
    answer = Phone(app, place.officer).get(reading(document, place.commune, ".xlsx"))
    assert b"<f>" not in answer.data
    found = sheet_reader.rows(answer.data)
    answer.close()
    assert '=HYPERLINK("http://x")' in [line[1] for line in found["Theo đảng viên"] if line[1:]]


def test_a_workbook_speaks_english_when_asked(
    app: Handbook, place: House, document: Document
) -> None:
    path = reading(document, place.commune, ".xlsx")
    answer = Phone(app, place.officer).get(path, headers={"Accept-Language": "en"})
    assert list(sheet_reader.rows(answer.data)) == ["By unit", "By member"]
    answer.close()


def test_the_member_sheet_is_fetched_a_few_rows_at_a_time(
    app: Handbook, place: House, document: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "FETCHED", 2)
    answer = Phone(app, place.officer).get(reading(document, place.commune, ".xlsx"))
    names = [line[1] for line in sheet_reader.rows(answer.data)["Theo đảng viên"] if line[1:]]
    answer.close()
    assert names[1:] == ["Nguyễn Văn An", "Lê Văn Bí", "Nguyễn Thị Bình", "Phạm Thị Chi"]


def test_reports_take_as_many_statements_for_fifty_as_for_one(
    app: Handbook, place: House, document: Document
) -> None:
    def count(paths: list[str]) -> list[int]:
        phone = Phone(app, place.officer)
        found = []
        for path in paths:
            with statements() as listed:
                assert phone.get(path).status_code == 200
            found.append(len(listed))
        return found

    def paths() -> list[str]:
        row = house.campaign(place.commune, [document], by=place.officer)
        house.freeze(row)
        return [
            completion(row, place.commune),
            completion(row, place.commune, "/members"),
            reading(document, place.commune),
            reading(document, place.commune, "/members"),
        ]

    few = count(paths())
    for number in range(50):
        cell = build.unit(place.commune, name=f"Chi bộ {number}")
        build.member(cell, f"Trần Văn {number}")
    assert count(paths()) == few
