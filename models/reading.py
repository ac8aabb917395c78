"""What members read: events as sent, progress derived from them, acknowledgements, quarantine."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, Index, Integer, Text, func, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, one_of


class ReadingEvent(Base):
    """One stretch of reading as the phone reported it; partitioned by the id, which holds the time.

    ``started_at`` and ``ended_at`` are corrected by the measured offset of the phone's clock, in
    whole seconds. ``credited_seconds`` is what the stretch counts for beside the member's others.
    """

    __tablename__ = "reading_event"
    __table_args__ = (
        CheckConstraint("ended_at >= started_at", name="interval"),
        CheckConstraint("active_seconds >= 0", name="active_positive"),
        CheckConstraint("credited_seconds BETWEEN 0 AND active_seconds", name="credited_active"),
        Index("ix_reading_event_member_started", "member_id", "started_at"),
        {"postgresql_partition_by": "RANGE (id)"},
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    member_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    version_id: Mapped[uuid.UUID]
    device_id: Mapped[uuid.UUID]
    parts: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime]
    active_seconds: Mapped[int]
    credited_seconds: Mapped[int]
    offline: Mapped[bool]
    flags: Mapped[list[str]] = mapped_column(ARRAY(Text))
    received_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Progress(Base):
    """How far a member has come in a version, recomputed from the events."""

    __tablename__ = "progress"
    __table_args__ = (
        CheckConstraint("credited_seconds >= 0", name="credited_positive"),
        Index("ix_progress_version_id", "version_id"),
    )

    member_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("member.id", ondelete="CASCADE"), primary_key=True
    )
    version_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("document_version.id", ondelete="CASCADE"), primary_key=True
    )
    document_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("document.id", ondelete="CASCADE"), index=True
    )
    parts_seen: Mapped[list[int]] = mapped_column(ARRAY(Integer), server_default=text("'{}'"))
    credited_seconds: Mapped[int] = mapped_column(server_default=text("0"))
    flagged: Mapped[bool] = mapped_column(server_default=text("false"))
    opened_at: Mapped[datetime | None]
    read_at: Mapped[datetime | None]
    read_received_at: Mapped[datetime | None]


class Acknowledgement(Base):
    """A member's word to have studied a version (xác nhận đã học), made on the phone or entered."""

    __tablename__ = "acknowledgement"
    __table_args__ = (
        one_of("source", ("member", "secretary")),
        CheckConstraint(
            "(source = 'secretary') = (recorded_by IS NOT NULL)", name="recorded_by_secretary"
        ),
        Index("uq_acknowledgement_member_version", "member_id", "version_id", unique=True),
        Index("ix_acknowledgement_document_id", "document_id", "member_id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    member_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("member.id", ondelete="CASCADE"))
    document_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("document.id", ondelete="RESTRICT"))
    version_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("document_version.id", ondelete="RESTRICT")
    )
    source: Mapped[str]
    recorded_by: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("account.id", ondelete="RESTRICT")
    )
    note: Mapped[str | None]
    acknowledged_at: Mapped[datetime]
    received_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Quarantine(Base):
    """An event that was readable but cannot be counted, kept whole with its reason."""

    __tablename__ = "quarantine"

    member_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("member.id", ondelete="CASCADE"), primary_key=True
    )
    event_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    reason: Mapped[str]
    payload: Mapped[dict[str, Any]]
    received_at: Mapped[datetime] = mapped_column(server_default=func.now())
