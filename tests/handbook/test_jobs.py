"""The worker's table of contents: every kind of work, every tick, and the way pushes go out."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from handbook import config, jobs, messages
from handbook.http import Handbook
from models import Tick, Unit
from push import clock
from push.fcm import FcmSender
from push.log_sender import LogSender
from tests.conftest import Real
from tests.support import build, notices, settings
from tests.support.cluster import ROOT
from tests.support.fcm import FakeFcm

SOON = 30.0


@pytest.fixture
def morning(at: Callable[[datetime], None]) -> None:
    at(notices.MORNING)


def test_every_kind_has_a_name_of_its_own(test_settings: config.Settings) -> None:
    found = jobs.build(test_settings, notices.Recorder())
    works = [work.name for work in found.works]
    ticks = [tick.name for tick in found.ticks]
    assert len(set(works)) == len(works) >= 6
    assert len(set(ticks)) == len(ticks) >= 4
    assert {"fan_out", "outbox", "rendering"} <= set(works)


def test_every_tick_is_a_time_of_the_calendar(test_settings: config.Settings) -> None:
    for tick in jobs.build(test_settings, notices.Recorder()).ticks:
        slot = clock.slot_of(tick, notices.MORNING)
        assert slot <= notices.MORNING
        assert clock.slot_of(tick, slot) == slot


def test_every_kind_of_notice_has_generic_words() -> None:
    kinds = {key.split(".")[1] for key in messages.keys() if key.startswith("notices.")}  # noqa: SIM118 - a function of messages
    assert "document_published" in kinds
    for kind in kinds:
        for language in messages.LANGUAGES:
            title, body = jobs.texts(kind, language)
            assert title
            assert "{" not in title + body, "a push names nothing"


def test_without_credentials_pushes_go_to_a_file(tmp_path: Path) -> None:
    assert isinstance(jobs.make_sender(settings.make(tmp_path)), LogSender)


def test_with_credentials_pushes_go_to_fcm(tmp_path: Path) -> None:
    with FakeFcm() as fcm:
        path = tmp_path / "fcm.json"
        path.write_text(json.dumps(fcm.service_account()), encoding="utf-8")
        sender = jobs.make_sender(
            settings.make(tmp_path, FCM_CREDENTIALS=str(path), FCM_URL=fcm.url)
        )
        assert isinstance(sender, FcmSender)
        sender.close()


def test_draining_brings_a_notice_to_the_phone(app: Handbook, db: Session, morning: None) -> None:
    cell, _ = notices.cell_with(2)
    notice = notices.publish(cell)
    recorder = notices.Recorder()

    assert jobs.drain(app, recorder) >= 3
    assert jobs.drain(app, recorder) == 0

    assert {row.state for row in notices.rows(notice)} == {"accepted"}
    assert [one.title for one in recorder.sent] == [
        messages.say("push.document_published.title")
    ] * 2


def test_forgetting_is_a_tick(app: Handbook, db: Session, morning: None) -> None:
    db.execute(insert(Tick).values(task="old", slot=datetime(2020, 1, 1, tzinfo=clock.ZONE)))
    settled = jobs.build(app.extensions["handbook_settings"], notices.Recorder())
    (forget,) = [tick for tick in settled.ticks if tick.name == "forget"]
    forget.act(db)
    assert db.scalar(select(func.count()).select_from(Tick)) == 0


def listening(url: str) -> bool:
    """Tell whether somebody listens for work in the database."""
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND query = 'LISTEN handbook_work'"
        ).fetchone()
        return bool(row and row[0])


@pytest.mark.timeout(120)
def test_the_worker_as_a_process_sends_and_stops_when_asked(real: Real, tmp_path: Path) -> None:
    with real.write():
        home: Unit = build.unit()
        build.device(build.member(home), "the-phone-of-this-test")
        notices.publish(home)
    environment = {
        **os.environ,
        "DATABASE_URL": real.url,
        "HANDBOOK_ENV": "test",
        "HANDBOOK_VAR": str(tmp_path),
        "HANDBOOK_QUIET_HOURS": "",
        "HANDBOOK_WORKER_SWEEP_SECONDS": "0.1",
        "FCM_CREDENTIALS": "",
    }
    worker = subprocess.Popen(
        [sys.executable, "-m", "handbook", "worker"], env=environment, cwd=ROOT
    )
    try:
        log = tmp_path / jobs.PUSH_LOG
        end = time.monotonic() + SOON
        while not log.exists() or not listening(jobs.listen_url(real.app)):
            assert time.monotonic() < end
            assert worker.poll() is None
            time.sleep(0.05)
    finally:
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(SOON) == 0
    (line,) = log.read_text(encoding="utf-8").splitlines()
    told = json.loads(line)
    assert told["title"] == messages.say("push.document_published.title")
    assert "the-phone-of-this-test" not in line
