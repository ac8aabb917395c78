"""Routes and their policies: what every door of the house declares, and how a request passes it.

``Routes`` registers a view with its policy, its schemas and its documentation in one decorator.
``Handbook`` refuses to start with a route that declares no policy, and opens the transaction the
policy asks for around the view: the view returns → commit; it raises → rollback → problem.
"""

import math
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from flask import Flask, Response, current_app, g, request
from flask.typing import ResponseReturnValue
from flask_jwt_extended import decode_token
from flask_jwt_extended.exceptions import JWTExtendedException
from flask_limiter import Limiter, RateLimitExceeded
from flask_limiter.util import get_remote_address
from flask_smorest import Blueprint
from jwt.exceptions import ExpiredSignatureError, PyJWTError
from marshmallow import Schema

from handbook import access, clock, database, errors, idempotency, wire
from handbook.access import Actor, Permission
from handbook.config import Settings
from handbook.errors import Problem, Unauthenticated
from handbook.policies import (
    BODY_MAX,
    RATES,
    UPLOAD,
    Policy,
    PolicyMissingError,
    View,
    headers_of,
    is_policed,
    policy_of,
    problems_of,
)

RATE_SECONDS = 60

limiter = Limiter(get_remote_address, strategy="moving-window", in_memory_fallback_enabled=True)


class Routes(Blueprint):
    """The blueprint of a feature. Views take the actor first, then query, body, path parameters."""

    def __init__(self, name: str, import_name: str, *, prefix: str, description: str) -> None:
        """Stand under ``/api/v1`` + ``prefix``."""
        super().__init__(name, import_name, url_prefix=f"/api/v1{prefix}", description=description)

    def get(self, rule: str, **declared: Any) -> Callable[[View], View]:
        """Declare a GET; see ``declare``."""
        return self.declare("GET", rule, **declared)

    def post(self, rule: str, **declared: Any) -> Callable[[View], View]:
        """Declare a POST; see ``declare``."""
        return self.declare("POST", rule, **declared)

    def put(self, rule: str, **declared: Any) -> Callable[[View], View]:
        """Declare a PUT; see ``declare``."""
        return self.declare("PUT", rule, **declared)

    def patch(self, rule: str, **declared: Any) -> Callable[[View], View]:
        """Declare a PATCH; see ``declare``."""
        return self.declare("PATCH", rule, **declared)

    def delete(self, rule: str, **declared: Any) -> Callable[[View], View]:
        """Declare a DELETE; see ``declare``."""
        return self.declare("DELETE", rule, **declared)

    def declare(  # noqa: PLR0913 - each says a thing of its own
        self,
        method: str,
        rule: str,
        *,
        policy: Policy,
        out: type[Schema] | None = None,
        status: int = 200,
        query: type[Schema] | None = None,
        body: type[Schema] | None = None,
        files: type[Schema] | None = None,
        problems: tuple[int, ...] = (),
        also: Mapping[int, str] | None = None,
        content_type: str | None = None,
    ) -> Callable[[View], View]:
        """Register a view under ``rule`` with its policy and schemas.

        ``out`` dumps what the view returns (a Response passes as it is; None gives 204). ``files``
        documents a multipart body, read by the view from ``request.files`` and ``request.form``.
        ``problems`` adds statuses beyond those that follow from the policy and schemas; ``also``
        documents further successes such as 206 and 304.
        """
        query_schema = query() if query else None
        body_schema = body() if body else None
        out_schema = out() if out else None

        def decorator(view: View) -> View:
            @wraps(view)
            def serve(**path: Any) -> ResponseReturnValue:
                arguments: list[Any] = []
                if policy.permission is not Permission.ANYONE:
                    arguments.append(g.actor)
                if query_schema:
                    arguments.append(wire.read_query(query_schema))
                if body_schema:
                    arguments.append(wire.read_body(body_schema))
                result = view(*arguments, **path)
                return (
                    result
                    if isinstance(result, Response)
                    else wire.dump(out_schema, result, status)
                )

            vars(serve).update(
                policy=policy,
                schemas=(query, body or files, out),
                _apidoc=self._documented(
                    view,
                    method,
                    rule,
                    policy,
                    query,
                    body,
                    files,
                    out,
                    status,
                    problems,
                    also,
                    content_type,
                ),
            )
            self.add_url_rule(rule, view.__name__, serve, methods=[method])
            return view

        return decorator

    def _documented(  # noqa: PLR0913, PLR0917 - one call, in the order of declare
        self,
        view: View,
        method: str,
        rule: str,
        policy: Policy,
        query: type[Schema] | None,
        body: type[Schema] | None,
        files: type[Schema] | None,
        out: type[Schema] | None,
        status: int,
        problems: tuple[int, ...],
        also: Mapping[int, str] | None,
        content_type: str | None,
    ) -> Any:
        """Return flask-smorest's documentation of the view."""

        def stub() -> None: ...

        stub.__doc__ = view.__doc__
        shown = out if out or not content_type else dict(_FILE)
        documented: Any = self.response(status, shown, content_type=content_type)(stub)
        for code, meaning in (also or {}).items():
            documented = self.alt_response(code, description=meaning)(documented)
        if query:
            documented = self.arguments(query, location="query")(documented)
        if body:
            documented = self.arguments(body, location="json")(documented)
        if files:
            documented = self.arguments(files, location="files")(documented)
        has_input = bool(query or body or files)
        for code in sorted(problems_of(method, rule, policy, has_input=has_input) | set(problems)):
            documented = self.alt_response(
                code, schema=_ProblemRef.schema, content_type=errors.PROBLEM_TYPE
            )(documented)
        documented = self.doc(
            **{
                "x-policy": policy.described(),
                "operationId": f"{self.name}.{view.__name__}",
                "security": [] if policy.permission is Permission.ANYONE else [{"bearer": []}],
            }
        )(documented)
        found = documented._apidoc  # noqa: SLF001 - flask-smorest's own mark
        arguments = found.setdefault("arguments", {}).setdefault("parameters", [])
        arguments.extend(headers_of(policy))
        return found


