"""Batches of reading: each event on its own, the same sum whatever the order."""

import random
import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from handbook import database, ids
from handbook.access import Actor, load_actor
from handbook.reading import queries, rules, service
from handbook.reading.rules import Told
from models import (
    Acknowledgement,
    AuditEntry,
    Bucket,
    Document,
    Progress,
    Quarantine,
    ReadingEvent,
    StaleMark,
)
from tests.handbook.reading.conftest import NOW, Scene, event_id
from tests.support import build, counting, published
from tests.support.phone import Phone


def actor_of(phone: Phone) -> Actor:
    assert phone.session is not None
    return load_actor(database.session(), phone.session.id, phone.session.account_id)


def told(scene: Scene, start: float, length: float, **more: Any) -> Told:
    begin = NOW + timedelta(seconds=start)
    return Told(
        id=more.get("id") or event_id(begin),
        version_id=more.get("version_id", scene.version_id),
        parts=tuple(more.get("parts", (1,))),
        started_at=begin,
        ended_at=begin + timedelta(seconds=length),
        active_seconds=more.get("active", int(length)),
        offline=False,
    )


def outcomes(answer: dict[str, Any]) -> list[str]:
    return [one["outcome"] for one in answer["results"]]


def progress(scene: Scene) -> Progress:
    return scene.session.scalars(
        select(Progress)
        .where(Progress.version_id == scene.version_id)
        .execution_options(populate_existing=True)
    ).one()


def test_a_batch_is_counted_and_told(scene: Scene) -> None:
    actor = actor_of(scene.phone)
    first = told(scene, -600, 20, parts=(2, 1))
    second = told(scene, -300, 20, parts=(3, 3))
    answer = service.take(actor, NOW, [first, second])
    assert answer["results"] == [
        {"id": first.id, "outcome": "accepted"},
        {"id": second.id, "outcome": "accepted"},
    ]
    assert answer["progress"] == [
        {
            "document_id": scene.document.id,
            "version_id": scene.version_id,
            "parts_seen": 3,
            "parts_total": 3,
            "credited_seconds": 40,
            "read": True,
        }
    ]
    row = progress(scene)
    assert row.parts_seen == [1, 2, 3]
    assert row.opened_at == first.started_at
    assert row.read_at == second.ended_at
    assert row.read_received_at == NOW
    assert not row.flagged


def test_repeats_change_nothing(scene: Scene) -> None:
    actor = actor_of(scene.phone)
    batch = [told(scene, -600, 10), told(scene, -300, 20)]
    first = service.take(actor, NOW, batch)
    again = service.take(actor, NOW, [*batch, batch[0]])
    assert outcomes(again) == ["duplicate"] * 3
    assert again["progress"] == first["progress"]
    assert len(scene.session.scalars(select(ReadingEvent.id)).all()) == 2


def test_one_bad_event_never_blocks_the_batch(scene: Scene) -> None:
    actor = actor_of(scene.phone)
    foreign = published.document(build.unit(kind="commune"))
    good = told(scene, -60, 10)
    answer = service.take(
        actor,
        NOW,
        [
            None,
            uuid.UUID(int=5),
            told(scene, -60, 10, id=uuid.uuid4()),
            told(scene, -60, 10, id=event_id(NOW - timedelta(days=500))),
            told(scene, -60, 10, version_id=ids.new()),
            told(scene, -60, 10, version_id=foreign.version_id),
            told(scene, -60, 10, parts=(4,)),
            good,
        ],
    )
    assert [(one["outcome"], one.get("reason")) for one in answer["results"]] == [
        ("refused", "malformed"),
        ("refused", "malformed"),
        ("refused", "id_not_v7"),
        ("refused", "id_time"),
        ("quarantined", "unknown_version"),
        ("quarantined", "not_yours"),
        ("quarantined", "unknown_part"),
        ("accepted", None),
    ]
    assert answer["results"][1]["id"] == uuid.UUID(int=5)
    kept = scene.session.scalars(select(Quarantine)).all()
    assert sorted(row.reason for row in kept) == ["not_yours", "unknown_part", "unknown_version"]
    assert {row.payload["active_seconds"] for row in kept} == {10}
    assert progress(scene).credited_seconds == 10


def test_a_quarantined_event_is_judged_again(scene: Scene) -> None:
    actor = actor_of(scene.phone)
    elsewhere = build.unit(kind="commune")
    foreign = published.document(elsewhere)
    event = told(scene, -60, 10, version_id=foreign.version_id)
    assert outcomes(service.take(actor, NOW, [event])) == ["quarantined"]
    assert outcomes(service.take(actor, NOW, [event])) == ["quarantined"]
    build.membership(scene.reader, elsewhere, kind="temporary")
    assert outcomes(service.take(actor_of(scene.phone), NOW, [event])) == ["accepted"]
    assert scene.session.scalars(select(Quarantine)).all() == []


