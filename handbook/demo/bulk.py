"""Rows in bulk: streamed by COPY, every constraint checked as for any other row."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from psycopg import Connection as Driver
from psycopg import sql
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn
from rich.progress import TimeElapsedColumn as Elapsed
from sqlalchemy import Connection, TextClause, text

from models import UNIT_NUMBER, Base


class Loader:
    """Fills tables within the transaction of one connection."""

    def __init__(self, connection: Connection) -> None:
        """Load through ``connection``; committing is left to who opened it."""
        self._connection = connection

    def copy(self, table: type[Base], columns: str, rows: Iterable[Sequence[Any]]) -> int:
        """Stream ``rows`` into ``columns`` (names between blanks) and return how many they were.

        Any breach of a constraint raises and ends the transaction, as with single rows.
        """
        names = sql.SQL(", ").join(map(sql.Identifier, columns.split()))
        statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
            sql.Identifier(table.__tablename__), names
        )
        number = 0
        with self._driver().cursor() as cursor, cursor.copy(statement) as stream:
            for row in rows:
                stream.write_row(row)
                number += 1
        return number

    def _driver(self) -> Driver[Any]:
        found = self._connection.connection.driver_connection
        assert isinstance(found, Driver)  # noqa: S101 - the only driver this program knows
        return found

    def run(self, statement: str | TextClause, **values: object) -> int:
        """Execute a statement with its ``:values`` and return how many rows it wrote."""
        found = text(statement) if isinstance(statement, str) else statement
        return self._connection.execute(found, values).rowcount

    def read(self, statement: str | TextClause, **values: object) -> list[Any]:
        """Return the rows of a statement."""
        found = text(statement) if isinstance(statement, str) else statement
        return list(self._connection.execute(found, values))

    def unit_numbers(self, most: int) -> list[int]:
        """Return fresh numbers for units, ascending, taken from the sequence as any unit's."""
        numbers = self._connection.execute(
            text(f"SELECT nextval('{UNIT_NUMBER.name}') FROM generate_series(1, :most)"),  # noqa: S608 - a constant
            {"most": most},
        )
        return sorted(numbers.scalars())

    def analyze(self) -> None:
        """Tell the planner of the rows so far; only a warning where the role does not own them."""
        self.run("ANALYZE")


class Steps:
    """A progress bar for each step of a long load."""

    def __init__(self, progress: Progress) -> None:
        """Show steps in ``progress``."""
        self._progress = progress
        self._now: TaskID | None = None

    def begin(self, title: str, total: int = 1) -> None:
        """End the step before and begin the next one, of ``total`` pieces."""
        self.end()
        self._now = self._progress.add_task(title, total=total)

    def advance(self, pieces: int = 1) -> None:
        """Move the bar of the present step."""
        if self._now is not None:
            self._progress.advance(self._now, pieces)

    def end(self) -> None:
        """Show the present step as done."""
        if self._now is not None:
            total = self._progress.tasks[self._progress.task_ids.index(self._now)].total
            self._progress.update(self._now, completed=total)
            self._now = None


@contextmanager
def steps_on(console: Console) -> Iterator[Steps]:
    """Show steps on ``console`` while the block runs."""
    columns = (TextColumn("{task.description:<24}"), BarColumn(), MofNCompleteColumn(), Elapsed())
    with Progress(*columns, console=console) as progress:
        steps = Steps(progress)
        yield steps
        steps.end()
