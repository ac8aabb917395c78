"""The bucket log that phones pull, the receipts they give, and the stale marks of derived state."""

import uuid
from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, one_of
from models.leased import Leased


class BucketHead(Base):
    """The newest position of a bucket's log; its row lock orders the writers."""

    __tablename__ = "bucket_head"
    __table_args__ = ({"postgresql_with": {"fillfactor": "70"}},)

    bucket_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("bucket.id", ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(BigInteger)


class Change(Base):
    """The newest change of one object in one bucket."""

    __tablename__ = "change"
    __table_args__ = (
        one_of("op", ("put", "remove")),
        UniqueConstraint("bucket_id", "position"),
    )

    bucket_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("bucket.id", ondelete="CASCADE"), primary_key=True
    )
    kind: Mapped[str] = mapped_column(primary_key=True)
    object_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    op: Mapped[str]
    position: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[datetime] = mapped_column(server_default=func.now())


class Receipt(Base):
    """How far a device has proved to have pulled a bucket for one account."""

    __tablename__ = "receipt"

    device_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("device.id", ondelete="CASCADE"), primary_key=True
    )
    account_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("account.id", ondelete="CASCADE"), primary_key=True
    )
    bucket_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("bucket.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    position: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[datetime] = mapped_column(server_default=func.now())


class StaleMark(Leased, Base):
    """Derived state to recompute: writers raise ``version``, the worker deletes what it claimed."""

    __tablename__ = "stale_mark"
    __table_args__ = (
        one_of("kind", ("campaign_target", "campaign_count")),
        Index("ix_stale_mark_due", "kind", "due_at"),
    )

    kind: Mapped[str] = mapped_column(primary_key=True)
    first_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    second_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
