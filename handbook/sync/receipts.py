"""Receipts: a presented cursor proves that what was handed out before it has arrived.

This is how "who had it" is known. The write is one statement of its own, is left out when the same
cursor was noted within ten minutes by this process, and never fails the answer.
"""

import threading
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import structlog
from sqlalchemy.exc import DBAPIError

from handbook import clock, database
from handbook.access import Actor
from handbook.sync import queries, rules
from handbook.sync.rules import Held, Mark

LOG = structlog.get_logger(__name__)
EVERY = timedelta(minutes=10)
MOST_REMEMBERED = 20_000


class Memory:
    """What this process noted last for each device and account."""

    def __init__(self) -> None:
        self._noted: dict[tuple[uuid.UUID, uuid.UUID], tuple[int, datetime]] = {}
        self._lock = threading.Lock()

    def is_known(self, actor: Actor, marks: Mapping[bytes, Mark]) -> bool:
        """Return whether the same marks were noted within ten minutes."""
        found = self._noted.get((actor.device_id, actor.account_id))
        return (
            found is not None and found[0] == _fingerprint(marks) and clock.now() - found[1] < EVERY
        )

    def note(self, actor: Actor, marks: Mapping[bytes, Mark]) -> None:
        """Remember that marks were noted now."""
        with self._lock:
            if len(self._noted) >= MOST_REMEMBERED:
                self._noted.clear()
            self._noted[actor.device_id, actor.account_id] = (_fingerprint(marks), clock.now())

    def forget(self) -> None:
        """Forget everything."""
        with self._lock:
            self._noted.clear()


MEMORY = Memory()


def _fingerprint(marks: Mapping[bytes, Mark]) -> int:
    return hash(frozenset(marks.items()))


def note(actor: Actor, held: Sequence[Held], marks: Mapping[bytes, Mark]) -> None:
    """Note for the actor's device what ``marks`` prove of the buckets ``held``.

    Runs as a statement of its own, outside any transaction; a failure is logged and tried again
    with the next request.
    """
    if MEMORY.is_known(actor, marks):
        return
    reached = [
        (bucket.id, marks[rules.key_of(bucket)].position)
        for bucket in held
        if rules.key_of(bucket) in marks and marks[rules.key_of(bucket)].position
    ]
    try:
        if reached:
            database.executor().execute(
                queries.receive(actor.device_id, actor.account_id, reached, clock.now())
            )
    except DBAPIError as error:
        LOG.warning("receipt_not_noted", error=type(error.orig).__name__)
        return
    MEMORY.note(actor, marks)
