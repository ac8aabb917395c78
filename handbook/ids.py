"""Identifiers: UUID version 7 (RFC 9562), whose first 48 bits are the Unix time in milliseconds."""

import uuid
from datetime import UTC, datetime, timedelta

from uuid_utils import compat

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_TIME_SHIFT = 80
_TIME_LIMIT = 1 << 48
_VERSION_BITS = 7 << 76
_VARIANT_BITS = 2 << 62


def new() -> uuid.UUID:
    """Return a fresh id; ids made by one process come out in ascending order."""
    return compat.uuid7()


def is_v7(value: uuid.UUID) -> bool:
    """Tell whether an id is a UUID of version 7 in the RFC variant."""
    return value.variant == uuid.RFC_4122 and value.version == 7  # noqa: PLR2004 - the version


def time_of(value: uuid.UUID) -> datetime:
    """Return the instant in an id, in UTC, to the millisecond.

    ValueError if the id is not of version 7 or its time lies beyond the year 9999.
    """
    if not is_v7(value):
        message = "the id is not a UUID of version 7"
        raise ValueError(message)
    try:
        return _EPOCH + (value.int >> _TIME_SHIFT) * _MILLISECOND
    except OverflowError as error:
        message = "the time in the id is beyond the calendar"
        raise ValueError(message) from error


def floor_at(instant: datetime) -> uuid.UUID:
    """Return the smallest id of the millisecond of an instant: a bound for ranges and partitions.

    Every id made at or after that millisecond is at or above it, every earlier one is below.
    ValueError if the instant is naive or before 1970.
    """
    if instant.tzinfo is None:
        message = "an instant needs a time zone"
        raise ValueError(message)
    milliseconds = (instant - _EPOCH) // _MILLISECOND
    if not 0 <= milliseconds < _TIME_LIMIT:
        message = "the instant cannot be written into an id"
        raise ValueError(message)
    return uuid.UUID(int=milliseconds << _TIME_SHIFT | _VERSION_BITS | _VARIANT_BITS)
