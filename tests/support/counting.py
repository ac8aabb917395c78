"""Count the SQL statements of a block, and print them when the count is not as expected."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, event


@contextmanager
def statements() -> Iterator[list[str]]:
    """Collect every statement that any engine executes within the block."""
    found: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK TO")):
            found.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(Engine, "before_cursor_execute", note)


@contextmanager
def assert_queries(number: int) -> Iterator[None]:
    """Fail, printing the SQL, unless the block executes exactly ``number`` statements."""
    with statements() as found:
        yield
    listed = "\n\n".join(found)
    assert len(found) == number, f"{len(found)} statements instead of {number}:\n{listed}"
