"""What addressing and telling in bulk leaves behind: buckets, audiences, notices, the log.

As the services would have left it: the newest change of each object in each bucket, heads at the
last position, notices of which all devices were told long ago.
"""

import uuid
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import orjson

from handbook import ids
from handbook.demo.bulk import Loader
from handbook.demo.tree import Node
from models import Addressing, Audience, Bucket, BucketHead, Change, FanOut, Notice

_NOTICE: Final = "id kind object_kind object_id params audience_id published_at expires_at"


@dataclass(slots=True)
class Shelf:
    """What addressing and telling leaves behind, gathered until it is loaded."""

    buckets: dict[uuid.UUID, uuid.UUID] = field(default_factory=dict)
    audiences: list[tuple[object, ...]] = field(default_factory=list)
    addressings: list[tuple[object, ...]] = field(default_factory=list)
    notices: list[tuple[object, ...]] = field(default_factory=list)
    changes: list[tuple[object, ...]] = field(default_factory=list)
    heads: Counter[uuid.UUID] = field(default_factory=Counter)

    def address(self, unit: Node, kind: str, at: datetime) -> uuid.UUID:
        """Return a new audience: a unit and all below it, since an instant."""
        bucket = self.buckets.setdefault(unit.id, ids.new())
        audience = ids.new()
        terms = {"include": [{"unit_id": str(unit.id), "reach": "below"}]}
        self.audiences.append((audience, kind, orjson.dumps(terms).decode()))
        self.addressings.append((audience, bucket, kind, at))
        return audience

    def touch(self, unit: Node, kind: str, object_id: uuid.UUID, at: datetime) -> None:
        """Log an object that appeared for a unit."""
        bucket = self.buckets[unit.id]
        self.heads[bucket] += 1
        self.changes.append((bucket, kind, object_id, "put", self.heads[bucket], at))

    def tell(
        self,
        unit: Node,
        kind: str,
        object_kind: str,
        object_id: uuid.UUID,
        params: dict[str, str],
        at: datetime,
    ) -> None:
        """Put a notice about an object, told to all devices already, and both into the log."""
        audience, notice = self.address(unit, "notice", at), ids.new()
        written = orjson.dumps(params).decode()
        ends = at + timedelta(days=28)
        self.notices.append((notice, kind, object_kind, object_id, written, audience, at, ends))
        self.touch(unit, object_kind, object_id, at)
        self.touch(unit, "notice", notice, at)

    def load(self, loader: Loader) -> None:
        """Insert everything gathered."""
        loader.copy(
            Bucket,
            "id unit_id reach role",
            ((bucket, unit, "below", "everyone") for unit, bucket in self.buckets.items()),
        )
        loader.copy(Audience, "id kind expression", self.audiences)
        loader.copy(Addressing, "audience_id bucket_id kind since", self.addressings)
        loader.copy(Notice, _NOTICE, self.notices)
        told = ((row[0], "done", row[6]) for row in self.notices)
        loader.copy(FanOut, "notice_id state finished_at", told)
        loader.copy(Change, "bucket_id kind object_id op position at", self.changes)
        loader.copy(BucketHead, "bucket_id position", self.heads.items())
