"""How migrations run: as the owner, one at a time, with time-outs."""

from alembic import context
from sqlalchemy import create_engine, pool, text

import models

LOCK = 4_207_339_001
config = context.config


def _is_ours(_object: object, name: str | None, kind: str, *_: object) -> bool:
    """Leave out the partitions, which the worker makes as time goes on."""
    return not (kind in {"table", "index"} and (name or "").startswith("reading_event_"))


def run() -> None:
    """Apply the migrations asked for in one transaction, holding the lock."""
    engine = create_engine(config.attributes["url"], poolclass=pool.NullPool)
    with engine.connect() as connection, connection.begin():
        connection.execute(text("SET LOCAL lock_timeout = '60s'"))
        connection.execute(text("SET LOCAL statement_timeout = '30min'"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        context.configure(
            connection=connection,
            target_metadata=models.Base.metadata,
            include_object=_is_ours,
            compare_server_default=False,
        )
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


run()
