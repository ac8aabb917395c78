"""Who is invited to meetings, what they answered, and whom to remind."""

import uuid
from collections.abc import Iterable
from datetime import date, datetime

from sqlalchemy import DateTime, case, cast, exists, func, select

from handbook.meetings import rules
from handbook.meetings.queries import stays
from models import (
    Account,
    Addressing,
    DeviceAccount,
    Meeting,
    MeetingReply,
    Member,
    Notice,
    Rows,
    bucket_member,
)

REMINDER = "meeting_reminder"


def reply(meeting_id: uuid.UUID, member_id: uuid.UUID) -> Rows:
    """Select a member's reply to an invitation."""
    return select(MeetingReply).where(
        MeetingReply.meeting_id == meeting_id, MeetingReply.member_id == member_id
    )


def own_replies(member_id: uuid.UUID, meetings: Iterable[uuid.UUID]) -> Rows:
    """Select (meeting_id, answer, reason, replied_at) of a member's replies to meetings."""
    return select(
        MeetingReply.meeting_id, MeetingReply.answer, MeetingReply.reason, MeetingReply.replied_at
    ).where(MeetingReply.member_id == member_id, MeetingReply.meeting_id.in_(list(meetings)))


def _invited(meetings: Iterable[uuid.UUID], day: date) -> Rows:
    """Select distinct (meeting_id, member_id) of those whom called meetings reach on a day."""
    return (
        select(Meeting.id.label("meeting_id"), bucket_member.c.member_id)
        .join(Addressing, Addressing.audience_id == Meeting.audience_id)
        .join(bucket_member, bucket_member.c.bucket_id == Addressing.bucket_id)
        .join(Member, Member.id == bucket_member.c.member_id)
        .where(Meeting.id.in_(list(meetings)), bucket_member.c.during.contains(day), stays(day))
        .distinct()
    )


def replies(meeting_id: uuid.UUID, day: date) -> Rows:
    """Select a row for each member invited to a meeting, with the answer or nulls.

    Columns: id and member_id (the member's), name_key, full_name, answer, reason, replied_at,
    has_device (enrolled on at least one).
    """
    invited = _invited([meeting_id], day).subquery()
    enrolled = exists().where(
        Account.member_id == Member.id, DeviceAccount.account_id == Account.id
    )
    given = (MeetingReply.meeting_id == meeting_id) & (MeetingReply.member_id == Member.id)
    return (
        select(
            Member.id,
            Member.id.label("member_id"),
            Member.name_key,
            Member.full_name,
            enrolled.label("has_device"),
            MeetingReply.answer,
            MeetingReply.reason,
            MeetingReply.replied_at,
        )
        .join(invited, invited.c.member_id == Member.id)
        .outerjoin(MeetingReply, given)
    )


def reply_counts(meeting_id: uuid.UUID, day: date) -> Rows:
    """Select one row: how many are invited, coming, absent and unanswered."""
    rows = replies(meeting_id, day).subquery()
    answer = rows.c.answer
    return select(
        func.count().label("invited"),
        func.count().filter(answer == rules.COMING).label("coming"),
        func.count().filter(answer == rules.ABSENT).label("absent"),
        func.count().filter(answer.is_(None)).label("unanswered"),
    ).select_from(rows)


def unreminded(now: datetime, limit: int) -> Rows:
    """Select and lock the called meetings whose reminder of the nearest stage is due.

    Those that another transaction is changing are left out and found the next time. Who holds the
    locks looks again with ``reminded``: a reminder may have been committed in between.
    """
    near = Meeting.starts_at <= now + rules.STAGES["hours"]
    stage = case((near, "hours"), else_="day")
    before = case((near, rules.STAGES["hours"]), else_=rules.STAGES["day"])
    reminder = exists().where(
        Notice.object_kind == "meeting",
        Notice.object_id == Meeting.id,
        Notice.kind == REMINDER,
        Notice.params["stage"].as_string() == stage,
        cast(Notice.params["starts_at"].as_string(), DateTime(timezone=True)) == Meeting.starts_at,
    )
    return (
        select(Meeting)
        .where(
            Meeting.state == rules.CALLED,
            Meeting.starts_at > now,
            Meeting.starts_at <= now + rules.STAGES["day"],
            Meeting.called_at <= Meeting.starts_at - before,
            ~reminder,
        )
        .order_by(Meeting.starts_at, Meeting.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )


def reminded(meetings: Iterable[uuid.UUID]) -> Rows:
    """Select (object_id, starts_at, stage) of the reminders that meetings have had."""
    return select(
        Notice.object_id,
        Notice.params["starts_at"].as_string().label("starts_at"),
        Notice.params["stage"].as_string().label("stage"),
    ).where(
        Notice.object_kind == "meeting",
        Notice.object_id.in_(list(meetings)),
        Notice.kind == REMINDER,
    )


def not_absent(meetings: Iterable[uuid.UUID], day: date) -> Rows:
    """Select (meeting_id, member_id) of the invited who have not answered that they are absent."""
    absent = exists().where(
        MeetingReply.meeting_id == Meeting.id,
        MeetingReply.member_id == bucket_member.c.member_id,
        MeetingReply.answer == rules.ABSENT,
    )
    return _invited(meetings, day).where(~absent)
