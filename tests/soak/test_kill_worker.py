"""``kill -9`` of the worker, again and again: nothing lost, nothing doubled.

The worker is a process of its own, the push service (the fake FCM) stands outside, and each round
kills the worker at a named point or at a moment drawn by lot.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from handbook import database
from models import FanOut, Member, Outbox, Unit
from tests.conftest import Real
from tests.support import build, notices
from tests.support.cluster import ROOT
from tests.support.fcm import FakeFcm

FEW = 160
MANY = 700  # more than one slice of the outbox
SOON = 60.0
LONG = 600.0
Sent = Counter[tuple[str, str]]


@pytest.fixture
def fcm() -> Iterator[FakeFcm]:
    """Return a fake FCM that takes its time, so that a kill finds sends under way."""
    with FakeFcm(delay_seconds=0.03) as running:
        yield running


def until(condition: Callable[[], object], what: str, seconds: float = SOON) -> None:
    """Wait until ``condition`` holds, looking a few thousand times at most."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(seconds / 3000)


class House:
    """The database, the worker's environment, and what may be said about both."""

    def __init__(self, real: Real, fcm: FakeFcm, folder: Path, phones: int) -> None:
        """Prepare a cell whose member has so many phones."""
        self.real, self.fcm, self.phones = real, fcm, phones
        account = folder / "fcm.json"
        account.write_text(json.dumps(fcm.service_account()), encoding="utf-8")
        self.environment = {
            **os.environ,
            "DATABASE_URL": real.url,
            "FCM_CREDENTIALS": str(account),
            "FCM_URL": fcm.url,
            "HANDBOOK_ENV": "test",
            "HANDBOOK_VAR": str(folder),
            "HANDBOOK_LEASE_SECONDS": "1",
            "HANDBOOK_LOG_LEVEL": "ERROR",
            "HANDBOOK_QUIET_HOURS": "",
            "HANDBOOK_WORKER_SWEEP_SECONDS": "0.05",
        }
        with real.write():
            self.cell: Unit = build.unit()
            self.an: Member = build.member(self.cell)
            notices.many_phones(self.an, phones)
            database.session().expunge_all()
        self.published: list[uuid.UUID] = []

    def publish(self) -> None:
        """Tell the cell of something new."""
        with self.real.write():
            self.published.append(notices.publish(self.cell))

    def start(self, kill_at: str = "") -> subprocess.Popen[bytes]:
        """Start a worker that dies at the point named."""
        return subprocess.Popen(
            [sys.executable, "-m", "tests.support.worker_main"],
            env={**self.environment, "KILL_AT": kill_at},
            cwd=ROOT,
        )

    def sent(self) -> Sent:
        """Return how often each message came to FCM, by address and notice."""
        return Counter(
            (one.address, one.body["message"]["data"]["notice_id"])
            for one in list(self.fcm.received)
        )

    def accepted(self) -> set[tuple[str, str]]:
        """Return the messages whose acceptance is on record."""
        with self.real.write() as session:
            rows = session.execute(
                select(Outbox.device_id, Outbox.notice_id).where(Outbox.state == "accepted")
            )
            return {(f"many-{device}", str(notice)) for device, notice in rows}

    def open_rows(self) -> int:
        """Return how many fan-outs and outbox rows are not done."""
        with self.real.write() as session:
            fans = select(func.count()).where(FanOut.state != "done")
            rows = select(func.count()).where(Outbox.state != "accepted")
            return int(session.scalar(fans) or 0) + int(session.scalar(rows) or 0)

    def kill_once(self, kill_at: str, after_seconds: float) -> None:
        """Let a worker run until it dies at a point, or is killed some time after its start."""
        on_record, before = self.accepted(), self.sent()
        worker = self.start(kill_at)
        if not kill_at:
            count = sum(before.values())
            until(lambda: sum(self.fcm.counts.values()) > count, "nothing is sent")
            time.sleep(after_seconds)
            worker.kill()
        assert worker.wait(SOON) == -signal.SIGKILL
        new = self.sent() - before
        assert set(new.values()) <= {1}, "one life of a worker sends a message once"
        assert not on_record & new.keys(), "what is on record is never sent again"

    def finish(self) -> None:
        """Let a worker run undisturbed until nothing is left; it must stop when asked to."""
        on_record, before = self.accepted(), self.sent()
        worker = self.start()
        try:
            until(lambda: self.open_rows() == 0, "rows are left", LONG)
        finally:
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(SOON) == 0
        new = self.sent() - before
        assert set(new.values()) <= {1}
        assert not on_record & new.keys()


def play(house: House, kills: list[str], lot: random.Random) -> None:
    """Publish, kill as told, and look at what is left after a clean run."""
    for kill_at in kills:
        house.publish()
        house.kill_once(kill_at, lot.uniform(0.0, 0.6))
    house.finish()
    with house.real.write() as session:
        counts = select(Outbox.notice_id, func.count()).group_by(Outbox.notice_id)
        per_notice = {row[0]: row[1] for row in session.execute(counts)}
    assert per_notice == dict.fromkeys(house.published, house.phones)
    sent = house.sent()
    assert len(sent) == house.phones * len(kills), "every message went out"
    assert max(sent.values()) <= 1 + len(kills), "at most one repeat for each fault"


@pytest.mark.timeout(300)
def test_three_kills(real: Real, fcm: FakeFcm, tmp_path: Path) -> None:
    house = House(real, fcm, tmp_path, FEW)
    play(house, ["after_do:1", "before_commit:1", ""], random.Random(20261122))  # noqa: S311 - moments


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_many_kills(real: Real, fcm: FakeFcm, tmp_path: Path) -> None:
    seed = random.SystemRandom().randrange(2**32)
    print("seed", seed)  # noqa: T201 - to play the same again
    lot = random.Random(seed)  # noqa: S311 - moments and places
    points = ["", "", "after_claim:1", "after_do:1", "after_do:2", "before_commit:1"]
    points += ["before_commit:2", "before_commit:3"]
    play(House(real, fcm, tmp_path, MANY), lot.choices(points, k=32), lot)
