from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from handbook.audiences import service as audiences
from handbook.changes import service as changes
from handbook.errors import Conflict, Invalid, NotFound
from handbook.studies import service
from models import AuditEntry, Change, Notice
from tests.handbook.studies import house
from tests.handbook.studies.house import DAY, DEADLINE, NOW, House, actor
from tests.support import build


@pytest.fixture
def place(db: Session, at: Callable[[datetime], None]) -> House:
    at(NOW)
    return House()


def body(place: House, *documents: Any, **more: Any) -> dict[str, Any]:
    return {
        "unit_id": place.commune.id,
        "title": "Học tập nghị quyết",
        "document_ids": [document.id for document in documents],
        "requires_read": True,
        "requires_acknowledgement": False,
        "deadline": DEADLINE,
        **more,
    }


def lines(db: Session) -> list[str]:
    return list(db.scalars(select(AuditEntry.action).order_by(AuditEntry.number)))


def test_a_draft_keeps_its_documents_in_order_and_is_audited(place: House, db: Session) -> None:
    one, two = house.document(place.commune), house.document(place.commune)
    row = service.draft(actor(place.officer), body(place, two, one))
    assert service.shown(row)["document_ids"] == [two.id, one.id]
    assert (row.state, row.revision) == ("draft", 1)
    assert lines(db) == ["campaign.drafted"]


def test_a_draft_may_use_what_is_addressed_to_its_author(place: House) -> None:
    above = house.document(place.other, [audiences.unit_bucket(place.commune.id)])
    row = service.draft(actor(place.officer), body(place, above))
    assert service.shown(row)["document_ids"] == [above.id]


@pytest.mark.parametrize("state", ["draft", "recalled"])
def test_a_document_that_is_not_published_is_refused(place: House, state: str) -> None:
    good, bad = house.document(place.commune), house.document(place.commune, state=state)
    with pytest.raises(Invalid) as caught:
        service.draft(actor(place.officer), body(place, good, bad))
    assert caught.value.errors == {"document_ids.1": ["choice"]}


def test_a_document_of_elsewhere_is_refused(place: House) -> None:
    foreign = house.document(place.other)
    with pytest.raises(Invalid) as caught:
        service.draft(actor(place.officer), body(place, foreign))
    assert caught.value.errors == {"document_ids.0": ["choice"]}


@pytest.mark.parametrize(
    ("more", "errors"),
    [
        ({"deadline": NOW}, {"deadline": ["range"]}),
        ({"deadline": NOW + 2000 * DAY}, {"deadline": ["range"]}),
        ({"requires_read": False}, {"requires_read": ["required"]}),
    ],
)
def test_a_draft_is_sound(place: House, more: dict[str, Any], errors: dict[str, list[str]]) -> None:
    document = house.document(place.commune)
    with pytest.raises(Invalid) as caught:
        service.draft(actor(place.officer), body(place, document, **more))
    assert caught.value.errors == errors


def test_a_document_stands_once_and_the_unit_is_in_scope(place: House) -> None:
    document = house.document(place.commune)
    who = actor(place.officer)
    with pytest.raises(Invalid) as twice:
        service.draft(who, body(place, document, document))
    assert twice.value.errors == {"document_ids": ["duplicate"]}
    with pytest.raises(NotFound):
        service.draft(who, body(place, document, unit_id=place.other.id))


def test_a_draft_changes_until_it_is_issued(place: House, db: Session) -> None:
    one, two = house.document(place.commune), house.document(place.commune)
    who = actor(place.officer)
    row = service.draft(who, body(place, one))
    service.change(who, row, {"title": "Học tập chỉ thị", "document_ids": [two.id]})
    assert (row.title, row.revision) == ("Học tập chỉ thị", 2)
    assert service.shown(row)["document_ids"] == [two.id]
    with pytest.raises(Invalid):
        service.change(who, row, {"requires_read": False})
    service.issue(who, row.id, house.everybody(place.commune))
    with pytest.raises(Conflict, match="campaign_issued"):
        service.change(who, row, {"title": "Khác"})
    assert lines(db) == ["campaign.drafted", "campaign.changed", "campaign.issued"]


