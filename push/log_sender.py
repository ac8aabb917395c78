"""The sender of a development machine: nothing leaves it, everything can be looked at."""

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog

from push.sender import Message, Outcome

_SHOWN = 6
_log = structlog.get_logger(__name__)


def mask(address: str) -> str:
    """Return the first characters of a device address, or only dots if it is too short to share."""
    return f"{address[:_SHOWN]}…" if len(address) > 2 * _SHOWN else "…"


class LogSender:
    """Accepts every message and appends it as one JSON line to the file ``path``.

    ``now`` gives the aware instant written to each line. The folder of ``path`` is made at need.
    """

    def __init__(self, path: Path, *, now: Callable[[], datetime]) -> None:
        """Prepare a sender; the file is opened only while sending."""
        self._path = path
        self._now = now

    def send(self, messages: Sequence[Message]) -> list[Outcome]:
        """Write each message; ``retry`` with reason ``log_unwritable`` if that fails.

        The provider id of a message is ``log/`` and the id of its outbox row.
        """
        if not messages:
            return []
        lines = [self._line(message) for message in messages]
        try:
            self._append(lines)
        except OSError as error:
            _log.warning("push.log_unwritable", error=type(error).__name__)
            return [Outcome(message.id, "retry", "log_unwritable") for message in messages]
        _log.info("push.logged", messages=len(lines), file=self._path.name)
        return [
            Outcome(message.id, "accepted", "accepted", provider_id=f"log/{message.id}")
            for message in messages
        ]

    def close(self) -> None:
        """Do nothing: a sender that holds no connection can be closed like the others."""

    def _line(self, message: Message) -> dict[str, Any]:
        return {
            "at": self._now().isoformat(),
            "id": str(message.id),
            "address_kind": message.address_kind,
            "address": mask(message.address),
            "title": message.title,
            "body": message.body,
            "data": dict(message.data),
            "collapse_key": message.collapse_key,
            "ttl_seconds": message.ttl_seconds,
            "urgent": message.urgent,
        }

    def _append(self, lines: list[dict[str, Any]]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
        with self._path.open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
