"""A small FCM: the v1 endpoint and the token endpoint, on this machine, over plain HTTP/1.1.

In a test::

    with FakeFcm() as fcm:
        fcm.script("device-1", fcm_answers.UNAVAILABLE, fcm_answers.OK)
        ...  # FcmSender(fcm.service_account(), endpoint=fcm.url, ...)
        assert fcm.count("device-1") == 2

From another process (a benchmark)::

    python -m tests.support.fcm --port 9099 --credentials fcm.json

There an address says itself how it is treated: ``unregistered!42`` is an unregistered device, and
``GET /stats`` answers the counts, ``DELETE /stats`` starts them anew.
"""

import argparse
import asyncio
import contextlib
import functools
import itertools
import json
import re
import threading
import urllib.parse
import uuid
from collections import Counter, deque
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import orjson
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from push.sender import Message
from tests.support.fcm_answers import BY_NAME, OK, UNAUTHENTICATED, Behaviour

PROJECT = "handbook-test"
_ADDRESSES = ("token", "fid")
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_BEARER = re.compile(rb"\r\nauthorization: *Bearer ([^\r\n]*)", re.IGNORECASE)


@dataclass(frozen=True)
class Received:
    """One message as it came over the wire: the whole JSON, and the address in it."""

    address: str
    body: dict[str, Any]


@functools.cache
def private_key() -> str:
    """Return the PEM of a key made once in this process."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def make_message(address: str = "device-1", **changes: object) -> Message:
    """Return a message to ``address`` as the outbox makes them; ``changes`` replace its fields."""
    message = Message(
        id=uuid.uuid4(),
        address_kind="token",
        address=address,
        title="Sổ tay đảng viên",
        body="Đồng chí có một thông báo mới",
        data={"notice": "n-1"},
        collapse_key="inbox",
        ttl_seconds=3600,
        urgent=False,
    )
    return replace(message, **changes)  # type: ignore[arg-type] # a test may spoil a field


class FakeFcm:
    """The server; use it as a context manager, or ``start`` and ``close`` it.

    It runs one event loop in one thread. ``keep`` False counts messages without keeping them.
    ``delay_seconds`` is added to every answer to a message.
    """

    def __init__(self, *, port: int = 0, keep: bool = True, delay_seconds: float = 0.0) -> None:
        """Prepare a server on ``port`` of the loopback address; 0 takes a free one at the start."""
        self.port = port
        self.delay_seconds = delay_seconds
        self.connections: set[asyncio.Transport] = set()
        self._keep = keep
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._numbers = itertools.count(1)
        self._access_tokens = 0
        self._valid_from = 0
        self.reset()

    def __enter__(self) -> Self:
        """Start the server."""
        return self.start()

    def __exit__(self, *_: object) -> None:
        """Close the server."""
        self.close()

    @property
    def url(self) -> str:
        """The address of the server, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> Self:
        """Listen, and serve in a thread of its own."""
        self._server = self._loop.run_until_complete(
            self._loop.create_server(lambda: _Connection(self), "127.0.0.1", self.port, backlog=512)
        )
        self.port = self._server.sockets[0].getsockname()[1]
        self._thread.start()
        return self

    def close(self) -> None:
        """Stop listening, break every connection and end the thread."""
        self._loop.call_soon_threadsafe(self._server.close)
        self.break_connections()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def break_connections(self) -> None:
        """Break every open connection, as FCM does with idle ones; return once they are broken."""

        async def abort() -> None:
            for connection in list(self.connections):
                connection.abort()
            await asyncio.sleep(0)

        asyncio.run_coroutine_threadsafe(abort(), self._loop).result()

    def service_account(self) -> dict[str, str]:
        """Return a service account whose access tokens come from this server."""
        return {
            "type": "service_account",
            "project_id": PROJECT,
            "private_key_id": "fake",
            "private_key": private_key(),
            "client_email": f"push@{PROJECT}.example",
            "client_id": "1",
            "token_uri": f"{self.url}/token",
        }

    def script(self, address: str, *behaviours: Behaviour) -> None:
        """Treat the next requests to ``address`` so, in order; the last one stays for good."""
        self._scripts[address] = deque(behaviours)

    def script_access_tokens(self, *behaviours: Behaviour) -> None:
        """Treat the next requests for an access token so, then normally again."""
        self._token_script.clear()
        self._token_script.extend(behaviours)

    def revoke_access_tokens(self) -> None:
        """Answer 401 to every access token given out so far."""
        self._valid_from = self._access_tokens

    def reset(self) -> None:
        """Forget what was received and every script; connections and access tokens stay."""
        self._scripts: dict[str, deque[Behaviour]] = {}
        self._token_script: deque[Behaviour] = deque()
        self.received: list[Received] = []
        self.counts: Counter[str] = Counter()
        self.access_token_requests = 0
        self.connections_made = 0

    def count(self, address: str) -> int:
        """Return how many requests came for ``address``."""
        return self.counts[address]

    def stats(self) -> dict[str, int]:
        """Return the sums: ``received``, ``addresses``, ``repeated`` (received more than once)."""
        received = sum(self.counts.values())
        return {
            "received": received,
            "addresses": len(self.counts),
            "repeated": received - len(self.counts),
            "access_token_requests": self.access_token_requests,
            "connections_made": self.connections_made,
        }

    def next_name(self) -> str:
        """Return the name under which FCM took one more message."""
        return f"projects/{PROJECT}/messages/{next(self._numbers)}"

    def answer(self, head: bytes, body: bytes) -> Behaviour:
        """Count one request and say how to answer it (called by the connections)."""
        verb, target, _ = head.split(b"\r\n", 1)[0].split(b" ", 2)
        route = (verb, target)
        if route == (b"POST", f"/v1/projects/{PROJECT}/messages:send".encode()):
            return self._message(head, body)
        if route == (b"POST", b"/token"):
            return self._access_token(body)
        if route == (b"DELETE", b"/stats"):
            self.reset()
        if target == b"/stats":
            return Behaviour(body=orjson.dumps(self.stats()))
        return Behaviour(404, b"no such page")

    def _message(self, head: bytes, body: bytes) -> Behaviour:
        content = orjson.loads(body)
        message = content["message"]
        address = next(message[kind] for kind in _ADDRESSES if kind in message)
        self.counts[address] += 1
        if self._keep:
            self.received.append(Received(address, content))
        bearer = _BEARER.search(head)
        number = bearer and bearer[1].removeprefix(b"access-")
        if not number or not self._valid_from < int(number) <= self._access_tokens:
            return UNAUTHENTICATED
        return self._behaviour(address)

    def _behaviour(self, address: str) -> Behaviour:
        script = self._scripts.get(address)
        if not script:
            return BY_NAME.get(address.partition("!")[0], OK)
        return script.popleft() if len(script) > 1 else script[0]

    def _access_token(self, body: bytes) -> Behaviour:
        self.access_token_requests += 1
        if self._token_script:
            return self._token_script.popleft()
        form = urllib.parse.parse_qs(body.decode())
        if form["assertion"][0].count(".") != 2:
            return Behaviour(400, b'{"error": "invalid_grant"}')
        self._access_tokens += 1
        token = {"access_token": f"access-{self._access_tokens}", "expires_in": 3600}
        return Behaviour(body=orjson.dumps({**token, "token_type": "Bearer"}))


