"""All background work of the house, assembled for the worker in ``push``."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog
from sqlalchemy import make_url
from sqlalchemy.orm import Session

from handbook import clock, database, idempotency, launch, messages
from handbook.config import Settings
from handbook.documents import due as documents
from handbook.http import Handbook
from handbook.meetings import due as meetings
from handbook.reading import due as reading
from handbook.studies import due as studies
from push import clock as push_clock
from push import fanout, outbox, runner
from push.fcm import FcmSender
from push.log_sender import LogSender
from push.sender import Sender
from push.work import Jobs, Tick

LOG = structlog.get_logger(__name__)
PUSH_LOG = "push.log"


def texts(kind: str, language: str) -> tuple[str, str]:
    """Return the generic title and body of a push about a kind of notice."""
    return (
        messages.say(f"push.{kind}.title", language),
        messages.say(f"push.{kind}.body", language),
    )


def make_sender(settings: Settings) -> Sender:
    """Return the way pushes go out: FCM with credentials, else a log file in the working folder."""
    if settings.fcm_credentials is not None:
        return FcmSender(settings.fcm_credentials, now=clock.now, endpoint=settings.fcm_url)
    return LogSender(settings.var_dir / PUSH_LOG, now=clock.now)


def build(settings: Settings, sender: Sender) -> Jobs:
    """Return all kinds of due work and all ticks."""
    return Jobs(
        works=(
            fanout.work(now=clock.now, day_of=clock.day_of, lease_seconds=settings.lease_seconds),
            outbox.work(
                sender,
                texts=texts,
                now=clock.now,
                quiet_hours=settings.quiet_hours,
                lease_seconds=settings.lease_seconds,
            ),
            *documents.WORKS,
            *studies.WORKS,
        ),
        ticks=(
            *reading.TICKS,
            *studies.TICKS,
            *meetings.TICKS,
            Tick("forget", {"hour": 3, "minute": 10}, _forget),
        ),
    )


def _forget(session: Session) -> None:
    idempotency.purge(session)
    push_clock.forget_old(session, clock.now())


def transactions(app: Handbook) -> runner.Transaction:
    """Return what opens one committed transaction of ``app`` at a time."""

    @contextmanager
    def transaction() -> Iterator[Session]:
        with app.app_context(), database.transaction(app, database.Transaction.WRITE):
            yield database.session()

    return transaction


def drain(app: Handbook, sender: Sender | None = None) -> int:
    """Do all that is due now and return how many rows that were; for demo data and tests."""
    settings: Settings = app.extensions["handbook_settings"]
    return runner.drain(build(settings, sender or make_sender(settings)), transactions(app))


def run_worker(
    app: Handbook, settings: Settings, *, crash: Callable[[str], None] = runner.nothing
) -> None:
    """Run the worker and the clock until Ctrl-C or SIGTERM; ``crash`` is for tests."""
    sender = make_sender(settings)
    found = build(settings, sender)
    transaction = transactions(app)
    with launch.stop_asked() as stop:
        scheduler = push_clock.scheduler(found, transaction, clock.now)
        scheduler.start()
        LOG.info("worker_started", works=[work.name for work in found.works])
        runner.Worker(
            found,
            transaction,
            listen_url(app),
            sweep_seconds=settings.worker_sweep_seconds,
            renew_seconds=settings.lease_seconds / 3,
            crash=crash,
        ).run(stop)
        scheduler.shutdown(wait=True)
    LOG.info("worker_stopped")


def listen_url(app: Handbook) -> str:
    """Return the plain PostgreSQL address of the app's database."""
    address = make_url(app.config["SQLALCHEMY_DATABASE_URI"]).set(drivername="postgresql")
    return address.render_as_string(hide_password=False)
