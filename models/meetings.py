"""Meetings of a unit (sinh hoạt chi bộ, hội nghị): agenda, materials, invitations, replies."""

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, longest, one_of

MEETING_KINDS = ("regular", "thematic", "extraordinary", "committee", "congress")


class Meeting(Base):
    """A meeting; calling it invites the unit's members and puts it on their phones."""

    __tablename__ = "meeting"
    __table_args__ = (
        one_of("kind", MEETING_KINDS),
        one_of("state", ("draft", "called", "cancelled")),
        longest("title", 500),
        longest("place", 500),
        CheckConstraint("minutes_planned BETWEEN 1 AND 1440", name="minutes_planned_range"),
        CheckConstraint(
            "state = 'draft' OR (called_at IS NOT NULL AND audience_id IS NOT NULL)",
            name="called_is_whole",
        ),
        Index("ix_meeting_unit_starts", "unit_id", text("starts_at DESC")),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    unit_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("unit.id", ondelete="RESTRICT"))
    kind: Mapped[str]
    title: Mapped[str]
    starts_at: Mapped[datetime]
    minutes_planned: Mapped[int]
    place: Mapped[str]
    note: Mapped[str | None]
    chair_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("member.id", ondelete="SET NULL"))
    state: Mapped[str] = mapped_column(server_default=text("'draft'"))
    audience_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("audience.id", ondelete="RESTRICT"), unique=True
    )
    called_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]
    cancel_reason: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    created_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id", ondelete="RESTRICT"))
    revision: Mapped[int] = mapped_column(default=1)


class AgendaItem(Base):
    """One item of the agenda, in its order."""

    __tablename__ = "agenda_item"
    __table_args__ = (
        longest("title", 1000),
        CheckConstraint("minutes BETWEEN 1 AND 1440", name="minutes_range"),
    )

    meeting_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("meeting.id", ondelete="CASCADE"), primary_key=True
    )
    ordinal: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    minutes: Mapped[int | None]
    presenter: Mapped[str | None]


class MeetingMaterial(Base):
    """A document that is a paper of the meeting."""

    __tablename__ = "meeting_material"
    __table_args__ = (UniqueConstraint("meeting_id", "ordinal"),)

    meeting_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("meeting.id", ondelete="CASCADE"), primary_key=True
    )
    document_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("document.id", ondelete="RESTRICT"), primary_key=True, index=True
    )
    ordinal: Mapped[int]


class MeetingReply(Base):
    """An invited member's reply; the newest counts."""

    __tablename__ = "meeting_reply"
    __table_args__ = (
        one_of("answer", ("coming", "absent")),
        CheckConstraint("answer = 'coming' OR reason IS NOT NULL", name="absent_with_reason"),
    )

    meeting_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("meeting.id", ondelete="CASCADE"), primary_key=True
    )
    member_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("member.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    answer: Mapped[str]
    reason: Mapped[str | None]
    replied_at: Mapped[datetime] = mapped_column(server_default=func.now())
