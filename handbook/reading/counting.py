"""Count a member's reading: keep new stretches and bring progress up to them, set by set.

The caller holds the lock on the member's reading (``queries.locked_versions``). Only stretches that
overlap the new ones, directly or through others, are weighed again; the credit of all others stands
in their rows, so progress is the exact sum over all stretches at the price of a few.
"""

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import text

from handbook import clock, database
from handbook.access import Actor
from handbook.reading import progress, queries, rules
from handbook.reading.rules import Stretch

_NARROW = timedelta(minutes=5)
_MOST_WIDENING = 2 * rules.OLDEST

_INSERT = text(
    """
    INSERT INTO reading_event (id, member_id, version_id, device_id, parts, started_at, ended_at,
                               active_seconds, credited_seconds, offline, flags, received_at)
    SELECT r.id, :member, r.version_id, :device, r.parts, r.started_at, r.ended_at,
           r.active_seconds, r.credited_seconds, r.offline, r.flags, :received_at
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(
      id uuid, version_id uuid, parts integer[], started_at timestamptz, ended_at timestamptz,
      active_seconds integer, credited_seconds integer, offline boolean, flags text[])
    ORDER BY r.id
    """
)
_CREDIT = text(
    """
    UPDATE reading_event e SET credited_seconds = one.seconds
    FROM unnest(CAST(:ids AS uuid[]), CAST(:seconds AS integer[])) AS one(id, seconds)
    WHERE e.member_id = :member AND e.id = one.id AND e.id = ANY(CAST(:ids AS uuid[]))
    """
)


@dataclass
class Tally:
    """What a batch came to. ``is_too_much`` says that nothing was counted (see ``count``)."""

    accepted: set[uuid.UUID] = field(default_factory=set)
    freed: set[uuid.UUID] = field(default_factory=set)
    states: list[progress.State] = field(default_factory=list)
    is_too_much: bool = False


@dataclass
class _Found:
    """What stands in the database around new stretches."""

    credits: dict[uuid.UUID, int]
    stretches: list[Stretch]
    known: set[uuid.UUID]
    quarantined: set[uuid.UUID]


def count(actor: Actor, told: Sequence[Stretch]) -> Tally:
    """Keep the stretches that are new and return the states of all versions told of.

    ``accepted`` are the ids that were new, ``freed`` those of them that stood in quarantine.
    Nothing is kept when more than ``queries.MOST_AROUND`` stretches lie around these: no person
    reads so.
    """
    if not told:
        return Tally()
    found = _find(actor.member_id, told)
    if found is None:
        return Tally(is_too_much=True)
    new = [one for one in told if one.id not in found.known]
    weighed = _weigh(new, found)
    _keep(actor, new, weighed)
    changed = {
        one.id: weighed[one.id] - found.credits[one.id]
        for one in found.stretches
        if weighed.get(one.id, found.credits[one.id]) != found.credits[one.id]
    }
    _change(actor.member_id, changed, weighed)
    touched = [*new, *(one for one in found.stretches if one.id in changed)]
    versions = {one.version_id for one in told} | {one.version_id for one in touched}
    gained = {one.id: weighed[one.id] for one in new} | changed
    states = progress.advance(actor.member_id, versions, touched, gained, weighed)
    ids = {one.id for one in new}
    told_of = {one.version_id for one in told}
    shown = [state for state in states if state.has_changed or state.version_id in told_of]
    return Tally(ids, ids & found.quarantined, shown)


def _find(member_id: uuid.UUID, told: Sequence[Stretch]) -> _Found | None:
    """Return what stands around ``told``, whole islands of it; None if that is too much."""
    pad = _NARROW
    while True:
        near = _ranges(told, pad)
        rows = database.session().execute(queries.around(member_id, near, [one.id for one in told]))
        found = _Found({}, [], set(), set())
        for row in rows:
            _sort_in(row, found)
        if len(found.stretches) > queries.MOST_AROUND:
            return None
        if pad > _MOST_WIDENING or _is_whole(told, found.stretches, near):
            return found
        pad *= 8


def _sort_in(row: Any, found: _Found) -> None:
    if row.found == "known":
        found.known.add(row.id)
    elif row.found == "quarantined":
        found.quarantined.add(row.id)
    else:
        found.credits[row.id] = row.credited_seconds
        found.stretches.append(
            Stretch(
                row.id,
                row.version_id,
                row.started_at,
                row.ended_at,
                row.active_seconds,
                tuple(row.parts),
            )
        )


def _ranges(told: Sequence[Stretch], pad: timedelta) -> list[tuple[datetime, datetime]]:
    """Return disjoint ranges that hold the stretches and ``pad`` before and after."""
    merged: list[tuple[datetime, datetime]] = []
    for one in sorted(told, key=lambda stretch: stretch.started_at):
        low, high = one.started_at - pad, one.ended_at + pad
        if merged and low <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], high))
        else:
            merged.append((low, high))
    return merged


def _is_whole(
    told: Sequence[Stretch],
    stretches: Sequence[Stretch],
    near: Sequence[tuple[datetime, datetime]],
) -> bool:
    """Return whether no stretch outside the ranges can overlap an island of ``told``."""
    for island in _islands_of(told, stretches):
        start, end = island[0].started_at, max(one.ended_at for one in island)
        if not any(low < start and end < high for low, high in near):
            return False
    return True


def _islands_of(new: Sequence[Stretch], old: Iterable[Stretch]) -> list[list[Stretch]]:
    ids = {one.id for one in new}
    unique = {one.id: one for one in new} | {one.id: one for one in old}
    return [
        island for island in rules.islands(unique.values()) if any(one.id in ids for one in island)
    ]


def _weigh(new: Sequence[Stretch], found: _Found) -> dict[uuid.UUID, int]:
    """Return stretch id → credited seconds, for the new ones and all that they touch."""
    return rules.credit(one for island in _islands_of(new, found.stretches) for one in island)


def _keep(actor: Actor, new: Sequence[Stretch], weighed: Mapping[uuid.UUID, int]) -> None:
    if not new:
        return
    rows = [
        {
            "id": one.id,
            "version_id": one.version_id,
            "parts": one.parts,
            "started_at": one.started_at,
            "ended_at": one.ended_at,
            "active_seconds": one.active_seconds,
            "credited_seconds": weighed[one.id],
            "offline": one.offline,
            "flags": one.flags,
        }
        for one in new
    ]
    database.session().execute(
        _INSERT,
        {
            "member": actor.member_id,
            "device": actor.device_id,
            "received_at": clock.now(),
            "rows": orjson.dumps(rows).decode(),
        },
    )


def _change(
    member_id: uuid.UUID, changed: Collection[uuid.UUID], weighed: Mapping[uuid.UUID, int]
) -> None:
    if changed:
        ordered = sorted(changed)
        seconds = [weighed[one] for one in ordered]
        database.session().execute(
            _CREDIT, {"member": member_id, "ids": ordered, "seconds": seconds}
        )
