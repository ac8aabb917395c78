"""The embedded server as the programs that share it see it."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
from sqlalchemy import NullPool, create_engine, text

from handbook import embedded
from handbook.embedded import EmbeddedError, Server


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return a folder whose server has been made once and ends with the module."""
    directory = tmp_path_factory.mktemp("embedded") / "pg"
    with embedded.start(directory, fast=True):
        yield directory


@pytest.fixture(scope="module")
def idle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder whose server has been made and ended; each test ends what it starts."""
    directory = tmp_path_factory.mktemp("idle") / "pg"
    with embedded.start(directory, fast=True) as server:
        tell(server, "CREATE TABLE kept AS SELECT 7 AS number")
    return directory


@pytest.fixture
def server(folder: Path) -> Iterator[Server]:
    """Return a use of the server, as a second program has it."""
    with embedded.start(folder, fast=True) as server:
        yield server


def ask(server: Server, query: str, database: str = "handbook", role: str = "handbook_app") -> str:
    """Return the one value a query gives, through the address the server names."""
    engine = create_engine(server.url(database, role), poolclass=NullPool)
    with engine.begin() as connection:
        return str(connection.execute(text(query)).scalar_one())


def tell(server: Server, statement: str, database: str = "handbook") -> None:
    """Execute a statement as the owner."""
    engine = create_engine(server.url(database, "handbook_owner"), poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text(statement))


def kept(server: Server) -> str:
    """Return the number that was committed before."""
    return ask(server, "SELECT number FROM kept", role="handbook_owner")


def wait_for_end(pid: int) -> None:
    """Wait until a process has gone, or is a body nobody has fetched."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return
        except psutil.NoSuchProcess:
            return
        time.sleep(0.01)
    pytest.fail(f"process {pid} still lives")


@pytest.mark.parametrize("role", ["handbook_app", "handbook_owner"])
def test_each_role_signs_in_as_itself(server: Server, role: str) -> None:
    assert ask(server, "SELECT current_user", role=role) == role


def test_the_database_belongs_to_the_owner_role(server: Server) -> None:
    query = "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()"
    assert ask(server, query) == "handbook_owner"


def test_the_application_role_has_no_special_right(server: Server) -> None:
    query = (
        "SELECT rolsuper OR rolcreatedb OR rolcreaterole OR rolbypassrls "
        "FROM pg_roles WHERE rolname = current_user"
    )
    assert ask(server, query) == "False"


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("TimeZone", "UTC"),
        ("server_encoding", "UTF8"),
        ("listen_addresses", ""),
        ("fsync", "off"),
    ],
)
def test_settings(server: Server, setting: str, value: str) -> None:
    assert ask(server, f"SELECT current_setting('{setting}')") == value


def test_letters_sort_by_code_point(server: Server) -> None:
    query = "SELECT datcollate || datctype FROM pg_database WHERE datname = current_database()"
    assert ask(server, query) == "CC"


def test_exclusion_constraints_on_plain_columns_work(server: Server) -> None:
    statement = "SELECT count(*) FROM pg_extension WHERE extname = 'btree_gist'"
    assert ask(server, statement) == "1"


def test_a_second_start_shares_the_server(server: Server, folder: Path) -> None:
    with embedded.start(folder) as second:
        assert second.pid == server.pid
    assert ask(server, "SELECT 1") == "1"


def test_another_program_shares_the_server(server: Server, folder: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from handbook import embedded\n"
        "with embedded.start(Path(sys.argv[1])) as server: print(server.pid)"
    )
    done = subprocess.run(  # noqa: S603 - fixed arguments
        [sys.executable, "-c", program, str(folder)], capture_output=True, text=True, check=True
    )
    assert int(done.stdout) == server.pid
    assert ask(server, "SELECT 1") == "1"


def test_databases_beside_the_main_one(server: Server) -> None:
    with psycopg.connect(host=str(server.socket), user="postgres", autocommit=True) as admin:
        admin.execute("CREATE DATABASE second OWNER handbook_owner")
        try:
            tell(server, "CREATE TABLE t ()", "second")
            tables = "SELECT count(*) FROM pg_tables WHERE tablename = 't'"
            assert ask(server, tables, "second") == "1"
            assert ask(server, tables) == "0"
        finally:
            admin.execute("DROP DATABASE second")


