"""Routes and their policies: what every door of the house declares, and how a request passes it.

``Routes`` registers a view with its policy, its schemas and its documentation in one decorator.
``Handbook`` refuses to start with a route that declares no policy, and opens the transaction the
policy asks for around the view: the view returns → commit; it raises → rollback → problem.
"""

import hashlib
import math
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

import orjson
from flask import Flask, Response, current_app, g, request
from flask.typing import ResponseReturnValue
from flask_jwt_extended import decode_token
from flask_jwt_extended.exceptions import JWTExtendedException
from flask_limiter import Limiter, RateLimitExceeded
from flask_limiter.util import get_remote_address
from flask_smorest import Blueprint
from jwt.exceptions import ExpiredSignatureError, PyJWTError
from marshmallow import Schema, ValidationError

from handbook import access, clock, database, errors, idempotency
from handbook.access import Actor, Permission
from handbook.config import Settings
from handbook.database import Transaction
from handbook.errors import Invalid, Problem, Unauthenticated

BODY_MAX = 1 << 20
UPLOAD = -1
JSON_TYPE = "application/json"
RATE_SECONDS = 60
View = Callable[..., Any]

limiter = Limiter(get_remote_address, strategy="moving-window", in_memory_fallback_enabled=True)
RATES = {"sign_in": "120 per minute", "upload": "60 per minute"}


@dataclass(frozen=True)
class Policy:
    """What a route demands and does; shown as ``x-policy`` in the OpenAPI document.

    ``scope`` says over what the permission is asked: ``none``, ``self`` (own rows), ``unit`` (a
    subtree of a position) or ``buckets`` (what is addressed to the actor). ``idempotency`` is
    ``none`` (safe or replayable by nature), ``key`` (Idempotency-Key demanded), ``client_id`` (the
    client makes the id) or ``own`` (its own replay rule). ``audit`` names the line that is written.
    ``body_max`` is in bytes; ``UPLOAD`` stands for a file as large as the settings allow.
    """

    permission: Permission
    scope: str = "self"
    transaction: Transaction = Transaction.SNAPSHOT
    audit: str | None = None
    idempotency: str = "none"
    rate: str | None = None
    cache: str = "no-store"
    body_max: int | None = field(default=None, compare=False)

    def described(self) -> dict[str, Any]:
        """Return the policy as plain values for the OpenAPI document."""
        return {
            "permission": str(self.permission),
            "scope": self.scope,
            "transaction": str(self.transaction),
            "audit": self.audit,
            "idempotency": self.idempotency,
            "rate": RATES[self.rate] if self.rate else None,
            "cache": self.cache,
        }


def policy_of(view: View) -> Policy:
    """Return the policy that ``view`` declares."""
    found: Policy = vars(view)["policy"]
    return found


def _is_policed(view: object) -> bool:
    return isinstance(getattr(view, "__dict__", {}).get("policy"), Policy)


class PolicyMissingError(Exception):
    """A route was added without a policy; the program does not start."""


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
                    arguments.append(read_query(query_schema))
                if body_schema:
                    arguments.append(read_body(body_schema))
                result = view(*arguments, **path)
                return result if isinstance(result, Response) else dump(out_schema, result, status)

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
        for code in sorted(_statuses(method, rule, policy, has_input=has_input) | set(problems)):
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
        arguments.extend(_headers(policy))
        return found


class _ProblemRef:
    """The problem schema by reference; set here so that every operation names one component."""

    schema = "Problem"


_FILE = {"type": "string", "format": "binary"}
_KEY_HEADER = {
    "in": "header",
    "name": "Idempotency-Key",
    "required": True,
    "schema": {"type": "string", "minLength": 8, "maxLength": 128, "pattern": "^[!-~]+$"},
    "description": "Made by the client, kept 30 days: a retry gets the same answer.",
}
_MATCH_HEADER = {
    "in": "header",
    "name": "If-Match",
    "required": True,
    "schema": {"type": "string", "minLength": 1},
    "description": "The ETag of the state that is to be changed.",
}
_NONE_MATCH_HEADER = {
    "in": "header",
    "name": "If-None-Match",
    "required": False,
    "schema": {"type": "string", "minLength": 1},
    "description": "The ETag already at hand: 304 if it is still the newest.",
}


