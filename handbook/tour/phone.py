"""A member's phone as the tour plays it: what sync left on it, and what is read on it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final

from handbook import clock, ids
from handbook.reading.rules import LONGEST, minimum_seconds
from handbook.tour.client import Client

FAST: Final = timedelta(minutes=3)
_GAP: Final = timedelta(seconds=30)
_UNKNOWN: Final = "00000000-0000-7000-8000-000000000000"


class Phone:
    """Holds objects by kind and id, each for as long as one bucket holds it."""

    def __init__(self, client: Client) -> None:
        """Start empty; ``client`` is signed in."""
        self._client = client
        self._held: dict[tuple[str, str], dict[str, dict[str, Any]]] = {}
        self._cursor = ""
        self._tag = ""

    def sync(self) -> list[dict[str, Any]]:
        """Pull everything new, apply it, and return the changes in their order."""
        told: list[dict[str, Any]] = []
        while True:
            answer = self._client.call(
                "GET", "/sync", query={"cursor": self._cursor}, expect=(200,)
            )
            page = answer.json
            if page["reset"]:
                self._held.clear()
            for change in page["changes"]:
                self._apply(change)
            told += page["changes"]
            self._cursor = page["next_cursor"]
            if not page["has_more"]:
                self._tag = answer.headers.get("etag", "")
                return told

    def is_up_to_date(self) -> bool:
        """Return whether the server answers that nothing is new (304)."""
        answer = self._client.call(
            "GET",
            "/sync",
            query={"cursor": self._cursor},
            headers={"If-None-Match": self._tag},
            expect=(200, 304),
        )
        return answer.status == 304  # noqa: PLR2004 - HTTP's number

    def _apply(self, change: dict[str, Any]) -> None:
        bucket = change["bucket"]
        if change["op"] == "drop":
            for holders in self._held.values():
                holders.pop(bucket, None)
        else:
            holders = self._held.setdefault((change["kind"], change["id"]), {})
            if change["op"] == "put":
                holders[bucket] = change["data"]
            else:
                holders.pop(bucket, None)

    def find(self, kind: str, object_id: str) -> dict[str, Any] | None:
        """Return an object on the phone, None when it is not there."""
        holders = self._held.get((kind, object_id), {})
        return next(iter(holders.values()), None)

    def read_file(self, document_id: str, cut: int) -> tuple[int, str, str]:
        """Fetch a file in two pieces as after a broken download.

        Returns the status of the second piece, its Content-Range and the SHA-256 of the whole.
        """
        path = f"/documents/{document_id}/file"
        first = self._client.call(
            "GET", path, headers={"Range": f"bytes=0-{cut - 1}"}, expect=(200, 206)
        )
        rest = self._client.call(
            "GET",
            path,
            headers={"Range": f"bytes={cut}-", "If-Range": first.headers["etag"]},
            expect=(200, 206),
        )
        whole = sha256(first.body + rest.body).hexdigest()
        return rest.status, rest.headers.get("content-range", ""), whole

    def offline_batch(self, documents: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """Return the batch of a phone that was offline and whose clock is three minutes fast.

        A stretch for each document, the first one twice, and one of a version nobody knows.
        """
        needs = [self._seconds(document) for document in documents]
        at = self._free_before(timedelta(seconds=sum(needs)) + _GAP * (len(needs) + 1))
        events = []
        for document, seconds in zip(documents, needs, strict=True):
            version = document["version"]
            parts = range(1, version["parts_total"] + 1)
            events.append(_event(version["id"], list(parts), at, seconds))
            at += timedelta(seconds=seconds) + _GAP
        events.append(events[0])
        events.append(_event(_UNKNOWN, [1], at, 10))
        return {"device_time": (clock.now() + FAST).isoformat(), "events": events}

    @staticmethod
    def _seconds(document: dict[str, Any]) -> int:
        """Return how long a document is read: somewhat longer than the least that counts."""
        return minimum_seconds(document["version"]["words"]) * 5 // 4 + 5

    def _free_before(self, length: timedelta) -> datetime:
        """Return the start of a free stretch of the member's time, just now if there is one.

        What was read in an earlier tour takes its time: no second counts twice.
        """
        now = clock.now().replace(microsecond=0)
        taken = [
            (
                datetime.fromisoformat(line["opened_at"]),
                datetime.fromisoformat(line["read_at"])
                if line["read_at"]
                else datetime.fromisoformat(line["opened_at"]) + LONGEST,
            )
            for line in self._client.pages("/reading/progress")
            if line["opened_at"]
        ]
        if all(end < now - length for _, end in taken):
            return now - length
        return min(start for start, _ in taken) - LONGEST - length


def _event(version_id: str, parts: list[int], at: datetime, seconds: int) -> dict[str, Any]:
    started = at + FAST
    return {
        "id": str(ids.new()),
        "version_id": version_id,
        "parts": parts,
        "started_at": started.isoformat(),
        "ended_at": (started + timedelta(seconds=seconds)).isoformat(),
        "active_seconds": seconds,
        "offline": True,
    }
