"""The audit trail: entries appended with the change they tell of, sealed in blocks later."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Identity, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class AuditEntry(Base):
    """Who did what to which object; the application's role may insert and read, nothing else."""

    __tablename__ = "audit_entry"
    __table_args__ = (
        Index("ix_audit_entry_object", "object_kind", "object_id"),
        Index("ix_audit_entry_at", "at"),
    )

    number: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    transaction: Mapped[int] = mapped_column(
        BigInteger, server_default=text("(pg_current_xact_id()::text::bigint)")
    )
    action: Mapped[str]
    account_id: Mapped[uuid.UUID | None]
    session_id: Mapped[uuid.UUID | None]
    object_kind: Mapped[str]
    object_id: Mapped[uuid.UUID | None]
    unit_id: Mapped[uuid.UUID | None]
    member_id: Mapped[uuid.UUID | None]
    data: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    salt: Mapped[bytes] = mapped_column(
        server_default=text("decode(replace(gen_random_uuid()::text, '-', ''), 'hex')")
    )


class AuditSeal(Base):
    """A block of entries chained to the one before; written by the sealer alone."""

    __tablename__ = "audit_seal"

    number: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    first_entry: Mapped[int] = mapped_column(BigInteger, unique=True)
    last_entry: Mapped[int] = mapped_column(BigInteger, unique=True)
    entries: Mapped[int]
    digest: Mapped[bytes]
    sealed_at: Mapped[datetime] = mapped_column(server_default=func.now())
