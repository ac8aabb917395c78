"""What falls due: reminders of meetings that start soon."""

from sqlalchemy.orm import Session

from handbook import clock
from handbook.meetings import news
from push.work import Tick


def remind(_session: Session) -> None:
    """Remind of the meetings that start within a day, and again within two hours."""
    news.remind(clock.now())


TICKS: tuple[Tick, ...] = (Tick("meeting_reminders", {"minute": "*/10"}, remind),)