class _ProblemRef:
    """The problem schema by reference; set here so that every operation names one component."""

    schema = "Problem"


_FILE = {"type": "string", "format": "binary"}


class Tokens:
    """Verified access tokens, text → claims: a signature is checked once, the expiry every time."""

    LIMIT = 20_000

    def __init__(self) -> None:
        self._known: dict[str, tuple[uuid.UUID, uuid.UUID, float]] = {}
        self._lock = threading.Lock()

    def verify(self, token: str) -> tuple[uuid.UUID, uuid.UUID]:
        """Return (session id, account id) of a good access token; raise Unauthenticated."""
        found = self._known.get(token)
        if found is None:
            found = self._decode(token)
            with self._lock:
                if len(self._known) >= self.LIMIT:
                    self._known.clear()
                self._known[token] = found
        if found[2] <= clock.now().timestamp():
            raise Unauthenticated("expired_token")
        return found[0], found[1]

    @staticmethod
    def _decode(token: str) -> tuple[uuid.UUID, uuid.UUID, float]:
        try:
            claims = decode_token(token)
            if claims["type"] != "access":
                raise Unauthenticated("bad_token")
            return uuid.UUID(claims["sid"]), uuid.UUID(claims["sub"]), float(claims["exp"])
        except ExpiredSignatureError:
            raise Unauthenticated("expired_token") from None
        except (PyJWTError, JWTExtendedException, KeyError, ValueError, TypeError):
            raise Unauthenticated("bad_token") from None


