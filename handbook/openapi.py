"""The OpenAPI document: made from the code, served at /api/openapi.json, with a page to read it."""

from functools import cache
from importlib import resources
from typing import Any

import orjson
import yaml
from flask import Flask, Response, current_app
from flask_smorest import Api
from marshmallow import fields as plain

from handbook import fields
from handbook.access import Permission
from handbook.database import Transaction
from handbook.errors import NotFound
from handbook.policies import Policy
from handbook.wire import tag_of, unchanged, with_tag

VERSION = "0.1.0"
OPEN = Policy(Permission.ANYONE, scope="none", transaction=Transaction.NONE, cache="public")
_ASSETS = {
    "swagger-ui.css": "text/css; charset=utf-8",
    "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "start.js": "text/javascript; charset=utf-8",
}
_SERVED = "handbook_document"
_NOT_OURS = ("Error", "PaginationMetadata")  # flask-smorest's, which nothing here refers to
# Swagger UI writes style attributes; scripts come from our own files only.
_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)


class FieldErrorOut(fields.Schema):
    """One fault of one field."""

    code = plain.String(required=True)
    message = plain.String(required=True)


class ProblemOut(fields.Schema):
    """A problem (RFC 9457): ``title`` is for the person, ``code`` for the phone."""

    type = plain.String(required=True)
    title = plain.String(required=True)
    status = plain.Integer(required=True)
    code = plain.String(required=True)
    request_id = plain.String(required=True)
    errors = plain.Dict(
        keys=plain.String(), values=plain.List(plain.Nested(FieldErrorOut)), required=False
    )


class HandbookApi(Api):
    """flask-smorest without its own errors and pages: those are ours."""

    DEFAULT_ERROR_RESPONSE_NAME = None  # an answer that is not documented is a defect

    def _register_error_handlers(self) -> None:
        """Leave errors to ``handbook.errors``, which keeps headers and writes problem+json."""

    def _register_doc_blueprint(self) -> None:
        """Leave the pages to ``install``, whose routes carry a policy."""


def install(app: Flask) -> HandbookApi:
    """Return the API to register features on; serves the document and its page on ``app``."""
    app.config.update(
        API_TITLE="Sổ tay Đảng viên",
        API_VERSION=VERSION,
        OPENAPI_VERSION="3.1.0",
        API_SPEC_OPTIONS={
            "info": {
                "description": "Documents, study and meetings for Party members' phones.",
                "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
            },
            "servers": [{"url": "/"}],
        },
    )
    api = HandbookApi(app)
    api.spec.components.security_scheme(
        "bearer", {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    )
    api.spec.components.schema("Problem", schema=ProblemOut)
    for rule, view in (
        ("/api/openapi.json", document),
        ("/api/docs", page),
        ("/api/docs/<path:name>", asset),
    ):
        vars(view)["policy"] = OPEN
        app.add_url_rule(rule, f"openapi.{view.__name__}", view, methods=["GET"])
    app.extensions["handbook_api"] = api
    return api


def as_dict(app: Flask) -> dict[str, Any]:
    """Return the document of ``app`` as plain values."""
    found: dict[str, Any] = orjson.loads(
        orjson.dumps(app.extensions["handbook_api"].spec.to_dict(), option=orjson.OPT_NON_STR_KEYS)
    )
    for name in _NOT_OURS:
        found["components"]["schemas"].pop(name, None)
    for path in found["paths"].values():
        operations = [each for name, each in path.items() if name != "parameters"]
        for parameter in [each for one in operations for each in one.get("parameters", ())]:
            _drop_null(parameter["schema"])
    return found


def _drop_null(schema: dict[str, Any]) -> None:
    """Take null from the types of a parameter: a query string cannot hold it."""
    if isinstance(schema.get("type"), list):
        schema["type"] = next(one for one in schema["type"] if one != "null")
    if "enum" in schema:
        schema["enum"] = [one for one in schema["enum"] if one is not None]
    if "default" in schema and schema["default"] is None:
        del schema["default"]


def as_yaml(app: Flask) -> str:
    """Return the document as YAML with sorted keys, the form kept in the repository."""
    return str(yaml.safe_dump(as_dict(app), allow_unicode=True, sort_keys=True, width=100))


def document() -> Response:
    """Serve the document."""
    kept = current_app.extensions
    if _SERVED not in kept:
        body = orjson.dumps(as_dict(current_app))
        kept[_SERVED] = (body, tag_of(body))
    body, tag = kept[_SERVED]
    return unchanged(tag) or with_tag(Response(body, content_type="application/json"), tag)


def page() -> Response:
    """Serve the page that shows the document; it names its assets relative to itself."""
    return _file("index.html", "text/html; charset=utf-8")


def asset(name: str) -> Response:
    """Serve a vendored file of the page."""
    if name not in _ASSETS:
        raise NotFound
    return _file(name, _ASSETS[name])


def _file(name: str, content_type: str) -> Response:
    body, tag = _read(name)
    response = unchanged(tag) or with_tag(Response(body, content_type=content_type), tag)
    response.headers["Content-Security-Policy"] = _CSP
    response.headers["Cache-Control"] = "public, no-cache"
    return response


@cache
def _read(name: str) -> tuple[bytes, str]:
    """Return a file of the page and its entity tag."""
    body = (resources.files("handbook") / "swagger" / name).read_bytes()
    return body, tag_of(body)