def _headers(policy: Policy) -> list[dict[str, Any]]:
    """Return the headers, as OpenAPI parameters, that follow from a policy."""
    found = []
    if policy.idempotency == "key":
        found.append(_KEY_HEADER)
    if policy.cache == "if-match":
        found.append(_MATCH_HEADER)
    if policy.cache == "etag":
        found.append(_NONE_MATCH_HEADER)
    return found


def _statuses(method: str, rule: str, policy: Policy, *, has_input: bool) -> set[int]:
    """Return the problem statuses that follow from what a route declares."""
    found = {400, 503}
    if policy.permission is not Permission.ANYONE:
        found |= {401}
    if policy.permission not in {Permission.ANYONE, Permission.SIGNED_IN}:
        found |= {403}
    if "<" in rule:
        found |= {404}
    if has_input:
        found |= {422}
    if method in {"POST", "PUT", "PATCH"}:
        found |= {409, 413, 415, 422, 507}
    if method == "DELETE":
        found |= {409}
    if policy.idempotency == "key":
        found |= {409, 422, 428}
    if policy.cache == "if-match":
        found |= {412, 428}
    if policy.rate:
        found |= {429}
    return found


def read_body(schema: Schema) -> Any:
    """Return the JSON body loaded by ``schema``; raise 415, 400 or 422."""
    if request.mimetype != JSON_TYPE:
        raise Problem("unsupported_media_type", status=415)
    try:
        raw = orjson.loads(request.get_data(cache=True))
    except orjson.JSONDecodeError:
        raise Problem("unreadable_body") from None
    return _load(schema, raw)


def read_query(schema: Schema) -> Any:
    """Return the query string loaded by ``schema``; a repeated or unknown name is refused."""
    repeated = {name: ["duplicate"] for name, found in request.args.lists() if len(found) > 1}
    if repeated:
        raise Invalid(errors=repeated)
    return _load(schema, request.args.to_dict())


def read_form(schema: Schema) -> Any:
    """Return the text fields of a multipart body loaded by ``schema``."""
    if request.mimetype != "multipart/form-data":
        raise Problem("unsupported_media_type", status=415)
    return _load(schema, request.form.to_dict())


def _load(schema: Schema, raw: Any) -> Any:
    try:
        return schema.load(raw)
    except ValidationError as error:
        raise Invalid(errors=dict(errors.flatten(error.messages))) from None


def dump(schema: Schema | None, result: Any, status: int) -> Response:
    """Return ``result`` dumped by ``schema`` as JSON; None without a schema is 204."""
    if schema is None:
        return no_content()
    return json_response(schema.dump(result), status)


def no_content() -> Response:
    """Return a 204, which has no body and so no type of one."""
    response = Response(status=204)
    response.headers.pop("Content-Type", None)
    return response


def json_response(plain: Any, status: int = 200) -> Response:
    """Return plain values as a JSON response."""
    return Response(orjson.dumps(plain), status, content_type=JSON_TYPE)


def tag_of(*pieces: object) -> str:
    """Return a strong entity tag over ``pieces``, without quotes."""
    joined = "\x1f".join(str(piece) for piece in pieces)
    return hashlib.blake2b(joined.encode(), digest_size=16).hexdigest()


def unchanged(tag: str) -> Response | None:
    """Return a 304 when the request's If-None-Match names ``tag``, else None."""
    if request.if_none_match and request.if_none_match.contains_weak(tag):
        return with_tag(Response(status=304), tag)
    return None


def with_tag(response: Response, tag: str) -> Response:
    """Return the response with its ETag, revalidated by its owner only."""
    response.set_etag(tag)
    response.headers["Cache-Control"] = "private, no-cache"
    return response


def demand_match(revision: int) -> None:
    """Raise 428 without If-Match, 412 unless it names ``revision`` of the resource."""
    if not request.if_match:
        raise Problem("precondition_required", status=428)
    if not request.if_match.contains(str(revision)):
        raise Problem("precondition_failed", status=412)


class _Tokens:
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
        self.tokens = _Tokens()

    def add_url_rule(
        self,
        rule: str,
        endpoint: str | None = None,
        view_func: Any = None,
        provide_automatic_options: bool | None = None,  # noqa: ARG002, FBT001  # Flask's own
        **options: Any,
    ) -> None:
        """Register a route; raise PolicyMissingError if its view declares no policy."""
        if not _is_policed(view_func):
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
