"""Between the web server and the application: bodies are read whole before a thread is taken.

A WSGI server gives a thread to a request and the thread then waits for the body, so a handful of
clients that send a byte a second stop it. Here the body is read by the event loop, within limits of
time and size, and only then is the application asked, in a thread. Signing in has threads of its
own: a storm of hashes queues there and ordinary reads pass by.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from tempfile import SpooledTemporaryFile
from typing import IO, Any, Protocol

Environ = dict[str, Any]
Wsgi = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]
Headers = list[tuple[str, str]]

THREADS = 4
SIGN_IN_THREADS = 1
SIGN_IN = "/api/v1/auth/"
# How long a body may take: a base, and a second more for each so many bytes that came.
LEAST_SECONDS = 20.0
LEAST_BYTES_A_SECOND = 8_192
IN_MEMORY = 1 << 20
MOST_BYTES = 1 << 20
_WITHOUT_BODY = frozenset({"GET", "HEAD", "DELETE", "OPTIONS"})
_JOINED_BY = {"cookie": "; "}


class Stream(Protocol):
    """A streamed answer."""

    async def send_bytes(self, data: bytes) -> None:
        """Send a piece."""


class Exchange(Protocol):
    """One request and its answer, as the web server gives them (RSGI 1.x)."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the pieces of the body as they come."""

    def response_empty(self, status: int, headers: Headers) -> None:
        """Answer without a body."""

    def response_bytes(self, status: int, headers: Headers, body: bytes) -> None:
        """Answer with a body."""

    def response_stream(self, status: int, headers: Headers) -> Stream:
        """Begin an answer in pieces."""


class _TooLate(Exception):
    """The body takes longer than it may."""


@dataclass
class _Answer:
    status: int = 500
    headers: Headers | None = None


class Gateway:
    """An RSGI application that asks a WSGI application."""

    def __init__(self, app: Wsgi, *, most_bytes: int) -> None:
        """Ask ``app``; a multipart body may have ``most_bytes``, any other 1 MiB."""
        self._app = app
        self._most_bytes = most_bytes
        self._threads = ThreadPoolExecutor(THREADS, "request")
        self._sign_in = ThreadPoolExecutor(SIGN_IN_THREADS, "sign-in")

    async def __rsgi__(self, scope: Any, exchange: Exchange) -> None:
        """Answer one request."""
        headers = _joined(scope.headers.items())
        environ = _environ(scope, headers)
        if scope.method not in _WITHOUT_BODY or "transfer-encoding" in headers:
            try:
                body, size = await self._read(exchange, headers)
            except _TooLate:
                exchange.response_empty(408, [("connection", "close")])
                return
            environ["wsgi.input"] = body
            environ["CONTENT_LENGTH"] = str(size)
        loop = asyncio.get_running_loop()
        pool = self._sign_in if scope.path.startswith(SIGN_IN) else self._threads
        answer, found = await loop.run_in_executor(pool, self._ask, environ)
        found_headers = answer.headers or []
        if isinstance(found, bytes):
            if found:
                exchange.response_bytes(answer.status, found_headers, found)
            else:
                exchange.response_empty(answer.status, found_headers)
            return
        await self._stream(exchange.response_stream(answer.status, found_headers), found, pool)

    async def _read(self, exchange: Exchange, headers: dict[str, str]) -> tuple[IO[bytes], int]:
        """Return the body and its length; one that is too long is cut and told to be longer."""
        multipart = headers.get("content-type", "").startswith("multipart/")
        most = self._most_bytes if multipart else MOST_BYTES
        told = headers.get("content-length", "")
        if told.isdigit() and int(told) > most:
            return BytesIO(), int(told)
        body: IO[bytes] = SpooledTemporaryFile(IN_MEMORY) if multipart else BytesIO()  # noqa: SIM115 - closed with the request
        size = 0
        pieces = aiter(exchange)
        loop = asyncio.get_running_loop()
        begin = loop.time()
        while True:
            left = begin + LEAST_SECONDS + size / LEAST_BYTES_A_SECOND - loop.time()
            try:
                piece = await asyncio.wait_for(anext(pieces), left)
            except StopAsyncIteration:
                break
            except TimeoutError:
                raise _TooLate from None
            size += len(piece)
            if size > most:
                return BytesIO(), size
            body.write(piece)
        body.seek(0)
        return body, size

    def _ask(self, environ: Environ) -> tuple[_Answer, Any]:
        """Ask the application; return the answer's head, and its body or an iterable of pieces."""
        answer = _Answer()

        def start(status: str, headers: Headers, _error: Any = None) -> None:
            answer.status, answer.headers = int(status[:3]), headers

        found = self._app(environ, start)
        if isinstance(found, list):
            return answer, b"".join(found)
        if getattr(found, "is_streamed", False) or hasattr(found, "file"):
            return answer, found
        try:
            return answer, b"".join(found)
        finally:
            close = getattr(found, "close", None)
            if close is not None:
                close()

    async def _stream(self, stream: Stream, pieces: Any, pool: ThreadPoolExecutor) -> None:
        loop = asyncio.get_running_loop()
        each = iter(pieces)
        try:
            while (piece := await loop.run_in_executor(pool, next, each, None)) is not None:
                await stream.send_bytes(piece)
        finally:
            close = getattr(pieces, "close", None)
            if close is not None:
                await loop.run_in_executor(pool, close)


def _joined(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in pairs:
        if name in found:
            found[name] += _JOINED_BY.get(name, ",") + value
        else:
            found[name] = value
    return found


def _environ(scope: Any, headers: dict[str, str]) -> Environ:
    """Return the environment of PEP 3333 for a request."""
    host, _, port = scope.server.rpartition(":")
    environ: Environ = {
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": scope.path.encode().decode("latin-1"),
        "QUERY_STRING": scope.query_string,
        "SERVER_NAME": host,
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "REMOTE_ADDR": scope.client.rpartition(":")[0],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": BytesIO(),
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name, value in headers.items():
        key = name.upper().replace("-", "_")
        environ[key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}"] = value
    if "HTTP_HOST" not in environ and scope.authority:
        environ["HTTP_HOST"] = scope.authority
    return environ
