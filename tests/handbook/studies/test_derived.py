import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, insert, select, text
from sqlalchemy.orm import Session

from handbook import ids
from handbook.studies import derived, rules
from handbook.studies.rules import DocumentFacts, Entry, Fact, Requirements, State
from models import (
    Acknowledgement,
    Campaign,
    CampaignDocument,
    CampaignTarget,
    Document,
    DocumentVersion,
    Member,
    Progress,
    StudyEntry,
)
from tests.handbook.studies import house
from tests.handbook.studies.house import DEADLINE, NOW, House
from tests.support import build

# Around the deadline, the seven days after it, and the ends of Vietnamese days.
_HOURS = st.sampled_from([-400, -48, -1, 0, 1, 7, 24, 167, 168, 169, 300])
_TICKS = st.sampled_from([-1, 0, 1])
_INSTANTS = st.builds(
    lambda hours, ticks: DEADLINE + timedelta(hours=hours, microseconds=ticks), _HOURS, _TICKS
)
_FACTS = st.builds(Fact, _INSTANTS, _INSTANTS)
# What one member did: up to one reading and one acknowledgement of each of two versions.
_DONE = st.tuples(*[st.one_of(st.none(), _FACTS)] * 4)
_ENTRIES = st.one_of(
    st.none(), st.builds(Entry, st.dates(NOW.date(), NOW.date() + timedelta(30)), _INSTANTS)
)
_MEMBERS = 12
_DOCUMENTS = 2
Done = tuple[Fact | None, Fact | None, Fact | None, Fact | None]
Life = tuple[Sequence[Done], Entry | None]


@dataclass
class Ground:
    """Documents of two versions each and members, on which every example plays anew."""

    session: Session
    documents: list[tuple[Document, list[uuid.UUID]]]
    members: list[Member]
    place: House


def _ground(session: Session, size: int = _MEMBERS) -> Ground:
    place = House()
    documents = []
    for _ in range(_DOCUMENTS):
        row = house.document(place.commune)
        assert row.version_id is not None
        second = DocumentVersion(
            id=ids.new(),
            document_id=row.id,
            number=2,
            file_sha256=session.get_one(DocumentVersion, row.version_id).file_sha256,
            file_name="b.txt",
            state="ready",
            created_by=row.created_by,
        )
        session.add(second)
        documents.append((row, [row.version_id, second.id]))
    members = [build.member(place.first, f"Trần Văn {number}") for number in range(size)]
    build.account(place.secretary)
    return Ground(session, documents, members, place)


def _play(ground: Ground, lives: Sequence[Life], **required: bool) -> Campaign:
    session = ground.session
    for table in (
        Progress,
        Acknowledgement,
        StudyEntry,
        CampaignTarget,
        CampaignDocument,
        Campaign,
    ):
        session.execute(delete(table))
    session.expunge_all()
    row = house.campaign(
        ground.place.commune,
        [document for document, _ in ground.documents],
        by=ground.place.officer,
        issue=False,
        **required,
    )
    reads: list[dict[str, Any]] = []
    words: list[dict[str, Any]] = []
    entries: list[dict[str, Any]] = []
    for member, (done, entry) in zip(ground.members, lives, strict=True):
        session.add(
            CampaignTarget(
                campaign_id=row.id,
                member_id=member.id,
                unit_id=ground.place.first.id,
                unit_path=ground.place.first.path,
            )
        )
        for (document, versions), facts in zip(ground.documents, done, strict=True):
            for place, version in enumerate(versions):
                common = {"member_id": member.id, "document_id": document.id, "version_id": version}
                if read := facts[place]:
                    reads.append(
                        {**common, "read_at": read.at, "read_received_at": read.received_at}
                    )
                if word := facts[2 + place]:
                    more = {"acknowledged_at": word.at, "received_at": word.received_at}
                    words.append({"id": ids.new(), "source": "member", **common, **more})
        if entry:
            by = build.account(ground.place.secretary).id
            told = {"form": "paper", "recorded_by": by, **vars(entry)}
            entries.append({"campaign_id": row.id, "member_id": member.id, **told})
    session.flush()
    for table, values in ((Progress, reads), (Acknowledgement, words), (StudyEntry, entries)):
        if values:
            session.execute(insert(table), values)
    return row


def _by_rule(ground: Ground, row: Campaign, life: Life) -> State:
    done, entry = life
    asked = Requirements(
        [document.id for document, _ in ground.documents],
        row.requires_read,
        row.requires_acknowledgement,
    )
    facts = {
        document.id: DocumentFacts(
            [fact for fact in found[:2] if fact], [fact for fact in found[2:] if fact]
        )
        for (document, _), found in zip(ground.documents, done, strict=True)
    }
    return rules.completion(asked, facts, entry, row.deadline)


