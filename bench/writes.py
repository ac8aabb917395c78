"""The writing paths: sign-in, reading events, publication to everybody, push."""

import json
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import orjson

from bench import fixtures
from bench import stage as stages
from bench.measure import Group, Result, at_least, at_most, cpu_each, timed
from bench.stage import Stage
from handbook import clock, ids, launch

BATCH = 50
BATCHES = 60
PUSHED = 6_000
_READER = """
SELECT p.member_id, d.version_id, v.parts_total, d.id
FROM document d JOIN document_version v ON v.id = d.version_id
JOIN addressing a ON a.audience_id = d.audience_id
JOIN bucket b ON b.id = a.bucket_id AND b.reach = 'below'
JOIN unit top ON top.id = b.unit_id AND top.parent_id IS NULL
JOIN LATERAL (
  SELECT ac.member_id FROM account ac
  JOIN membership m ON m.member_id = ac.member_id AND m.during @> current_date
  JOIN unit u ON u.id = m.unit_id AND u.path >= top.path AND u.path < top.path || '~'
  JOIN device_account da ON da.account_id = ac.id
  ORDER BY ac.member_id OFFSET 500 LIMIT 1) p ON true
WHERE d.state = 'published' ORDER BY d.id LIMIT 1
"""


def measure_events(stage: Stage) -> Iterator[Result]:
    """Measure batches of 50 reading events beside the bare insert and a naive ORM."""
    with stage.connect() as connection:
        row = connection.execute(_READER).fetchone()
    if row is None:
        raise RuntimeError("no document is addressed to the whole province")
    member, version, parts, _ = row
    client = stage.client(stage.token(member))
    bodies = [_batch(version, parts, number) for number in range(BATCHES)]

    def send(body: bytes) -> None:
        headers = {"Content-Type": "application/json"}
        status, answer, _ = client.call("POST", "/api/v1/reading/events", body, headers)
        outcomes = orjson.loads(answer)["results"] if status == 200 else []  # noqa: PLR2004  # success
        if any(one["outcome"] != "accepted" for one in outcomes) or not outcomes:
            raise RuntimeError(f"reading events: {status} {answer[:300]!r}")

    for body in bodies[:5]:
        send(body)
    ours = [timed(partial(send, body)) for body in bodies[5:]]
    rate = BATCH * len(ours) / sum(ours)
    bare = _bare_insert(stage, member, version)
    naive = _naive_orm(stage, member, version)
    yield at_least("reading events, beside the bare insert", rate, bare, 0.45, "events/s")
    yield at_least("reading events, beside a naive ORM", rate, naive, 8, "events/s")


def _batch(version: object, parts: int, number: int) -> bytes:
    now = clock.now()
    begin = now - timedelta(days=20) + timedelta(minutes=number * BATCH * 3)
    events = [
        {
            "id": str(ids.new()),
            "version_id": str(version),
            "parts": [1 + (number + index) % parts],
            "started_at": (begin + timedelta(minutes=3 * index)).isoformat(),
            "ended_at": (begin + timedelta(minutes=3 * index, seconds=90)).isoformat(),
            "active_seconds": 80,
            "offline": True,
        }
        for index in range(BATCH)
    ]
    return orjson.dumps({"device_time": now.isoformat(), "events": events})


_INSERT = """
INSERT INTO bench_event (id, member_id, version_id, device_id, parts, started_at, ended_at,
                         active_seconds, offline, flags)
VALUES (%s, %s, %s, %s, %s, %s, %s, 80, true, '{}')
"""


def _rows(member: object, version: object) -> list[tuple[object, ...]]:
    now = clock.now()
    return [
        (ids.new(), member, version, uuid.uuid4(), [1], now, now + timedelta(seconds=90))
        for _ in range(BATCH)
    ]


