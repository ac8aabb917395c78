"""The limited child: what it may not do, and what the parent makes of its ends."""

import os
import resource
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import orjson
import pytest

from handbook.files import child, rendering
from handbook.files.child import Limits, Part, RenderFailed, Rendition, run
from handbook.files.kinds import Kind
from tests.support import office

HERE = "tests.handbook.files.test_child"


# The functions below run in the child instead of the real rendering.


def attempt(_path: Path, _kind: Kind, _limits: Limits) -> Rendition:
    acts = {
        "socket": socket.socket,
        "process": lambda: subprocess.run([sys.executable, "-V"], check=True),
        "fork": os.fork,
        "shell": lambda: os.system("true"),  # noqa: S605, S607 - must fail
        "write": lambda: Path("/tmp/handbook-child").write_text("x"),  # noqa: S108 - must fail
        "delete": lambda: Path("/tmp/handbook-child").unlink(),  # noqa: S108 - must fail
        "environment": lambda: os.environ["HANDBOOK_SECRET"],
        "file size": lambda: _check(resource.getrlimit(resource.RLIMIT_FSIZE)[0] > 0),
        "core": lambda: _check(resource.getrlimit(resource.RLIMIT_CORE)[0] > 0),
        "same session": lambda: _check(os.getsid(0) != os.getpid()),
        "read": lambda: Path("/etc/hosts").read_text("utf-8"),
    }
    return Rendition(tuple(Part(1, name, "", _outcome(act), 0) for name, act in acts.items()))


def _check(allowed: bool) -> None:  # noqa: FBT001 - one plain question
    if not allowed:
        raise PermissionError


def _outcome(act: object) -> str:
    try:
        act()  # type: ignore[operator] # a table of callables of many types
    except Exception as error:  # noqa: BLE001 - the name of the error is the answer
        return type(error).__name__
    return "done"


def spin(_path: Path, _kind: Kind, _limits: Limits) -> Rendition:
    while True:
        pass


def sleep(_path: Path, _kind: Kind, _limits: Limits) -> Rendition:
    time.sleep(60)
    return Rendition(())


def swell(_path: Path, _kind: Kind, limits: Limits) -> Rendition:
    return Rendition((Part(1, None, str(bytearray(limits.memory_bytes)), "", 0),))


def chatter(_path: Path, _kind: Kind, limits: Limits) -> Rendition:
    return Rendition((Part(1, None, "x" * limits.output_bytes, "", 0),))


def abort(_path: Path, _kind: Kind, _limits: Limits) -> Rendition:
    os.abort()


def print_much(_path: Path, _kind: Kind, _limits: Limits) -> Rendition:
    os.write(1, b"noise")
    os.write(2, b"noise" * 1_000_000)
    return Rendition((Part(1, None, "<p>x</p>", "x", 1),))


@pytest.fixture
def letter(tmp_path: Path) -> Path:
    path = tmp_path / "thư mời.docx"
    path.write_bytes(office.make_letter())
    return path


def _failure(
    path: Path, kind: Kind = Kind.DOCX, limits: Limits | None = None, act: str = ""
) -> str:
    renderer = f"{HERE}:{act}" if act else "handbook.files.rendering:render"
    with pytest.raises(RenderFailed) as caught:
        run(path, kind, limits, renderer=renderer)
    return caught.value.code


def test_the_child_gives_what_rendering_gives(letter: Path) -> None:
    assert run(letter, Kind.DOCX) == rendering.render(letter, Kind.DOCX)


