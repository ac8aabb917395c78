"""Partitions of reading events, made by the application's role ahead of time."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import func, select, text

from handbook import ids
from handbook.reading import due
from models import ReadingEvent
from tests.conftest import Real
from tests.handbook.reading.conftest import event_id

NOVEMBER = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


def event(made: datetime) -> ReadingEvent:
    return ReadingEvent(
        id=event_id(made),
        member_id=ids.new(),
        version_id=ids.new(),
        device_id=ids.new(),
        parts=[1],
        started_at=made,
        ended_at=made,
        active_seconds=0,
        credited_seconds=0,
        offline=False,
        flags=[],
    )


def where(session: Any) -> dict[str, int]:
    place = text("tableoid::regclass::text AS place")
    rows = session.execute(
        select(place, func.count()).select_from(ReadingEvent).group_by(text("place"))
    )
    return {row[0]: row[1] for row in rows}


def test_partitions_are_made_ahead_and_take_over_what_came_before(
    real: Real, at: Callable[[datetime], None]
) -> None:
    at(NOVEMBER)
    with real.write() as session:
        session.add(event(NOVEMBER))
        session.add(event(datetime(2026, 11, 30, 16, 59, 59, tzinfo=UTC)))
        session.add(event(datetime(2026, 11, 30, 17, 0, 0, tzinfo=UTC)))
        session.add(event(datetime(2026, 10, 1, tzinfo=UTC)))
        session.flush()
        assert where(session) == {"reading_event_rest": 4}
    with real.write() as session:
        due.make_partitions(session)
        due.make_partitions(session)
    with real.write() as session:
        session.add(event(datetime(2027, 1, 31, 12, tzinfo=UTC)))
        session.add(event(datetime(2027, 1, 31, 18, tzinfo=UTC)))
        session.flush()
        assert where(session) == {
            "reading_event_y2026m11": 2,
            "reading_event_y2026m12": 1,
            "reading_event_y2027m01": 1,
            "reading_event_rest": 2,
        }


def test_a_month_too_full_to_move_is_skipped(
    db: Any, at: Callable[[datetime], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    at(NOVEMBER)
    asked: list[str] = []

    class Full:
        """Stands for the database whose default partition is too full."""

        def execute(self, _statement: object, values: dict[str, str]) -> "Full":
            asked.append(values["part"])
            return self

        def scalar_one(self) -> str:
            return "full"

    warned: list[str] = []
    monkeypatch.setattr(due.LOG, "warning", lambda _event, part: warned.append(part))
    due.make_partitions(Full())  # type: ignore[arg-type]  # what it needs of a session
    assert warned == asked == [f"reading_event_y{month}" for month in _MONTHS]


_MONTHS = ("2026m11", "2026m12", "2027m01")


def test_the_function_makes_nothing_else(db: Any) -> None:
    low, high = ids.new(), ids.new()
    with pytest.raises(Exception, match="not the name of a partition"):
        db.execute(due._MAKE, {"part": "member", "low": low, "high": high})
    assert due.TICKS[0].act is due.make_partitions
