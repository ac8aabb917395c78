"""Migrations, run as the owner; apart from ``database``, for the web process never needs them."""

from pathlib import Path

from alembic import command
from alembic.config import Config

ROOT = Path(__file__).resolve().parent.parent


def alembic_config(url: str, application_role: str | None) -> Config:
    """Return Alembic's settings for the database at ``url``."""
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    config.attributes["url"] = url
    config.attributes["application_role"] = application_role
    return config


def upgrade(owner_url: str, application_role: str | None, revision: str = "head") -> None:
    """Bring the database at ``owner_url`` to ``revision``; grants go to ``application_role``."""
    command.upgrade(alembic_config(owner_url, application_role), revision)


def downgrade(owner_url: str, revision: str) -> None:
    """Take the database at ``owner_url`` back to ``revision`` (``base`` for nothing)."""
    command.downgrade(alembic_config(owner_url, None), revision)


def check(owner_url: str) -> None:
    """Raise if the models and the migrated schema differ."""
    command.check(alembic_config(owner_url, None))
