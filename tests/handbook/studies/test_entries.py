from collections.abc import Callable
from datetime import date, datetime

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from handbook.errors import Conflict, Forbidden, Invalid, NotFound
from handbook.studies import entries
from models import AuditEntry, StaleMark, StudyEntry
from tests.handbook.studies import house
from tests.handbook.studies.house import DAY, NOW, House, actor
from tests.support import build


@pytest.fixture
def place(db: Session, at: Callable[[datetime], None]) -> House:
    at(NOW)
    return House()


def lines(db: Session) -> list[str]:
    return list(db.scalars(select(AuditEntry.action).order_by(AuditEntry.number)))


def test_the_secretary_records_a_member_once(
    place: House, db: Session, at: Callable[[datetime], None]
) -> None:
    row = house.campaign(place.commune, [house.document(place.commune)], by=place.officer)
    house.work(house.FREEZE)
    who = actor(place.secretary)
    told = {"form": "read_aloud", "studied_on": date(2026, 11, 15), "note": None}
    first = entries.record(who, row.id, place.an.id, told)
    at(NOW + DAY)
    assert entries.record(who, row.id, place.an.id, told) == first
    assert first["recorded_at"] == NOW
    assert first["has_device"] is False
    assert lines(db) == ["campaign.study_recorded"]
    line = db.scalars(select(AuditEntry)).one()
    assert (line.member_id, line.unit_id) == (place.an.id, place.first.id)
    marks = {(mark.kind, mark.second_id) for mark in db.scalars(select(StaleMark))}
    assert marks == {("campaign_target", place.an.id), ("campaign_count", place.first.id)}


def test_a_corrected_day_is_recorded_anew_but_a_note_is_not(
    place: House, db: Session, at: Callable[[datetime], None]
) -> None:
    row = house.campaign(place.commune, [house.document(place.commune)], by=place.officer)
    house.work(house.FREEZE)
    who = actor(place.secretary)
    told = {"form": "paper", "studied_on": date(2026, 11, 15), "note": None}
    entries.record(who, row.id, place.an.id, told)
    at(NOW + DAY)
    noted = entries.record(who, row.id, place.an.id, {**told, "note": "Đọc tại nhà"})
    assert noted["recorded_at"] == NOW
    moved = entries.record(who, row.id, place.an.id, {**told, "studied_on": date(2026, 11, 16)})
    assert moved["recorded_at"] == NOW + DAY
    assert len(lines(db)) == 3


def test_a_member_with_a_device_may_be_recorded_and_it_is_said(place: House) -> None:
    build.device(place.an)
    row = house.campaign(place.commune, [house.document(place.commune)], by=place.officer)
    house.work(house.FREEZE)
    told = {"form": "paper", "studied_on": date(2026, 11, 15), "note": None}
    assert entries.record(actor(place.secretary), row.id, place.an.id, told)["has_device"] is True


def test_an_entry_needs_a_target_in_the_recorder_s_unit(place: House, db: Session) -> None:
    row = house.campaign(place.commune, [house.document(place.commune)], by=place.officer)
    house.work(house.FREEZE)
    told = {"form": "paper", "studied_on": date(2026, 11, 15), "note": None}
    for who, whose in ((place.secretary, place.chi), (place.secretary, place.stranger)):
        with pytest.raises(NotFound):
            entries.record(actor(who), row.id, whose.id, told)
    with pytest.raises(NotFound):
        entries.record(actor(place.stranger), row.id, place.an.id, told)
    with pytest.raises(Forbidden):
        entries.record(actor(place.officer), row.id, place.an.id, told)
    assert db.scalar(select(func.count()).select_from(StudyEntry)) == 0


@pytest.mark.parametrize("day", [date(2026, 11, 17), date(2025, 11, 14)])
def test_the_day_of_study_is_not_ahead_and_not_long_gone(place: House, day: date) -> None:
    row = house.campaign(place.commune, [house.document(place.commune)], by=place.officer)
    house.work(house.FREEZE)
    with pytest.raises(Invalid) as caught:
        entries.record(
            actor(place.secretary),
            row.id,
            place.an.id,
            {"form": "paper", "studied_on": day, "note": None},
        )
    assert caught.value.errors == {"studied_on": ["range"]}


def test_an_entry_is_taken_back_and_the_target_falls_back(place: House, db: Session) -> None:
    row = house.campaign(place.commune, [house.document(place.commune)], by=place.officer)
    house.freeze(row)
    who = actor(place.secretary)
    told = {"form": "paper", "studied_on": date(2026, 11, 15), "note": None}
    entries.record(who, row.id, place.an.id, told)
    house.settle()
    assert house.targets(row)[place.an.id].state == "completed"
    entries.unrecord(who, row.id, place.an.id, "wrong_member")
    house.settle()
    assert house.targets(row)[place.an.id].state == "pending"
    line = db.scalars(select(AuditEntry).order_by(AuditEntry.number.desc())).first()
    assert line is not None
    assert (line.action, line.member_id) == ("campaign.study_record_deleted", place.an.id)
    assert line.data["reason"] == "wrong_member"
    with pytest.raises(NotFound):
        entries.unrecord(who, row.id, place.an.id, "other")


def test_a_closed_campaign_takes_no_entries(place: House, db: Session) -> None:
    row = house.campaign(place.commune, [house.document(place.commune)], by=place.officer)
    house.work(house.FREEZE)
    row.state, row.closed_at = "closed", NOW
    db.flush()
    told = {"form": "paper", "studied_on": date(2026, 11, 15), "note": None}
    with pytest.raises(Conflict, match="campaign_closed"):
        entries.record(actor(place.secretary), row.id, place.an.id, told)