def _bare_insert(stage: Stage, member: object, version: object) -> float:
    """Return events a second of one statement with 50 rows and a commit, and nothing else."""
    with stage.connect(autocommit=False) as connection:
        connection.execute("DROP TABLE IF EXISTS bench_event")
        connection.execute("CREATE TABLE bench_event (LIKE reading_event INCLUDING ALL)")
        connection.commit()
        spent = []
        for _ in range(BATCHES):
            rows = _rows(member, version)
            begin = time.perf_counter()
            with connection.cursor() as cursor:
                cursor.executemany(_INSERT, rows)
            connection.commit()
            spent.append(time.perf_counter() - begin)
        connection.execute("DROP TABLE bench_event")
        connection.commit()
    return BATCH * BATCHES / sum(spent)


def _naive_orm(stage: Stage, member: object, version: object) -> float:
    """Return events a second of a plain way: for each event look up, add, update, commit."""
    with stage.connect(autocommit=False) as connection:
        connection.execute("DROP TABLE IF EXISTS bench_event")
        connection.execute("CREATE TABLE bench_event (LIKE reading_event INCLUDING ALL)")
        connection.commit()
    code = _NAIVE.replace("URL", repr(stage.urls.owner)).replace("BATCH", str(BATCH))
    arguments = [sys.executable, "-c", code, str(member), str(version)]
    done = subprocess.run(
        arguments, check=True, capture_output=True, cwd=launch.ROOT, env=stages.environment()
    )
    with stage.connect() as connection:
        connection.execute("DROP TABLE bench_event")
    return float(done.stdout)


_NAIVE = '''
import sys, time, uuid
from datetime import datetime, timedelta, timezone
from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session, DeclarativeBase, Mapped, mapped_column
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy import Integer, Text, DateTime
import models
from handbook import ids

class Base(DeclarativeBase): pass
class Event(Base):
    __tablename__ = "bench_event"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    member_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    version_id: Mapped[uuid.UUID]
    device_id: Mapped[uuid.UUID]
    parts = mapped_column(ARRAY(Integer))
    started_at = mapped_column(DateTime(timezone=True))
    ended_at = mapped_column(DateTime(timezone=True))
    active_seconds: Mapped[int]
    offline: Mapped[bool]
    flags = mapped_column(ARRAY(Text))

member, version = uuid.UUID(sys.argv[1]), uuid.UUID(sys.argv[2])
engine = create_engine(URL)
done, begin = 0, time.perf_counter()
for _ in range(6):
    with Session(engine) as session:
        for _ in range(BATCH):
            found = session.scalar(select(models.DocumentVersion).where(models.DocumentVersion.id == version))
            now = datetime.now(timezone.utc)
            new = ids.new()
            if session.scalar(select(Event).where(Event.id == new, Event.member_id == member)) is None:
                session.add(Event(id=new, member_id=member, version_id=version, device_id=uuid.uuid4(),
                    parts=[1], started_at=now, ended_at=now + timedelta(seconds=90), active_seconds=80,
                    offline=True, flags=[]))
                session.flush()
            progress = session.scalar(select(models.Progress).where(
                models.Progress.member_id == member, models.Progress.version_id == version))
            done += 1
        session.commit()
print(done / (time.perf_counter() - begin))
'''


def measure_sign_in(stage: Stage) -> Iterator[Result]:
    """Measure the CPU of one sign-in with a password."""
    body = fixtures.sign_in_body(stage)
    client = stage.client()
    headers = {"Content-Type": "application/json"}

    def sign_in() -> None:
        status, answer, _ = client.call("POST", "/api/v1/auth/session", body, headers)
        if status not in {200, 201}:
            raise RuntimeError(f"sign-in: {status} {answer[:300]!r}")

    cpu_each(stage.web, sign_in, 3)
    yield at_most("sign-in", cpu_each(stage.web, sign_in, 30), 25, 1, "ms CPU")


