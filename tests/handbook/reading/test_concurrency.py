"""Two phones of one member report at the same time: real commits on several connections."""

import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from handbook import clock
from handbook.reading import rules
from models import Progress, ReadingEvent
from tests.conftest import Real
from tests.handbook.reading.conftest import event_id
from tests.support import build, published
from tests.support.phone import Phone


def make_phones(real: Real, number: int) -> tuple[list[Phone], list[str]]:
    """Return phones of one reader and the ids of the versions of two documents."""
    with real.write():
        cell = build.unit(kind="commune")
        reader = build.member(cell)
        phones = [Phone(real.app, reader) for _ in range(number)]
        versions = [str(published.document(cell).version_id) for _ in range(2)]
    return phones, versions


def events(versions: Sequence[str], number: int) -> list[dict[str, Any]]:
    """Return events of the last hour that overlap each other everywhere."""
    chance = random.Random(number)  # noqa: S311 - any intervals will do
    made = []
    for _ in range(number):
        start = clock.now() - timedelta(seconds=chance.randint(600, 1200))
        length = chance.randint(0, 300)
        made.append(
            {
                "id": str(event_id(start)),
                "version_id": chance.choice(versions),
                "parts": [chance.randint(1, 3)],
                "started_at": start.isoformat(),
                "ended_at": (start + timedelta(seconds=length)).isoformat(),
                "active_seconds": chance.randint(0, length),
            }
        )
    return made


def test_batches_at_the_same_time_come_to_the_same_sum(real: Real) -> None:
    phones, versions = make_phones(real, 4)
    told = events(versions, 60)

    def send(number: int) -> list[str]:
        outcomes = []
        for start in range(0, 60, 6):
            batch = [*told[start : start + 6], *told[number * 6 : number * 6 + 3]]
            body = {"device_time": clock.now().isoformat(), "events": batch}
            answer = phones[number].post("/reading/events", body)
            assert answer.status_code == 200, answer.json
            outcomes += [one["outcome"] for one in answer.json["results"]]
        return outcomes

    with ThreadPoolExecutor(4) as pool:
        outcomes = [one for found in pool.map(send, range(4)) for one in found]
    assert outcomes.count("accepted") == 60
    assert set(outcomes) == {"accepted", "duplicate"}
    with real.write() as session:
        rows = session.scalars(select(ReadingEvent)).all()
        credit = rules.credit(
            rules.Stretch(row.id, row.version_id, row.started_at, row.ended_at, row.active_seconds)
            for row in rows
        )
        assert {row.id: row.credited_seconds for row in rows} == credit
        for progress in session.scalars(select(Progress)):
            mine = [row for row in rows if row.version_id == progress.version_id]
            assert progress.credited_seconds == sum(credit[row.id] for row in mine)
            assert progress.parts_seen == sorted({part for row in mine for part in row.parts})
