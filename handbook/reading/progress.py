"""A member's progress in versions: brought up to stretches that are new or weigh less than before.

``counting`` calls this under the lock on the member's reading.
"""

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import text

from handbook import database
from handbook.reading import queries, rules
from handbook.reading.rules import Counted, Stretch

_PROGRESS = text(
    """
    INSERT INTO progress (member_id, version_id, document_id, parts_seen, credited_seconds, flagged,
                          opened_at, read_at, read_received_at)
    SELECT :member, r.version_id, r.document_id, r.parts_seen, r.credited_seconds, r.flagged,
           r.opened_at, r.read_at, r.read_received_at
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(
      version_id uuid, document_id uuid, parts_seen integer[], credited_seconds integer,
      flagged boolean, opened_at timestamptz, read_at timestamptz, read_received_at timestamptz)
    ORDER BY r.version_id
    ON CONFLICT (member_id, version_id) DO UPDATE SET
      parts_seen = excluded.parts_seen, credited_seconds = excluded.credited_seconds,
      flagged = excluded.flagged, opened_at = excluded.opened_at, read_at = excluded.read_at,
      read_received_at = excluded.read_received_at
    """
)


@dataclass(slots=True)
class State:
    """A member's progress in one version, and what of it a batch changed."""

    document_id: uuid.UUID
    version_id: uuid.UUID
    parts_total: int
    words: int
    campaigns: Sequence[uuid.UUID]
    parts_seen: set[int]
    credited_seconds: int
    flagged: bool
    opened_at: datetime | None
    read_at: datetime | None
    read_received_at: datetime | None
    has_changed: bool = False
    turned: bool = False

    def line(self) -> dict[str, Any]:
        """Return the state in the form of ``ProgressOut``."""
        return {
            "document_id": self.document_id,
            "version_id": self.version_id,
            "parts_seen": len(self.parts_seen),
            "parts_total": self.parts_total,
            "credited_seconds": self.credited_seconds,
            "read": self.read_at is not None,
        }


def advance(
    member_id: uuid.UUID,
    versions: Collection[uuid.UUID],
    touched: Sequence[Stretch],
    gained: Mapping[uuid.UUID, int],
    weighed: Mapping[uuid.UUID, int],
) -> list[State]:
    """Return the states of ``versions`` with the touched stretches in them, and keep them.

    ``gained`` is by how much the credit of each touched stretch grew, ``weighed`` what it is.
    """
    rows = database.session().execute(queries.states(member_id, versions))
    states = {row.version_id: _state(row) for row in rows}
    for one in touched:
        _add(states[one.version_id], one, gained[one.id], weighed[one.id])
    _complete(member_id, states, touched)
    changed = [state for state in states.values() if state.has_changed]
    if changed:
        kept = orjson.dumps([_row(state) for state in changed]).decode()
        database.session().execute(_PROGRESS, {"member": member_id, "rows": kept})
    return list(states.values())


def _state(row: Any) -> State:
    return State(
        document_id=row.document_id,
        version_id=row.version_id,
        parts_total=row.parts_total,
        words=row.words,
        campaigns=row.campaigns,
        parts_seen=set(row.parts_seen),
        credited_seconds=row.credited_seconds,
        flagged=row.flagged,
        opened_at=row.opened_at,
        read_at=row.read_at,
        read_received_at=row.read_received_at,
    )


def _add(state: State, one: Stretch, gained: int, credited: int) -> None:
    """Add a stretch that is new, or whose credit changed by ``gained``; its parts are a union."""
    state.has_changed = True
    state.turned = state.turned or state.opened_at is None
    state.parts_seen |= set(one.parts)
    state.credited_seconds += gained
    state.flagged = state.flagged or bool(one.flags) or rules.is_curtailed(one, credited)
    if state.opened_at is None or one.started_at < state.opened_at:
        state.opened_at = one.started_at


def _complete(
    member_id: uuid.UUID, states: Mapping[uuid.UUID, State], touched: Sequence[Stretch]
) -> None:
    """Set when versions became complete; stretches are read only where that can have moved."""
    earliest: dict[uuid.UUID, datetime] = {}
    for one in touched:
        known = earliest.get(one.version_id, one.ended_at)
        earliest[one.version_id] = min(known, one.ended_at)
    moved: list[State] = []
    for version_id, ended in earliest.items():
        state = states[version_id]
        if not _is_complete(state):
            _set_read(state, None)
        elif state.read_at is None or ended <= state.read_at:
            moved.append(state)
    if not moved:
        return
    since = min(state.opened_at for state in moved if state.opened_at)
    rows = database.session().execute(
        queries.counted(member_id, [state.version_id for state in moved], since)
    )
    counted: dict[uuid.UUID, list[Counted]] = {}
    for row in rows:
        counted.setdefault(row.version_id, []).append(
            Counted(row.id, row.ended_at, tuple(row.parts), row.credited_seconds, row.received_at)
        )
    for state in moved:
        found = counted[state.version_id]
        _set_read(state, rules.completed(found, parts_total=state.parts_total, words=state.words))


def _is_complete(state: State) -> bool:
    return rules.is_complete(
        len(state.parts_seen),
        state.credited_seconds,
        parts_total=state.parts_total,
        words=state.words,
    )


def _set_read(state: State, when: tuple[datetime, datetime] | None) -> None:
    read_at, received_at = when or (None, None)
    if state.read_at != read_at:
        state.turned = True
    state.read_at, state.read_received_at = read_at, received_at


def _row(state: State) -> dict[str, Any]:
    return {
        "version_id": state.version_id,
        "document_id": state.document_id,
        "parts_seen": sorted(state.parts_seen),
        "credited_seconds": state.credited_seconds,
        "flagged": state.flagged,
        "opened_at": state.opened_at,
        "read_at": state.read_at,
        "read_received_at": state.read_received_at,
    }
