"""Migrations go up, down and up again, and leave exactly what the models describe."""

import os
from collections.abc import Callable, Iterator

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text

from handbook import upgrades
from models import Base
from tests.support import cluster, source

# Partitions are made by the worker as time goes on; a constraint of theirs is their parent's.
OURS = """
    c.relnamespace = 'public'::regnamespace AND NOT c.relispartition
    AND c.relname <> 'alembic_version'
"""
CONSTRAINTS = f"""
    SELECT c.relname, k.conname, pg_get_constraintdef(k.oid)
    FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
    WHERE {OURS} AND k.contype <> 'n'
"""  # noqa: S608 - made of constants
INDEXES = f"""
    SELECT c.relname, i.relname, pg_get_indexdef(i.oid)
    FROM pg_index x JOIN pg_class c ON c.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid
    WHERE {OURS}
"""  # noqa: S608 - made of constants
COLUMNS = f"""
    SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, l.collname,
      a.attidentity, a.attgenerated, pg_get_expr(d.adbin, d.adrelid)
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    LEFT JOIN pg_collation l ON l.oid = a.attcollation
    LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE {OURS} AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
"""  # noqa: S608 - made of constants
TABLES = f"""
    SELECT relname, relkind, reloptions FROM pg_class c
    WHERE {OURS} AND relkind IN ('r', 'p', 'S')
"""  # noqa: S608 - made of constants
LEFT_OVERS = """
    SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace
      AND relname NOT IN ('alembic_version', 'alembic_version_pkc')
    UNION ALL SELECT proname FROM pg_proc p WHERE pronamespace = 'public'::regnamespace
      AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = p.oid AND deptype = 'e')
    UNION ALL SELECT tgname FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT typname FROM pg_type t WHERE typnamespace = 'public'::regnamespace
      AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = t.oid AND deptype IN ('e', 'i'))
      AND typname NOT IN ('alembic_version', '_alembic_version')
"""
Make = Callable[[str], str]


@pytest.fixture
def make_empty(server: cluster.Cluster) -> Iterator[Make]:
    """Return a function that makes an empty database and returns its owner's address."""
    made: list[str] = []

    def make(name: str) -> str:
        whole = f"handbook_migrations_{name}_{os.getpid()}"
        server.create_empty(whole)
        made.append(whole)
        return server.url(whole, cluster.OWNER)

    yield make
    for name in made:
        server.drop(name)


def _facts(url: str, statement: str) -> set[tuple[object, ...]]:
    def plain(value: object) -> object:
        if isinstance(value, list):
            return tuple(sorted(value))
        return value.replace(" ON ONLY ", " ON ") if isinstance(value, str) else value

    with _connect(url) as connection:
        rows = connection.execute(text(statement.replace(":", r"\:"))).all()
    return {tuple(plain(value) for value in row) for row in rows}


class _connect:  # noqa: N801 - reads as a function
    """Hold one connection and leave no engine behind."""

    def __init__(self, url: str) -> None:
        self.engine = create_engine(url)

    def __enter__(self) -> Connection:
        self.connection = self.engine.connect()
        return self.connection

    def __exit__(self, *_: object) -> None:
        self.connection.close()
        self.engine.dispose()


def test_up_down_up_equals_the_models(make_empty: Make) -> None:
    migrated = make_empty("up")
    upgrades.upgrade(migrated, cluster.APPLICATION)
    first = _facts(migrated, COLUMNS)
    upgrades.downgrade(migrated, "base")
    assert _facts(migrated, LEFT_OVERS) == set()
    upgrades.upgrade(migrated, cluster.APPLICATION)
    assert _facts(migrated, COLUMNS) == first
    upgrades.check(migrated)

    modelled = make_empty("models")
    engine = create_engine(modelled)
    Base.metadata.create_all(engine)
    engine.dispose()
    for statement in (TABLES, COLUMNS, CONSTRAINTS, INDEXES):
        ours, theirs = _facts(migrated, statement), _facts(modelled, statement)
        assert theirs
        assert ours - theirs == set(), "only in the migrations"
        assert theirs - ours == set(), "only in the models"


def test_the_application_may_not_alter_the_trail(make_empty: Make) -> None:
    migrated = make_empty("grants")
    upgrades.upgrade(migrated, cluster.APPLICATION)
    privilege = "SELECT has_table_privilege('{role}', '{table}', '{act}')"
    with _connect(migrated) as connection:
        for table in ("audit_entry", "audit_seal"):
            for act, may in (
                ("SELECT", True),
                ("INSERT", True),
                ("UPDATE", False),
                ("DELETE", False),
            ):
                asked = privilege.format(role=cluster.APPLICATION, table=table, act=act)
                assert connection.execute(text(asked)).scalar_one() is may, (table, act)


def test_head_names_the_newest_migration() -> None:
    named = (source.ROOT / "migrations" / "HEAD").read_text(encoding="utf-8").strip()
    scripts = ScriptDirectory.from_config(upgrades.alembic_config("postgresql://", None))
    assert scripts.get_heads() == [named]
