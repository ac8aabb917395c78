"""The application factory: settings in, a running house out; alone in importing routes."""

import uuid
from datetime import timedelta
from typing import Any

import orjson
from flask import Response, g, request
from flask.json.provider import JSONProvider
from flask_jwt_extended import JWTManager
from werkzeug.middleware.proxy_fix import ProxyFix

from handbook import database, errors, http, logs, openapi, policies, sealing
from handbook.accounts.routes import routes as accounts_routes
from handbook.config import Settings
from handbook.documents.catalogue_routes import routes as catalogue_routes
from handbook.documents.routes import routes as documents_routes
from handbook.files.storage import LocalStore
from handbook.health.routes import routes as health_routes
from handbook.http import Handbook
from handbook.meetings.routes import routes as meetings_routes
from handbook.notifications.routes import routes as notifications_routes
from handbook.organisation.routes import routes as organisation_routes
from handbook.reading.routes import acknowledgements as acknowledgements_routes
from handbook.reading.routes import routes as reading_routes
from handbook.reports.routes import routes as reports_routes
from handbook.sealing import Sealer
from handbook.studies.routes import routes as studies_routes
from handbook.sync.routes import routes as sync_routes

_SAFE_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
}


class OrjsonProvider(JSONProvider):
    """JSON by orjson: UTF-8 without escapes."""

    def dumps(self, obj: Any, **_kwargs: Any) -> str:
        """Return ``obj`` as JSON text."""
        return orjson.dumps(obj).decode()

    def loads(self, s: str | bytes, **_kwargs: Any) -> Any:
        """Return the value of a JSON text."""
        return orjson.loads(s)


def create_app(settings: Settings, database_url: str) -> Handbook:
    """Return the application bound to the database at ``database_url``.

    Nothing is connected or started. Raises PolicyMissingError when a route declares no policy.
    """
    app = Handbook("handbook")
    app.json = OrjsonProvider(app)
    _configure(app, settings)
    database.install(app, settings, database_url)
    errors.install(app)
    JWTManager(app)
    http.limiter.init_app(app)
    _install_request_hooks(app)
    api = openapi.install(app)
    for routes in FEATURES:
        api.register_blueprint(routes)
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops)  # type: ignore[method-assign]  # Flask's own recipe
    return app


FEATURES: tuple[http.Routes, ...] = (
    acknowledgements_routes,
    reading_routes,
    sync_routes,
    documents_routes,
    catalogue_routes,
    health_routes,
    accounts_routes,
    meetings_routes,
    notifications_routes,
    organisation_routes,
    studies_routes,
    reports_routes,
)


def _configure(app: Handbook, settings: Settings) -> None:
    app.config.update(
        JWT_SECRET_KEY=sealing.derive(settings.secret_key, "access token").hex(),
        JWT_ACCESS_TOKEN_EXPIRES=timedelta(minutes=settings.access_minutes),
        JWT_REFRESH_TOKEN_EXPIRES=timedelta(days=settings.refresh_days),
        JWT_COOKIE_CSRF_PROTECT=False,  # no cookies here; the claim would be drawn at random
        CURSOR_KEY=sealing.derive(settings.secret_key, "cursor"),
        RATELIMIT_STORAGE_URI=settings.rate_limit_storage,
        RATELIMIT_ENABLED=settings.rate_limits,
        RATELIMIT_HEADERS_ENABLED=False,
        MAX_CONTENT_LENGTH=policies.BODY_MAX,
        MAX_FORM_PARTS=20,
    )
    app.extensions["handbook_settings"] = settings
    app.extensions["handbook_sealer"] = Sealer(
        settings.sealing_keys, settings.sealing_current, settings.blind_key
    )
    app.extensions["handbook_files"] = LocalStore(settings.files_dir)


def _install_request_hooks(app: Handbook) -> None:
    @app.before_request
    def name_request() -> None:
        given = request.headers.get("X-Request-Id", "")
        known = 8 <= len(given) <= 64 and given.isascii() and given.replace("-", "").isalnum()  # noqa: PLR2004 - an id's length
        g.request_id = given if known else uuid.uuid4().hex
        logs.bind_request(g.request_id)

    @app.after_request
    def set_headers(response: Response) -> Response:
        response.headers["X-Request-Id"] = g.get("request_id", "")
        for name, value in _SAFE_HEADERS.items():
            response.headers.setdefault(name, value)
        response.headers.setdefault("Cache-Control", "private, no-store")
        response.vary.update(("Authorization", "Accept-Language"))
        return response
