"""Accounts, the names one signs in with, sessions and devices."""

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, one_of


class Account(Base):
    """Who may sign in: at most one for each member."""

    __tablename__ = "account"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    member_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("member.id", ondelete="CASCADE"), unique=True
    )
    password_hash: Mapped[str | None]
    language: Mapped[str] = mapped_column(server_default=text("'vi'"))
    disabled_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class SignInName(Base):
    """A name that leads to an account, kept as a blind index only.

    A phone number may lead to two accounts (couples share one); a card number or handle to one.
    """

    __tablename__ = "sign_in_name"
    __table_args__ = (
        one_of("kind", ("handle", "phone", "card")),
        Index(
            "uq_sign_in_name_index",
            "index",
            unique=True,
            postgresql_where=text("kind <> 'phone'"),
        ),
        Index("ix_sign_in_name_account_id", "account_id"),
    )

    index: Mapped[bytes] = mapped_column(primary_key=True)
    account_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("account.id", ondelete="CASCADE"), primary_key=True
    )
    kind: Mapped[str]


class Device(Base):
    """An installation of the app; its id is made on the phone.

    ``address`` is where push goes: an FCM registration token or an installation id (``fid``).
    """

    __tablename__ = "device"
    __table_args__ = (
        one_of("address_kind", ("token", "fid")),
        one_of("platform", ("android", "ios", "web")),
        CheckConstraint("(address IS NULL) = (address_kind IS NULL)", name="address_with_kind"),
        Index(
            "uq_device_address",
            "address",
            unique=True,
            postgresql_where=text("address IS NOT NULL"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    platform: Mapped[str]
    address_kind: Mapped[str | None]
    address: Mapped[str | None]
    app_version: Mapped[str | None]
    refreshed_at: Mapped[datetime] = mapped_column(server_default=func.now())
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class DeviceAccount(Base):
    """An account enrolled on a device; a device may hold several (a couple with one phone)."""

    __tablename__ = "device_account"

    device_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("device.id", ondelete="CASCADE"), primary_key=True
    )
    account_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("account.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    linked_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Session(Base):
    """One sign-in on one device: the family of its refresh tokens.

    ``refresh_number`` is the number of the only refresh token that is good; the one before it is
    answered with the same successor for 60 seconds after ``rotated_at``; any other ends the family.
    """

    __tablename__ = "session"
    __table_args__ = (
        one_of("ended_by", ("sign_out", "revoked", "replay", "expired", "disabled")),
        CheckConstraint("(ended_at IS NULL) = (ended_by IS NULL)", name="ended_with_reason"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    account_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("account.id", ondelete="CASCADE"), index=True
    )
    device_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("device.id", ondelete="CASCADE"), index=True
    )
    refresh_number: Mapped[int] = mapped_column(server_default=text("1"))
    rotated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None]
