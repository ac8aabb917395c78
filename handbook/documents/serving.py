"""A stored file as an HTTP answer: whole, a range of it, or unchanged."""

from collections.abc import Iterator
from typing import BinaryIO
from urllib.parse import quote

from flask import Response, request
from werkzeug.exceptions import RequestedRangeNotSatisfiable

from handbook import text, wire
from handbook.documents import rules
from handbook.files import service as files
from handbook.files.kinds import Kind

_CHUNK = 1 << 16
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_. ()")


class _Slice:
    """Some bytes of an open file, in pieces; closes it at the end, or when nobody reads on."""

    def __init__(self, file: BinaryIO, first: int, length: int) -> None:
        file.seek(first)
        self._file = file
        self._left = length

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        piece = self._file.read(min(_CHUNK, self._left)) if self._left else b""
        if not piece:
            self.close()
            raise StopIteration
        self._left -= len(piece)
        return piece

    def close(self) -> None:
        self._file.close()


def serve(sha256: str, *, size: int, kind: Kind, name: str) -> Response:
    """Return a stored file as a download named ``name``; its content is its strong ETag.

    304 to a matching If-None-Match; 206 to one satisfiable range whose If-Range, if any, matches;
    raises 416 for a range beyond the end. Several ranges, and what is no range, give the whole.
    The caller has decided that the actor may have the file.
    """
    same = wire.unchanged(sha256)
    if same is not None:
        return same
    part = _wanted(sha256, size)
    first, beyond = part or (0, size)
    response = Response(
        _Slice(files.open_stored(sha256), first, beyond - first),
        206 if part else 200,
        content_type=kind.media_type,
        direct_passthrough=True,
    )
    response.headers["Accept-Ranges"] = "bytes"
    response.headers["Content-Length"] = str(beyond - first)
    if part:
        response.headers["Content-Range"] = f"bytes {first}-{beyond - 1}/{size}"
    response.headers["Content-Disposition"] = disposition(name)
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return wire.with_tag(response, sha256)


def _wanted(sha256: str, size: int) -> tuple[int, int] | None:
    """Return (first, beyond) of the range to serve, None for the whole file."""
    asked = request.range
    if asked is None or asked.units != "bytes" or len(asked.ranges) != 1:
        return None
    if request.headers.get("If-Range") not in {None, f'"{sha256}"'}:
        return None
    found = rules.slice_of(*asked.ranges[0], size)
    if found is None:
        raise RequestedRangeNotSatisfiable(size)
    return found


def disposition(name: str) -> str:
    """Return a Content-Disposition that keeps a Vietnamese name (RFC 6266, RFC 8187)."""
    plain = "".join(sign for sign in text.fold(name) if sign in _PLAIN)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
