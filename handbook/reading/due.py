"""What falls due in reading: partitions of the events of months to come."""

from datetime import date

import structlog
from sqlalchemy import text
from sqlalchemy.orm import Session

from handbook import clock, ids
from push.work import Tick

LOG = structlog.get_logger(__name__)
MONTHS_AHEAD = 2
_MAKE = text("SELECT make_reading_partition(:part, :low, :high)")


def make_partitions(session: Session) -> None:
    """Make the partitions of reading events for this month and the two to come.

    Months are Vietnamese months of the time in the event's id. The function of the database runs as
    the owner of the table and moves what the default partition holds of a month; a month of which
    it holds too much to move under a lock is left there and logged: nothing is lost, only slower.
    """
    month = clock.today().replace(day=1)
    for _ in range(MONTHS_AHEAD + 1):
        following = _next(month)
        part = f"reading_event_y{month:%Y}m{month:%m}"
        bounds = {
            "low": ids.floor_at(clock.start_of_day(month)),
            "high": ids.floor_at(clock.start_of_day(following)),
        }
        if session.execute(_MAKE, {"part": part, **bounds}).scalar_one() == "full":
            LOG.warning("reading_partition_skipped", part=part)
        month = following


def _next(month: date) -> date:
    """Return the first day of the month after."""
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


TICKS = (Tick("reading_partitions", {"hour": 2, "minute": 40}, make_partitions),)