def measure_publish(stage: Stage) -> Iterator[Result]:
    """Measure publication to everybody, the fan-out, then push through the fake of FCM."""
    with stages.fake_fcm() as credentials:
        with stage.connect() as connection:
            connection.execute(
                "INSERT INTO pause (name, until) VALUES ('push', now() + interval '1 hour') "
                "ON CONFLICT (name) DO UPDATE SET until = excluded.until"
            )
        request, notice = _publish(stage)
        yield at_most("publish to everybody: the request", request * 1000, 200, 1, "ms")
        with stages.worker(stage, credentials) as group:
            begin = time.perf_counter()
            while not stage.one(
                "SELECT state = 'done' FROM fan_out WHERE notice_id = %(notice)s", notice=notice
            ):
                time.sleep(0.05)
            spent = time.perf_counter() - begin
            rows = stage.one(
                "SELECT count(*) FROM outbox WHERE notice_id = %(notice)s", notice=notice
            )
            note = f"{rows} devices, worker's start included"
            yield at_most("publish to everybody: outbox complete", spent, 15, 1, "s", note)
            yield _push(stage, group, credentials)
        with stage.connect() as connection:
            connection.execute("DELETE FROM pause")
            connection.execute("DELETE FROM outbox WHERE notice_id = %s", (notice,))


def _publish(stage: Stage) -> tuple[float, Any]:
    """Publish a fresh document to the whole province; return (seconds, notice id)."""
    token_member, document, root = fixtures.draft(stage)
    client = stage.client(stage.token(token_member))
    body = orjson.dumps({
        "audience": {"include": [{"unit_id": str(root), "reach": "below"}]},
        "attestation": True,
    })  # fmt: skip
    headers = {"Content-Type": "application/json", "Idempotency-Key": uuid.uuid4().hex}
    begin = time.perf_counter()
    status, answer, _ = client.call(
        "POST", f"/api/v1/documents/{document}/publication", body, headers
    )
    spent = time.perf_counter() - begin
    if status not in {200, 201}:
        raise RuntimeError(f"publication: {status} {answer[:300]!r}")
    notice = stage.one("SELECT id FROM notice WHERE object_id = %(document)s", document=document)
    return spent, notice


def _push(stage: Stage, group: Group, credentials: Any) -> Result:
    """Measure the worker's CPU for each message beside bare ``send_each`` to the same fake."""
    with stage.connect() as connection:
        connection.execute("DELETE FROM pause")
        connection.execute("SELECT pg_notify('handbook_work', '')")
    while stages.fcm_stats()["received"] == 0:
        time.sleep(0.02)
    first, cpu, begin = stages.fcm_stats()["received"], group.cpu(), time.perf_counter()
    while stages.fcm_stats()["received"] < first + PUSHED:
        time.sleep(0.05)
    sent = stages.fcm_stats()["received"] - first
    each = (group.cpu() - cpu) * 1000 / sent
    rate = sent / (time.perf_counter() - begin)
    with stage.connect() as connection:
        connection.execute(
            "INSERT INTO pause (name, until) VALUES ('push', now() + interval '1 hour')"
        )
    time.sleep(2)
    bare = _bare_push(credentials)
    return at_most(
        "push, CPU of a message beside bare send_each", each, bare, 1.15, "ms CPU",
        f"{rate:.0f} messages/s in one worker process",
    )  # fmt: skip


def _bare_push(credentials: Any) -> float:
    done = subprocess.run(
        [sys.executable, "-c", _BARE, str(credentials), f"http://127.0.0.1:{stages.FCM_PORT}"],
        check=True, capture_output=True, cwd=launch.ROOT, env=stages.environment(),
    )  # fmt: skip
    return float(json.loads(done.stdout)["ms"])


_BARE = """
import json, sys, time, warnings
warnings.simplefilter("ignore")
import firebase_admin
from firebase_admin import credentials, messaging
from requests.adapters import HTTPAdapter
messaging._MessagingService.FCM_URL = sys.argv[2] + "/v1/projects/{0}/messages:send"
app = firebase_admin.initialize_app(credentials.Certificate(sys.argv[1]), {"httpTimeout": 10})
service = messaging._get_messaging_service(app)
service._client.session.mount("http://", HTTPAdapter(pool_maxsize=64))
def batch(n):
    return [messaging.Message(token=f"bare-{n}-{i}", notification=messaging.Notification("a", "b"),
        data={"notice_id": "x" * 36, "object_id": "y" * 36}) for i in range(64)]
messaging.send_each(batch(0), app=app)
begin = time.process_time()
for n in range(1, 32):
    answer = messaging.send_each(batch(n), app=app)
    assert answer.failure_count == 0
print(json.dumps({"ms": (time.process_time() - begin) * 1000 / (31 * 64)}))
"""

