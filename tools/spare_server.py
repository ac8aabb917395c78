"""Print the address of a PostgreSQL on this machine that tests may use, or exit with 1.

Usable is a server on the usual port that lets ``postgres`` in without a password, is new enough and
grants the rights of a superuser: a service beside a continuous-integration job, as a rule.
"""

import sys

import psycopg

ADDRESS = "postgresql://postgres@127.0.0.1:5432/postgres"
OLDEST = 150_000  # PostgreSQL 15


def usable(address: str) -> bool:
    """Tell whether tests may use the server; a server that does not answer is not usable."""
    try:
        with psycopg.connect(address, connect_timeout=3) as connection:
            superuser = connection.info.parameter_status("is_superuser") == "on"
            return superuser and connection.info.server_version >= OLDEST
    except psycopg.Error:
        return False


if __name__ == "__main__":
    if not usable(ADDRESS):
        sys.exit(1)
    print(ADDRESS)
