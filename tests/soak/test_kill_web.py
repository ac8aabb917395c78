"""``kill -9`` of the web server while phones report what was read: nothing lost, nothing doubled.

The server is the one of production, in processes of its own. The phones do as phones do: they send
a batch until it is answered, with the same ids each time.
"""

import http.client
import json
import os
import random
import signal
import socket
import subprocess
import threading
import time
import uuid
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from handbook import clock, launch
from models import Progress, ReadingEvent
from tests.conftest import Real
from tests.handbook.reading.conftest import event_id
from tests.support import build, published, settings
from tests.support.cluster import ROOT

SOON = 60.0
PHONES = 3
BATCH = 20
EVENT_SECONDS = 20
PAUSE_SECONDS = 5  # times are corrected by each batch's measured offset; no two may meet
ANSWERED = {"accepted", "duplicate"}


def free_port() -> int:
    """Return a port that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Web:
    """The web server, which can be killed with all its workers and started again."""

    def __init__(self, real: Real, folder: Path) -> None:
        """Prepare a server of one worker on the database of ``real``."""
        self.port = free_port()
        told = {
            "DATABASE_URL": real.url,
            "HANDBOOK_WEB_PORT": str(self.port),
            "HANDBOOK_WEB_WORKERS": "1",
            "HANDBOOK_RATE_LIMITS": "off",
            "HANDBOOK_LOG_LEVEL": "CRITICAL",
        }
        self._command = launch.web_command(settings.make(folder, **told))
        self._environment = {
            **os.environ,
            **told,
            "HANDBOOK_ENV": "test",
            "HANDBOOK_VAR": str(folder),
        }

    def start(self) -> None:
        """Start the server."""
        self._process = subprocess.Popen(  # noqa: S603 - our own command
            self._command, env=self._environment, cwd=ROOT, start_new_session=True
        )

    def kill(self) -> None:
        """Kill the server and its workers, all at once."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(SOON)


class Reader(threading.Thread):
    """A phone that reports one batch after another until told to stop, and never forgets one."""

    def __init__(self, port: int, token: str, version: uuid.UUID, begin: datetime) -> None:
        """Report readings of ``version`` that follow one another from ``begin`` on."""
        super().__init__(daemon=True)
        self._port, self._version, self._begin = port, version, begin
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self.enough = threading.Event()
        self.events: list[str] = []
        self.outcomes: Counter[str] = Counter()
        self.batches = 0
        self.unanswered = 0

    def run(self) -> None:
        """Send batches."""
        while not self.enough.is_set():
            events = [self._event() for _ in range(BATCH)]
            self.events += [event["id"] for event in events]
            self.deliver(events)
            self.batches += 1

    def deliver(self, events: list[dict[str, Any]]) -> None:
        """Send a batch until it is answered, and count what became of its events."""
        end = time.monotonic() + SOON
        while True:
            results = self._send(events)
            if results is not None:
                break
            assert time.monotonic() < end, "the server does not come back"
            self.unanswered += 1
            time.sleep(0.05)
        assert [one["id"] for one in results] == [event["id"] for event in events]
        self.outcomes.update(one["outcome"] for one in results)

    def _event(self) -> dict[str, Any]:
        started = self._begin
        ended = started + timedelta(seconds=EVENT_SECONDS)
        self._begin = ended + timedelta(seconds=PAUSE_SECONDS)
        return {
            "id": str(event_id(started)),
            "version_id": str(self._version),
            "parts": [1],
            "started_at": started.isoformat(),
            "ended_at": ended.isoformat(),
            "active_seconds": EVENT_SECONDS,
        }

    def _send(self, events: list[dict[str, Any]]) -> list[dict[str, Any]] | None:
        body = json.dumps({"device_time": clock.now().isoformat(), "events": events})
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
        try:
            connection.request("POST", "/api/v1/reading/events", body, self._headers)
            answer = connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()
        if answer.status >= 500:
            return None
        assert answer.status == 200, content
        results: list[dict[str, Any]] = json.loads(content)["results"]
        return results


def readers_of(real: Real, port: int) -> list[tuple[uuid.UUID, Reader]]:
    """Return members with their phones, and a document that they read."""
    begin = clock.now() - timedelta(days=6)
    with real.write():
        cell = build.unit()
        document = published.document(cell, words=(50_000,))
        assert document.version_id is not None
        made = []
        for _ in range(PHONES):
            member = build.member(cell)
            token = build.token(build.session_of(member))
            made.append((member.id, Reader(port, token, document.version_id, begin)))
    return made


def play(real: Real, folder: Path, kills: int, lot: random.Random) -> None:
    """Kill the server so often while phones report, then compare what was said and what is kept."""
    web = Web(real, folder)
    readers = readers_of(real, web.port)
    web.start()
    try:
        for _, reader in readers:
            reader.start()
        for _ in range(kills):
            seen = sum(reader.batches for _, reader in readers)
            end = time.monotonic() + SOON
            while sum(reader.batches for _, reader in readers) < seen + PHONES:
                assert time.monotonic() < end, "no batch is answered"
                time.sleep(0.01)
            time.sleep(lot.uniform(0.0, 0.3))
            web.kill()
            web.start()
        for _, reader in readers:
            reader.enough.set()
            reader.join(2 * SOON)
            assert not reader.is_alive()
    finally:
        web.kill()
    for member, reader in readers:
        assert set(reader.outcomes) <= ANSWERED, reader.outcomes
        assert sum(reader.outcomes.values()) == len(reader.events)
        with real.write() as session:
            kept = [
                str(one)
                for one in session.scalars(
                    select(ReadingEvent.id).where(ReadingEvent.member_id == member)
                )
            ]
            credited = session.scalar(
                select(func.sum(ReadingEvent.credited_seconds)).where(
                    ReadingEvent.member_id == member
                )
            )
            shown = session.scalar(
                select(Progress.credited_seconds).where(Progress.member_id == member)
            )
        assert sorted(kept) == sorted(reader.events)
        assert credited == shown == EVENT_SECONDS * len(kept)
    assert sum(reader.unanswered for _, reader in readers) >= kills, "the kills were felt"


@pytest.mark.timeout(300)
def test_three_kills(real: Real, tmp_path: Path) -> None:
    play(real, tmp_path, 3, random.Random(20261122))  # noqa: S311 - moments


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_many_kills(real: Real, tmp_path: Path) -> None:
    seed = random.SystemRandom().randrange(2**32)
    print("seed", seed)  # noqa: T201 - to play the same again
    play(real, tmp_path, 40, random.Random(seed))  # noqa: S311 - moments
