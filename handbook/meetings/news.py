"""What phones and members hear of a meeting: sync, notices and reminders."""

import uuid
from collections.abc import Sequence
from datetime import datetime

from handbook import clock, database
from handbook.audiences import service as audiences
from handbook.changes import service as changes
from handbook.meetings import invited, rules
from handbook.notifications import service as notifications
from models import Meeting


def buckets(meeting: Meeting) -> list[uuid.UUID]:
    """Return the buckets a meeting is addressed to, none for a draft."""
    return audiences.buckets_of(meeting.audience_id) if meeting.audience_id else []


def tell(meeting: Meeting, kind: str) -> None:
    """Tell all whom a meeting is addressed to, by sync and by a notice of ``kind``."""
    reached = buckets(meeting)
    changes.touch("meeting", meeting.id, reached)
    _notify(meeting, kind, reached, clock.now())


def remind(now: datetime, limit: int = 500) -> int:
    """Remind members of up to ``limit`` meetings that start soon; return how many.

    Each stage of a meeting's start is told once, and only to those who have not answered that they
    will be absent.
    """
    session = database.session()
    locked = session.scalars(invited.unreminded(now, limit)).all()
    told = {
        (row.object_id, row.stage, datetime.fromisoformat(row.starts_at))
        for row in session.execute(invited.reminded(meeting.id for meeting in locked))
    }
    due = []
    for meeting in locked:
        stage = rules.stage(starts_at=meeting.starts_at, called_at=meeting.called_at, now=now)
        if stage and (meeting.id, stage, meeting.starts_at) not in told:
            due.append((meeting, stage))
    recipients = _recipients([meeting.id for meeting, _ in due], now)
    due = [(meeting, stage) for meeting, stage in due if meeting.id in recipients]
    for meeting, stage in due:
        _notify(meeting, invited.REMINDER, recipients[meeting.id], now, stage=stage)
    return len(due)


def _recipients(meetings: Sequence[uuid.UUID], now: datetime) -> dict[uuid.UUID, list[uuid.UUID]]:
    """Return meeting id → personal buckets of the invited who are not absent."""
    if not meetings:
        return {}
    rows = database.session().execute(invited.not_absent(meetings, clock.day_of(now))).all()
    personal = audiences.personal_buckets(row.member_id for row in rows)
    found: dict[uuid.UUID, list[uuid.UUID]] = {}
    for row in rows:
        found.setdefault(row.meeting_id, []).append(personal[row.member_id])
    return found


def _notify(
    meeting: Meeting, kind: str, reached: Sequence[uuid.UUID], now: datetime, **more: str
) -> None:
    params = {
        "title": meeting.title,
        "place": meeting.place,
        "time": f"{clock.local(meeting.starts_at):%H:%M, %d/%m/%Y}",
        "starts_at": meeting.starts_at.isoformat(),
        "reason": meeting.cancel_reason or "",
        **more,
    }
    notifications.notify(
        kind,
        "meeting",
        meeting.id,
        buckets=reached,
        params=params,
        urgent=rules.is_urgent(starts_at=meeting.starts_at, now=now),
        lasts=rules.told_for(starts_at=meeting.starts_at, now=now),
    )
