"""The whole tour against a live server with a worker, as `make tour` plays it."""

import io
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from rich.console import Console
from werkzeug.serving import WSGIRequestHandler, make_server

from handbook import demo, jobs, tour
from handbook.demo import ACCOUNTS, PASSWORD
from handbook.http import Handbook
from tests.conftest import Real
from tests.support.office import make_letter

PASSWORDS = {account.handle: PASSWORD for account in ACCOUNTS}
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


@contextmanager
def _serving(app: Handbook) -> Iterator[str]:
    """Run web and worker beside the test; give the address."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Silent)
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            try:
                jobs.drain(app)
            except Exception:
                import traceback

                traceback.print_exc()
                raise
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
    text, word = tmp_path / "khong-so.txt", tmp_path / "ke-hoach.docx"
    text.write_text(LETTER, encoding="utf-8")
    word.write_bytes(make_letter())
    return [text, word]


@pytest.mark.timeout(180)
def test_the_tour_goes_all_the_way_twice(real: Real, files: list[Path]) -> None:
    demo.commune(real.app, Console(quiet=True))
    shown = io.StringIO()
    with _serving(real.app) as address:
        venue = tour.Venue(address, PASSWORDS)
        tour.play(venue, files, Console(file=shown, width=120))
        print(shown.getvalue())
        tour.play(venue, files, Console(file=shown, width=120))
    assert len(re.findall("Đã đi hết một vòng", shown.getvalue())) == 2
