"""Reading events, progress and acknowledgements as the API takes and shows them."""

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from marshmallow import fields as plain

from handbook import fields
from handbook.reading.rules import Told

MOST_EVENTS = 500
MOST_PARTS = 500
MOST_PART = 100_000
MOST_ACTIVE = 366 * 86_400
_UUID_LENGTH = 36
_INSTANT_LENGTH = 40

OUTCOMES = ("accepted", "duplicate", "quarantined", "refused")


class EventIn(fields.Schema):
    """One stretch of reading; ``read_event`` accepts exactly what this schema accepts."""

    id = fields.Id(required=True)
    version_id = fields.Id(required=True)
    parts = fields.Many(fields.Whole(1, MOST_PART), least=1, most=MOST_PARTS, required=True)
    started_at = fields.Instant(required=True)
    ended_at = fields.Instant(required=True)
    active_seconds = fields.Whole(0, MOST_ACTIVE, required=True)
    offline = fields.Flag(load_default=False)


class BatchIn(fields.Schema):
    """What a phone read since it last told: up to 500 events and the phone's clock at sending.

    An event that is not of the right form does not spoil the batch: its own outcome is ``refused``.
    """

    device_time = fields.Instant(
        required=True, metadata={"description": "The phone's clock when it sends the batch."}
    )
    events = fields.Many(
        plain.Raw(allow_none=True),
        least=1,
        most=MOST_EVENTS,
        required=True,
        metadata={
            "description": (
                "Each {id: a UUIDv7 made on the phone, version_id, parts: the numbers of the parts "
                "seen (1 to 500 of them), started_at, ended_at, active_seconds, offline: whether "
                "the phone was offline (false)}."
            )
        },
    )


class ResultOut(fields.Schema):
    """What became of one event; the results stand in the order of the events."""

    id = fields.Id(required=True, allow_none=True)
    outcome = plain.String(required=True, metadata={"enum": list(OUTCOMES)})
    reason = plain.String(metadata={"description": "Why it was quarantined or refused."})


class ProgressOut(fields.Schema):
    """How far a member has come in a version."""

    document_id = fields.Id(required=True)
    version_id = fields.Id(required=True)
    parts_seen = fields.Whole(required=True)
    parts_total = fields.Whole(required=True)
    credited_seconds = fields.Whole(required=True)
    read = fields.Flag(required=True)


class BatchOut(fields.Schema):
    """The outcome of each event, and the progress of the versions they were about."""

    results = fields.Many(fields.Nested(ResultOut), required=True)
    progress = fields.Many(fields.Nested(ProgressOut), required=True)


class ProgressLine(ProgressOut):
    """One line of the member's own progress."""

    opened_at = fields.Instant(required=True, allow_none=True)
    read_at = fields.Instant(required=True, allow_none=True)


class AcknowledgementIn(fields.Schema):
    """The member's word to have studied a version, by the phone's clock."""

    version_id = fields.Id(required=True)
    acknowledged_at = fields.Instant(required=True)
    device_time = fields.Instant(
        load_default=None,
        allow_none=True,
        metadata={"description": "The phone's clock when it sends; corrects acknowledged_at."},
    )


class AcknowledgementOut(fields.Schema):
    """An acknowledgement (xác nhận đã học), by the corrected clock."""

    id = fields.Id(required=True)
    document_id = fields.Id(required=True)
    version_id = fields.Id(required=True)
    acknowledged_at = fields.Instant(required=True)
    received_at = fields.Instant(required=True)


def read_event(raw: Any) -> Told | None:
    """Return the event of a JSON value, None if it is not of the form of ``EventIn``.

    Written by hand because a batch holds hundreds; a test holds it equal to the schema.
    """
    if not isinstance(raw, dict) or not _KNOWN >= raw.keys() >= _REQUIRED:
        return None
    event_id, version_id = read_id(raw["id"]), read_id(raw["version_id"])
    started, ended = _instant(raw["started_at"]), _instant(raw["ended_at"])
    parts, active = raw["parts"], raw["active_seconds"]
    offline = raw.get("offline", False)
    if event_id is None or version_id is None or started is None or ended is None:
        return None
    if not isinstance(parts, list) or not 1 <= len(parts) <= MOST_PARTS:
        return None
    if not all(type(part) is int and 1 <= part <= MOST_PART for part in parts):
        return None
    if type(active) is not int or not 0 <= active <= MOST_ACTIVE or type(offline) is not bool:
        return None
    return Told(event_id, version_id, tuple(parts), started, ended, active, offline)


_REQUIRED = frozenset({"id", "version_id", "parts", "started_at", "ended_at", "active_seconds"})
_KNOWN = _REQUIRED | {"offline"}


def read_id(value: Any) -> uuid.UUID | None:
    """Return the id of a JSON value, None if it is not a UUID in canonical form."""
    if not isinstance(value, str) or len(value) != _UUID_LENGTH:
        return None
    try:
        found = uuid.UUID(value)
    except ValueError:
        return None
    return found if str(found) == value.lower() else None


def client_id(raw: Any) -> uuid.UUID | None:
    """Return the id of an event that is otherwise of no use, None if even that cannot be read."""
    return read_id(raw.get("id")) if isinstance(raw, Mapping) else None


def _instant(value: Any) -> datetime | None:
    if not isinstance(value, str) or len(value) > _INSTANT_LENGTH or "T" not in value.upper():
        return None
    try:
        found = datetime.fromisoformat(value)
        if found.tzinfo is None or found.year not in fields.YEARS:
            return None
        return found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
