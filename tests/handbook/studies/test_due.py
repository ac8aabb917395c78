import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from handbook.audiences import service as audiences
from handbook.changes import service as changes
from handbook.studies import derived, due
from models import Addressing, Bucket, Campaign, CampaignCount, Change, Notice, StaleMark
from tests.handbook.studies import house
from tests.handbook.studies.house import DAY, NOW, House
from tests.support import build
from tests.support.counting import assert_queries


@pytest.fixture
def place(db: Session, at: Callable[[datetime], None]) -> House:
    at(NOW)
    return House()


def issued(place: House, **more: bool) -> Campaign:
    document = house.document(place.commune)
    return house.campaign(place.commune, [document], by=place.officer, **more)


def counts(row: Campaign) -> dict[str, tuple[int, ...]]:
    found = build.flush().scalars(select(CampaignCount).where(CampaignCount.campaign_id == row.id))
    return {
        str(one.unit_id): (one.targets, one.started, one.completed, one.no_device, one.entered)
        for one in found
    }


def test_the_frozen_list_holds_the_members_of_the_units_with_their_cell(place: House) -> None:
    row = issued(place)
    house.settle()
    found = house.targets(row)
    assert set(found) == {member.id for member in place.members}
    assert (found[place.chi.id].unit_id, found[place.chi.id].unit_path) == (
        place.second.id,
        place.second.path,
    )
    assert row.state == "issued"


def test_the_frozen_list_is_that_of_the_day_of_issue(place: House) -> None:
    moved = build.member(name="Đỗ Văn Dời")
    build.membership(moved, place.second, end=date(2026, 11, 17))
    build.membership(moved, place.first, start=date(2026, 11, 17))
    newcomer = build.member(place.first, "Hồ Văn Mới", start=date(2026, 11, 17))
    row = issued(place)
    house.settle()
    found = house.targets(row)
    assert found[moved.id].unit_id == place.second.id
    assert newcomer.id not in found


@pytest.mark.parametrize(
    ("more", "is_target"),
    [
        ({"exempt_during": Range(date(2026, 11, 16), date(2026, 11, 17))}, False),
        ({"exempt_during": Range(date(2026, 11, 1), date(2026, 11, 16))}, True),
        ({"suspended_on": date(2026, 11, 16)}, False),
        ({"suspended_on": date(2026, 11, 17)}, True),
        ({"left_on": date(2026, 11, 16)}, False),
        ({"left_on": date(2026, 11, 17)}, True),
        ({"standing": "probationary"}, True),
    ],
)
def test_the_exempt_the_suspended_and_those_who_left_are_no_targets(
    place: House,
    more: dict[str, Any],
    is_target: bool,  # noqa: FBT001 - a column of the table
) -> None:
    member = build.member(place.first, "Lý Văn Kha", **more)
    row = issued(place)
    house.settle()
    assert (member.id in house.targets(row)) is is_target


def test_who_only_holds_a_post_or_a_temporary_seat_there_is_no_target(place: House) -> None:
    overseer = build.member(build.unit(place.other), "Mai Văn Theo")
    build.position(overseer, place.first, "overseer")
    guest = build.member(build.unit(place.other), "Ngô Văn Tạm")
    build.membership(guest, place.first, kind="temporary")
    row = issued(place)
    house.settle()
    assert not {overseer.id, guest.id} & set(house.targets(row))


def test_an_audience_may_be_a_role_a_unit_alone_or_a_member(place: House) -> None:
    document = house.document(place.commune)
    buckets = [
        audiences.unit_bucket(place.commune.id, role="secretary"),
        audiences.unit_bucket(place.commune.id, reach="alone"),
        *audiences.personal_buckets([place.chi.id, place.stranger.id]).values(),
    ]
    row = house.campaign(place.commune, [document], by=place.officer)
    row.audience_id = audiences.address_buckets("campaign", buckets, written={})
    house.settle()
    assert set(house.targets(row)) == {place.secretary.id, place.chi.id, place.stranger.id}


