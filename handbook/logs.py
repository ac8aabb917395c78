"""Logs: one JSON object a line on stderr, with the request's id and without personal data.

Fields are hidden by name, wherever they are nested; what looks like a token, a password in an
address, a phone or an identity number is hidden in every text. In JSON an exception is told by its
types and places, not by its message: database messages quote the row that they refuse.
"""

import logging
import re
import sys
import traceback
from collections.abc import Mapping
from datetime import date, time, timedelta
from pathlib import PurePath
from types import TracebackType
from uuid import UUID

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

HIDDEN = "***"

# A field is hidden when any word of its name is one of these …
_WORDS_TO_HIDE = (
    "password passwords passphrase secret secrets token tokens authorization cookie phone phones"
    " card login address addresses email credential credentials otp pin body payload"
)
# … or when its whole name is one of these.
_NAMES_TO_HIDE = (
    "name names full_name given_name family_name middle_name display_name member_name actor_name"
    " file_name filename name_key birth birthday birth_date date_of_birth birthplace hometown"
    " personal_id national_id identity_number activation_code totp_code slip query q form json data"
    " content params parameters headers html text"
)
_HIDDEN_WORDS = frozenset(_WORDS_TO_HIDE.split())
_HIDDEN_NAMES = frozenset(_NAMES_TO_HIDE.split())
_HIDDEN_TEXTS = (
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]+"), rf"\1 {HIDDEN}"),
    (re.compile(r"\beyJ[\w-]+\.[\w-]+(?:\.[\w-]*)?"), HIDDEN),
    (re.compile(r"(://[^:/\s@]*):[^@\s]+@"), rf"\1:{HIDDEN}@"),
    (re.compile(r"(?<![\w.-])\+?[0-9]{9,12}(?![\w-])"), HIDDEN),
)
_WORD = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+")
_QUIET = ("alembic", "apscheduler", "urllib3", "google", "cachecontrol", "botocore")
_DEEPEST = 6


def configure(level: str = "INFO", *, json: bool = True) -> None:
    """Send structlog and the standard library's logging to stderr; safe to call again.

    ``json=False`` writes for a person at a terminal, with messages and tracebacks of exceptions.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_rendering(json=json),
            ],
        )
    )
    _install(handler, level)


def logger(name: str) -> structlog.stdlib.BoundLogger:
    """Return the logger of a module; call it as ``log.info("event_name", field=value)``."""
    bound: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return bound


def bind_request(request_id: str) -> None:
    """Begin a request: forget what was bound before and put its id on every line that follows."""
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=request_id)


def hide(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Return the event with everything hidden that a log may not hold (a structlog processor)."""
    return {name: _field(name, value) for name, value in event.items()}


def tell_failure(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Replace ``exc_info`` by ``failure``: the chain of exceptions, without their messages."""
    given = event.pop("exc_info", None)
    event.pop("stack_info", None)
    if isinstance(given, BaseException):
        event["failure"] = _told(given)
    elif given:
        error = given[1] if isinstance(given, tuple) else sys.exc_info()[1]
        if error is not None:
            event["failure"] = _told(error)
    return event


def _rendering(*, json: bool) -> list[Processor]:
    """Return the last processors, which make the line."""
    if json:
        # Exceptions first, so that what they tell is filtered like everything else.
        return [tell_failure, hide, structlog.processors.JSONRenderer(ensure_ascii=False)]
    plain = structlog.dev.plain_traceback
    return [hide, structlog.dev.ConsoleRenderer(exception_formatter=plain)]


def _install(handler: logging.Handler, level: str) -> None:
    """Make one handler the only writer of the root logger and quieten chatty libraries."""
    root = logging.getLogger()
    for other in root.handlers[:]:
        # Subclasses stay: they collect (as test runners do) and write nothing here.
        if type(other) is logging.StreamHandler:
            root.removeHandler(other)
    root.addHandler(handler)
    root.setLevel(level)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def _is_hidden(name: str) -> bool:
    """Tell whether the value of a field may not be logged."""
    words = [word.lower() for word in _WORD.findall(name)]
    return "_".join(words) in _HIDDEN_NAMES or not _HIDDEN_WORDS.isdisjoint(words)


def _field(name: str, value: object) -> object:
    """Return the value of a field as it may be logged; ``exc_info`` is left to the renderer."""
    if name == "exc_info":
        return value
    return HIDDEN if _is_hidden(name) else _shown(value)


def _shown(value: object, depth: int = 0) -> object:
    """Return a value as it may be logged: filtered inside, bytes and deep nests left out.

    Ids, times and paths are written out; of any other object only the class is told.
    """
    if isinstance(value, str):
        return _text_shown(value)
    if value is None or isinstance(value, int | float):
        return value
    if isinstance(value, UUID | date | time | timedelta | PurePath):
        return str(value)
    if depth < _DEEPEST and isinstance(value, Mapping):
        return {
            str(name): HIDDEN if _is_hidden(str(name)) else _shown(inner, depth + 1)
            for name, inner in value.items()
        }
    if depth < _DEEPEST and isinstance(value, list | tuple | set | frozenset):
        return [_shown(inner, depth + 1) for inner in value]
    return f"<{type(value).__qualname__}>"


def _text_shown(value: str) -> str:
    """Return a text without what looks like a secret or a number of a person."""
    for pattern, replacement in _HIDDEN_TEXTS:
        value = pattern.sub(replacement, value)
    return value


def _told(error: BaseException) -> list[dict[str, object]]:
    """Return an exception and its causes, the outermost first."""
    chain: list[dict[str, object]] = []
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        chain.append({"type": _type_name(current), **_facts(current), "at": _places(current)})
        hidden = current.__suppress_context__
        current = current.__cause__ or (None if hidden else current.__context__)
    return chain


def _type_name(error: BaseException) -> str:
    """Return the full name of an exception's class."""
    return f"{type(error).__module__}.{type(error).__qualname__}"


def _facts(error: BaseException) -> dict[str, object]:
    """Return what an exception may say safely: error numbers and the names of constraints."""
    diagnosis = getattr(error, "diag", None)
    facts = {
        "sqlstate": getattr(error, "sqlstate", None),
        "constraint": getattr(diagnosis, "constraint_name", None),
        "reason": error.strerror if isinstance(error, OSError) else None,
    }
    return {name: fact for name, fact in facts.items() if fact}


def _places(error: BaseException) -> list[str]:
    """Return the innermost places of a traceback, as file, line and function."""
    trace: TracebackType | None = error.__traceback__
    frames = traceback.extract_tb(trace)[-12:]
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
