"""Work is rows: the columns a row of background work carries, and the statement that claims it.

A row is *due* when its state is one of the waiting states, ``due_at`` has come and no lease holds
it. Claiming takes a lease and raises ``fence``; only who still holds that fence may settle the row.
All times are the database's, so clocks of worker hosts do not matter.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Update, and_, func, or_, select, text, update
from sqlalchemy.orm import Mapped, mapped_column


class Leased:
    """Mixin for a table whose rows are background work."""

    due_at: Mapped[datetime] = mapped_column(server_default=func.now())
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    lease_until: Mapped[datetime | None]
    fence: Mapped[int] = mapped_column(server_default=text("0"))


def is_due(table: type[Any]) -> ColumnElement[bool]:
    """Return the condition that a row of ``table`` has fallen due and is free."""
    free = or_(table.lease_until.is_(None), table.lease_until < func.now())
    return and_(table.due_at <= func.now(), free)


def claim(
    table: type[Any],
    *,
    key: Sequence[Any],
    where: ColumnElement[bool],
    limit: int,
    lease_seconds: float,
) -> Update:
    """Return the UPDATE that leases up to ``limit`` due rows and returns them.

    ``key`` are the primary key columns of ``table``; ``where`` narrows to waiting states. Rows
    locked by another worker are skipped. ``attempts`` and ``fence`` grow by one for each claim.
    The due rows stand in a CTE, which runs once; as a plain subquery a join may run it again.
    """
    due = (
        select(*key)
        .where(where, is_due(table))
        .order_by(table.due_at, *key)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    matches = [column == due.c[column.key] for column in key]
    return (
        update(table)
        .where(*matches)
        .values(
            lease_until=func.now() + func.make_interval(0, 0, 0, 0, 0, 0, lease_seconds),
            attempts=table.attempts + 1,
            fence=table.fence + 1,
        )
        .returning(table)
        .execution_options(synchronize_session=False)
    )
