"""Documents (văn bản): types, issuers, records, versions, parts, and who held what was recalled."""

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, func, text, true
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, longest, one_of
from models.leased import Leased

URGENCIES = ("ordinary", "urgent", "very_urgent", "flash")
CIRCULATIONS = ("public", "internal")


class DocumentType(Base):
    """A type of document (tên loại văn bản) and its symbol; Quy định 399-QĐ/TW of 9/1/2026."""

    __tablename__ = "document_type"

    code: Mapped[str] = mapped_column(primary_key=True)
    symbol: Mapped[str | None]
    name: Mapped[str]
    ordinal: Mapped[int]
    cell_may_issue: Mapped[bool]
    source: Mapped[str]


class Issuer(Base):
    """A body that issues documents (cơ quan ban hành), inside the tree or above it."""

    __tablename__ = "issuer"
    __table_args__ = (longest("name", 300),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    name_folded: Mapped[str]
    symbol: Mapped[str | None]
    unit_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("unit.id", ondelete="RESTRICT"), index=True
    )


class Document(Base):
    """The record of a document; number and date may be missing, as in old sources."""

    __tablename__ = "document"
    __table_args__ = (
        one_of("urgency", URGENCIES),
        one_of("circulation", CIRCULATIONS),
        one_of("state", ("draft", "published", "recalled")),
        longest("abstract", 2000),
        CheckConstraint("number > 0", name="number_positive"),
        CheckConstraint(
            "state = 'draft' OR (published_at IS NOT NULL AND audience_id IS NOT NULL "
            "AND version_id IS NOT NULL)",
            name="published_is_whole",
        ),
        CheckConstraint(
            "(state = 'recalled') = (recalled_at IS NOT NULL AND recall_reason IS NOT NULL)",
            name="recalled_with_reason",
        ),
        Index(
            "uq_document_number",
            "issuer_id",
            "type_code",
            "number",
            "term",
            unique=True,
            postgresql_nulls_not_distinct=True,
            postgresql_where=text("number IS NOT NULL AND issuer_id IS NOT NULL"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    unit_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("unit.id", ondelete="RESTRICT"), index=True
    )
    type_code: Mapped[str] = mapped_column(ForeignKey("document_type.code", ondelete="RESTRICT"))
    issuer_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("issuer.id", ondelete="RESTRICT"), index=True
    )
    number: Mapped[int | None]
    symbol: Mapped[str | None]
    term: Mapped[str | None]
    issued_on: Mapped[date | None]
    abstract: Mapped[str]
    signer: Mapped[str | None]
    urgency: Mapped[str] = mapped_column(server_default=text("'ordinary'"))
    circulation: Mapped[str] = mapped_column(server_default=text("'internal'"))
    state: Mapped[str] = mapped_column(server_default=text("'draft'"))
    audience_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("audience.id", ondelete="RESTRICT"), unique=True
    )
    version_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("document_version.id", ondelete="RESTRICT", use_alter=True)
    )
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    created_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id", ondelete="RESTRICT"))
    published_at: Mapped[datetime | None]
    published_by: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("account.id", ondelete="RESTRICT")
    )
    recalled_at: Mapped[datetime | None]
    recall_reason: Mapped[str | None]
    revision: Mapped[int] = mapped_column(default=1)


class DocumentVersion(Leased, Base):
    """One file of a document; rendering it into parts is background work on this row."""

    __tablename__ = "document_version"
    __table_args__ = (
        one_of("state", ("waiting", "ready", "failed")),
        UniqueConstraint("document_id", "number"),
        CheckConstraint("(state = 'failed') = (failure IS NOT NULL)", name="failed_with_reason"),
        Index("ix_document_version_waiting", "due_at", postgresql_where=text("state = 'waiting'")),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    document_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("document.id", ondelete="CASCADE"))
    number: Mapped[int]
    file_sha256: Mapped[str] = mapped_column(
        ForeignKey("stored_file.sha256", ondelete="RESTRICT"), index=True
    )
    file_name: Mapped[str]
    state: Mapped[str] = mapped_column(server_default=text("'waiting'"))
    failure: Mapped[str | None]
    parts_total: Mapped[int] = mapped_column(server_default=text("0"))
    words: Mapped[int] = mapped_column(server_default=text("0"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    created_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id", ondelete="RESTRICT"))


class Part(Base):
    """A section of a version as clean HTML: what the phone shows and what progress counts."""

    __tablename__ = "part"
    __table_args__ = (CheckConstraint("number >= 1 AND words >= 0", name="counts"),)

    version_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("document_version.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True)
    heading: Mapped[str | None]
    html: Mapped[str]
    text: Mapped[str]
    words: Mapped[int]
    has_text: Mapped[bool] = mapped_column(server_default=true())
    sha256: Mapped[str]


class Download(Base):
    """The first time a device fetched a part or the file of a version for an account."""

    __tablename__ = "download"

    version_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("document_version.id", ondelete="CASCADE"), primary_key=True
    )
    device_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("device.id", ondelete="CASCADE"), primary_key=True
    )
    account_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("account.id", ondelete="CASCADE"), primary_key=True
    )
    part_number: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=func.now())


class Holder(Base):
    """A device that had a document when it was recalled or withdrawn from its owner."""

    __tablename__ = "holder"
    __table_args__ = (
        one_of("had", ("record", "content")),
        UniqueConstraint("document_id", "device_id", "member_id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(
        primary_key=True, server_default=text("gen_random_uuid()")
    )
    document_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("document.id", ondelete="CASCADE"))
    device_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("device.id", ondelete="CASCADE"))
    member_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("member.id", ondelete="CASCADE"), index=True
    )
    had: Mapped[str]
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    removed_at: Mapped[datetime | None]
