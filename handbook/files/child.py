"""One limited child process for each untrusted file, and the agreement between it and its parent.

The parent learns only what comes back through one pipe, and checks it like any other outside
input. The child has no environment, no network, no right to write a file or start a process, and
little time and memory; it dies with its parent. On systems other than Linux some of these limits
are missing: see `_confine`.
"""

import ctypes
import importlib
import os
import resource
import selectors
import signal
import subprocess
import sys
import time
import unicodedata
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from handbook.files.kinds import Kind

TOO_LARGE: Final = "too_large_inside"
TOO_SLOW: Final = "too_slow"
DAMAGED: Final = "damaged"
ENCRYPTED: Final = "encrypted"
EMPTY: Final = "empty"
CODES: Final = frozenset({TOO_LARGE, TOO_SLOW, DAMAGED, ENCRYPTED, EMPTY})

_ROOT: Final = Path(__file__).resolve().parents[2]
_RENDERER: Final = "handbook.files.rendering:render"
_BOOT: Final = (
    "import json, sys; order = json.loads(sys.argv[1]); sys.path[:] = order['sys_path']; "
    "from handbook.files.child import main; main(order)"
)
_CHUNK: Final = 256 * 1024
_CLONE_NEWUSER: Final = 0x10000000
_CLONE_NEWNET: Final = 0x40000000
_PR_SET_PDEATHSIG: Final = 1
_PR_SET_NO_NEW_PRIVS: Final = 38
_FORBIDDEN: Final = (
    "socket.", "subprocess.", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "os.system",
    "os.kill", "os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.chmod", "os.chown", "os.link",
    "os.symlink", "os.truncate", "pty.spawn", "shutil.", "ctypes.dlopen",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Limits:
    """What a child may use, and how much a document may hold inside."""

    cpu_seconds: int = 20
    wall_seconds: float = 40.0
    memory_bytes: int = 1 << 30
    output_bytes: int = 64 << 20
    pages: int = 2_000
    chars: int = 5_000_000
    inflated_bytes: int = 256 << 20
    xml_bytes: int = 16 << 20
    inflation: int = 150


@dataclass(frozen=True, slots=True)
class Part:
    """A section of a document: what the phone shows at once, and what progress counts.

    `number` counts from 1. `html` is clean. `text` is the same in plain NFC lines, `words` its
    length as a reader counts. `has_text` is false for a page that is only a picture.
    """

    number: int
    heading: str | None
    html: str
    text: str
    words: int
    has_text: bool = True


@dataclass(frozen=True, slots=True)
class Rendition:
    """A whole file as parts, in order, at least one."""

    parts: tuple[Part, ...]


class RenderFailed(Exception):
    """The file could not be rendered.

    `code` is stable, one of `too_large_inside`, `too_slow`, `damaged`, `encrypted`, `empty`.
    """

    def __init__(self, code: str) -> None:
        """Keep the code."""
        super().__init__(code)
        self.code = code


Render = Callable[[Path, Kind, Limits], Rendition]


def run(
    path: Path, kind: Kind, limits: Limits | None = None, *, renderer: str = _RENDERER
) -> Rendition:
    """Render the file in a child and return its parts; raise RenderFailed otherwise.

    Blocks for at most `limits.wall_seconds`; hold no database connection meanwhile. `renderer`
    names the function that works in the child, as `module:function`.
    """
    limits = limits or Limits()
    deadline = time.monotonic() + limits.wall_seconds
    order = {
        "path": str(path.resolve()),
        "kind": kind.value,
        "limits": asdict(limits),
        "renderer": renderer,
        "sys_path": [str(_ROOT), *(entry for entry in sys.path if Path(entry).is_absolute())],
    }
    process = subprocess.Popen(  # noqa: S603 - fixed arguments, no shell
        [sys.executable, "-I", "-B", "-X", "utf8", "-c", _BOOT, orjson.dumps(order).decode()],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={},
        cwd="/",
        start_new_session=True,
    )
    try:
        answer = _collect(process, deadline, limits.output_bytes)
    finally:
        _end(process)
    if not answer:
        raise RenderFailed(_explain(process.returncode))
    return _read_answer(answer, limits)


def _collect(process: subprocess.Popen[bytes], deadline: float, most: int) -> bytes:
    """Return all the child wrote, when it has ended in time and not written too much."""
    answer = bytearray()
    pipe = process.stdout
    assert pipe is not None  # noqa: S101 - asked for above; tells mypy
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        while selector.select(max(0.0, deadline - time.monotonic())):
            chunk = os.read(pipe.fileno(), _CHUNK)
            if not chunk:
                break
            answer += chunk
            if len(answer) > most:
                raise RenderFailed(TOO_LARGE)
        else:
            raise RenderFailed(TOO_SLOW)
    try:
        process.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        raise RenderFailed(TOO_SLOW) from None
    return bytes(answer)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Leave nothing of the child behind: no process of its group, no zombie, no pipe."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stdout is not None:
        process.stdout.close()


def _explain(returncode: int) -> str:
    """Return the code for a child that ended without an answer."""
    if returncode == -signal.SIGXCPU:
        return TOO_SLOW
    # Nobody but the kernel, short of memory, kills a child that has closed its pipe.
    return TOO_LARGE if returncode == -signal.SIGKILL else DAMAGED


def _read_answer(answer: bytes, limits: Limits) -> Rendition:
    """Return the rendition in a child's answer; an answer of any other shape counts as damaged."""
    try:
        content: Any = orjson.loads(answer)
        if "failed" in content:
            raise RenderFailed(content["failed"] if content["failed"] in CODES else DAMAGED)
        parts = tuple(_read_part(number, part) for number, part in enumerate(content["parts"], 1))
    except (ValueError, KeyError, TypeError) as error:
        raise RenderFailed(DAMAGED) from error
    if sum(len(part.text) for part in parts) > limits.chars:
        raise RenderFailed(TOO_LARGE)
    if not parts:
        raise RenderFailed(EMPTY)
    return Rendition(parts)


def _read_part(number: int, part: dict[str, Any]) -> Part:
    """Return one part of an answer; ValueError, KeyError, TypeError where its shape is wrong."""
    heading, html, text, words, has_text = (
        part[key] for key in ("heading", "html", "text", "words", "has_text")
    )
    shaped = (
        isinstance(heading, str | None) and isinstance(html, str) and isinstance(text, str)
        and type(words) is int and 0 <= words <= len(text) and type(has_text) is bool
    )  # fmt: skip
    if not shaped or "\0" in f"{heading}{html}{text}" or not unicodedata.is_normalized("NFC", text):
        raise ValueError(number)
    return Part(number, heading, html, text, words, has_text)


def main(order: dict[str, Any]) -> None:  # pragma: no cover - runs in the child
    """Render one file as `order` says, write the answer to standard output and end the process."""
    module, _, function = order["renderer"].partition(":")
    render: Render = getattr(importlib.import_module(module), function)
    limits = Limits(**order["limits"])
    pipe = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    _confine(limits)
    try:
        rendition = render(Path(order["path"]), Kind(order["kind"]), limits)
        answer = orjson.dumps(rendition)
    except RenderFailed as error:
        answer = orjson.dumps({"failed": error.code})
    except MemoryError:
        answer = orjson.dumps({"failed": TOO_LARGE})
    except Exception:  # noqa: BLE001 - whatever a parser trips over, the file is at fault
        answer = orjson.dumps({"failed": DAMAGED})
    view = memoryview(answer)
    while view:
        view = view[os.write(pipe, view) :]
    # No finalisers: the parsers' own clean-up runs over whatever the file left behind.
    os._exit(0)


def _confine(limits: Limits) -> None:  # pragma: no cover - runs in the child
    """Give up for good what a parser does not need.

    Everywhere: CPU time, no files written, no core, and in Python no sockets, processes or
    libraries. Memory and number of processes where the system limits them (root is not held to the
    latter). On Linux also: death with the parent, no new privileges, and an empty network where the
    kernel allows one.
    """
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        if libc.unshare(_CLONE_NEWNET) != 0:
            libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET)
    wanted = {
        resource.RLIMIT_CPU: limits.cpu_seconds,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NPROC: 0,
        resource.RLIMIT_AS: limits.memory_bytes,
    }
    for what, most in wanted.items():
        hard = resource.getrlimit(what)[1]
        soft, last = (most, most + 1) if hard == resource.RLIM_INFINITY else (min(most, hard), hard)
        # One second between the signal that says "time is up" and the kill that says nothing.
        spare = 1 if what == resource.RLIMIT_CPU and soft < last else 0
        with suppress(*(() if sys.platform == "linux" else (ValueError, OSError))):
            resource.setrlimit(what, (soft, soft + spare))
    sys.addaudithook(_forbid)


def _forbid(event: str, arguments: tuple[Any, ...]) -> None:  # pragma: no cover - runs in the child
    """Refuse what reaches out of the process: an audit hook, which cannot be taken off again."""
    writing = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
    if event.startswith(_FORBIDDEN) or (event == "open" and (arguments[2] or 0) & writing):
        raise PermissionError(event)
