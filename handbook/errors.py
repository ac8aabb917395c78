"""Problems: what goes wrong, as RFC 9457 answers; Vietnamese titles, stable English codes."""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson
import structlog
from flask import Flask, Response, g, request
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as WerkzeugResponse

from handbook import messages

LOG = structlog.get_logger(__name__)
PROBLEM_TYPE = "application/problem+json"
RETRY_SECONDS = 5

# A broken constraint that a caller may cause, by name → the code told to the caller (status 409).
CONSTRAINTS = {
    "uq_document_number": "document_number_taken",
    "uq_document_version_document_id_number": "version_conflict",
    "fk_meeting_material_document_id": "document_in_use",
    "uq_member_card_index": "card_number_taken",
    "uq_unit_code": "unit_code_taken",
    "ex_membership_one_at_a_time": "membership_overlaps",
    "ex_position_one_at_a_time": "position_overlaps",
    "ex_unit_version_one_at_a_time": "unit_version_overlaps",
    "uq_sign_in_name_index": "sign_in_name_taken",
}

_HTTP_CODES = {
    400: "bad_request",
    401: "unauthenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    408: "bad_request",
    409: "conflict",
    412: "precondition_failed",
    413: "payload_too_large",
    415: "unsupported_media_type",
    416: "range_not_satisfiable",
    422: "invalid",
    428: "precondition_required",
    429: "too_many_requests",
    503: "unavailable",
    507: "storage_full",
}

# SQLSTATE classes: who is at fault and what the caller should do.
_BUSY_STATES = {"55P03", "57014", "40001", "40P01", "53200", "53300", "53400"}
_FULL_STATES = {"53100"}
_GONE_STATES = {"25P03", "57P01", "57P02", "57P03", "57P05"} | {
    f"080{number}" for number in ("00", "01", "03", "04", "06")
}


class Problem(Exception):
    """A refusal that reaches the caller as it is.

    ``code`` names the title ``errors.<code>`` in the catalogues; ``params`` fill it; ``errors`` are
    field errors as ``{field: [code, …]}``.
    """

    status = 400
    code = "bad_request"

    def __init__(
        self,
        code: str | None = None,
        *,
        status: int | None = None,
        errors: Mapping[str, list[str]] | None = None,
        headers: Mapping[str, str] | None = None,
        **params: object,
    ) -> None:
        """Keep the code, the status of the class unless given, and the words to fill in."""
        self.code = code or self.code
        self.status = status or self.status
        self.errors = dict(errors or {})
        self.headers = dict(headers or {})
        self.params = params
        super().__init__(self.code)


class Unauthenticated(Problem):
    """The caller is not signed in, or the token is not good (401)."""

    status = 401
    code = "unauthenticated"

    def __init__(self, code: str | None = None) -> None:
        """Always tell how to authenticate."""
        super().__init__(code, headers={"WWW-Authenticate": 'Bearer realm="handbook"'})


class Forbidden(Problem):
    """The object is visible but the act is not allowed (403)."""

    status = 403
    code = "forbidden"


class NotFound(Problem):
    """The object is not there, or not for this actor; the answer does not tell which (404)."""

    status = 404
    code = "not_found"


class Conflict(Problem):
    """The object's state does not allow the act (409)."""

    status = 409
    code = "conflict"


class Invalid(Problem):
    """Readable but wrong (422); ``errors`` names the fields."""

    status = 422
    code = "invalid"


class Unavailable(Problem):
    """Something needed is down or full for now (503, or 507), with Retry-After."""

    status = 503
    code = "unavailable"

    def __init__(self, code: str | None = None, *, status: int | None = None) -> None:
        """Always tell when to come again."""
        super().__init__(code, status=status, headers={"Retry-After": str(RETRY_SECONDS)})


def flatten(found: Any, prefix: str = "") -> Iterator[tuple[str, list[str]]]:
    """Yield (dotted field, codes) from marshmallow's nested messages."""
    if isinstance(found, Mapping):
        for name, inner in found.items():
            part = "" if name == "_schema" else str(name)
            joined = ".".join(piece for piece in (prefix, part) if piece)
            yield from flatten(inner, joined)
    elif isinstance(found, list):
        yield prefix or "body", [str(code) for code in found]
    else:
        yield prefix or "body", [str(found)]


def language() -> str:
    """Return the language of the answer: the first of Vietnamese and English asked for."""
    return request.accept_languages.best_match(("vi", "en")) or "vi"


def _field_error(code: str, spoken: str) -> dict[str, str]:
    key = f"fields.{code}"
    known = code if messages.has(key, spoken) else "format"
    return {"code": known, "message": messages.say(f"fields.{known}", spoken)}


def answer(problem: Problem) -> Response:
    """Return the problem as a response; it holds no stack, SQL, path or personal data."""
    spoken = language()
    body: dict[str, Any] = {
        "type": f"/api/problems/{problem.code}",
        "title": messages.say(f"errors.{problem.code}", spoken, **problem.params),
        "status": problem.status,
        "code": problem.code,
        "request_id": g.get("request_id", ""),
    }
    if problem.errors:
        body["errors"] = {
            field: [_field_error(code, spoken) for code in codes]
            for field, codes in problem.errors.items()
        }
    response = Response(orjson.dumps(body), problem.status, content_type=PROBLEM_TYPE)
    response.headers["Content-Language"] = spoken
    response.headers["Cache-Control"] = "no-store"
    for name, value in problem.headers.items():
        response.headers[name] = value
    return response


def _from_http(error: HTTPException) -> WerkzeugResponse:
    status = error.code or 500
    if status < 400:  # noqa: PLR2004 - a redirect is no problem
        return error.get_response()
    kept = {
        name: value
        for name, value in error.get_headers()
        if name in {"Allow", "Retry-After", "WWW-Authenticate", "Content-Range"}
    }
    code = _HTTP_CODES.get(status, "internal" if status >= 500 else "bad_request")  # noqa: PLR2004 - server side
    return answer(Problem(code, status=status, headers=kept))


def from_database(error: DBAPIError) -> Problem | None:
    """Return the problem that a database error means for the caller, None for a defect."""
    state = getattr(error.orig, "sqlstate", None)
    constraint = getattr(getattr(error.orig, "diag", None), "constraint_name", None)
    if isinstance(error, IntegrityError) and constraint in CONSTRAINTS:
        return Conflict(CONSTRAINTS[constraint])
    if state in _FULL_STATES:
        return Unavailable("storage_full", status=507)
    if state in _BUSY_STATES:
        return Unavailable("busy")
    if error.connection_invalidated or state in _GONE_STATES:
        return Unavailable()
    if state is None and type(error.orig).__name__ == "OperationalError":
        return Unavailable()
    return None


def _from_unforeseen(error: Exception) -> Response:
    problem = None
    if isinstance(error, DBAPIError):
        problem = from_database(error)
    elif isinstance(error, PoolTimeout):
        problem = Unavailable("busy")
    if problem is None:
        LOG.error("unforeseen_error", error=type(error).__name__, exc_info=error)
        problem = Problem("internal", status=500)
    return answer(problem)


def install(app: Flask) -> None:
    """Answer every error of ``app`` as a problem."""
    app.register_error_handler(Problem, answer)
    app.register_error_handler(HTTPException, _from_http)
    app.register_error_handler(Exception, _from_unforeseen)