def test_the_child_can_only_read_and_compute(letter: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HANDBOOK_SECRET", "secret")
    parts = run(letter, Kind.DOCX, renderer=f"{HERE}:attempt").parts
    assert {part.heading: part.text for part in parts} == {
        "socket": "PermissionError",
        "process": "PermissionError",
        "fork": "PermissionError",
        "shell": "PermissionError",
        "write": "PermissionError",
        "delete": "PermissionError",
        "environment": "KeyError",
        "file size": "PermissionError",
        "core": "PermissionError",
        "same session": "PermissionError",
        "read": "done",
    }


@pytest.mark.parametrize(
    ("act", "limits", "code"),
    [
        ("spin", Limits(cpu_seconds=1), "too_slow"),
        ("swell", Limits(), "too_large_inside"),
        ("chatter", Limits(output_bytes=1_000_000), "too_large_inside"),
        ("abort", Limits(), "damaged"),
    ],
)
def test_a_child_out_of_bounds_is_named(letter: Path, act: str, limits: Limits, code: str) -> None:
    assert _failure(letter, limits=limits, act=act) == code


@pytest.mark.parametrize(
    ("returncode", "code"),
    [
        (-signal.SIGXCPU, "too_slow"),
        (-signal.SIGKILL, "too_large_inside"),
        (-signal.SIGSEGV, "damaged"),
        (0, "damaged"),
        (1, "damaged"),
    ],
)
def test_an_end_without_answer_is_explained(returncode: int, code: str) -> None:
    assert child._explain(returncode) == code


def test_noise_of_the_parsers_is_not_the_answer(letter: Path) -> None:
    assert run(letter, Kind.DOCX, renderer=f"{HERE}:print_much").parts[0].text == "x"


def test_nothing_is_left_of_a_child_that_was_too_slow(
    letter: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[subprocess.Popen[bytes]] = []
    end = child._end

    def watch(process: subprocess.Popen[bytes]) -> None:
        begun.append(process)
        end(process)

    monkeypatch.setattr(child, "_end", watch)
    assert _failure(letter, limits=Limits(wall_seconds=1), act="sleep") == "too_slow"
    assert begun[0].returncode is not None
    with pytest.raises(ProcessLookupError):
        os.killpg(begun[0].pid, 0)


def test_a_bomb_is_refused_quickly_and_the_parent_does_not_swell(tmp_path: Path) -> None:
    path = tmp_path / "bomb.docx"
    path.write_bytes(office.make_bomb(600))
    assert path.stat().st_size < 4 << 20
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.monotonic()
    assert _failure(path) == "too_large_inside"
    assert time.monotonic() - start < 5
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20 * 1024


@pytest.mark.parametrize(
    ("data", "kind", "code"),
    [
        (office.make_entity_bomb(), Kind.DOCX, "damaged"),
        (office.rezip(office.make_letter(), {"word/document.xml": b"<a>"}), Kind.DOCX, "damaged"),
        (office.make_docx(lambda _: None), Kind.DOCX, "empty"),
        (b"%PDF-1.7 startxref", Kind.PDF, "damaged"),
        (office.make_pdf([["x"]], encrypted="/#45ncrypt"), Kind.PDF, "encrypted"),
        (b" \n ", Kind.TXT, "empty"),
    ],
)
def test_a_bad_file_is_named(tmp_path: Path, data: bytes, kind: Kind, code: str) -> None:
    path = tmp_path / "upload"
    path.write_bytes(data)
    assert _failure(path, kind) == code


def test_too_deep_a_document_is_damaged(tmp_path: Path) -> None:
    deep = "<w:tbl><w:tr><w:tc>" * 5_000 + "</w:tc></w:tr></w:tbl>" * 5_000
    path = tmp_path / "upload"
    path.write_bytes(
        office.change_document(office.make_letter(), "<w:body>", f"<w:body>{deep}"),
    )
    assert _failure(path) == "damaged"


GOOD = {"number": 1, "heading": None, "html": "<p>x</p>", "text": "x", "words": 1, "has_text": True}


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ({"parts": [{**GOOD, "words": "1"}]}, "damaged"),
        ({"parts": [{**GOOD, "words": -1}]}, "damaged"),
        ({"parts": [{**GOOD, "words": True}]}, "damaged"),
        ({"parts": [{**GOOD, "words": 2**31}]}, "damaged"),
        ({"parts": [{**GOOD, "heading": 1}]}, "damaged"),
        ({"parts": [{**GOOD, "heading": "\0"}]}, "damaged"),
        ({"parts": [{**GOOD, "html": None}]}, "damaged"),
        ({"parts": [{**GOOD, "text": "\0"}]}, "damaged"),
        ({"parts": [{**GOOD, "text": "e\u0302"}]}, "damaged"),
        ({"parts": [{"number": 1}]}, "damaged"),
        ({"parts": ["x"]}, "damaged"),
        ({"parts": None}, "damaged"),
        ({"parts": []}, "empty"),
        ({"parts": [{**GOOD, "text": "x" * 11}]}, "too_large_inside"),
        ({"failed": "too_slow"}, "too_slow"),
        ({"failed": "<script>"}, "damaged"),
        ([], "damaged"),
        (None, "damaged"),
    ],
)
def test_the_answer_is_not_trusted(answer: object, code: str) -> None:
    limits = Limits(chars=10)
    assert child._read_answer(orjson.dumps({"parts": [GOOD]}), limits).parts[0].words == 1
    with pytest.raises(RenderFailed) as caught:
        child._read_answer(orjson.dumps(answer), limits)
    assert caught.value.code == code


def test_an_answer_that_is_no_json_is_damaged() -> None:
    with pytest.raises(RenderFailed, match="damaged"):
        child._read_answer(b'{"parts": [', Limits())


def test_the_parent_never_loads_the_parsers() -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import handbook.files.child; "
        "print([m for m in ('mammoth', 'pypdfium2', 'nh3') if m in sys.modules])"
    )
    root = str(Path(child.__file__).parents[2])
    done = subprocess.run(  # noqa: S603 - fixed arguments
        [sys.executable, "-I", "-c", code, root], capture_output=True, check=True, text=True
    )
    assert done.stdout.strip() == "[]"
