"""What a phone has and what it holds: cursors in small, and the plan of what to send."""

import base64
import hashlib
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

PERSONAL = "me"
_KEY = 6
_SINCE = 2
_POSITION = 6
_ENTRY = _KEY + _SINCE + _POSITION
_PERSONAL_KEY = bytes(_KEY)


@dataclass(frozen=True, slots=True)
class Held:
    """A bucket that the member holds today: since which day, and the newest position of its log."""

    id: uuid.UUID
    since: str
    position: int
    personal: bool


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a phone has come in a bucket: ``since`` is a digest of the day it was held from."""

    since: bytes
    position: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What to send: names of buckets to drop, and (bucket, position to start after) to read."""

    drops: Sequence[str]
    reads: Sequence[tuple[Held, int]]

    @property
    def is_empty(self) -> bool:
        """Return whether the phone has everything."""
        return not self.drops and not self.reads


def _digest(value: bytes, size: int) -> bytes:
    return hashlib.blake2b(value, digest_size=size, person=b"sync").digest()


def key_of(bucket: Held) -> bytes:
    """Return the short key by which a cursor names a bucket."""
    return _PERSONAL_KEY if bucket.personal else _digest(bucket.id.bytes, _KEY)


def name_of(key: bytes) -> str:
    """Return the name by which answers call the bucket with a key: short, and the same for good."""
    return PERSONAL if key == _PERSONAL_KEY else base64.urlsafe_b64encode(key).decode()


def owner_of(account_id: uuid.UUID) -> str:
    """Return a short digest of the account whose cursor it is."""
    return _digest(account_id.bytes, _KEY).hex()


def mark_of(bucket: Held, position: int) -> Mark:
    """Return the mark of a bucket at a position."""
    return Mark(_digest(bucket.since.encode(), _SINCE), position)


def pack(marks: Mapping[bytes, Mark]) -> str:
    """Return marks by bucket key as text, 19 characters for each bucket."""
    found = b"".join(
        key + mark.since + mark.position.to_bytes(_POSITION, "big")
        for key, mark in sorted(marks.items())
    )
    return base64.urlsafe_b64encode(found).decode()


def unpack(packed: str) -> dict[bytes, Mark]:
    """Return what ``pack`` packed."""
    raw = base64.urlsafe_b64decode(packed)
    marks = {}
    for start in range(0, len(raw), _ENTRY):
        entry = raw[start : start + _ENTRY]
        since, position = entry[_KEY : _KEY + _SINCE], entry[_KEY + _SINCE :]
        marks[entry[:_KEY]] = Mark(since, int.from_bytes(position, "big"))
    return marks


def is_ahead(marks: Mapping[bytes, Mark], held: Iterable[Held]) -> bool:
    """Return whether a phone knows of positions that were never given: the log went back in time.

    This happens after a restore; such a phone must start anew.
    """
    return any(
        key_of(bucket) in marks and marks[key_of(bucket)].position > bucket.position
        for bucket in held
    )


def plan(marks: Mapping[bytes, Mark], held: Sequence[Held]) -> Plan:
    """Return what brings a phone with ``marks`` up to the buckets ``held`` (in their order).

    A bucket that is held from another day than before is dropped and read from the start, because
    the day decides what its member is shown. A bucket of which the phone has nothing needs no drop.
    """
    known = {key_of(bucket): bucket for bucket in held}
    drops = [
        name_of(key)
        for key, mark in sorted(marks.items())
        if mark.position and (key not in known or mark.since != mark_of(known[key], 0).since)
    ]
    reads = []
    for key, bucket in known.items():
        mark = marks.get(key)
        same = mark is not None and mark.since == mark_of(bucket, 0).since
        start = mark.position if mark is not None and same else 0
        if start < bucket.position:
            reads.append((bucket, start))
    return Plan(drops, reads)


def advanced(
    held: Sequence[Held], reads: Sequence[tuple[Held, int]], reached: Mapping[uuid.UUID, int]
) -> dict[bytes, Mark]:
    """Return the marks after a page: what is lost goes, what is not reached stays where it was.

    ``reached`` is bucket id → position up to which the page told everything. A mark at 0 says that
    the phone has nothing of the bucket.
    """
    starts = {bucket.id: start for bucket, start in reads}
    return {
        key_of(bucket): mark_of(
            bucket, reached.get(bucket.id, starts.get(bucket.id, bucket.position))
        )
        for bucket in held
    }


def reach(
    reads: Sequence[tuple[Held, int]], rows: Sequence[tuple[uuid.UUID, int]], limit: int
) -> dict[uuid.UUID, int]:
    """Return bucket id → position up to which the first ``limit`` of ``rows`` tell everything.

    ``rows`` are (bucket id, position) in the order of ``reads`` and position, one more than
    ``limit`` when there is more. A bucket that is told to its end is reached up to its head.
    """
    if len(rows) <= limit:
        return {bucket.id: bucket.position for bucket, _ in reads}
    last_bucket, last_position = rows[limit - 1]
    found = {}
    for bucket, _ in reads:
        if bucket.id == rows[limit][0]:
            if bucket.id == last_bucket:
                found[bucket.id] = last_position
            break
        found[bucket.id] = bucket.position
    return found
