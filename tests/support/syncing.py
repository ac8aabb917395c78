"""A phone that keeps what sync tells it, for the promise: old state plus delta is a full fetch."""

from typing import Any

from tests.support.phone import Answer, Phone

Objects = dict[tuple[str, str], Any]


class PhoneStore:
    """What a phone holds by bucket, kept as ``GET /sync`` documents it."""

    def __init__(self, phone: Phone) -> None:
        """Hold nothing yet."""
        self.phone = phone
        self.cursor: str | None = None
        self.tag: str | None = None
        self.buckets: dict[str, Objects] = {}

    def ask(self, limit: int | None = None) -> Answer:
        """Return the answer to one pull, not yet applied."""
        query: dict[str, Any] = {} if limit is None else {"limit": limit}
        if self.cursor is not None:
            query["cursor"] = self.cursor
        headers = {"If-None-Match": f'"{self.tag}"'} if self.tag else {}
        answer = self.phone.get("/sync", query_string=query, headers=headers)
        assert answer.status_code in {200, 304}, answer.json
        return answer

    def pull(self, limit: int | None = None) -> list[dict[str, Any]]:
        """Pull until there is no more; return the changes in their order."""
        changes: list[dict[str, Any]] = []
        while True:
            answer = self.ask(limit)
            if answer.status_code == 304:
                return changes
            self.apply(answer)
            changes += answer.json["changes"]
            if not answer.json["has_more"]:
                return changes

    def apply(self, answer: Answer) -> None:
        """Keep an answer and its cursor."""
        body = answer.json
        if body["reset"]:
            self.buckets.clear()
        for change in body["changes"]:
            self._step(change)
        self.cursor = body["next_cursor"]
        self.tag = answer.get_etag()[0]

    def _step(self, change: dict[str, Any]) -> None:
        name = change["bucket"]
        if change["op"] == "drop":
            self.buckets.pop(name, None)
            return
        inside = self.buckets.setdefault(name, {})
        key = (change["kind"], change["id"])
        if change["op"] == "put":
            inside[key] = change["data"]
        else:
            inside.pop(key, None)
        if not inside:
            del self.buckets[name]

    @property
    def objects(self) -> Objects:
        """Return what the phone shows: every object that at least one bucket holds."""
        return {key: data for inside in self.buckets.values() for key, data in inside.items()}

    def of_kind(self, kind: str) -> dict[str, Any]:
        """Return id → data of the objects of a kind."""
        return {key[1]: data for key, data in self.objects.items() if key[0] == kind}


def assert_delta_equals_full(store: PhoneStore) -> None:
    """Bring the phone up to date and fail unless it holds what a new phone would."""
    store.pull()
    fresh = PhoneStore(store.phone)
    fresh.pull()
    assert store.buckets == fresh.buckets