def test_the_server_is_out_of_reach_of_the_terminal(server: Server) -> None:
    assert os.getsid(server.pid) != os.getsid(0)
    assert os.getpgid(server.pid) != os.getpgid(0)


def test_nobody_else_may_enter_its_folders(server: Server, folder: Path) -> None:
    assert folder.stat().st_mode & 0o077 == 0
    assert server.socket.stat().st_mode & 0o077 == 0
    assert psutil.Process(server.pid).uids().real == folder.stat().st_uid != 0


def test_the_server_inherits_no_secret(server: Server) -> None:
    names = set(psutil.Process(server.pid).environ())
    assert "PATH" in names
    assert "PYTEST_CURRENT_TEST" in os.environ
    assert "PYTEST_CURRENT_TEST" not in names


def test_the_last_one_to_leave_stops_it_and_what_was_committed_stays(idle: Path) -> None:
    with embedded.start(idle, fast=True) as second:
        with embedded.start(idle, fast=True) as first:
            tell(first, "UPDATE kept SET number = number + 1")
            number = kept(first)
        assert kept(second) == number
    second.stop()  # a second time does nothing
    wait_for_end(second.pid)
    with embedded.start(idle, fast=True) as again:
        assert again.pid != second.pid
        assert kept(again) == number


def test_a_killed_server_with_a_busy_client_comes_back(idle: Path) -> None:
    with embedded.start(idle, fast=True) as server:
        number = kept(server)
        errors: list[psycopg.Error] = []

        def count() -> None:
            try:
                with psycopg.connect(server.url().replace("+psycopg", "")) as connection:
                    connection.execute("SELECT count(*) FROM generate_series(1, 1000000000000)")
            except psycopg.Error as error:
                errors.append(error)

        client = threading.Thread(target=count)
        client.start()
        while ask(server, "SELECT count(*) FROM pg_stat_activity WHERE state = 'active'") != "2":
            time.sleep(0.01)
        os.kill(server.pid, signal.SIGKILL)
        with embedded.start(idle, fast=True) as again:
            assert again.pid != server.pid
            assert kept(again) == number
            client.join(timeout=10)
    assert isinstance(errors[0], psycopg.OperationalError)


def test_a_note_with_the_number_of_a_living_stranger_is_stale(idle: Path) -> None:
    note = idle / "data" / "postmaster.pid"
    with embedded.start(idle, fast=True) as server:
        lines = note.read_text().splitlines()
        os.kill(server.pid, signal.SIGKILL)
        wait_for_end(server.pid)
    stranger = subprocess.Popen(
        ["sleep", "60"],  # noqa: S607 - any process will do
        user=note.stat().st_uid if os.geteuid() == 0 else None,
    )
    try:
        note.write_text("\n".join([str(stranger.pid), *lines[1:], ""]))
        with embedded.start(idle, fast=True) as again:
            assert ask(again, "SELECT 1") == "1"
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_path_too_long_for_a_socket_gets_a_short_private_folder(tmp_path: Path) -> None:
    directory = tmp_path / ("long" * 30) / "pg"
    with embedded.start(directory, fast=True) as server:
        assert ask(server, "SELECT 1") == "1"
        assert server.socket.stat().st_mode & 0o077 == 0
        socket = server.socket
    assert directory not in socket.parents
    socket.rmdir()


def test_data_of_another_version_are_refused_untouched(tmp_path: Path) -> None:
    data = tmp_path / "pg" / "data"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("14\n")
    with pytest.raises(EmbeddedError, match="PostgreSQL 14"):
        embedded.start(tmp_path / "pg")
    assert [path.name for path in data.iterdir()] == ["PG_VERSION"]


def test_a_server_that_cannot_start_says_why(idle: Path) -> None:
    settings = idle / "data" / "postgresql.auto.conf"
    settings.write_text("no_such_setting = 1\n")
    try:
        with pytest.raises(EmbeddedError, match=r"did not start(.|\n)*no_such_setting"):
            embedded.start(idle)
    finally:
        settings.write_text("")