def _assert_alike(ground: Ground, lives: Sequence[Life], *, read: bool, word: bool) -> None:
    """Fail unless the statement and the rule judge every life alike."""
    row = _play(ground, lives, requires_read=read, requires_acknowledgement=word)
    keys = {
        "campaigns": [row.id] * len(lives),
        "members": [member.id for member in ground.members],
    }
    found = {
        one.member_id: State(one.state, one.documents_done, one.completed_at)
        for one in ground.session.execute(text(derived.DERIVED), keys)
    }
    expected = {
        member.id: _by_rule(ground, row, life)
        for member, life in zip(ground.members, lives, strict=True)
    }
    assert found == expected


def _edges() -> list[Life]:
    """Return a life for each pair of instants around the deadline and the end of the grace."""
    tick, grace = timedelta(microseconds=1), DEADLINE + rules.GRACE
    facts = [
        Fact(at, received)
        for at in (DEADLINE - tick, DEADLINE, DEADLINE + tick)
        for received in (grace - tick, grace, grace + tick)
    ]
    days = [DEADLINE.date() + timedelta(shift) for shift in (-1, 0, 1)]
    both: list[Sequence[Done]] = [((fact, None, fact, None),) * _DOCUMENTS for fact in facts]
    # Of two versions the earlier fact came too late to the server, the later one in time.
    late_word = Fact(DEADLINE - 2 * house.DAY, grace + tick)
    both.append(((late_word, facts[0], late_word, facts[0]),) * _DOCUMENTS)
    nothing = ((None, None, None, None),) * _DOCUMENTS
    entries = [Entry(day, fact.received_at) for day in days for fact in facts[:3]]
    return [*[(done, None) for done in both], *[(nothing, entry) for entry in entries]]


@pytest.mark.parametrize(("read", "word"), [(True, False), (False, True), (True, True)])
def test_the_edges_of_deadline_and_grace_are_judged_alike(
    db: Session,
    at: Callable[[datetime], None],
    read: bool,  # noqa: FBT001 - a column of the table
    word: bool,  # noqa: FBT001 - a column of the table
) -> None:
    at(NOW)
    lives = _edges()
    _assert_alike(_ground(db, len(lives)), lives, read=read, word=word)


def test_thousands_at_once_are_judged_as_one_by_one(
    db: Session, at: Callable[[datetime], None]
) -> None:
    at(NOW)
    ground = _ground(db)
    lives = st.lists(
        st.tuples(st.lists(_DONE, min_size=_DOCUMENTS, max_size=_DOCUMENTS), _ENTRIES),
        min_size=_MEMBERS,
        max_size=_MEMBERS,
    )

    @settings(
        max_examples=25,
        # Every example costs a round of SQL; shrinking one would take minutes.
        phases=(Phase.explicit, Phase.reuse, Phase.generate),
        suppress_health_check=[HealthCheck.large_base_example, HealthCheck.data_too_large],
    )
    @given(lives, st.sampled_from([(True, False), (False, True), (True, True)]))
    def judged_alike(lived: list[Life], required: tuple[bool, bool]) -> None:
        read, word = required
        _assert_alike(ground, lived, read=read, word=word)

    judged_alike()


def test_a_reading_without_the_time_of_receipt_was_received_when_it_was_read(
    db: Session, at: Callable[[datetime], None]
) -> None:
    at(NOW)
    place = House()
    document = house.document(place.commune)
    house.read(place.an, document)
    db.execute(text("UPDATE progress SET read_received_at = NULL"))
    row = house.campaign(place.commune, [document], by=place.officer, issue=False)
    db.add(
        CampaignTarget(
            campaign_id=row.id,
            member_id=place.an.id,
            unit_id=place.first.id,
            unit_path=place.first.path,
        )
    )
    db.flush()
    keys = {"campaigns": [row.id], "members": [place.an.id]}
    assert db.execute(text(derived.DERIVED), keys).one().state == "completed"


def test_the_counters_equal_a_recount(db: Session, at: Callable[[datetime], None]) -> None:
    at(NOW)
    place = House()
    documents = [house.document(place.commune) for _ in range(2)]
    house.read(place.an, documents[0])
    for document in documents:
        house.read(place.binh, document)
    row = house.campaign(place.commune, documents, by=place.officer)
    for wanted in (house.FREEZE, house.FREEZE):
        house.work(wanted)
    db.execute(derived.COUNT_ALL, {"campaign": row.id})
    recount = db.execute(
        select(CampaignTarget.unit_id, CampaignTarget.state, func.count())
        .where(CampaignTarget.campaign_id == row.id)
        .group_by(CampaignTarget.unit_id, CampaignTarget.state)
    ).all()
    assert sorted((str(unit), state, number) for unit, state, number in recount) == sorted(
        [
            (str(place.first.id), "completed", 1),
            (str(place.first.id), "pending", 1),
            (str(place.first.id), "started", 1),
            (str(place.second.id), "pending", 1),
        ]
    )
    counted = db.execute(
        text(
            "SELECT sum(targets), sum(started), sum(completed) FROM campaign_count"
            " WHERE campaign_id = :id"
        ),
        {"id": row.id},
    ).one()
    assert tuple(counted) == (4, 1, 1)
