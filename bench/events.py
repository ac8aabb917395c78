"""Reading events in batches of 50, beside the bare insert and a naive use of the ORM."""

import os
import statistics
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import cycle
from typing import Any, Final

import orjson
import psycopg
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from bench import naive
from bench.measure import Client, Group, Result, at_least, timed
from bench.stage import JSON, Stage
from handbook import clock, ids

BATCH: Final = 50
BATCHES: Final = 8
ROUNDS: Final = 7
READERS: Final = 16
_DAYS: Final = 20
_OK: Final = 200

# The oldest document for the whole province, whose version is in no campaign, and its readers.
_READERS: Final = """
SELECT p.member_id, d.version_id, v.parts_total
FROM document d JOIN document_version v ON v.id = d.version_id
JOIN addressing a ON a.audience_id = d.audience_id
JOIN bucket b ON b.id = a.bucket_id AND b.reach = 'below'
JOIN unit top ON top.id = b.unit_id AND top.parent_id IS NULL
JOIN LATERAL (
  SELECT ac.member_id FROM account ac
  JOIN membership m ON m.member_id = ac.member_id AND m.during @> current_date
  WHERE EXISTS (SELECT FROM device_account da WHERE da.account_id = ac.id)
    AND NOT EXISTS (SELECT FROM progress r
      WHERE r.member_id = ac.member_id AND r.version_id = d.version_id)
  ORDER BY ac.member_id OFFSET 500 LIMIT %s) p ON true
WHERE d.state = 'published' ORDER BY d.id, p.member_id LIMIT %s
"""
_FORGET: Final = (
    "DELETE FROM reading_event WHERE member_id = %s AND version_id = %s",
    "DELETE FROM progress WHERE member_id = %s AND version_id = %s",
)
_INSERT: Final = """
INSERT INTO bench_event (id, member_id, version_id, device_id, parts, started_at, ended_at,
                         active_seconds, credited_seconds, offline, flags)
VALUES (%s, %s, %s, %s, %s, %s, %s, 80, 80, true, '{}')
"""


@dataclass
class _Reader:
    """A member who comes back online each day and tells of 50 stretches of that day."""

    member_id: uuid.UUID
    version_id: uuid.UUID
    parts: int
    token: str
    days: int = 0

    def batch(self) -> bytes:
        """Return a body with 50 new events, three minutes apart, of the day after the last."""
        now = clock.now()
        begin = now - timedelta(days=_DAYS - self.days)
        self.days += 1
        events = [
            {
                "id": str(ids.new()),
                "version_id": str(self.version_id),
                "parts": [1 + (self.days + index) % self.parts],
                "started_at": (begin + timedelta(minutes=3 * index)).isoformat(),
                "ended_at": (begin + timedelta(minutes=3 * index, seconds=90)).isoformat(),
                "active_seconds": 80,
                "offline": True,
            }
            for index in range(BATCH)
        ]
        return orjson.dumps({"device_time": now.isoformat(), "events": events})


def measure(stage: Stage) -> Iterator[Result]:
    """Measure events over HTTP, in turns with the bare insert and the naive way.

    Compared are the events of a second on the wall, as the goal is told; the CPU of all processes
    but the client's stands in the note, for a busy machine slows the wall.
    """
    readers = _find_readers(stage)
    turns, client, engine = cycle(readers), stage.client(), create_engine(stage.urls.owner)
    first, here = readers[0], Group([os.getpid()], children=False)
    with _table(stage, readers) as connection, Session(engine) as session:
        ways = (
            _Way(lambda: _send(client, next(turns)), stage.web, stage.postgres),
            _Way(lambda: _insert(connection, first), here, stage.postgres),
            _Way(
                lambda: naive.take(session, first.member_id, first.version_id, BATCH),
                here,
                stage.postgres,
            ),
        )
        for way in ways:
            way.run()
            way.forget()
        for _ in range(ROUNDS):
            for way in ways:
                way.run()
    engine.dispose()
    ours, bare, plain = ways
    note = (
        f"a batch: {ours.milliseconds:.1f} ms CPU, PostgreSQL {ours.database:.1f} of them; "
        f"{ours.each:,.0f} against {bare.each:,.0f} and {plain.each:,.0f} events/CPU s"
    )
    unit = "events/s"
    yield at_least("reading events, beside the bare insert", ours.rate, bare.rate, 0.45, unit, note)
    yield at_least("reading events, beside a naive ORM", ours.rate, plain.rate, 8, unit)


