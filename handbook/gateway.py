"""Between the web server and the application: a body is read whole before a thread is taken.

A WSGI server gives a request a thread, and the thread waits for the body: a handful of clients that
send a byte a second stop it. Here the event loop reads the body, within limits of time and size,
and only then the application is asked, in a thread. Signing in has a lane of its own: a storm of
password hashes queues there, and ordinary requests pass by. Measured in docs/decisions/0009.
"""

import asyncio
import sys
import uuid
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from io import BytesIO
from tempfile import SpooledTemporaryFile
from typing import IO, Any, Protocol

import orjson
import structlog
from granian.rsgi import ProtocolClosed  # type: ignore[attr-defined] # not listed as its own

from handbook import messages

LOG = structlog.get_logger(__name__)

THREADS = 4
WAITING = 256
SIGN_IN_THREADS = 1
SIGN_IN_WAITING = 64
SIGN_IN = "/api/v1/auth/session"
# How long a body may take: this long, and a second more for so many bytes that have come.
LEAST_SECONDS = 20.0
BYTES_A_SECOND = 8_192
# A body is kept in memory up to this size, in a file beyond; an answer is sent in pieces beyond.
IN_MEMORY = 65_536
IN_ONE_PIECE = 1 << 20
PLAIN_MOST = 1 << 20
_WITHOUT_BODY = frozenset({"GET", "HEAD", "DELETE", "OPTIONS"})

Environ = dict[str, Any]
Headers = list[tuple[str, str]]
Wsgi = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]


class Stream(Protocol):
    """An answer in pieces."""

    async def send_bytes(self, data: bytes) -> None:
        """Send a piece."""


class Exchange(Protocol):
    """A request's body and its answer, as the web server gives them (RSGI 1)."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the pieces of the body as they come."""

    def response_empty(self, status: int, headers: Headers) -> None:
        """Answer without a body."""

    def response_bytes(self, status: int, headers: Headers, body: bytes) -> None:
        """Answer with a body."""

    def response_stream(self, status: int, headers: Headers) -> Stream:
        """Begin an answer in pieces."""


class Refused(Exception):
    """The gateway answers itself: ``status``, and the ``code`` of a problem."""

    def __init__(self, status: int, code: str) -> None:
        """Keep both."""
        super().__init__(code)
        self.status = status
        self.code = code


class Lane:
    """Threads for one kind of request, and how many may wait for them."""

    def __init__(self, name: str, threads: int, waiting: int) -> None:
        """Let ``threads`` work and ``waiting`` more wait; threads start when they are needed."""
        self.pool = ThreadPoolExecutor(threads, name)
        self._most = threads + waiting
        self._inside = 0

    @contextmanager
    def enter(self) -> Iterator[None]:
        """Hold a place; raise Refused (503 ``busy``) when there is none."""
        if self._inside >= self._most:
            raise Refused(503, "busy")
        self._inside += 1
        try:
            yield
        finally:
            self._inside -= 1


