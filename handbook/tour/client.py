"""A small HTTP client for the tour: JSON in, JSON out, and every refusal told in words."""

import http.client
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import orjson

API: Final = "/api/v1"
TIMEOUT_SECONDS: Final = 60
_REACHED: Final = (OSError, http.client.HTTPException)


class TourError(Exception):
    """The tour cannot go on; the message names the step and what was wrong, in Vietnamese."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """Return the body as JSON, None when there is none."""
        return orjson.loads(self.body) if self.body else None

    @property
    def complaint(self) -> str:
        """Return why the server refused, from its problem document."""
        try:
            told = orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return f"HTTP {self.status}"
        faults = f" {told['errors']}" if told.get("errors") else ""
        return f"HTTP {self.status} {told.get('code', '')}: {told.get('title', '')}{faults}"


class Client:
    """Calls one server, as one person once ``token`` is set."""

    def __init__(self, base_url: str) -> None:
        """Call the server at ``base_url`` (http only: the tour runs beside the server)."""
        place = urlsplit(base_url)
        self._base_url = base_url
        self._host = place.hostname or ""
        self._port = place.port or 80
        self.token: str | None = None

    def call(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        files: tuple[str, bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, object] | None = None,
        expect: tuple[int, ...] = (200, 201, 202, 204),
    ) -> Answer:
        """Return the answer to ``method`` on ``path`` below the API.

        ``files`` is (name, content) of one file sent as a form. Raises TourError when the server
        cannot be reached or answers with a status that is not expected.
        """
        sent = dict(headers or {})
        body: bytes | None = None
        if json is not None:
            body, sent["Content-Type"] = orjson.dumps(json), "application/json"
        elif files is not None:
            body, sent["Content-Type"] = _form(*files)
        if method == "POST":
            sent.setdefault("Idempotency-Key", uuid.uuid4().hex)
        if self.token is not None:
            sent["Authorization"] = f"Bearer {self.token}"
        whole = f"{API}{path}" + (f"?{urlencode(query)}" if query else "")
        answer = self._send(method, whole, body, sent)
        if answer.status not in expect:
            raise TourError(f"{method} {path}: {answer.complaint}")
        return answer

    def _send(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> Answer:
        connection = http.client.HTTPConnection(self._host, self._port, timeout=TIMEOUT_SECONDS)
        try:
            connection.request(method, path, body, dict(headers))
            response = connection.getresponse()
            named = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, named, response.read())
        except _REACHED as error:
            raise TourError(
                f"Không kết nối được máy chủ tại {self._base_url} ({type(error).__name__}). "
                "Hãy chạy `make run` trước."
            ) from error
        finally:
            connection.close()

    def get(self, path: str, **query: object) -> Any:
        """Return the JSON of a GET."""
        return self.call("GET", path, query=query).json

    def post(self, path: str, json: object) -> Any:
        """Return the JSON of a POST."""
        return self.call("POST", path, json=json).json

    def put(self, path: str, json: object) -> Any:
        """Return the JSON of a PUT, None when it answers nothing."""
        return self.call("PUT", path, json=json).json

    def pages(self, path: str, **query: object) -> list[Any]:
        """Return the items of all pages of a list."""
        items: list[Any] = []
        cursor: dict[str, object] = {}
        while True:
            found = self.get(path, **{"limit": 200, **cursor, **query})
            items += found["items"]
            if found["next_cursor"] is None:
                return items
            cursor = {"cursor": found["next_cursor"]}


def _form(name: str, content: bytes) -> tuple[bytes, str]:
    """Return a multipart body with one file, and its content type."""
    mark = uuid.uuid4().hex
    quoted = name.replace("\\", "_").replace('"', "_").replace("\r", "_").replace("\n", "_")
    head = (
        f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="{quoted}"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    )
    body = head.encode() + content + f"\r\n--{mark}--\r\n".encode()
    return body, f"multipart/form-data; boundary={mark}"
