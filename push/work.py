"""The shape of background work: rows claimed, done and settled, and acts at ticks of the clock.

``handbook`` describes its work in these words; the worker in ``push`` owns the transactions.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session


@dataclass(frozen=True)
class Work:
    """One kind of due work.

    ``claim`` runs in a transaction of its own and returns what it leased as plain values (nothing
    due → empty). ``do``, if there is one, has an effect outside the database; it runs without a
    transaction or connection and its result is handed to ``settle``. ``settle`` runs in a second
    transaction, must check the fence of each row it settles, and receives None when there is no
    ``do``. All three must stand a repeat: a lease may end while its holder still works.
    """

    name: str
    claim: Callable[[Session], Sequence[Any]]
    settle: Callable[[Session, Sequence[Any], Any], None]
    do: Callable[[Sequence[Any]], Any] | None = None
    renew: Callable[[Session, Sequence[Any]], None] | None = None


@dataclass(frozen=True)
class Tick:
    """An act at certain times (APScheduler's cron words, Vietnamese time), in one transaction."""

    name: str
    cron: Mapping[str, int | str]
    act: Callable[[Session], None]


@dataclass(frozen=True)
class Jobs:
    """All work of the house."""

    works: Sequence[Work]
    ticks: Sequence[Tick] = field(default=())