class Gateway:
    """An RSGI application that asks a WSGI application."""

    def __init__(self, app: Wsgi, *, upload_most: int, seconds: float = LEAST_SECONDS) -> None:
        """Ask ``app``; a multipart body may have ``upload_most`` bytes, any other 1 MiB.

        ``seconds`` is how long a body may take that does not flow.
        """
        self._app = app
        self._upload_most = upload_most
        self._seconds = seconds
        self._ordinary = Lane("request", THREADS, WAITING)
        self._sign_in = Lane("sign-in", SIGN_IN_THREADS, SIGN_IN_WAITING)

    async def __rsgi__(self, scope: Any, exchange: Exchange) -> None:
        """Answer one request."""
        headers = joined(scope.headers.items())
        environ = environ_of(scope, headers)
        lane = self._ordinary
        if scope.method == "POST" and scope.path == SIGN_IN:
            lane = self._sign_in
        try:
            with closing(await self._body(scope.method, exchange, headers, environ)) as body:
                environ["wsgi.input"] = body
                with lane.enter():
                    await self._answer(exchange, environ, lane)
        except Refused as refused:
            LOG.warning("refused_at_the_gateway", code=refused.code)
            exchange.response_bytes(*_problem(refused, headers))
        except ProtocolClosed:
            return  # the client has gone

    async def _body(
        self, method: str, exchange: Exchange, headers: Mapping[str, str], environ: Environ
    ) -> IO[bytes]:
        """Return the body, and tell ``environ`` its length.

        Of one that is too long only the length is told: the application refuses it by that.
        """
        if method in _WITHOUT_BODY and "transfer-encoding" not in headers:
            return BytesIO()
        multipart = headers.get("content-type", "").startswith("multipart/")
        most = self._upload_most if multipart else PLAIN_MOST
        told = headers.get("content-length", "")
        if told.isdigit() and int(told) > most:
            return BytesIO()
        body = SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - closed by the caller
        try:
            size = await self._fill(body, exchange, most)
        except BaseException:
            body.close()
            raise
        environ["CONTENT_LENGTH"] = str(size)
        body.seek(0)
        return body

    async def _fill(self, body: IO[bytes], exchange: Exchange, most: int) -> int:
        """Write what comes into ``body`` and return its length, at once when it is too long."""
        size = 0
        begin = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(self._seconds) as limit:
                async for piece in exchange:
                    size += len(piece)
                    if size > most:
                        return size
                    body.write(piece)
                    limit.reschedule(begin + self._seconds + size / BYTES_A_SECOND)
        except TimeoutError:
            raise Refused(408, "body_too_slow") from None
        except OSError:
            raise Refused(507, "storage_full") from None
        return size

    async def _answer(self, exchange: Exchange, environ: Environ, lane: Lane) -> None:
        loop = asyncio.get_running_loop()
        status, headers, found = await loop.run_in_executor(lane.pool, self._ask, environ)
        if not isinstance(found, bytes):
            await _send(exchange.response_stream(status, headers), found, lane)
        elif found:
            exchange.response_bytes(status, headers, found)
        else:
            exchange.response_empty(status, headers)

    def _ask(self, environ: Environ) -> tuple[int, Headers, Any]:
        """Return status, headers, and the whole body or, of a long one, an iterable of pieces."""
        status, headers = 500, Headers()

        def start(line: str, given: Headers, _error: Any = None) -> None:
            nonlocal status, headers
            status, headers = int(line[:3]), given

        found = self._app(environ, start)
        if environ["REQUEST_METHOD"] != "HEAD" and _is_long(status, headers):
            return status, headers, found
        try:
            return status, headers, b"".join(found)
        finally:
            _close(found)


def _is_long(status: int, headers: Headers) -> bool:
    """Return whether an answer has more than a piece, or does not say how much it has."""
    if status in {204, 304}:
        return False
    told = next((value for name, value in headers if name.lower() == "content-length"), None)
    return told is None or int(told) > IN_ONE_PIECE


async def _send(stream: Stream, pieces: Iterable[bytes], lane: Lane) -> None:
    """Send pieces one by one, each made in a thread of the lane."""
    loop = asyncio.get_running_loop()
    each = iter(pieces)
    try:
        while (piece := await loop.run_in_executor(lane.pool, next, each, None)) is not None:
            await stream.send_bytes(piece)
    finally:
        await loop.run_in_executor(lane.pool, _close, pieces)


def _close(found: Any) -> None:
    """Close what the application returned, as PEP 3333 asks."""
    close = getattr(found, "close", None)
    if close is not None:
        close()


def _problem(refused: Refused, headers: Mapping[str, str]) -> tuple[int, Headers, bytes]:
    language = "en" if headers.get("accept-language", "").startswith("en") else "vi"
    body = {
        "type": f"/api/problems/{refused.code}",
        "title": messages.say(f"errors.{refused.code}", language),
        "status": refused.status,
        "code": refused.code,
        "request_id": uuid.uuid4().hex,
    }
    told = [("Content-Type", "application/problem+json"), ("Cache-Control", "no-store")]
    if refused.status != 408:  # noqa: PLR2004 - of the others one may try again
        told.append(("Retry-After", "5"))
    return refused.status, told, orjson.dumps(body)


def joined(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return headers by name in lower case; repeated ones are joined as RFC 9110 says."""
    found: dict[str, str] = {}
    for name, value in pairs:
        between = "; " if name == "cookie" else ","
        found[name] = f"{found[name]}{between}{value}" if name in found else value
    return found


def environ_of(scope: Any, headers: Mapping[str, str]) -> Environ:
    """Return the environment of a request as PEP 3333 asks, its body still to be put in.

    The body will be whole, so nothing is said of chunks: its length is the only measure.
    """
    host, _, port = scope.server.rpartition(":")
    environ: Environ = {
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": scope.path.encode().decode("latin-1"),
        "QUERY_STRING": scope.query_string,
        "SERVER_NAME": host.strip("[]"),
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "REMOTE_ADDR": scope.client.rpartition(":")[0].strip("[]"),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name, value in headers.items():
        key = name.upper().replace("-", "_")
        environ[key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}"] = value
    environ.pop("HTTP_TRANSFER_ENCODING", None)
    if scope.authority:
        environ.setdefault("HTTP_HOST", scope.authority)
    return environ
