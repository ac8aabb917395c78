"""Notices, what members did with them, the fan-out to devices and the outbox."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, one_of
from models.leased import Leased

OUTBOX_WAITING = ("queued", "retry")
OUTBOX_STATES = (*OUTBOX_WAITING, "accepted", "dead", "expired", "suppressed", "failed")


class Notice(Base):
    """Something members are told: addressed to buckets, never copied for each member.

    ``kind`` names the texts in the catalogue; ``params`` fill the inbox text, never the push.
    """

    __tablename__ = "notice"
    __table_args__ = (Index("ix_notice_object", "object_kind", "object_id"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    object_kind: Mapped[str]
    object_id: Mapped[uuid.UUID]
    params: Mapped[dict[str, Any]]
    audience_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("audience.id", ondelete="RESTRICT"), unique=True
    )
    urgent: Mapped[bool] = mapped_column(server_default=text("false"))
    published_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]


class NoticeMark(Base):
    """What one member did with one notice."""

    __tablename__ = "notice_mark"

    notice_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("notice.id", ondelete="CASCADE"), primary_key=True
    )
    member_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("member.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    opened_at: Mapped[datetime | None]
    dismissed_at: Mapped[datetime | None]


class InboxMark(Base):
    """Up to which instant a member has read the whole inbox."""

    __tablename__ = "inbox_mark"

    member_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("member.id", ondelete="CASCADE"), primary_key=True
    )
    read_up_to: Mapped[datetime]


class FanOut(Leased, Base):
    """The making of one notice's outbox rows, in slices of devices."""

    __tablename__ = "fan_out"
    __table_args__ = (
        one_of("state", ("waiting", "done")),
        Index("ix_fan_out_waiting", "due_at", postgresql_where=text("state = 'waiting'")),
    )

    notice_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("notice.id", ondelete="CASCADE"), primary_key=True
    )
    state: Mapped[str] = mapped_column(server_default=text("'waiting'"))
    devices_up_to: Mapped[uuid.UUID | None]
    finished_at: Mapped[datetime | None]


class Outbox(Leased, Base):
    """One push of one notice to one device, and its fate."""

    __tablename__ = "outbox"
    __table_args__ = (
        one_of("state", OUTBOX_STATES),
        UniqueConstraint("notice_id", "device_id"),
        Index(
            "ix_outbox_waiting",
            "due_at",
            "id",
            postgresql_where=text("state IN ('queued', 'retry')"),
        ),
        Index("ix_outbox_device_id", "device_id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(
        primary_key=True, server_default=text("gen_random_uuid()")
    )
    notice_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("notice.id", ondelete="CASCADE"))
    device_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("device.id", ondelete="CASCADE"))
    member_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("member.id", ondelete="CASCADE"), index=True
    )
    state: Mapped[str] = mapped_column(server_default=text("'queued'"))
    reason: Mapped[str | None]
    provider_id: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    settled_at: Mapped[datetime | None]


class Pause(Base):
    """A pause of the whole dispatcher that the push service asked for (Retry-After).

    ``times`` counts the pauses since a slice last went through: each is longer than the one before.
    """

    __tablename__ = "pause"

    name: Mapped[str] = mapped_column(primary_key=True)
    until: Mapped[datetime]
    times: Mapped[int] = mapped_column(server_default=text("1"))
