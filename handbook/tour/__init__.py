"""A tour on real input: the main job played through HTTP against the running server."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rich.console import Console

from handbook import clock
from handbook.config import Settings
from handbook.demo.accounts import ACCOUNTS, PASSWORD
from handbook.demo.papers import FOLDER
from handbook.tour.client import TourError
from handbook.tour.letters import read_letter
from handbook.tour.play import Play, Venue
from handbook.tour.stage import Stage
from push.recheck import quiet_until

__all__ = ["TourError", "Venue", "play", "tour"]
_OWN: Final = ("05-cong-van-su-dung-so-tay.txt", "04-thong-bao-ket-luan-giao-ban.txt")


def tour(settings: Settings, files: Sequence[Path], console: Console) -> None:
    """Play the main job with ``files`` (DOCX, PDF or TXT) on the server that runs here.

    Without files two of the demo's own papers are played. The demo data must be there. Raises
    TourError, in Vietnamese, at the first thing that is not as it must be.
    """
    venue = Venue(
        base_url=f"http://{settings.web_host}:{settings.web_port}",
        passwords={account.handle: PASSWORD for account in ACCOUNTS},
        push_log=settings.var_dir / "push.log",
        pushes_wait=quiet_until(clock.now(), settings.quiet_hours) is not None,
    )
    play(venue, files or [FOLDER / name for name in _OWN], console)


def play(venue: Venue, files: Sequence[Path], console: Console) -> None:
    """Play the main job at a venue; raises TourError that names the step."""
    stage = Stage(console)
    try:
        Play(venue, [read_letter(path) for path in files], stage).run()
    except TourError as error:
        raise TourError(f"Bước {stage.number} ({stage.title}): {error}") from error
