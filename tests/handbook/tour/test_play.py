"""The whole tour against a live server with a worker, as ``make tour`` plays it."""

import io
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from rich.console import Console
from sqlalchemy import text
from werkzeug.serving import WSGIRequestHandler, make_server

from handbook import demo, jobs, tour
from handbook.http import Handbook
from handbook.studies import derived
from handbook.tour import stage
from push.sender import Message, Outcome
from tests.conftest import Real
from tests.support.office import make_letter

QUIET = Console(quiet=True)
PASSWORDS = {account.handle: demo.PASSWORD for account in demo.ACCOUNTS}
LETTER = """TỈNH ỦY LẠC VÂN

*

Số [so]-CV/TU

*Về việc thử nghiệm Sổ tay*

Kính gửi: Các chi bộ.

Đề nghị các chi bộ đọc và góp ý trước ngày 30/11/2026.
"""


class _Silent(WSGIRequestHandler):
    """Says nothing."""

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 - werkzeug's name
        """Leave the line out."""


class _Accepting:
    """Takes every push."""

    def send(self, messages: Sequence[Message]) -> list[Outcome]:
        """Accept."""
        return [Outcome(message.id, "accepted", "accepted") for message in messages]


@contextmanager
def _serving(app: Handbook) -> Iterator[str]:
    """Run web and worker beside the test; give the address."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Silent)
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            jobs.drain(app, _Accepting())
            stop.wait(0.05)

    threads = [threading.Thread(target=server.serve_forever), threading.Thread(target=work)]
    for thread in threads:
        thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        stop.set()
        server.shutdown()
        for thread in threads:
            thread.join()
        server.server_close()


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Return a text without number or date, and a DOCX."""
    plain, word = tmp_path / "khong-so.txt", tmp_path / "ke-hoach.docx"
    plain.write_text(LETTER, encoding="utf-8")
    word.write_bytes(make_letter())
    return [plain, word]


@pytest.mark.timeout(180)
def test_the_tour_goes_all_the_way_again_and_again(
    real: Real, files: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage, "WAIT_SECONDS", 45)
    # The server of the tests has other databases, whose long transactions nobody here waits for.
    monkeypatch.setattr(derived, "QUIET", text("SELECT CAST(:mark AS bigint) > 0"))
    demo.commune(real.app, QUIET)
    damaged = tmp_path / "hong.docx"
    damaged.write_bytes(b"PK\x03\x04 nothing")
    with _serving(real.app) as address:
        venue = tour.Venue(address, PASSWORDS)
        for _ in range(2):
            shown = io.StringIO()
            tour.play(venue, files, Console(file=shown, width=120))
            _check_what_is_shown(shown.getvalue())
        with pytest.raises(tour.TourError, match=r"Bước 2 .*file_"):
            tour.play(venue, [damaged], QUIET)
        strange = tour.Venue(address, {**PASSWORDS, "clerk": "not the password"})
        with pytest.raises(tour.TourError, match=r"Bước 1 .*bad_credentials"):
            tour.play(strange, files, QUIET)


def _check_what_is_shown(shown: str) -> None:
    for line in (
        "(không số)",
        "Về việc thử nghiệm Sổ tay",
        "Kế hoạch học tập",
        "đã học: 0 → 2",
        "trùng, không tính lại",
        "unknown_version",
        "đã chuyển",
        "văn bản rời điện thoại",
        "Đã đi hết một vòng",
    ):
        assert line in shown


def test_without_a_server_the_tour_says_what_to_do(files: list[Path]) -> None:
    server = make_server("127.0.0.1", 0, lambda _environ, _start: [])
    address = f"http://127.0.0.1:{server.server_port}"
    server.server_close()
    with pytest.raises(tour.TourError, match=r"Bước 1 .*make run"):
        tour.play(tour.Venue(address, PASSWORDS), files, QUIET)
