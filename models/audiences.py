"""Audiences: who an object is addressed to, as written and as the buckets it comes down to."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, one_of

EVERYONE = "everyone"
ALONE = "alone"
BELOW = "below"
ADDRESSED_KINDS = ("document", "meeting", "campaign", "notice")


class Bucket(Base):
    """A place that objects are addressed to and that members hold.

    Either (unit, ``alone`` or with all ``below``, a role or ``everyone``) or one member's own.
    """

    __tablename__ = "bucket"
    __table_args__ = (
        one_of("reach", (ALONE, BELOW)),
        UniqueConstraint("unit_id", "reach", "role"),
        CheckConstraint(
            "(member_id IS NOT NULL AND unit_id IS NULL AND reach IS NULL AND role IS NULL) "
            "OR (member_id IS NULL AND unit_id IS NOT NULL AND reach IS NOT NULL "
            "AND role IS NOT NULL)",
            name="unit_or_member",
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    unit_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("unit.id", ondelete="RESTRICT"))
    reach: Mapped[str | None]
    role: Mapped[str | None]
    member_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("member.id", ondelete="CASCADE"), unique=True
    )


class Audience(Base):
    """The address of one object: the expression as written, kept for good."""

    __tablename__ = "audience"
    __table_args__ = (one_of("kind", ADDRESSED_KINDS),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    expression: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Addressing(Base):
    """One bucket that an audience comes down to, since when."""

    __tablename__ = "addressing"
    __table_args__ = (
        one_of("kind", ADDRESSED_KINDS),
        Index("ix_addressing_newest", "bucket_id", "kind", text("since DESC"), "audience_id"),
    )

    audience_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("audience.id", ondelete="CASCADE"), primary_key=True
    )
    bucket_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("bucket.id", ondelete="RESTRICT"), primary_key=True
    )
    kind: Mapped[str]
    since: Mapped[datetime]
