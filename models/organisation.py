"""Units of the Party (tổ chức đảng), members, memberships and positions, all with their dates."""

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Sequence, String, func, literal_column
from sqlalchemy.dialects.postgresql import ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, longest, one_of

UNIT_KINDS = ("centre", "province", "commune", "grassroots", "section", "cell", "group", "office")
ROLES = (
    "secretary",
    "deputy",
    "committee_member",
    "overseer",
    "note_taker",
    "clerk",
    "organisation_officer",
    "propaganda_officer",
    "editor",
    "approver",
    "administrator",
)
LABEL_WIDTH = 4
PATH_END = "~"
UNIT_NUMBER = Sequence("unit_number", metadata=Base.metadata)


class Unit(Base):
    """A Party organisation as it stands today.

    ``path`` is the chain of fixed-width labels from the root, so a subtree is one range scan.
    """

    __tablename__ = "unit"
    __table_args__ = (
        one_of("kind", UNIT_KINDS),
        longest("name", 300),
        CheckConstraint(f"mod(char_length(path), {LABEL_WIDTH}) = 0", name="path_width"),
        CheckConstraint("(parent_id IS NULL) = (char_length(path) = 4)", name="root_has_one_label"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(unique=True, server_default=UNIT_NUMBER.next_value())
    parent_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("unit.id", ondelete="RESTRICT"), index=True
    )
    path: Mapped[str] = mapped_column(String(collation="C"), unique=True)
    kind: Mapped[str]
    name: Mapped[str]
    name_folded: Mapped[str]
    sort_key: Mapped[str] = mapped_column(String(collation="C"))
    code: Mapped[str | None] = mapped_column(unique=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    dissolved_on: Mapped[date | None]
    revision: Mapped[int] = mapped_column(default=1)


class UnitVersion(Base):
    """What a unit was called, was and stood under during a range of days."""

    __tablename__ = "unit_version"
    __table_args__ = (
        one_of("kind", UNIT_KINDS),
        ExcludeConstraint(("unit_id", "="), ("during", "&&"), name="ex_unit_version_one_at_a_time"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    unit_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("unit.id", ondelete="CASCADE"))
    parent_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("unit.id", ondelete="RESTRICT"), index=True
    )
    kind: Mapped[str]
    name: Mapped[str]
    during: Mapped[Range[date]]


class Member(Base):
    """A Party member (đảng viên); identity numbers are sealed and found by blind index."""

    __tablename__ = "member"
    __table_args__ = (
        one_of("standing", ("official", "probationary")),
        one_of("sex", ("female", "male")),
        longest("full_name", 200),
        Index("ix_member_name_key", "name_key"),
        Index("uq_member_card_index", "card_index", unique=True),
        Index("ix_member_phone_index", "phone_index"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    full_name: Mapped[str]
    name_key: Mapped[str] = mapped_column(String(collation="C"))
    name_folded: Mapped[str]
    birth_date: Mapped[date | None]
    sex: Mapped[str | None]
    standing: Mapped[str]
    admitted_on: Mapped[date | None]
    official_on: Mapped[date | None]
    exempt_during: Mapped[Range[date] | None]
    suspended_on: Mapped[date | None]
    left_on: Mapped[date | None]
    phone_sealed: Mapped[bytes | None]
    phone_index: Mapped[bytes | None]
    card_sealed: Mapped[bytes | None]
    card_index: Mapped[bytes | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    revision: Mapped[int] = mapped_column(default=1)


class Membership(Base):
    """A member's place in a unit: one official and at most one temporary at any day."""

    __tablename__ = "membership"
    __table_args__ = (
        one_of("kind", ("official", "temporary")),
        CheckConstraint("NOT isempty(during) AND NOT lower_inf(during)", name="during_begins"),
        ExcludeConstraint(
            ("member_id", "="),
            ("kind", "="),
            ("during", "&&"),
            name="ex_membership_one_at_a_time",
        ),
        Index("ix_membership_unit_id_during", "unit_id", "during", postgresql_using="gist"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    member_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("member.id", ondelete="CASCADE"), index=True
    )
    unit_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("unit.id", ondelete="RESTRICT"), index=True
    )
    kind: Mapped[str]
    during: Mapped[Range[date]]


class Position(Base):
    """A post (chức vụ) that a member holds at a unit during a range of days; rights follow."""

    __tablename__ = "position"
    __table_args__ = (
        one_of("role", ROLES),
        CheckConstraint("NOT isempty(during) AND NOT lower_inf(during)", name="during_begins"),
        ExcludeConstraint(
            ("member_id", "="),
            ("unit_id", "="),
            ("role", "="),
            ("during", "&&"),
            name="ex_position_one_at_a_time",
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    member_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("member.id", ondelete="CASCADE"), index=True
    )
    unit_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("unit.id", ondelete="RESTRICT"), index=True
    )
    role: Mapped[str]
    during: Mapped[Range[date]]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


Index(
    "ix_unit_path_open",
    Unit.path,
    Unit.kind,
    postgresql_where=literal_column("dissolved_on IS NULL"),
)