def test_what_was_once_theirs_still_counts(scene: Scene) -> None:
    actor = actor_of(scene.phone)
    published.recall(scene.document)
    assert outcomes(service.take(actor, NOW, [told(scene, -60, 10)])) == ["accepted"]


def test_a_document_to_study_counts_wherever_the_target_sits(scene: Scene) -> None:
    elsewhere = build.unit(kind="commune")
    foreign = published.document(elsewhere)
    event = told(scene, -60, 10, version_id=foreign.version_id)
    campaign = published.campaign(elsewhere, [foreign], [scene.reader], NOW, state="closed")
    answer = service.take(actor_of(scene.phone), NOW, [event])
    assert outcomes(answer) == ["accepted"]
    assert campaign.id not in set(scene.session.scalars(select(StaleMark.first_id)))


def test_a_draft_version_is_unknown(scene: Scene) -> None:
    newer = published.version(scene.document, number=2)
    answer = service.take(actor_of(scene.phone), NOW, [told(scene, -60, 10, version_id=newer.id)])
    assert answer["results"][0]["reason"] == "unknown_version"


def test_a_wrong_phone_clock_is_corrected_and_the_future_is_now(scene: Scene) -> None:
    actor = actor_of(scene.phone)
    service.take(actor, NOW + timedelta(hours=2), [told(scene, 7200 - 600, 60)])
    row = scene.session.scalars(select(ReadingEvent)).one()
    assert row.started_at == NOW - timedelta(seconds=600)
    assert row.flags == []
    service.take(actor, NOW, [told(scene, -10, 60)])
    late = scene.session.scalars(
        select(ReadingEvent).where(ReadingEvent.started_at > row.started_at)
    ).one()
    assert late.ended_at == NOW
    assert late.credited_seconds == 10
    assert late.flags == ["future"]
    assert progress(scene).flagged


def test_overlap_between_documents_counts_once(scene: Scene) -> None:
    other = published.document(scene.cell)
    actor = actor_of(scene.phone)
    service.take(actor, NOW, [told(scene, -600, 100, version_id=other.version_id)])
    before = scene.session.scalars(
        select(Progress.credited_seconds).where(Progress.version_id == other.version_id)
    ).one()
    assert before == 100
    service.take(actor, NOW, [told(scene, -630, 100)])
    rows = scene.session.scalars(select(Progress).execution_options(populate_existing=True)).all()
    assert {row.version_id: row.credited_seconds for row in rows} == {
        scene.version_id: 100,
        other.version_id: 30,
    }
    assert {row.version_id: row.flagged for row in rows} == {
        scene.version_id: False,
        other.version_id: True,
    }


def test_a_long_chain_of_overlaps_is_weighed_whole(scene: Scene) -> None:
    actor = actor_of(scene.phone)
    hours = 3600
    chain = [told(scene, -hour * hours, 12.2 * hours, active=60) for hour in range(240, 14, -12)]
    service.take(actor, NOW, chain)
    service.take(actor, NOW, [told(scene, -250 * hours, 20 * hours, active=20 * hours)])
    assert_as_if_at_once(scene)


def assert_as_if_at_once(scene: Scene) -> None:
    rows = scene.session.scalars(
        select(ReadingEvent).execution_options(populate_existing=True)
    ).all()
    stretches = [
        rules.Stretch(row.id, row.version_id, row.started_at, row.ended_at, row.active_seconds)
        for row in rows
    ]
    assert {row.id: row.credited_seconds for row in rows} == rules.credit(stretches)
    versions = {row.version_id for row in rows}
    for version_id in versions:
        mine = [row for row in rows if row.version_id == version_id]
        found = scene.session.get_one(
            Progress, (scene.reader.id, version_id), populate_existing=True
        )
        counted = [
            rules.Counted(
                row.id, row.ended_at, tuple(row.parts), row.credited_seconds, row.received_at
            )
            for row in mine
        ]
        assert found.credited_seconds == sum(row.credited_seconds for row in mine)
        assert found.parts_seen == sorted({part for row in mine for part in row.parts})
        assert found.opened_at == min(row.started_at for row in mine)
        done = rules.completed(counted, parts_total=3, words=270)
        assert (found.read_at, found.read_received_at) == (done or (None, None))


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[int, int, int, int, int]]:
    """Draw (start, length, active seconds, part, document) of some stretches."""
    one = st.tuples(
        st.integers(-100, -41),
        st.integers(0, 40),
        st.integers(0, 45),
        st.integers(1, 3),
        st.integers(0, 1),
    )
    return draw(st.lists(one, min_size=1, max_size=8))


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(histories(), st.integers(0, 2**32))
def test_any_split_in_any_order_comes_to_the_same(
    scene: Scene, history: Sequence[tuple[int, int, int, int, int]], seed: int
) -> None:
    session = scene.session
    other = scene.session.scalars(
        select(Document).where(Document.id != scene.document.id)
    ).first() or published.document(scene.cell)
    actor = actor_of(scene.phone)
    session.execute(delete(ReadingEvent))
    session.execute(delete(Progress))
    events = [
        told(
            scene,
            start,
            length,
            active=active,
            parts=(part,),
            version_id=[scene.version_id, other.version_id][document],
        )
        for start, length, active, part, document in history
    ]
    chance = random.Random(seed)  # noqa: S311 - a shuffle
    shuffled = [*events, *events[:2]]
    chance.shuffle(shuffled)
    while shuffled:
        size = chance.randint(1, len(shuffled))
        batch, shuffled = shuffled[:size], shuffled[size:]
        service.take(actor, NOW, batch)
    assert_as_if_at_once(scene)
    assert len(session.scalars(select(ReadingEvent.id)).all()) == len(events)


