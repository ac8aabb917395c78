"""What goes over the wire: bodies and queries read strictly, answers and entity tags written."""

import hashlib
from typing import Any

import orjson
from flask import Response, request
from marshmallow import Schema, ValidationError

from handbook import errors
from handbook.errors import Invalid, Problem

JSON_TYPE = "application/json"


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
