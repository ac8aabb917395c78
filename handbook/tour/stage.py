"""The stage of the tour: numbered steps, checks that must hold, the people who play."""

import time
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from rich.console import Console
from rich.table import Table

from handbook import ids
from handbook.tour.client import Client, TourError

WAIT_SECONDS: Final = 90
_PAUSE_SECONDS: Final = 0.25
Found = TypeVar("Found")


class Stage:
    """Shows steps and what was found, and stops at the first thing that is not as it must be."""

    def __init__(self, console: Console) -> None:
        """Show on ``console``."""
        self.console = console
        self.number = 0
        self.title = "chuẩn bị"

    def step(self, title: str) -> None:
        """Begin the next step."""
        self.number += 1
        self.title = title
        self.console.print()
        self.console.rule(f"[bold]{self.number}. {title}[/bold]", align="left")

    def say(self, line: str) -> None:
        """Show a line as it is."""
        self.console.print(f"  {line}", markup=False)

    def check(self, holds: object, what: str) -> None:
        """Show that ``what`` holds; raise TourError when it does not."""
        if not holds:
            raise TourError(f"Không đúng như mong đợi: {what}")
        self.console.print(f"  [green]✓[/green] {what}")

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """Show a compact table; numbers stand to the right."""
        shown = Table(box=None, padding=(0, 2), header_style="bold")
        for place, column in enumerate(columns):
            is_number = bool(rows) and all(isinstance(row[place], int | float) for row in rows)
            shown.add_column(column, justify="right" if is_number else "left")
        for row in rows:
            shown.add_row(*("" if cell is None else str(cell) for cell in row))
        self.console.print(shown)

    def wait(self, find: Callable[[], Found | None], what: str) -> Found:
        """Return what ``find`` finds, asking again until it does; TourError after 90 seconds."""
        end = time.monotonic() + WAIT_SECONDS
        with self.console.status(f"  {what}…"):
            while (found := find()) is None:
                if time.monotonic() > end:
                    raise TourError(
                        f"Chờ quá {WAIT_SECONDS} giây: {what}. Tiến trình nền có đang chạy không?"
                    )
                time.sleep(_PAUSE_SECONDS)
        return found


class Person:
    """Somebody signed in on a device of their own."""

    def __init__(self, base_url: str, handle: str, password: str) -> None:
        """Sign in; raises TourError when that is refused."""
        self.client = Client(base_url)
        self.device_id = ids.new()
        signed = self.client.post(
            "/auth/session",
            {
                "name": handle,
                "password": password,
                "device": {"id": str(self.device_id), "platform": "web"},
            },
        )
        self.client.token = signed["access_token"]
        self.handle = handle
        self.full_name: str = signed["member"]["full_name"]
        self.member_id: str = signed["member"]["id"]
        self.me: dict[str, Any] = self.client.get("/me")

    @property
    def unit_id(self) -> str:
        """Return the unit of the person's first post, or of the cell."""
        return str((self.me["posts"] or self.me["places"])[0]["unit_id"])

    @property
    def unit_name(self) -> str:
        """Return the name of that unit."""
        return str((self.me["posts"] or self.me["places"])[0]["unit_name"])

    def sign_out(self) -> None:
        """End the session; its device gets no more pushes."""
        self.client.call("DELETE", "/auth/session")