def test_issuing_shows_on_phones_tells_and_leaves_freezing_to_the_worker(
    place: House, db: Session
) -> None:
    who = actor(place.officer)
    row = service.draft(who, body(place, house.document(place.commune)))
    service.issue(who, row.id, house.everybody(place.commune))
    changes.flush(db)
    assert (row.state, row.issued_at) == ("issuing", NOW)
    assert row.audience_id is not None
    buckets = audiences.buckets_of(row.audience_id)
    touched = db.scalars(select(Change.bucket_id).where(Change.kind == "campaign"))
    assert list(touched) == buckets
    notice = db.scalars(select(Notice)).one()
    assert (notice.kind, notice.object_id) == ("campaign_issued", row.id)
    assert notice.params == {"title": row.title, "deadline": "17:00 30/11/2026"}
    assert house.targets(row) == {}
    with pytest.raises(Conflict, match="campaign_issued"):
        service.issue(who, row.id, house.everybody(place.commune))


def test_a_campaign_past_its_deadline_is_not_issued(
    place: House, at: Callable[[datetime], None]
) -> None:
    who = actor(place.officer)
    row = service.draft(who, body(place, house.document(place.commune)))
    at(DEADLINE)
    with pytest.raises(Conflict, match="campaign_deadline_passed"):
        service.issue(who, row.id, house.everybody(place.commune))


def test_every_document_must_be_there_for_the_whole_audience(place: House, db: Session) -> None:
    who = actor(place.officer)
    narrow = house.document(place.commune, [audiences.unit_bucket(place.first.id)])
    row = service.draft(who, body(place, narrow))
    with pytest.raises(Conflict, match="campaign_document_not_addressed"):
        service.issue(who, row.id, house.everybody(place.commune))
    narrow.state, narrow.recalled_at, narrow.recall_reason = "recalled", NOW, "sai sót"
    db.flush()
    with pytest.raises(Conflict, match="campaign_document_gone"):
        service.issue(who, row.id, house.everybody(place.first))


@pytest.mark.parametrize(
    "audience",
    [
        lambda place: {"unit_id": place.first.id},
        lambda place: {"unit_id": place.first.id, "reach": "alone"},
        lambda place: {"unit_id": place.first.id, "role": "secretary"},
        lambda place: {"member_id": place.an.id},
    ],
)
def test_a_document_for_a_cell_serves_every_audience_inside_it(
    place: House, audience: Callable[[House], dict[str, Any]]
) -> None:
    who = actor(place.officer)
    narrow = house.document(place.commune, [audiences.unit_bucket(place.first.id)])
    row = service.draft(who, body(place, narrow))
    assert service.issue(who, row.id, {"include": [audience(place)]}).state == "issuing"


@pytest.mark.parametrize(
    "bucket",
    [
        lambda place: audiences.unit_bucket(place.first.id, reach="alone"),
        lambda place: audiences.unit_bucket(place.first.id, role="secretary"),
        lambda place: audiences.unit_bucket(place.second.id),
    ],
)
def test_a_document_for_fewer_does_not_serve_a_cell_with_all_below(
    place: House, bucket: Callable[[House], Any]
) -> None:
    who = actor(place.officer)
    row = service.draft(who, body(place, house.document(place.commune, [bucket(place)])))
    with pytest.raises(Conflict, match="campaign_document_not_addressed"):
        service.issue(who, row.id, house.everybody(place.first))


def test_the_member_s_own_progress_is_live(place: House) -> None:
    one, two = house.document(place.commune), house.document(place.commune)
    row = house.campaign(place.commune, [one, two], by=place.officer)
    house.work(house.FREEZE)
    house.read(place.an, one)
    found = service.progress(actor(place.an), row.id)
    assert (found["state"], found["documents_done"], found["is_target"]) == ("started", 1, True)
    assert [line["done"] for line in found["documents"]] == [True, False]
    assert house.targets(row)[place.an.id].state == "pending"


def test_who_came_later_sees_the_campaign_but_is_no_target(place: House) -> None:
    row = house.campaign(place.commune, [house.document(place.commune)], by=place.officer)
    house.work(house.FREEZE)
    newcomer = build.member(place.first, "Hồ Văn Mới", start=date(2026, 11, 16))
    assert service.progress(actor(newcomer), row.id)["is_target"] is False
    with pytest.raises(NotFound):
        service.progress(actor(place.stranger), row.id)


def test_who_moved_away_still_sees_the_campaign(place: House, db: Session) -> None:
    row = house.campaign(place.commune, [house.document(place.commune)], by=place.officer)
    house.work(house.FREEZE)
    guest = build.member(build.unit(place.other), "Ngô Văn Dời")
    house.targets(row)[place.an.id].member_id = guest.id
    db.flush()
    assert service.get_for(actor(guest), row.id).id == row.id
