"""Publication to everybody: the request, the outbox of all devices, then push."""

import statistics
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import orjson

from bench import fcm, fixtures
from bench import stage as stages
from bench.measure import Group, Result, at_most, mebibytes
from bench.stage import JSON, Stage
from handbook import launch

REQUESTS: Final = 5
PUSHED: Final = 6_000
_LONGEST_SECONDS: Final = 300

_PAUSE: Final = """
INSERT INTO pause (name, until) VALUES ('push', now() + interval '1 hour')
ON CONFLICT (name) DO UPDATE SET until = excluded.until
"""
_IS_DONE: Final = "SELECT state = 'done' FROM fan_out WHERE notice_id = %(notice)s"
_ROWS: Final = "SELECT count(*) FROM outbox WHERE notice_id = %(notice)s"
# All rows of a slice bear the instant at which its transaction began.
_SLICES: Final = """
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY spent) FROM (
  SELECT extract(epoch FROM created_at - lag(created_at) OVER (ORDER BY created_at)) AS spent
  FROM (SELECT DISTINCT created_at FROM outbox WHERE notice_id = %(notice)s) made) slices
"""
_NOTICE: Final = "SELECT id FROM notice WHERE object_id = %(document)s"


def measure(stage: Stage) -> Iterator[Result]:
    """Measure publication to everybody, the fan-out to all devices, then push through the fake."""
    published: list[tuple[uuid.UUID, float]] = []
    _do(stage, _PAUSE)
    try:
        for _ in range(REQUESTS):
            published.append(_publish(stage))
            if len(published) < REQUESTS:
                fixtures.forget(stage, published[-1][0])
        request = statistics.median(seconds for _, seconds in published)
        yield at_most("publish to everybody: the request", request * 1000, 200, 1, "ms")
        with fcm.fake(stage) as credentials:
            yield from _reach(stage, published[-1][0], credentials)
    finally:
        for document, _ in published:
            fixtures.forget(stage, document)
        _do(stage, "DELETE FROM pause")


def _do(stage: Stage, statement: str) -> None:
    with stage.connect() as connection:
        connection.execute(statement)


def _publish(stage: Stage) -> tuple[uuid.UUID, float]:
    """Publish a fresh document to the whole province; return (document, seconds)."""
    member, document, root = fixtures.draft(stage)
    client = stage.client(stage.token(member))
    client.get("/api/v1/health/session")
    audience = {"include": [{"unit_id": str(root), "reach": "below"}]}
    body = orjson.dumps({"audience": audience, "attestation": True})
    headers = {**JSON, "Idempotency-Key": uuid.uuid4().hex}
    path = f"/api/v1/documents/{document}/publication"
    begin = time.perf_counter()
    status, answer, _ = client.call("POST", path, body, headers)
    spent = time.perf_counter() - begin
    if status not in {200, 201}:
        raise RuntimeError(f"publication: {status} {answer[:300]!r}")
    return document, spent


def _reach(stage: Stage, document: uuid.UUID, credentials: Path) -> Iterator[Result]:
    """Measure the outbox of a publication, then push, with one worker."""
    notice = stage.one(_NOTICE, document=document)
    begin = time.perf_counter()
    with stages.worker(stage, credentials) as group:
        _wait(lambda: bool(stage.one(_IS_DONE, notice=notice)), "the fan-out does not end")
        spent = time.perf_counter() - begin
        rows = stage.one(_ROWS, notice=notice)
        slices = stage.one(_SLICES, notice=notice) or 0
        note = f"{rows:,} devices, worker's start included; a slice of 10,000: {slices:.2f} s"
        yield at_most("publish to everybody: outbox complete", spent, 15, 1, "s", note)
        before_push = _bare(stage, credentials)
        each, rate = _push(stage, group, min(PUSHED, rows // 2))
        stage.memory["worker"] = mebibytes(group)
    limit = statistics.mean((before_push, _bare(stage, credentials)))
    note = f"{rate:.0f} messages/s in one worker process, its database work included"
    yield at_most("push, a message beside bare send_each", each, limit, 1.15, "ms CPU", note)
    size = sum(stage.memory["worker"])
    yield at_most("memory of the worker", size, 250, 1, "MB", "after the pushes")


def _push(stage: Stage, group: Group, number: int) -> tuple[float, float]:
    """Let the worker push so many or more; return (its CPU ms a message, messages a second)."""
    first = fcm.received()
    _do(stage, "DELETE FROM pause")
    _do(stage, "SELECT pg_notify('handbook_work', '')")
    _wait(lambda: fcm.received() > first, "nothing is pushed")
    first, cpu, begin = fcm.received(), group.cpu(), time.perf_counter()
    _wait(lambda: fcm.received() >= first + number, "pushing is stuck")
    sent, used = fcm.received() - first, group.cpu() - cpu
    rate = sent / (time.perf_counter() - begin)
    _do(stage, _PAUSE)
    time.sleep(2)
    return used * 1000 / sent, rate


def _wait(arrived: Callable[[], bool], fault: str) -> None:
    deadline = time.monotonic() + _LONGEST_SECONDS
    while not arrived():
        if time.monotonic() > deadline:
            raise RuntimeError(fault)
        time.sleep(0.05)


def _bare(stage: Stage, credentials: Path) -> float:
    """Return the CPU milliseconds of a message sent by firebase-admin and nothing else."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.bare_push", str(credentials), fcm.URL],
        check=True, capture_output=True, cwd=launch.ROOT, env=stages.environment(stage.var),
    )  # fmt: skip
    return float(done.stdout)