class _Connection(asyncio.Protocol):
    """One keep-alive connection: requests come one after another, answers go out in turn."""

    def __init__(self, fcm: FakeFcm) -> None:
        self._fcm = fcm
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count the connection."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._fcm.connections.add(transport)
        self._fcm.connections_made += 1

    def connection_lost(self, _: Exception | None) -> None:
        """Forget the connection."""
        self._fcm.connections.discard(self._transport)

    def data_received(self, data: bytes) -> None:
        """Answer once the head and the announced length of the body are there."""
        self._buffer += data
        head, gap, rest = self._buffer.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        size = int(length[1]) if length else 0
        if not gap or len(rest) < size:
            return
        self._buffer = rest[size:]
        behaviour = self._fcm.answer(head, rest[:size])
        delay = behaviour.delay_seconds + self._fcm.delay_seconds
        if delay:
            asyncio.get_running_loop().call_later(delay, self._reply, behaviour)
        else:
            self._reply(behaviour)

    def _reply(self, behaviour: Behaviour) -> None:
        if behaviour.drop:
            self._transport.abort()
            return
        body = behaviour.body
        if body is None:
            body = orjson.dumps({"name": self._fcm.next_name()})
        named = "".join(f"{name}: {value}\r\n" for name, value in behaviour.headers.items())
        head = f"HTTP/1.1 {behaviour.status} Fake\r\n{named}Content-Type: application/json\r\n"
        self._transport.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)


def main() -> None:
    """Serve until interrupted; with ``--credentials`` first write a service account there."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--port", type=int, default=9099)
    parser.add_argument("--delay", type=float, default=0.0, help="seconds before each answer")
    parser.add_argument("--credentials", type=Path)
    options = parser.parse_args()
    with FakeFcm(port=options.port, keep=False, delay_seconds=options.delay) as fcm:
        if options.credentials:
            options.credentials.write_text(json.dumps(fcm.service_account()), encoding="utf-8")
        print(fcm.url, flush=True)  # noqa: T201 - the caller reads the address
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()


if __name__ == "__main__":
    main()