class Handbook(Flask):
    """The application: policies at the door, one transaction around each view."""

    def __init__(self, import_name: str) -> None:
        """Start without static files; every route must come with a policy."""
        super().__init__(import_name, static_folder=None)
        self.tokens = Tokens()

    def add_url_rule(
        self,
        rule: str,
        endpoint: str | None = None,
        view_func: Any = None,
        provide_automatic_options: bool | None = None,  # noqa: ARG002, FBT001  # Flask's own
        **options: Any,
    ) -> None:
        """Register a route; raise PolicyMissingError if its view declares no policy."""
        if not is_policed(view_func):
            message = f"the route {rule!r} declares no policy; use Routes.get, .post, …"
            raise PolicyMissingError(message)
        super().add_url_rule(rule, endpoint, view_func, provide_automatic_options=False, **options)

    def dispatch_request(self) -> Any:
        """Open the transaction of the route's policy and serve the request inside it."""
        if request.routing_exception is not None:
            self.raise_routing_exception(request)
        view = self.view_functions[request.endpoint or ""]
        policy = policy_of(view)
        if policy.rate is not None and self.config["RATELIMIT_ENABLED"]:
            _count(policy.rate)
        claims = self._claims(policy)
        self._read_input(policy)
        with database.transaction(self, policy.transaction):
            if claims:
                g.actor = access.load_actor(database.executor(), *claims)
                _demand(g.actor, policy)
            return _with_idempotency(policy, view)

    def _claims(self, policy: Policy) -> tuple[uuid.UUID, uuid.UUID] | None:
        if policy.permission is Permission.ANYONE:
            return None
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Unauthenticated
        return self.tokens.verify(token.strip())

    @staticmethod
    def _read_input(policy: Policy) -> None:
        """Read the whole body before the transaction: a slow sender must not hold a connection."""
        request.max_content_length = most = _most_bytes(policy)
        if request.method in {"GET", "HEAD", "DELETE"}:
            return
        if request.mimetype == "multipart/form-data":
            _ = request.files
        elif len(request.get_data(cache=True)) >= most and request.content_length is None:
            # Werkzeug cuts a body without a length at the cap and says nothing.
            raise Problem("payload_too_large", status=413)


def _most_bytes(policy: Policy) -> int:
    if policy.body_max == UPLOAD:
        settings: Settings = current_app.extensions["handbook_settings"]
        return settings.upload_max_bytes + BODY_MAX
    return policy.body_max or BODY_MAX


def _counter(rate: str) -> Callable[[], None]:
    """Return the function that counts a request of a rate class.

    Each has a name of its own: the extension keeps limits by the name of the function.
    """

    def count() -> None: ...

    count.__qualname__ = f"count_{rate}"
    counted: Callable[[], None] = limiter.shared_limit(RATES[rate], scope=rate)(count)
    return counted


_COUNTERS = {rate: _counter(rate) for rate in RATES}


def _count(rate: str) -> None:
    """Count a request of a rate class; raise 429 with Retry-After once it is used up."""
    try:
        _COUNTERS[rate]()
    except RateLimitExceeded:
        current = limiter.current_limit
        wait = math.ceil(current.reset_at - time.time()) if current else RATE_SECONDS
        headers = {"Retry-After": str(min(max(wait, 1), RATE_SECONDS))}
        raise Problem("too_many_requests", status=429, headers=headers) from None


def _demand(actor: Actor, policy: Policy) -> None:
    if policy.permission is Permission.SIGNED_IN or policy.scope == "buckets":
        return
    if not actor.holds_any(policy.permission):
        raise errors.Forbidden


def _with_idempotency(policy: Policy, view: View) -> Response:
    if policy.idempotency != "key":
        return current_app.make_response(view(**(request.view_args or {})))
    key = idempotency.demand_key()
    session = database.session()
    kept = idempotency.find_answer(session, g.actor, key)
    if kept is not None:
        return kept
    response = current_app.make_response(view(**(request.view_args or {})))
    idempotency.keep_answer(session, g.actor, key, response)
    return response