def test_slices_meet_without_a_gap_and_a_repeated_slice_changes_nothing(
    place: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(due, "SLICE", 2)
    row = issued(place)
    assert [house.work(house.FREEZE) for _ in range(2)] == [1, 1]
    before = row.frozen_up_to
    assert len(house.targets(row)) == 4
    row.frozen_up_to = None
    build.flush()
    house.work(house.FREEZE)
    house.work(house.FREEZE)
    assert row.frozen_up_to == before
    assert len(house.targets(row)) == 4
    house.settle()
    assert sum(one[0] for one in counts(row).values()) == 4


def test_a_worker_whose_lease_was_taken_over_settles_nothing(place: House, db: Session) -> None:
    row = issued(place)
    claimed = house.FREEZE.claim(db)
    db.execute(text("UPDATE campaign SET fence = fence + 1"))
    house.FREEZE.settle(db, claimed, None)
    assert house.targets(row) == {}


def test_a_transaction_from_before_the_last_slice_is_waited_for(
    place: House, db: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(derived, "QUIET", text("SELECT CAST(:mark AS bigint) < 0"))
    row = issued(place)
    house.settle()
    assert row.state == "issuing"
    assert row.due_at - db.execute(select(func.now())).scalar_one() == timedelta(seconds=1)


def test_facts_from_before_the_issue_count_and_are_told_to_the_phone(
    place: House, db: Session
) -> None:
    document = house.document(place.commune)
    house.read(place.an, document, NOW - 20 * DAY)
    row = house.campaign(place.commune, [document], by=place.officer)
    house.settle()
    changes.flush(db)
    assert house.targets(row)[place.an.id].state == "completed"
    own = select(Bucket.member_id).join(Change, Change.bucket_id == Bucket.id)
    told = db.scalars(own.where(Change.kind == "campaign_state", Change.object_id == row.id))
    assert list(told) == [place.an.id]


def test_cells_are_counted_with_devices_and_entries(place: House) -> None:
    build.device(place.an)
    document = house.document(place.commune)
    house.read(place.an, document)
    row = house.campaign(place.commune, [document], by=place.officer)
    house.enter(row, place.chi, place.secretary)
    house.settle()
    assert counts(row) == {
        str(place.first.id): (3, 0, 1, 2, 0),
        str(place.second.id): (1, 0, 1, 1, 1),
    }


def test_a_mark_brings_target_and_cell_up_to_date_and_goes(place: House, db: Session) -> None:
    row = issued(place)
    house.settle()
    document = house.document(place.commune)
    house.acknowledge(place.an, document)
    target = house.targets(row)[place.an.id]
    assert target.state == "pending"
    house.enter(row, place.an, place.secretary)
    changes.mark_stale("campaign_target", [(row.id, place.an.id)])
    house.settle()
    assert house.targets(row)[place.an.id].state == "completed"
    assert counts(row)[str(place.first.id)][2] == 1
    assert db.scalar(select(func.count()).select_from(StaleMark)) == 0


def test_marks_of_a_campaign_still_being_frozen_wait(place: House, db: Session) -> None:
    row = issued(place)
    changes.mark_stale("campaign_target", [(row.id, place.an.id)])
    assert house.work(house.TARGETS) == 0
    house.work(house.FREEZE)
    assert house.work(house.TARGETS) == 0
    house.work(house.FREEZE)
    house.work(house.FREEZE)
    assert house.work(house.TARGETS) == 1


def test_a_mark_without_a_target_is_let_go(place: House, db: Session) -> None:
    row = issued(place)
    house.settle()
    changes.mark_stale("campaign_target", [(row.id, place.stranger.id)])
    house.settle()
    assert db.scalar(select(func.count()).select_from(StaleMark)) == 0


def test_settling_takes_as_many_statements_for_fifty_marks_as_for_one(
    place: House, db: Session
) -> None:
    crowd = [build.member(place.first, f"Trần Văn {name}") for name in range(50)]
    row = issued(place)
    house.settle()

    def settle(number: int) -> None:
        for member in crowd[:number]:
            house.enter(row, member, place.secretary)
        pairs = [(row.id, member.id) for member in crowd[:number]]
        changes.mark_stale("campaign_target", pairs)
        claimed = house.TARGETS.claim(db)
        assert len(claimed) == number
        with assert_queries(8):
            house.TARGETS.settle(db, claimed, None)
        db.execute(text("DELETE FROM study_entry"))
        changes.mark_stale("campaign_target", pairs)
        house.settle()

    settle(1)
    settle(50)


def reminders(db: Session, row: Campaign) -> list[set[uuid.UUID | None]]:
    notices = db.scalars(
        select(Notice)
        .where(Notice.kind == "campaign_reminder", Notice.object_id == row.id)
        .order_by(Notice.published_at)
    )
    found = []
    for notice in notices:
        members = (
            select(Bucket.member_id)
            .join(Addressing, Addressing.bucket_id == Bucket.id)
            .where(Addressing.audience_id == notice.audience_id)
        )
        found.append(set(db.scalars(members)))
    return found


def test_the_late_are_reminded_once_on_each_of_two_days(
    place: House, db: Session, at: Callable[[datetime], None]
) -> None:
    document = house.document(place.commune)
    house.read(place.an, document)
    row = house.campaign(place.commune, [document], by=place.officer)
    house.settle()
    late = {place.secretary.id, place.binh.id, place.chi.id}
    for day in range(16, 31):
        at(datetime(2026, 11, day, 0, 30, tzinfo=UTC))
        due.remind(db)
        due.remind(db)
    assert reminders(db, row) == [late, late]


def test_nobody_is_reminded_who_has_completed(
    place: House, db: Session, at: Callable[[datetime], None]
) -> None:
    document = house.document(place.commune)
    for member in place.members:
        house.read(member, document)
    row = house.campaign(place.commune, [document], by=place.officer)
    house.settle()
    at(datetime(2026, 11, 27, 0, 30, tzinfo=UTC))
    due.remind(db)
    assert reminders(db, row) == []


@pytest.mark.parametrize("tick", [due.count_new_devices, due.recount_devices])
def test_a_device_enrolled_later_is_counted(
    place: House, db: Session, tick: Callable[[Session], None], at: Callable[[datetime], None]
) -> None:
    row = issued(place)
    house.settle()
    assert counts(row)[str(place.first.id)][3] == 3
    build.device(place.an)
    tick(db)
    assert [mark.second_id for mark in db.scalars(select(StaleMark))] == [place.first.id]
    house.settle()
    assert counts(row)[str(place.first.id)][3] == 2