def test_phones_and_campaigns_are_told_when_it_matters(scene: Scene) -> None:
    campaign = published.campaign(scene.cell, [scene.document], [scene.reader], NOW)
    actor = actor_of(scene.phone)
    service.take(actor, NOW, [told(scene, -600, 5)])
    changed = database.session().info["handbook.changes.pending"]
    personal = scene.session.scalars(
        select(Bucket.id).where(Bucket.member_id == scene.reader.id)
    ).one()
    assert changed == {(personal, "document_state", scene.document.id): "put"}
    mark = scene.session.scalars(select(StaleMark)).one()
    assert (mark.kind, mark.first_id, mark.second_id, mark.version) == (
        "campaign_target",
        campaign.id,
        scene.reader.id,
        1,
    )
    service.take(actor, NOW, [told(scene, -500, 5)])
    scene.session.refresh(mark)
    assert mark.version == 1
    service.take(actor, NOW, [told(scene, -400, 60, parts=(1, 2, 3))])
    scene.session.refresh(mark)
    assert mark.version == 2


def test_too_much_around_is_quarantined(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "MOST_AROUND", 1)
    actor = actor_of(scene.phone)
    assert outcomes(service.take(actor, NOW, [told(scene, -60, 1), told(scene, -50, 1)])) == [
        "accepted",
        "accepted",
    ]
    answer = service.take(actor, NOW, [told(scene, -40, 1), told(scene, -40, 1, parts=(9,))])
    assert [one["reason"] for one in answer["results"]] == ["too_many", "unknown_part"]


@pytest.mark.parametrize("size", [1, 50])
def test_the_number_of_statements_is_flat(scene: Scene, size: int) -> None:
    published.campaign(scene.cell, [scene.document], [scene.reader], NOW)
    scene.send(scene.event(-5000, 1))
    events = [scene.event(-2000 + number * 30, 20) for number in range(size)]
    with counting.assert_queries(10):
        answer = scene.send(*events)
    assert {one["outcome"] for one in answer.json["results"]} == {"accepted"}


def acknowledgement(scene: Scene, **more: Any) -> dict[str, Any]:
    return {
        "version_id": scene.version_id,
        "acknowledged_at": NOW - timedelta(minutes=5),
        "device_time": None,
    } | more


def test_acknowledging_is_kept_told_and_audited(scene: Scene) -> None:
    campaign = published.campaign(scene.cell, [scene.document], [scene.reader], NOW)
    actor = actor_of(scene.phone)
    body = acknowledgement(scene, device_time=NOW - timedelta(hours=1))
    made = service.acknowledge(actor, ids.new(), body)
    assert made.acknowledged_at == NOW
    assert made.received_at == NOW
    assert made.source == "member"
    assert scene.session.scalars(select(StaleMark.first_id)).all() == [campaign.id]
    line = scene.session.scalars(select(AuditEntry)).one()
    assert line.action == "acknowledgement.made"
    assert line.data == {"version_id": str(scene.version_id)}
    pending = database.session().info["handbook.changes.pending"]
    assert [key[1:] for key in pending] == [("document_state", scene.document.id)]


def test_acknowledging_again_answers_with_the_first(scene: Scene) -> None:
    actor = actor_of(scene.phone)
    first = service.acknowledge(actor, ids.new(), acknowledgement(scene))
    again = service.acknowledge(actor, first.id, acknowledgement(scene))
    other = service.acknowledge(
        actor, ids.new(), acknowledgement(scene, acknowledged_at=NOW - timedelta(days=1))
    )
    assert first.id == again.id == other.id
    assert other.acknowledged_at == NOW - timedelta(minutes=5)
    assert len(scene.session.scalars(select(Acknowledgement.id)).all()) == 1
    assert len(scene.session.scalars(select(AuditEntry.number)).all()) == 1
