"""Study campaigns (đợt học tập, quán triệt): documents, the frozen target list, counters."""

import uuid
from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, longest, one_of
from models.leased import Leased


class Campaign(Leased, Base):
    """A campaign; issuing it freezes its targets as of ``issued_at``, in slices, by the worker.

    ``frozen_up_to`` is the last member of the slices done. ``quiet_after`` is the transaction that
    found no more members: once all older ones have ended, no fact can have missed its target.
    """

    __tablename__ = "campaign"
    __table_args__ = (
        one_of("state", ("draft", "issuing", "issued", "closed")),
        longest("title", 500),
        CheckConstraint("requires_read OR requires_acknowledgement", name="requires_something"),
        CheckConstraint("state = 'draft' OR issued_at IS NOT NULL", name="issued_at_known"),
        Index("ix_campaign_issuing", "due_at", postgresql_where=text("state = 'issuing'")),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    unit_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("unit.id", ondelete="RESTRICT"), index=True
    )
    title: Mapped[str]
    requires_read: Mapped[bool]
    requires_acknowledgement: Mapped[bool]
    deadline: Mapped[datetime]
    state: Mapped[str] = mapped_column(server_default=text("'draft'"))
    audience_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("audience.id", ondelete="RESTRICT"), unique=True
    )
    issued_at: Mapped[datetime | None]
    frozen_up_to: Mapped[uuid.UUID | None]
    quiet_after: Mapped[int | None] = mapped_column(BigInteger)
    closed_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    created_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id", ondelete="RESTRICT"))
    revision: Mapped[int] = mapped_column(default=1)


class CampaignDocument(Base):
    """A document to study, in its order."""

    __tablename__ = "campaign_document"
    __table_args__ = (UniqueConstraint("campaign_id", "ordinal"),)

    campaign_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("campaign.id", ondelete="CASCADE"), primary_key=True
    )
    document_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("document.id", ondelete="RESTRICT"), primary_key=True, index=True
    )
    ordinal: Mapped[int]


class CampaignTarget(Base):
    """A member who must study, frozen with the cell of that instant, and the derived state."""

    __tablename__ = "campaign_target"
    __table_args__ = (
        one_of("state", ("pending", "started", "completed", "completed_late")),
        CheckConstraint(
            "(state IN ('completed', 'completed_late')) = (completed_at IS NOT NULL)",
            name="completed_with_time",
        ),
        Index("ix_campaign_target_unit", "campaign_id", "unit_id"),
        Index("ix_campaign_target_path", "campaign_id", "unit_path"),
        Index("ix_campaign_target_member_id", "member_id"),
    )

    campaign_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("campaign.id", ondelete="CASCADE"), primary_key=True
    )
    member_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("member.id", ondelete="CASCADE"), primary_key=True
    )
    unit_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("unit.id", ondelete="RESTRICT"))
    unit_path: Mapped[str] = mapped_column(String(collation="C"))
    state: Mapped[str] = mapped_column(server_default=text("'pending'"))
    documents_done: Mapped[int] = mapped_column(server_default=text("0"))
    completed_at: Mapped[datetime | None]
    derived_at: Mapped[datetime] = mapped_column(server_default=func.now())


class CampaignCount(Base):
    """The counters of one cell in one campaign, rolled up when a report is read.

    ``no_device`` counts targets with no device enrolled, ``entered`` those with a study entry.
    """

    __tablename__ = "campaign_count"
    __table_args__ = (Index("ix_campaign_count_path", "campaign_id", "unit_path"),)

    campaign_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("campaign.id", ondelete="CASCADE"), primary_key=True
    )
    unit_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("unit.id", ondelete="RESTRICT"), primary_key=True
    )
    unit_path: Mapped[str] = mapped_column(String(collation="C"))
    targets: Mapped[int]
    started: Mapped[int]
    completed: Mapped[int]
    completed_late: Mapped[int]
    no_device: Mapped[int] = mapped_column(server_default=text("0"))
    entered: Mapped[int] = mapped_column(server_default=text("0"))
    derived_at: Mapped[datetime] = mapped_column(server_default=func.now())


class StudyEntry(Base):
    """The secretary's entry for a member without a phone: studied on paper or at the cell."""

    __tablename__ = "study_entry"
    __table_args__ = (
        one_of("form", ("paper", "read_aloud", "conference")),
        longest("note", 1000),
    )

    campaign_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("campaign.id", ondelete="CASCADE"), primary_key=True
    )
    member_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("member.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    form: Mapped[str]
    studied_on: Mapped[date]
    note: Mapped[str | None]
    recorded_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id", ondelete="RESTRICT"))
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now())
