"""The one source of time: instants are aware and in UTC, days are Vietnamese days.

Callers write ``from handbook import clock`` and call ``clock.now()`` through the module, so that a
test can stop the clock by replacing ``clock.now``.
"""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")


def now() -> datetime:
    """Return the present instant, aware and in UTC."""
    return datetime.now(UTC)


def today() -> date:
    """Return the Vietnamese day of the present instant."""
    return day_of(now())


def local(instant: datetime) -> datetime:
    """Return the same instant on the Vietnamese wall clock; ValueError if it is naive."""
    if instant.tzinfo is None:
        message = "an instant needs a time zone"
        raise ValueError(message)
    return instant.astimezone(VIETNAM)


def day_of(instant: datetime) -> date:
    """Return the Vietnamese day on which an instant falls; ValueError if it is naive."""
    return local(instant).date()


def start_of_day(day: date) -> datetime:
    """Return the instant, in UTC, at which a Vietnamese day begins."""
    return datetime.combine(day, time.min, tzinfo=VIETNAM).astimezone(UTC)