class _Way:
    """One way to take a batch, with what it has cost so far."""

    def __init__(self, act: Callable[[], None], program: Group, postgres: Group) -> None:
        self._act = act
        self._groups = (program, postgres)
        self.forget()

    def forget(self) -> None:
        """Begin anew."""
        self._cpu: list[tuple[float, float]] = []
        self._seconds: list[float] = []

    def run(self) -> None:
        """Take some batches."""
        program, postgres = (group.cpu() for group in self._groups)
        self._seconds += [timed(self._act) for _ in range(BATCHES)]
        spent = [group.cpu() * 1000 / BATCHES for group in self._groups]
        self._cpu.append(
            (spent[0] - program * 1000 / BATCHES, spent[1] - postgres * 1000 / BATCHES)
        )

    @property
    def database(self) -> float:
        """The CPU milliseconds of PostgreSQL for a batch."""
        return statistics.median(database for _, database in self._cpu)

    @property
    def milliseconds(self) -> float:
        """The CPU milliseconds of a batch."""
        return statistics.median(sum(one) for one in self._cpu)

    @property
    def each(self) -> float:
        """The events of a second of CPU."""
        return BATCH * 1000 / self.milliseconds

    @property
    def rate(self) -> float:
        """The events of a second on the wall."""
        return BATCH / statistics.median(self._seconds)


def _find_readers(stage: Stage) -> list[_Reader]:
    with stage.connect() as connection:
        rows = connection.execute(_READERS, (READERS, READERS)).fetchall()
    if not rows:
        raise RuntimeError("no document is addressed to the whole province")
    return [_Reader(member, version, parts, stage.token(member)) for member, version, parts in rows]


@contextmanager
def _table(stage: Stage, readers: Sequence[_Reader]) -> Iterator[psycopg.Connection[Any]]:
    """Give a connection that sees a copy of the table of events; take all away afterwards."""
    with stage.connect(autocommit=False) as connection:
        connection.execute("DROP TABLE IF EXISTS bench_event")
        connection.execute("CREATE TABLE bench_event (LIKE reading_event INCLUDING ALL)")
        connection.commit()
        try:
            yield connection
        finally:
            connection.rollback()
            connection.execute("DROP TABLE bench_event")
            for reader in readers:
                for statement in _FORGET:
                    connection.execute(statement, (reader.member_id, reader.version_id))
            connection.commit()


def _send(client: Client, reader: _Reader) -> None:
    headers = {**JSON, "Authorization": f"Bearer {reader.token}"}
    status, answer, _ = client.call("POST", "/api/v1/reading/events", reader.batch(), headers)
    outcomes = orjson.loads(answer)["results"] if status == _OK else []
    if any(one["outcome"] != "accepted" for one in outcomes) or not outcomes:
        raise RuntimeError(f"reading events: {status} {answer[:300]!r}")


def _insert(connection: psycopg.Connection[Any], reader: _Reader) -> None:
    """Insert 50 rows in one round trip and commit, and nothing else."""
    now = clock.now()
    known = (reader.member_id, reader.version_id)
    end = now + timedelta(seconds=90)
    rows = [(ids.new(), *known, uuid.uuid4(), [1], now, end) for _ in range(BATCH)]
    with connection.cursor() as cursor:
        cursor.executemany(_INSERT, rows)
    connection.commit()
