"""The walking house: all tables of the first release.

Revision ID: 0001
Revises:
"""

import re

import sqlalchemy as sa
from alembic import context, op
from sqlalchemy.dialects import postgresql

from migrations.fixed import (
    BUCKET_MEMBER_SQL,
    DOCUMENT_TYPES,
    HELD_BUCKET_SQL,
    MAKE_READING_PARTITION,
)

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
    op.execute("CREATE SEQUENCE unit_number")
    op.create_table(
        "audience",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("expression", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "kind IN ('document', 'meeting', 'campaign', 'notice')",
            name=op.f("ck_audience_kind_known"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audience")),
    )
    op.create_table(
        "audit_entry",
        sa.Column("number", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column(
            "at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column(
            "transaction",
            sa.BigInteger(),
            server_default=sa.text("(pg_current_xact_id()::text::bigint)"),
            nullable=False,
        ),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.Column("object_kind", sa.Text(), nullable=False),
        sa.Column("object_id", sa.Uuid(), nullable=True),
        sa.Column("unit_id", sa.Uuid(), nullable=True),
        sa.Column("member_id", sa.Uuid(), nullable=True),
        sa.Column(
            "data",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column(
            "salt",
            sa.LargeBinary(),
            server_default=sa.text("decode(replace(gen_random_uuid()::text, '-', ''), 'hex')"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_audit_entry")),
    )
    op.create_index("ix_audit_entry_at", "audit_entry", ["at"], unique=False)
    op.create_index(
        "ix_audit_entry_object", "audit_entry", ["object_kind", "object_id"], unique=False
    )
    op.create_table(
        "audit_seal",
        sa.Column("number", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("first_entry", sa.BigInteger(), nullable=False),
        sa.Column("last_entry", sa.BigInteger(), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column(
            "sealed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_audit_seal")),
        sa.UniqueConstraint("first_entry", name=op.f("uq_audit_seal_first_entry")),
        sa.UniqueConstraint("last_entry", name=op.f("uq_audit_seal_last_entry")),
    )
    op.create_table(
        "device",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("address_kind", sa.Text(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("app_version", sa.Text(), nullable=True),
        sa.Column(
            "refreshed_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "address_kind IN ('token', 'fid')", name=op.f("ck_device_address_kind_known")
        ),
        sa.CheckConstraint(
            "platform IN ('android', 'ios', 'web')", name=op.f("ck_device_platform_known")
        ),
        sa.CheckConstraint(
            "(address IS NULL) = (address_kind IS NULL)", name=op.f("ck_device_address_with_kind")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device")),
    )
    op.create_index(
        "uq_device_address",
        "device",
        ["address"],
        unique=True,
        postgresql_where=sa.text("address IS NOT NULL"),
    )
    op.create_table(
        "document_type",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("symbol", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("cell_may_issue", sa.Boolean(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_document_type")),
    )
    op.create_table(
        "member",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("full_name", sa.Text(), nullable=False),
        sa.Column("name_key", sa.String(collation="C"), nullable=False),
        sa.Column("name_folded", sa.Text(), nullable=False),
        sa.Column("birth_date", sa.Date(), nullable=True),
        sa.Column("sex", sa.Text(), nullable=True),
        sa.Column("standing", sa.Text(), nullable=False),
        sa.Column("admitted_on", sa.Date(), nullable=True),
        sa.Column("official_on", sa.Date(), nullable=True),
        sa.Column("exempt_during", postgresql.DATERANGE(), nullable=True),
        sa.Column("suspended_on", sa.Date(), nullable=True),
        sa.Column("left_on", sa.Date(), nullable=True),
        sa.Column("phone_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("phone_index", sa.LargeBinary(), nullable=True),
        sa.Column("card_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("card_index", sa.LargeBinary(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.CheckConstraint("sex IN ('female', 'male')", name=op.f("ck_member_sex_known")),
        sa.CheckConstraint(
            "standing IN ('official', 'probationary')", name=op.f("ck_member_standing_known")
        ),
        sa.CheckConstraint(
            "char_length(full_name) BETWEEN 1 AND 200", name=op.f("ck_member_full_name_length")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_member")),
    )
    op.create_index("ix_member_name_key", "member", ["name_key"], unique=False)
    op.create_index("ix_member_phone_index", "member", ["phone_index"], unique=False)
    op.create_index("uq_member_card_index", "member", ["card_index"], unique=True)
    op.create_table(
        "pause",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("times", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_pause")),
    )
    op.create_table(
        "reading_event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("parts", sa.ARRAY(sa.Integer()), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("active_seconds", sa.Integer(), nullable=False),
        sa.Column("credited_seconds", sa.Integer(), nullable=False),
        sa.Column("offline", sa.Boolean(), nullable=False),
        sa.Column("flags", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column(
            "received_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("active_seconds >= 0", name=op.f("ck_reading_event_active_positive")),
        sa.CheckConstraint(
            "credited_seconds BETWEEN 0 AND active_seconds",
            name=op.f("ck_reading_event_credited_active"),
        ),
        sa.CheckConstraint("ended_at >= started_at", name=op.f("ck_reading_event_interval")),
        sa.PrimaryKeyConstraint("id", "member_id", name=op.f("pk_reading_event")),
        postgresql_partition_by="RANGE (id)",
    )
    op.create_index(
        "ix_reading_event_member_started",
        "reading_event",
        ["member_id", "started_at"],
        unique=False,
    )
    op.create_table(
        "stale_mark",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("first_id", sa.Uuid(), nullable=False),
        sa.Column("second_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column(
            "due_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fence", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint(
            "kind IN ('campaign_target', 'campaign_count')", name=op.f("ck_stale_mark_kind_known")
        ),
        sa.PrimaryKeyConstraint("kind", "first_id", "second_id", name=op.f("pk_stale_mark")),
    )
    op.create_index("ix_stale_mark_due", "stale_mark", ["kind", "due_at"], unique=False)
    op.create_table(
        "stored_file",
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "kind IN ('docx', 'pdf', 'txt')", name=op.f("ck_stored_file_kind_known")
        ),
        sa.CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name=op.f("ck_stored_file_sha256_form")),
        sa.CheckConstraint("size > 0", name=op.f("ck_stored_file_size_positive")),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_stored_file")),
    )
    op.create_table(
        "tick",
        sa.Column("task", sa.Text(), nullable=False),
        sa.Column("slot", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "taken_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("task", "slot", name=op.f("pk_tick")),
    )
    op.create_index(op.f("ix_tick_slot"), "tick", ["slot"], unique=False)
    op.create_table(
        "unit",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "number", sa.Integer(), server_default=sa.text("nextval('unit_number')"), nullable=False
        ),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("path", sa.String(collation="C"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_folded", sa.Text(), nullable=False),
        sa.Column("sort_key", sa.String(collation="C"), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("dissolved_on", sa.Date(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('centre', 'province', 'commune', 'grassroots', 'section', 'cell', 'group', 'office')",
            name=op.f("ck_unit_kind_known"),
        ),
        sa.CheckConstraint(
            "(parent_id IS NULL) = (char_length(path) = 4)", name=op.f("ck_unit_root_has_one_label")
        ),
        sa.CheckConstraint("char_length(name) BETWEEN 1 AND 300", name=op.f("ck_unit_name_length")),
        sa.CheckConstraint("mod(char_length(path), 4) = 0", name=op.f("ck_unit_path_width")),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["unit.id"], name=op.f("fk_unit_parent_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit")),
        sa.UniqueConstraint("code", name=op.f("uq_unit_code")),
        sa.UniqueConstraint("number", name=op.f("uq_unit_number")),
        sa.UniqueConstraint("path", name=op.f("uq_unit_path")),
    )
    op.create_index(op.f("ix_unit_parent_id"), "unit", ["parent_id"], unique=False)
    op.create_index(
        "ix_unit_path_open",
        "unit",
        ["path", "kind"],
        unique=False,
        postgresql_where=sa.text("dissolved_on IS NULL"),
    )
    op.create_table(
        "account",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), server_default=sa.text("'vi'"), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("fk_account_member_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("member_id", name=op.f("uq_account_member_id")),
    )
    op.create_table(
        "bucket",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=True),
        sa.Column("reach", sa.Text(), nullable=True),
        sa.Column("role", sa.Text(), nullable=True),
        sa.Column("member_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("reach IN ('alone', 'below')", name=op.f("ck_bucket_reach_known")),
        sa.CheckConstraint(
            "(member_id IS NOT NULL AND unit_id IS NULL AND reach IS NULL AND role IS NULL) OR (member_id IS NULL AND unit_id IS NOT NULL AND reach IS NOT NULL AND role IS NOT NULL)",
            name=op.f("ck_bucket_unit_or_member"),
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("fk_bucket_member_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["unit_id"], ["unit.id"], name=op.f("fk_bucket_unit_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bucket")),
        sa.UniqueConstraint("member_id", name=op.f("uq_bucket_member_id")),
        sa.UniqueConstraint("unit_id", "reach", "role", name=op.f("uq_bucket_unit_id_reach_role")),
    )
    op.create_table(
        "inbox_mark",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("read_up_to", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("fk_inbox_mark_member_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_inbox_mark")),
    )
    op.create_table(
        "issuer",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_folded", sa.Text(), nullable=False),
        sa.Column("symbol", sa.Text(), nullable=True),
        sa.Column("unit_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "char_length(name) BETWEEN 1 AND 300", name=op.f("ck_issuer_name_length")
        ),
        sa.ForeignKeyConstraint(
            ["unit_id"], ["unit.id"], name=op.f("fk_issuer_unit_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_issuer")),
    )
    op.create_index(op.f("ix_issuer_unit_id"), "issuer", ["unit_id"], unique=False)
    op.create_table(
        "membership",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("during", postgresql.DATERANGE(), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.column("member_id"), "="),
            (sa.column("kind"), "="),
            (sa.column("during"), "&&"),
            using="gist",
            name="ex_membership_one_at_a_time",
        ),
        sa.CheckConstraint(
            "kind IN ('official', 'temporary')", name=op.f("ck_membership_kind_known")
        ),
        sa.CheckConstraint(
            "NOT isempty(during) AND NOT lower_inf(during)",
            name=op.f("ck_membership_during_begins"),
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("fk_membership_member_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["unit_id"], ["unit.id"], name=op.f("fk_membership_unit_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_membership")),
    )
    op.create_index(op.f("ix_membership_member_id"), "membership", ["member_id"], unique=False)
    op.create_index(op.f("ix_membership_unit_id"), "membership", ["unit_id"], unique=False)
    op.create_index(
        "ix_membership_unit_id_during",
        "membership",
        ["unit_id", "during"],
        unique=False,
        postgresql_using="gist",
    )
    op.create_table(
        "notice",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("object_kind", sa.Text(), nullable=False),
        sa.Column("object_id", sa.Uuid(), nullable=False),
        sa.Column("params", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("audience_id", sa.Uuid(), nullable=False),
        sa.Column("urgent", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["audience_id"],
            ["audience.id"],
            name=op.f("fk_notice_audience_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
        sa.UniqueConstraint("audience_id", name=op.f("uq_notice_audience_id")),
    )
    op.create_index("ix_notice_object", "notice", ["object_kind", "object_id"], unique=False)
    op.create_table(
        "position",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("during", postgresql.DATERANGE(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        postgresql.ExcludeConstraint(
            (sa.column("member_id"), "="),
            (sa.column("unit_id"), "="),
            (sa.column("role"), "="),
            (sa.column("during"), "&&"),
            using="gist",
            name="ex_position_one_at_a_time",
        ),
        sa.CheckConstraint(
            "role IN ('secretary', 'deputy', 'committee_member', 'overseer', 'note_taker', 'clerk', 'organisation_officer', 'propaganda_officer', 'editor', 'approver', 'administrator')",
            name=op.f("ck_position_role_known"),
        ),
        sa.CheckConstraint(
            "NOT isempty(during) AND NOT lower_inf(during)", name=op.f("ck_position_during_begins")
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("fk_position_member_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["unit_id"], ["unit.id"], name=op.f("fk_position_unit_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_position")),
    )
    op.create_index(op.f("ix_position_member_id"), "position", ["member_id"], unique=False)
    op.create_index(op.f("ix_position_unit_id"), "position", ["unit_id"], unique=False)
    op.create_table(
        "quarantine",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "received_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("fk_quarantine_member_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("member_id", "event_id", name=op.f("pk_quarantine")),
    )
    op.create_table(
        "unit_version",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("during", postgresql.DATERANGE(), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.column("unit_id"), "="),
            (sa.column("during"), "&&"),
            using="gist",
            name="ex_unit_version_one_at_a_time",
        ),
        sa.CheckConstraint(
            "kind IN ('centre', 'province', 'commune', 'grassroots', 'section', 'cell', 'group', 'office')",
            name=op.f("ck_unit_version_kind_known"),
        ),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["unit.id"], name=op.f("fk_unit_version_parent_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["unit_id"], ["unit.id"], name=op.f("fk_unit_version_unit_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit_version")),
    )
    op.create_index(op.f("ix_unit_version_parent_id"), "unit_version", ["parent_id"], unique=False)
    op.create_table(
        "addressing",
        sa.Column("audience_id", sa.Uuid(), nullable=False),
        sa.Column("bucket_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('document', 'meeting', 'campaign', 'notice')",
            name=op.f("ck_addressing_kind_known"),
        ),
        sa.ForeignKeyConstraint(
            ["audience_id"],
            ["audience.id"],
            name=op.f("fk_addressing_audience_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["bucket_id"], ["bucket.id"], name=op.f("fk_addressing_bucket_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("audience_id", "bucket_id", name=op.f("pk_addressing")),
    )
    op.create_index(
        "ix_addressing_newest",
        "addressing",
        ["bucket_id", "kind", sa.literal_column("since DESC"), "audience_id"],
        unique=False,
    )
    op.create_table(
        "bucket_head",
        sa.Column("bucket_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["bucket_id"], ["bucket.id"], name=op.f("fk_bucket_head_bucket_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("bucket_id", name=op.f("pk_bucket_head")),
        postgresql_with={"fillfactor": "70"},
    )
    op.create_table(
        "campaign",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("requires_read", sa.Boolean(), nullable=False),
        sa.Column("requires_acknowledgement", sa.Boolean(), nullable=False),
        sa.Column("deadline", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'draft'"), nullable=False),
        sa.Column("audience_id", sa.Uuid(), nullable=True),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("frozen_up_to", sa.Uuid(), nullable=True),
        sa.Column("quiet_after", sa.BigInteger(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column(
            "due_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fence", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint(
            "state = 'draft' OR issued_at IS NOT NULL", name=op.f("ck_campaign_issued_at_known")
        ),
        sa.CheckConstraint(
            "state IN ('draft', 'issuing', 'issued', 'closed')",
            name=op.f("ck_campaign_state_known"),
        ),
        sa.CheckConstraint(
            "char_length(title) BETWEEN 1 AND 500", name=op.f("ck_campaign_title_length")
        ),
        sa.CheckConstraint(
            "requires_read OR requires_acknowledgement", name=op.f("ck_campaign_requires_something")
        ),
        sa.ForeignKeyConstraint(
            ["audience_id"],
            ["audience.id"],
            name=op.f("fk_campaign_audience_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["created_by"], ["account.id"], name=op.f("fk_campaign_created_by"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["unit_id"], ["unit.id"], name=op.f("fk_campaign_unit_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign")),
        sa.UniqueConstraint("audience_id", name=op.f("uq_campaign_audience_id")),
    )
    op.create_index(
        "ix_campaign_issuing",
        "campaign",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("state = 'issuing'"),
    )
    op.create_index(op.f("ix_campaign_unit_id"), "campaign", ["unit_id"], unique=False)
    op.create_table(
        "change",
        sa.Column("bucket_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("object_id", sa.Uuid(), nullable=False),
        sa.Column("op", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column(
            "at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.CheckConstraint("op IN ('put', 'remove')", name=op.f("ck_change_op_known")),
        sa.ForeignKeyConstraint(
            ["bucket_id"], ["bucket.id"], name=op.f("fk_change_bucket_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("bucket_id", "kind", "object_id", name=op.f("pk_change")),
        sa.UniqueConstraint("bucket_id", "position", name=op.f("uq_change_bucket_id_position")),
    )
    op.create_table(
        "device_account",
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column(
            "linked_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["account.id"],
            name=op.f("fk_device_account_account_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["device_id"],
            ["device.id"],
            name=op.f("fk_device_account_device_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("device_id", "account_id", name=op.f("pk_device_account")),
    )
    op.create_index(
        op.f("ix_device_account_account_id"), "device_account", ["account_id"], unique=False
    )
    op.create_table(
        "document",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("type_code", sa.Text(), nullable=False),
        sa.Column("issuer_id", sa.Uuid(), nullable=True),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("symbol", sa.Text(), nullable=True),
        sa.Column("term", sa.Text(), nullable=True),
        sa.Column("issued_on", sa.Date(), nullable=True),
        sa.Column("abstract", sa.Text(), nullable=False),
        sa.Column("signer", sa.Text(), nullable=True),
        sa.Column("urgency", sa.Text(), server_default=sa.text("'ordinary'"), nullable=False),
        sa.Column("circulation", sa.Text(), server_default=sa.text("'internal'"), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'draft'"), nullable=False),
        sa.Column("audience_id", sa.Uuid(), nullable=True),
        sa.Column("version_id", sa.Uuid(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("published_by", sa.Uuid(), nullable=True),
        sa.Column("recalled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recall_reason", sa.Text(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(state = 'recalled') = (recalled_at IS NOT NULL AND recall_reason IS NOT NULL)",
            name=op.f("ck_document_recalled_with_reason"),
        ),
        sa.CheckConstraint(
            "circulation IN ('public', 'internal')", name=op.f("ck_document_circulation_known")
        ),
        sa.CheckConstraint(
            "state = 'draft' OR (published_at IS NOT NULL AND audience_id IS NOT NULL AND version_id IS NOT NULL)",
            name=op.f("ck_document_published_is_whole"),
        ),
        sa.CheckConstraint(
            "state IN ('draft', 'published', 'recalled')", name=op.f("ck_document_state_known")
        ),
        sa.CheckConstraint(
            "urgency IN ('ordinary', 'urgent', 'very_urgent', 'flash')",
            name=op.f("ck_document_urgency_known"),
        ),
        sa.CheckConstraint(
            "char_length(abstract) BETWEEN 1 AND 2000", name=op.f("ck_document_abstract_length")
        ),
        sa.CheckConstraint("number > 0", name=op.f("ck_document_number_positive")),
        sa.ForeignKeyConstraint(
            ["audience_id"],
            ["audience.id"],
            name=op.f("fk_document_audience_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["created_by"], ["account.id"], name=op.f("fk_document_created_by"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["issuer_id"], ["issuer.id"], name=op.f("fk_document_issuer_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["published_by"],
            ["account.id"],
            name=op.f("fk_document_published_by"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["type_code"],
            ["document_type.code"],
            name=op.f("fk_document_type_code"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["unit_id"], ["unit.id"], name=op.f("fk_document_unit_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document")),
        sa.UniqueConstraint("audience_id", name=op.f("uq_document_audience_id")),
    )
    op.create_index(op.f("ix_document_issuer_id"), "document", ["issuer_id"], unique=False)
    op.create_index(op.f("ix_document_unit_id"), "document", ["unit_id"], unique=False)
    op.create_index(
        "uq_document_number",
        "document",
        ["issuer_id", "type_code", "number", "term"],
        unique=True,
        postgresql_nulls_not_distinct=True,
        postgresql_where=sa.text("number IS NOT NULL AND issuer_id IS NOT NULL"),
    )
    op.create_table(
        "fan_out",
        sa.Column("notice_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'waiting'"), nullable=False),
        sa.Column("devices_up_to", sa.Uuid(), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "due_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fence", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint("state IN ('waiting', 'done')", name=op.f("ck_fan_out_state_known")),
        sa.ForeignKeyConstraint(
            ["notice_id"], ["notice.id"], name=op.f("fk_fan_out_notice_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("notice_id", name=op.f("pk_fan_out")),
    )
    op.create_index(
        "ix_fan_out_waiting",
        "fan_out",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_table(
        "kept_answer",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("answer_sealed", sa.LargeBinary(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["account.id"],
            name=op.f("fk_kept_answer_account_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("account_id", "key", name=op.f("pk_kept_answer")),
    )
    op.create_index(op.f("ix_kept_answer_created_at"), "kept_answer", ["created_at"], unique=False)
    op.create_table(
        "meeting",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("minutes_planned", sa.Integer(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("chair_id", sa.Uuid(), nullable=True),
        sa.Column("state", sa.Text(), server_default=sa.text("'draft'"), nullable=False),
        sa.Column("audience_id", sa.Uuid(), nullable=True),
        sa.Column("called_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancel_reason", sa.Text(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('regular', 'thematic', 'extraordinary', 'committee', 'congress')",
            name=op.f("ck_meeting_kind_known"),
        ),
        sa.CheckConstraint(
            "state = 'draft' OR (called_at IS NOT NULL AND audience_id IS NOT NULL)",
            name=op.f("ck_meeting_called_is_whole"),
        ),
        sa.CheckConstraint(
            "state IN ('draft', 'called', 'cancelled')", name=op.f("ck_meeting_state_known")
        ),
        sa.CheckConstraint(
            "char_length(place) BETWEEN 1 AND 500", name=op.f("ck_meeting_place_length")
        ),
        sa.CheckConstraint(
            "char_length(title) BETWEEN 1 AND 500", name=op.f("ck_meeting_title_length")
        ),
        sa.CheckConstraint(
            "minutes_planned BETWEEN 1 AND 1440", name=op.f("ck_meeting_minutes_planned_range")
        ),
        sa.ForeignKeyConstraint(
            ["audience_id"],
            ["audience.id"],
            name=op.f("fk_meeting_audience_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["chair_id"], ["member.id"], name=op.f("fk_meeting_chair_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["created_by"], ["account.id"], name=op.f("fk_meeting_created_by"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["unit_id"], ["unit.id"], name=op.f("fk_meeting_unit_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_meeting")),
        sa.UniqueConstraint("audience_id", name=op.f("uq_meeting_audience_id")),
    )
    op.create_index(
        "ix_meeting_unit_starts",
        "meeting",
        ["unit_id", sa.literal_column("starts_at DESC")],
        unique=False,
    )
    op.create_table(
        "notice_mark",
        sa.Column("notice_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("dismissed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("fk_notice_mark_member_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["notice_id"], ["notice.id"], name=op.f("fk_notice_mark_notice_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("notice_id", "member_id", name=op.f("pk_notice_mark")),
    )
    op.create_index(op.f("ix_notice_mark_member_id"), "notice_mark", ["member_id"], unique=False)
    op.create_table(
        "outbox",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("notice_id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'queued'"), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("provider_id", sa.Text(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "due_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fence", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint(
            "state IN ('queued', 'retry', 'accepted', 'dead', 'expired', 'suppressed', 'failed')",
            name=op.f("ck_outbox_state_known"),
        ),
        sa.ForeignKeyConstraint(
            ["device_id"], ["device.id"], name=op.f("fk_outbox_device_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("fk_outbox_member_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["notice_id"], ["notice.id"], name=op.f("fk_outbox_notice_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("notice_id", "device_id", name=op.f("uq_outbox_notice_id_device_id")),
    )
    op.create_index("ix_outbox_device_id", "outbox", ["device_id"], unique=False)
    op.create_index(op.f("ix_outbox_member_id"), "outbox", ["member_id"], unique=False)
    op.create_index(
        "ix_outbox_waiting",
        "outbox",
        ["due_at", "id"],
        unique=False,
        postgresql_where=sa.text("state IN ('queued', 'retry')"),
    )
    op.create_table(
        "receipt",
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("bucket_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column(
            "at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_receipt_account_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["bucket_id"], ["bucket.id"], name=op.f("fk_receipt_bucket_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["device_id"], ["device.id"], name=op.f("fk_receipt_device_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("device_id", "account_id", "bucket_id", name=op.f("pk_receipt")),
    )
    op.create_index(op.f("ix_receipt_bucket_id"), "receipt", ["bucket_id"], unique=False)
    op.create_table(
        "session",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("refresh_number", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column(
            "rotated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "ended_by IN ('sign_out', 'revoked', 'replay', 'expired', 'disabled')",
            name=op.f("ck_session_ended_by_known"),
        ),
        sa.CheckConstraint(
            "(ended_at IS NULL) = (ended_by IS NULL)", name=op.f("ck_session_ended_with_reason")
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_session_account_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["device_id"], ["device.id"], name=op.f("fk_session_device_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session")),
    )
    op.create_index(op.f("ix_session_account_id"), "session", ["account_id"], unique=False)
    op.create_index(op.f("ix_session_device_id"), "session", ["device_id"], unique=False)
    op.create_table(
        "sign_in_name",
        sa.Column("index", sa.LargeBinary(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('handle', 'phone', 'card')", name=op.f("ck_sign_in_name_kind_known")
        ),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["account.id"],
            name=op.f("fk_sign_in_name_account_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("index", "account_id", name=op.f("pk_sign_in_name")),
    )
    op.create_index("ix_sign_in_name_account_id", "sign_in_name", ["account_id"], unique=False)
    op.create_index(
        "uq_sign_in_name_index",
        "sign_in_name",
        ["index"],
        unique=True,
        postgresql_where=sa.text("kind <> 'phone'"),
    )
    op.create_table(
        "agenda_item",
        sa.Column("meeting_id", sa.Uuid(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=True),
        sa.Column("presenter", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "char_length(title) BETWEEN 1 AND 1000", name=op.f("ck_agenda_item_title_length")
        ),
        sa.CheckConstraint("minutes BETWEEN 1 AND 1440", name=op.f("ck_agenda_item_minutes_range")),
        sa.ForeignKeyConstraint(
            ["meeting_id"],
            ["meeting.id"],
            name=op.f("fk_agenda_item_meeting_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("meeting_id", "ordinal", name=op.f("pk_agenda_item")),
    )
    op.create_table(
        "campaign_count",
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("unit_path", sa.String(collation="C"), nullable=False),
        sa.Column("targets", sa.Integer(), nullable=False),
        sa.Column("started", sa.Integer(), nullable=False),
        sa.Column("completed", sa.Integer(), nullable=False),
        sa.Column("completed_late", sa.Integer(), nullable=False),
        sa.Column("no_device", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("entered", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "derived_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["campaign.id"],
            name=op.f("fk_campaign_count_campaign_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["unit_id"], ["unit.id"], name=op.f("fk_campaign_count_unit_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("campaign_id", "unit_id", name=op.f("pk_campaign_count")),
    )
    op.create_index(
        "ix_campaign_count_path", "campaign_count", ["campaign_id", "unit_path"], unique=False
    )
    op.create_table(
        "campaign_document",
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["campaign.id"],
            name=op.f("fk_campaign_document_campaign_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["document.id"],
            name=op.f("fk_campaign_document_document_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("campaign_id", "document_id", name=op.f("pk_campaign_document")),
        sa.UniqueConstraint(
            "campaign_id", "ordinal", name=op.f("uq_campaign_document_campaign_id_ordinal")
        ),
    )
    op.create_index(
        op.f("ix_campaign_document_document_id"), "campaign_document", ["document_id"], unique=False
    )
    op.create_table(
        "campaign_target",
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("unit_path", sa.String(collation="C"), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'pending'"), nullable=False),
        sa.Column("documents_done", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "derived_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "(state IN ('completed', 'completed_late')) = (completed_at IS NOT NULL)",
            name=op.f("ck_campaign_target_completed_with_time"),
        ),
        sa.CheckConstraint(
            "state IN ('pending', 'started', 'completed', 'completed_late')",
            name=op.f("ck_campaign_target_state_known"),
        ),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["campaign.id"],
            name=op.f("fk_campaign_target_campaign_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["member_id"],
            ["member.id"],
            name=op.f("fk_campaign_target_member_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["unit_id"], ["unit.id"], name=op.f("fk_campaign_target_unit_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("campaign_id", "member_id", name=op.f("pk_campaign_target")),
    )
    op.create_index("ix_campaign_target_member_id", "campaign_target", ["member_id"], unique=False)
    op.create_index(
        "ix_campaign_target_path", "campaign_target", ["campaign_id", "unit_path"], unique=False
    )
    op.create_index(
        "ix_campaign_target_unit", "campaign_target", ["campaign_id", "unit_id"], unique=False
    )
    op.create_table(
        "document_version",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("file_sha256", sa.Text(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'waiting'"), nullable=False),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("parts_total", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("words", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column(
            "due_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fence", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint(
            "(state = 'failed') = (failure IS NOT NULL)",
            name=op.f("ck_document_version_failed_with_reason"),
        ),
        sa.CheckConstraint(
            "state IN ('waiting', 'ready', 'failed')", name=op.f("ck_document_version_state_known")
        ),
        sa.ForeignKeyConstraint(
            ["created_by"],
            ["account.id"],
            name=op.f("fk_document_version_created_by"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["document.id"],
            name=op.f("fk_document_version_document_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["file_sha256"],
            ["stored_file.sha256"],
            name=op.f("fk_document_version_file_sha256"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document_version")),
        sa.UniqueConstraint(
            "document_id", "number", name=op.f("uq_document_version_document_id_number")
        ),
    )
    op.create_index(
        op.f("ix_document_version_file_sha256"), "document_version", ["file_sha256"], unique=False
    )
    op.create_index(
        "ix_document_version_waiting",
        "document_version",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_table(
        "holder",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("had", sa.Text(), nullable=False),
        sa.Column(
            "at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("had IN ('record', 'content')", name=op.f("ck_holder_had_known")),
        sa.ForeignKeyConstraint(
            ["device_id"], ["device.id"], name=op.f("fk_holder_device_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["document_id"], ["document.id"], name=op.f("fk_holder_document_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("fk_holder_member_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_holder")),
        sa.UniqueConstraint(
            "document_id",
            "device_id",
            "member_id",
            name=op.f("uq_holder_document_id_device_id_member_id"),
        ),
    )
    op.create_index(op.f("ix_holder_member_id"), "holder", ["member_id"], unique=False)
    op.create_table(
        "meeting_material",
        sa.Column("meeting_id", sa.Uuid(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["document.id"],
            name=op.f("fk_meeting_material_document_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["meeting_id"],
            ["meeting.id"],
            name=op.f("fk_meeting_material_meeting_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("meeting_id", "document_id", name=op.f("pk_meeting_material")),
        sa.UniqueConstraint(
            "meeting_id", "ordinal", name=op.f("uq_meeting_material_meeting_id_ordinal")
        ),
    )
    op.create_index(
        op.f("ix_meeting_material_document_id"), "meeting_material", ["document_id"], unique=False
    )
    op.create_table(
        "meeting_reply",
        sa.Column("meeting_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column(
            "replied_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "answer = 'coming' OR reason IS NOT NULL",
            name=op.f("ck_meeting_reply_absent_with_reason"),
        ),
        sa.CheckConstraint(
            "answer IN ('coming', 'absent')", name=op.f("ck_meeting_reply_answer_known")
        ),
        sa.ForeignKeyConstraint(
            ["meeting_id"],
            ["meeting.id"],
            name=op.f("fk_meeting_reply_meeting_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["member_id"],
            ["member.id"],
            name=op.f("fk_meeting_reply_member_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("meeting_id", "member_id", name=op.f("pk_meeting_reply")),
    )
    op.create_index(
        op.f("ix_meeting_reply_member_id"), "meeting_reply", ["member_id"], unique=False
    )
    op.create_table(
        "study_entry",
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("studied_on", sa.Date(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("recorded_by", sa.Uuid(), nullable=False),
        sa.Column(
            "recorded_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "form IN ('paper', 'read_aloud', 'conference')", name=op.f("ck_study_entry_form_known")
        ),
        sa.CheckConstraint(
            "char_length(note) BETWEEN 1 AND 1000", name=op.f("ck_study_entry_note_length")
        ),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["campaign.id"],
            name=op.f("fk_study_entry_campaign_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("fk_study_entry_member_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["recorded_by"],
            ["account.id"],
            name=op.f("fk_study_entry_recorded_by"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("campaign_id", "member_id", name=op.f("pk_study_entry")),
    )
    op.create_index(op.f("ix_study_entry_member_id"), "study_entry", ["member_id"], unique=False)
    op.create_table(
        "acknowledgement",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "received_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "(source = 'secretary') = (recorded_by IS NOT NULL)",
            name=op.f("ck_acknowledgement_recorded_by_secretary"),
        ),
        sa.CheckConstraint(
            "source IN ('member', 'secretary')", name=op.f("ck_acknowledgement_source_known")
        ),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["document.id"],
            name=op.f("fk_acknowledgement_document_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["member_id"],
            ["member.id"],
            name=op.f("fk_acknowledgement_member_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["recorded_by"],
            ["account.id"],
            name=op.f("fk_acknowledgement_recorded_by"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["document_version.id"],
            name=op.f("fk_acknowledgement_version_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_acknowledgement")),
    )
    op.create_index(
        "ix_acknowledgement_document_id",
        "acknowledgement",
        ["document_id", "member_id"],
        unique=False,
    )
    op.create_index(
        "uq_acknowledgement_member_version",
        "acknowledgement",
        ["member_id", "version_id"],
        unique=True,
    )
    op.create_table(
        "download",
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("part_number", sa.Integer(), nullable=False),
        sa.Column(
            "at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_download_account_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["device_id"], ["device.id"], name=op.f("fk_download_device_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["document_version.id"],
            name=op.f("fk_download_version_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "version_id", "device_id", "account_id", "part_number", name=op.f("pk_download")
        ),
    )
    op.create_table(
        "part",
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("heading", sa.Text(), nullable=True),
        sa.Column("html", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("words", sa.Integer(), nullable=False),
        sa.Column("has_text", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.CheckConstraint("number >= 1 AND words >= 0", name=op.f("ck_part_counts")),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["document_version.id"],
            name=op.f("fk_part_version_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("version_id", "number", name=op.f("pk_part")),
    )
    op.create_table(
        "progress",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column(
            "parts_seen", sa.ARRAY(sa.Integer()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("credited_seconds", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("flagged", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("read_received_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("credited_seconds >= 0", name=op.f("ck_progress_credited_positive")),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["document.id"],
            name=op.f("fk_progress_document_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("fk_progress_member_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["document_version.id"],
            name=op.f("fk_progress_version_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("member_id", "version_id", name=op.f("pk_progress")),
    )
    op.create_index(op.f("ix_progress_document_id"), "progress", ["document_id"], unique=False)
    op.create_index("ix_progress_version_id", "progress", ["version_id"], unique=False)
    op.create_foreign_key(
        "fk_document_version_id",
        "document",
        "document_version",
        ["version_id"],
        ["id"],
        ondelete="RESTRICT",
    )
    op.execute("CREATE TABLE reading_event_rest PARTITION OF reading_event DEFAULT")
    op.execute(MAKE_READING_PARTITION)
    op.execute("REVOKE EXECUTE ON FUNCTION make_reading_partition FROM PUBLIC")
    op.execute(HELD_BUCKET_SQL)
    op.execute(BUCKET_MEMBER_SQL)
    op.bulk_insert(sa.table("document_type", *_TYPE_COLUMNS), DOCUMENT_TYPES)
    _grant(context.config.attributes.get("application_role"))


_TYPE_COLUMNS: tuple[sa.ColumnClause[object], ...] = (
    sa.column("code"),
    sa.column("symbol"),
    sa.column("name"),
    sa.column("ordinal"),
    sa.column("cell_may_issue"),
    sa.column("source"),
)


def _grant(role: str | None) -> None:
    """Give the application's role its rights: audit rows are appended and read, never altered."""
    if role is None:
        return
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]{0,62}", role):
        message = f"not a role name: {role!r}"
        raise ValueError(message)
    op.execute(f'GRANT USAGE ON SCHEMA public TO "{role}"')
    op.execute(f'GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO "{role}"')
    op.execute(f'GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO "{role}"')
    op.execute(f'GRANT EXECUTE ON FUNCTION make_reading_partition TO "{role}"')
    op.execute(f'REVOKE UPDATE, DELETE ON audit_entry, audit_seal FROM "{role}"')
    op.execute(f'REVOKE INSERT, UPDATE, DELETE ON document_type, alembic_version FROM "{role}"')


def downgrade() -> None:
    """Take back."""
    op.execute("DROP FUNCTION make_reading_partition")
    op.execute("DROP VIEW bucket_member")
    op.execute("DROP VIEW held_bucket")
    op.drop_constraint("fk_document_version_id", "document", type_="foreignkey")
    op.drop_index("ix_progress_version_id", table_name="progress")
    op.drop_index(op.f("ix_progress_document_id"), table_name="progress")
    op.drop_table("progress")
    op.drop_table("part")
    op.drop_table("download")
    op.drop_index("uq_acknowledgement_member_version", table_name="acknowledgement")
    op.drop_index("ix_acknowledgement_document_id", table_name="acknowledgement")
    op.drop_table("acknowledgement")
    op.drop_index(op.f("ix_study_entry_member_id"), table_name="study_entry")
    op.drop_table("study_entry")
    op.drop_index(op.f("ix_meeting_reply_member_id"), table_name="meeting_reply")
    op.drop_table("meeting_reply")
    op.drop_index(op.f("ix_meeting_material_document_id"), table_name="meeting_material")
    op.drop_table("meeting_material")
    op.drop_index(op.f("ix_holder_member_id"), table_name="holder")
    op.drop_table("holder")
    op.drop_index(
        "ix_document_version_waiting",
        table_name="document_version",
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.drop_index(op.f("ix_document_version_file_sha256"), table_name="document_version")
    op.drop_table("document_version")
    op.drop_index("ix_campaign_target_unit", table_name="campaign_target")
    op.drop_index("ix_campaign_target_path", table_name="campaign_target")
    op.drop_index("ix_campaign_target_member_id", table_name="campaign_target")
    op.drop_table("campaign_target")
    op.drop_index(op.f("ix_campaign_document_document_id"), table_name="campaign_document")
    op.drop_table("campaign_document")
    op.drop_index("ix_campaign_count_path", table_name="campaign_count")
    op.drop_table("campaign_count")
    op.drop_table("agenda_item")
    op.drop_index(
        "uq_sign_in_name_index",
        table_name="sign_in_name",
        postgresql_where=sa.text("kind <> 'phone'"),
    )
    op.drop_index("ix_sign_in_name_account_id", table_name="sign_in_name")
    op.drop_table("sign_in_name")
    op.drop_index(op.f("ix_session_device_id"), table_name="session")
    op.drop_index(op.f("ix_session_account_id"), table_name="session")
    op.drop_table("session")
    op.drop_index(op.f("ix_receipt_bucket_id"), table_name="receipt")
    op.drop_table("receipt")
    op.drop_index(
        "ix_outbox_waiting",
        table_name="outbox",
        postgresql_where=sa.text("state IN ('queued', 'retry')"),
    )
    op.drop_index(op.f("ix_outbox_member_id"), table_name="outbox")
    op.drop_index("ix_outbox_device_id", table_name="outbox")
    op.drop_table("outbox")
    op.drop_index(op.f("ix_notice_mark_member_id"), table_name="notice_mark")
    op.drop_table("notice_mark")
    op.drop_index("ix_meeting_unit_starts", table_name="meeting")
    op.drop_table("meeting")
    op.drop_index(op.f("ix_kept_answer_created_at"), table_name="kept_answer")
    op.drop_table("kept_answer")
    op.drop_index(
        "ix_fan_out_waiting", table_name="fan_out", postgresql_where=sa.text("state = 'waiting'")
    )
    op.drop_table("fan_out")
    op.drop_index(
        "uq_document_number",
        table_name="document",
        postgresql_nulls_not_distinct=True,
        postgresql_where=sa.text("number IS NOT NULL AND issuer_id IS NOT NULL"),
    )
    op.drop_index(op.f("ix_document_unit_id"), table_name="document")
    op.drop_index(op.f("ix_document_issuer_id"), table_name="document")
    op.drop_table("document")
    op.drop_index(op.f("ix_device_account_account_id"), table_name="device_account")
    op.drop_table("device_account")
    op.drop_table("change")
    op.drop_index(op.f("ix_campaign_unit_id"), table_name="campaign")
    op.drop_index(
        "ix_campaign_issuing", table_name="campaign", postgresql_where=sa.text("state = 'issuing'")
    )
    op.drop_table("campaign")
    op.drop_table("bucket_head")
    op.drop_index("ix_addressing_newest", table_name="addressing")
    op.drop_table("addressing")
    op.drop_index(op.f("ix_unit_version_parent_id"), table_name="unit_version")
    op.drop_table("unit_version")
    op.drop_table("quarantine")
    op.drop_index(op.f("ix_position_unit_id"), table_name="position")
    op.drop_index(op.f("ix_position_member_id"), table_name="position")
    op.drop_table("position")
    op.drop_index("ix_notice_object", table_name="notice")
    op.drop_table("notice")
    op.drop_index("ix_membership_unit_id_during", table_name="membership", postgresql_using="gist")
    op.drop_index(op.f("ix_membership_unit_id"), table_name="membership")
    op.drop_index(op.f("ix_membership_member_id"), table_name="membership")
    op.drop_table("membership")
    op.drop_index(op.f("ix_issuer_unit_id"), table_name="issuer")
    op.drop_table("issuer")
    op.drop_table("inbox_mark")
    op.drop_table("bucket")
    op.drop_table("account")
    op.drop_index(
        "ix_unit_path_open", table_name="unit", postgresql_where=sa.text("dissolved_on IS NULL")
    )
    op.drop_index(op.f("ix_unit_parent_id"), table_name="unit")
    op.drop_table("unit")
    op.drop_index(op.f("ix_tick_slot"), table_name="tick")
    op.drop_table("tick")
    op.drop_table("stored_file")
    op.drop_index("ix_stale_mark_due", table_name="stale_mark")
    op.drop_table("stale_mark")
    op.drop_index("ix_reading_event_member_started", table_name="reading_event")
    op.drop_table("reading_event")
    op.drop_table("pause")
    op.drop_index("uq_member_card_index", table_name="member")
    op.drop_index("ix_member_phone_index", table_name="member")
    op.drop_index("ix_member_name_key", table_name="member")
    op.drop_table("member")
    op.drop_table("document_type")
    op.drop_index(
        "uq_device_address", table_name="device", postgresql_where=sa.text("address IS NOT NULL")
    )
    op.drop_table("device")
    op.drop_table("audit_seal")
    op.drop_index("ix_audit_entry_object", table_name="audit_entry")
    op.drop_index("ix_audit_entry_at", table_name="audit_entry")
    op.drop_table("audit_entry")
    op.drop_table("audience")
    op.execute("DROP SEQUENCE unit_number")
