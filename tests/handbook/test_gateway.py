"""The gateway: bodies are read whole first, within limits; a lane that is full says so."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson
import pytest
from granian.rsgi import ProtocolClosed  # type: ignore[attr-defined] # not listed as its own

from handbook import gateway
from handbook.gateway import Environ, Gateway, Headers

MOST = 3_000_000


@dataclass
class Scope:
    method: str = "POST"
    path: str = "/api/v1/đọc"
    query_string: str = "a=%20"
    pairs: list[tuple[str, str]] = field(default_factory=list)
    http_version: str = "1.1"
    server: str = "127.0.0.1:8000"
    client: str = "[::1]:40000"
    scheme: str = "http"
    authority: str | None = None

    @property
    def headers(self) -> "Scope":
        return self

    def items(self) -> list[tuple[str, str]]:
        return self.pairs


@dataclass
class Exchange:
    """What the server hands over; ``pauses`` are waited for before each piece."""

    pieces: list[bytes] = field(default_factory=list)
    pause: float = 0.0
    fault: type[BaseException] | None = None
    status: int = 0
    headers: Headers = field(default_factory=list)
    sent: list[bytes] = field(default_factory=list)
    taken: int = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            await asyncio.sleep(self.pause)
            self.taken += 1
            yield piece
        if self.fault:
            raise self.fault

    def response_empty(self, status: int, headers: Headers) -> None:
        self.status, self.headers = status, headers

    def response_bytes(self, status: int, headers: Headers, body: bytes) -> None:
        self.status, self.headers, self.sent = status, headers, [body]

    def response_stream(self, status: int, headers: Headers) -> "Exchange":
        self.status, self.headers = status, headers
        return self

    async def send_bytes(self, data: bytes) -> None:
        self.sent.append(data)


class App:
    """A WSGI application that keeps what it was asked and answers as told."""

    def __init__(self, answer: Iterable[bytes] = (b"ok",), headers: Headers | None = None) -> None:
        self.answer = answer
        self.headers = [("Content-Length", "2")] if headers is None else headers
        self.status = "200 OK"
        self.asked: list[tuple[Environ, bytes]] = []
        self.closed = 0

    def __call__(self, environ: Environ, start: Callable[..., Any]) -> "App":
        self.asked.append((environ, environ["wsgi.input"].read()))
        start(self.status, self.headers)
        return self

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.answer)

    def close(self) -> None:
        self.closed += 1


def ask(app: Any, scope: Scope, exchange: Exchange, **more: Any) -> Exchange:
    asyncio.run(Gateway(app, upload_most=MOST, **more).__rsgi__(scope, exchange))
    return exchange


def code_of(exchange: Exchange) -> tuple[int, str]:
    return exchange.status, orjson.loads(exchange.sent[0])["code"]


def test_the_application_is_asked_with_the_whole_body() -> None:
    app = App()
    found = ask(app, Scope(), Exchange([b"one ", b"two"], pause=0.001))
    environ, body = app.asked[0]
    assert (found.status, found.sent, body) == (200, [b"ok"], b"one two")
    assert environ["CONTENT_LENGTH"] == "7"
    assert app.closed == 1


def test_the_environment_is_that_of_the_request() -> None:
    app = App()
    pairs = [("host", "a.vn"), ("x-a", "1"), ("x-a", "2"), ("cookie", "a=1"), ("cookie", "b=2")]
    ask(app, Scope(pairs=[*pairs, ("content-type", "text/x")], authority="other"), Exchange())
    environ = app.asked[0][0]
    assert environ["PATH_INFO"].encode("latin-1").decode() == "/api/v1/đọc"
    assert {
        "REQUEST_METHOD": "POST",
        "QUERY_STRING": "a=%20",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "::1",
        "CONTENT_TYPE": "text/x",
        "HTTP_HOST": "a.vn",
        "HTTP_X_A": "1,2",
        "HTTP_COOKIE": "a=1; b=2",
        "wsgi.url_scheme": "http",
    }.items() <= environ.items()


def test_a_body_of_a_get_is_not_waited_for() -> None:
    app = App()
    found = ask(app, Scope(method="GET"), Exchange([b"x"], pause=5))
    assert (found.status, found.taken, app.asked[0][1]) == (200, 0, b"")


@pytest.mark.parametrize(("seconds", "status"), [(0.05, 408), (5.0, 200)])
def test_a_body_that_does_not_flow_is_given_up(seconds: float, status: int) -> None:
    app = App()
    found = ask(app, Scope(), Exchange([b"x"] * 10, pause=0.02), seconds=seconds)
    assert found.status == status
    assert len(app.asked) == (status == 200)
    if status == 408:
        assert code_of(found) == (408, "body_too_slow")


def test_a_large_body_that_flows_has_more_time() -> None:
    piece = b"x" * gateway.BYTES_A_SECOND
    found = ask(App(), Scope(), Exchange([piece] * 10, pause=0.02), seconds=0.05)
    assert found.status == 200


@pytest.mark.parametrize(
    ("kind", "pieces", "told", "taken"),
    [
        ("application/json", [b"x" * 700_000] * 4, None, 2),
        ("application/json", [b"x"], str(gateway.PLAIN_MOST + 1), 0),
        ("multipart/form-data; boundary=a", [b"x" * 700_000] * 9, None, 5),
    ],
)
def test_a_body_that_is_too_long_is_not_read_to_its_end(
    kind: str, pieces: list[bytes], told: str | None, taken: int
) -> None:
    app = App()
    length = ("content-length", told) if told else ("transfer-encoding", "chunked")
    pairs = [("content-type", kind), length]
    found = ask(app, Scope(pairs=pairs), Exchange(pieces))
    most = MOST if kind.startswith("multipart") else gateway.PLAIN_MOST
    environ = app.asked[0][0]
    assert int(environ["CONTENT_LENGTH"]) > most  # by which the application refuses it
    assert "HTTP_TRANSFER_ENCODING" not in environ
    assert found.taken == taken


def test_an_upload_may_be_longer_than_other_bodies() -> None:
    app = App()
    pairs = [("content-type", "multipart/form-data; boundary=a")]
    ask(app, Scope(pairs=pairs), Exchange([b"x" * 700_000] * 4))
    assert len(app.asked[0][1]) == 2_800_000


def test_a_client_that_goes_away_asks_nothing() -> None:
    app = App()
    found = ask(app, Scope(), Exchange([b"x"], fault=ProtocolClosed))
    assert (found.status, app.asked) == (0, [])


def test_a_long_answer_is_sent_in_pieces() -> None:
    app = App([b"a", b"b"], [("content-length", str(gateway.IN_ONE_PIECE + 1))])
    found = ask(app, Scope(method="GET"), Exchange())
    assert (found.sent, app.closed) == ([b"a", b"b"], 1)


@pytest.mark.parametrize(("method", "status"), [("GET", "304 Not Modified"), ("HEAD", "200 OK")])
def test_an_answer_without_a_body_keeps_its_headers(method: str, status: str) -> None:
    app = App((), [("ETag", '"x"')])
    app.status = status
    found = ask(app, Scope(method=method), Exchange())
    assert (found.status, found.headers, found.sent) == (int(status[:3]), [("ETag", '"x"')], [])
    assert app.closed == 1


def test_signing_in_does_not_hold_up_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway, "SIGN_IN_WAITING", 1)
    free = threading.Event()

    def app(environ: Environ, start: Callable[..., Any]) -> list[bytes]:
        if environ["PATH_INFO"] == gateway.SIGN_IN:
            assert free.wait(10)
        start("200 OK", [("Content-Length", "2")])
        return [b"ok"]

    async def storm() -> tuple[list[Exchange], Exchange]:
        door = Gateway(app, upload_most=MOST)
        logins = [Exchange() for _ in range(4)]
        sign_in = Scope(path=gateway.SIGN_IN)
        waiting = [asyncio.create_task(door.__rsgi__(sign_in, one)) for one in logins]
        reader = Exchange()
        await door.__rsgi__(Scope(method="GET"), reader)
        free.set()
        await asyncio.gather(*waiting)
        return logins, reader

    logins, reader = asyncio.run(storm())
    assert reader.status == 200
    assert sorted(one.status for one in logins) == [200, 200, 503, 503]
    refused = next(one for one in logins if one.status == 503)
    assert code_of(refused) == (503, "busy")
    assert ("Retry-After", "5") in refused.headers
