"""The PostgreSQL server of the tests: the embedded one, or the one TEST_DATABASE_URL names.

A migrated template is made once for each state of the migrations; test databases are copies of it.
"""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy import URL, make_url

from handbook import embedded, upgrades

ROOT = Path(__file__).resolve().parents[2]
OWNER = "handbook_owner"
APPLICATION = "handbook_app"
_LOCK = 730_114


@dataclass
class Cluster:
    """A server on which databases may be made: ``admin`` is a superuser's address."""

    admin: URL
    server: embedded.Server | None = None

    def url(self, name: str, role: str = APPLICATION) -> str:
        """Return the address of a database for a role."""
        address = self.admin.set(database=name, username=role)
        return address.render_as_string(hide_password=False)

    def connect(self, name: str | None = None) -> psycopg.Connection[tuple[object, ...]]:
        """Return a superuser's connection in autocommit."""
        address = self.admin.set(drivername="postgresql", database=name or self.admin.database)
        return psycopg.connect(address.render_as_string(hide_password=False), autocommit=True)

    def copy(self, name: str) -> None:
        """Make a database ``name`` as the migrations leave it."""
        with self.connect() as connection:
            connection.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
            template = self._template(connection)
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}").format(
                    *map(sql.Identifier, (name, OWNER, template))
                )
            )

    def create_empty(self, name: str) -> None:
        """Make an empty database owned by the owner's role."""
        with self.connect() as connection:
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0").format(
                    *map(sql.Identifier, (name, OWNER))
                )
            )
        with self.connect(name) as connection:
            connection.execute("CREATE EXTENSION btree_gist")

    def drop(self, name: str) -> None:
        """Drop a database with its connections."""
        with self.connect() as connection:
            connection.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
            )

    def _template(self, connection: psycopg.Connection[tuple[object, ...]]) -> str:
        name = f"handbook_template_{_fingerprint()}"
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,))
        if found.fetchone() is None:
            building = f"{name}_building"
            self.drop(building)
            self.create_empty(building)
            upgrades.upgrade(self.url(building, OWNER), APPLICATION)
            connection.execute(
                sql.SQL("ALTER DATABASE {} RENAME TO {}").format(
                    sql.Identifier(building), sql.Identifier(name)
                )
            )
        return name

    def close(self) -> None:
        """Let go of the server."""
        if self.server is not None:
            self.server.stop()


def _fingerprint() -> str:
    digest = hashlib.sha256()
    for path in sorted(ROOT.glob("migrations/**/*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def start() -> Cluster:
    """Return the cluster to test on, with the two roles in it."""
    given = os.environ.get("TEST_DATABASE_URL")
    if given is None:
        server = embedded.start(ROOT / "var" / "test-postgres", fast=True)
        return Cluster(make_url(server.url("postgres", embedded.ADMIN)), server)
    cluster = Cluster(make_url(given).set(drivername="postgresql+psycopg"))
    with cluster.connect() as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
        for role in (OWNER, APPLICATION):
            found = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,))
            if found.fetchone() is None:
                connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(role)))
    return cluster
