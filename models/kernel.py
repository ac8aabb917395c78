"""Tables of the kernel itself: kept answers of repeated requests, and ticks of the clock."""

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, func
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class KeptAnswer(Base):
    """The answer of a create, kept under its Idempotency-Key so that a retry gets the same."""

    __tablename__ = "kept_answer"

    account_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("account.id", ondelete="CASCADE"), primary_key=True
    )
    key: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[bytes]
    status: Mapped[int]
    answer_sealed: Mapped[bytes]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)


class Tick(Base):
    """A tick of the clock that a scheduler has taken; a second scheduler finds it and goes on."""

    __tablename__ = "tick"

    task: Mapped[str] = mapped_column(primary_key=True)
    slot: Mapped[datetime] = mapped_column(primary_key=True, index=True)
    taken_at: Mapped[datetime] = mapped_column(server_default=func.now())
