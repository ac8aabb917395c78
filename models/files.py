"""Stored files, named by their content."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, one_of

FILE_KINDS = ("docx", "pdf", "txt")


class StoredFile(Base):
    """A file in the store; ``sha256`` is its name, its address and its ETag."""

    __tablename__ = "stored_file"
    __table_args__ = (
        one_of("kind", FILE_KINDS),
        CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name="sha256_form"),
        CheckConstraint("size > 0", name="size_positive"),
    )

    sha256: Mapped[str] = mapped_column(primary_key=True)
    size: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
