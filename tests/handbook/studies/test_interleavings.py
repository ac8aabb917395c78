"""Facts that overlap with the worker, over two connections that commit."""

import uuid
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import pytest
from sqlalchemy import create_engine, func, select, text
from sqlalchemy.orm import Session

from handbook.changes import service as changes
from handbook.studies import derived
from models import CampaignCount, CampaignTarget, StaleMark
from push.work import Work
from tests.conftest import Real
from tests.handbook.studies import house
from tests.handbook.studies.house import COUNTS, FREEZE, NOW, TARGETS, House


class Play(NamedTuple):
    """Ids of a campaign over one document, with two members of one cell as targets."""

    campaign: uuid.UUID
    document: uuid.UUID
    version: uuid.UUID
    unit: uuid.UUID
    an: uuid.UUID
    binh: uuid.UUID


_READ = text(
    "INSERT INTO progress (member_id, version_id, document_id, read_at, read_received_at)"
    " VALUES (:member, :version, :document, :at, :at)"
)
_MARK = text(
    "INSERT INTO stale_mark AS s (kind, first_id, second_id)"
    " VALUES ('campaign_target', :campaign, :member)"
    " ON CONFLICT (kind, first_id, second_id) DO UPDATE SET version = s.version + 1, due_at = now()"
)


def _set_up(real: Real) -> Play:
    with real.write():
        place = House()
        document = house.document(place.commune)
        row = house.campaign(place.commune, [document], by=place.officer)
        assert document.version_id is not None
        return Play(
            row.id, document.id, document.version_id, place.first.id, place.an.id, place.binh.id
        )


def _run(real: Real, wanted: Work) -> int:
    """Do one round of a work as the runner does: claim and settle in transactions of their own."""
    with real.write() as session:
        claimed = wanted.claim(session)
    if claimed:
        with real.write() as session:
            wanted.settle(session, claimed, None)
    return len(claimed)


def _run_all(real: Real) -> None:
    while sum([_run(real, wanted) for wanted in (FREEZE, TARGETS, COUNTS)]):
        pass


def _write_fact(session: Session, play: Play, member: uuid.UUID, *, mark: bool = True) -> None:
    keys = {"member": member, "version": play.version, "document": play.document, "at": NOW}
    session.execute(_READ, keys)
    if mark:
        session.execute(_MARK, {"campaign": play.campaign, "member": member})


def _figures(real: Real, play: Play) -> tuple[int, int]:
    """Return (targets completed, completed as counted in their cell)."""
    with real.write() as session:
        done = session.scalar(
            select(func.count()).where(
                CampaignTarget.campaign_id == play.campaign, CampaignTarget.state == "completed"
            )
        )
        counted = session.scalar(
            select(CampaignCount.completed).where(
                CampaignCount.campaign_id == play.campaign, CampaignCount.unit_id == play.unit
            )
        )
        return done or 0, counted or 0


def _marks(real: Real) -> int:
    with real.write() as session:
        return session.scalar(select(func.count()).select_from(StaleMark)) or 0


@pytest.fixture
def play(real: Real, at: Callable[[datetime], None]) -> Play:
    at(NOW)
    return _set_up(real)


@pytest.fixture
def frozen(real: Real, play: Play) -> Play:
    _finish(real)
    return play


@pytest.fixture
def second(real: Real) -> Iterator[Session]:
    """Return a session on a connection of its own."""
    engine = create_engine(real.url)
    with Session(engine) as session:
        yield session
    engine.dispose()


def test_overlapping_facts_both_count(real: Real, frozen: Play, second: Session) -> None:
    play = frozen
    with real.write() as first:
        _write_fact(first, play, play.an)
        _write_fact(second, play, play.binh)
    _run_all(real)
    second.commit()
    _run_all(real)
    assert _figures(real, play) == (2, 2)
    assert _marks(real) == 0


def test_a_mark_written_while_being_consumed_survives(
    real: Real, frozen: Play, second: Session
) -> None:
    play = frozen
    with real.write():
        changes.mark_stale("campaign_target", [(play.campaign, play.an)])
    with real.write() as session:
        claimed = TARGETS.claim(session)
    with real.write() as session:
        # The worker computes from before the fact; the fact commits before the mark is deleted.
        pairs = {"campaigns": [play.campaign], "members": [play.an]}
        session.execute(derived.LOCK_TARGETS, pairs)
        assert session.execute(derived.DERIVE, pairs).all() == []
        _write_fact(second, play, play.an)
        second.commit()
        mark = claimed[0]
        keys = {
            "kind": "campaign_target",
            "firsts": [mark.first_id],
            "seconds": [mark.second_id],
            "versions": [mark.version],
            "fences": [mark.fence],
        }
        for statement in (derived.LOCK_MARKS, derived.DELETE_MARKS, derived.FREE_MARKS):
            session.execute(statement, keys)
    assert _marks(real) == 1
    assert _figures(real, play) == (0, 0)
    _run_all(real)
    assert _figures(real, play) == (1, 1)
    assert _marks(real) == 0


def test_a_count_marked_between_claim_and_settling_is_counted_again(
    real: Real, frozen: Play
) -> None:
    play = frozen
    with real.write():
        changes.mark_stale("campaign_count", [(play.campaign, play.unit)])
    with real.write() as session:
        claimed = COUNTS.claim(session)
    with real.write():
        changes.mark_stale("campaign_count", [(play.campaign, play.unit)])
    with real.write() as session:
        COUNTS.settle(session, claimed, None)
    assert _marks(real) == 1
    assert _run(real, COUNTS) == 1
    assert _marks(real) == 0


def test_a_fact_under_way_while_its_target_is_frozen_is_not_lost(
    real: Real, play: Play, second: Session
) -> None:
    # The writer looks for campaigns that wait for it before the target is there: no mark.
    _write_fact(second, play, play.an, mark=False)
    for _ in range(4):
        _run(real, FREEZE)
    with real.write() as session:
        state = session.execute(text("SELECT state FROM campaign")).scalar_one()
    assert state == "issuing"
    second.commit()
    _finish(real)
    assert _figures(real, play) == (1, 1)


def _finish(real: Real) -> None:
    """Run until the campaign is frozen and everything is settled."""
    with real.write() as session:
        session.execute(text("UPDATE campaign SET due_at = now() WHERE state = 'issuing'"))
    _run_all(real)
    with real.write() as session:
        assert session.execute(text("SELECT state FROM campaign")).scalar_one() == "issued"


def test_a_worker_killed_in_a_slice_loses_and_doubles_nothing(real: Real, play: Play) -> None:
    with real.write() as session:
        claimed = FREEZE.claim(session)
    with pytest.raises(RuntimeError):
        _die_in_the_slice(real, claimed)
    with real.write() as session:
        assert session.scalar(select(func.count()).select_from(CampaignTarget)) == 0
        session.execute(text("UPDATE campaign SET lease_until = now() - interval '1 second'"))
    _finish(real)
    with real.write() as session:
        assert session.scalar(select(func.count()).select_from(CampaignTarget)) == 4
        assert session.scalar(select(func.sum(CampaignCount.targets))) == 4


def _die_in_the_slice(real: Real, claimed: Sequence[Any]) -> None:
    with real.write() as session:
        FREEZE.settle(session, claimed, None)
        raise RuntimeError
