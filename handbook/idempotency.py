"""Kept answers: a create that is retried with the same Idempotency-Key happens once.

The answer is sealed and committed with the change itself, kept for 30 days and given again to the
same key, route and body; another body under the same key is refused.
"""

import hashlib
import re
from datetime import timedelta

import orjson
from flask import Response, current_app, request
from sqlalchemy import delete, insert, select, text
from sqlalchemy.orm import Session

from handbook import clock
from handbook.access import Actor
from handbook.errors import Conflict, Invalid, Problem
from handbook.sealing import Sealer
from models import KeptAnswer

KEPT = timedelta(days=30)
_KEY = re.compile(r"[\x21-\x7e]{8,128}")
_LOCK = text("SELECT pg_try_advisory_xact_lock(hashtextextended(:key, 0))")


def demand_key() -> str:
    """Return the request's Idempotency-Key; raise 428 if missing, 422 if it is of no use."""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        raise Problem("idempotency_key_required", status=428)
    if not _KEY.fullmatch(key):
        raise Invalid(errors={"Idempotency-Key": ["format"]})
    return key


def _fingerprint() -> bytes:
    digest = hashlib.sha256()
    digest.update(f"{request.method} {request.path}?".encode())
    digest.update(request.query_string + b"\n")
    if request.mimetype == "multipart/form-data":
        _digest_form(digest)
    else:
        digest.update(request.get_data(cache=True))
    return digest.digest()


def _digest_form(digest: "hashlib._Hash") -> None:
    """Digest the fields and files: a retry draws another multipart boundary."""
    for name, value in sorted(request.form.items(multi=True)):
        digest.update(f"{name}={value}\n".encode())
    for name, file in sorted(request.files.items(multi=True), key=lambda pair: pair[0]):
        digest.update(f"{name}:{file.filename}\n".encode())
        file.stream.seek(0)  # the view may have read it
        while chunk := file.stream.read(1 << 16):
            digest.update(chunk)
        file.stream.seek(0)


def _sealer() -> Sealer:
    sealer: Sealer = current_app.extensions["handbook_sealer"]
    return sealer


def find_answer(session: Session, actor: Actor, key: str) -> Response | None:
    """Return the answer kept under ``key``, None when the create is still to be done.

    Raises 409 while another request with this key is in flight, 422 when the body differs.
    """
    if not session.execute(_LOCK, {"key": f"{actor.account_id}:{key}"}).scalar_one():
        raise Conflict("idempotency_in_flight", headers={"Retry-After": "1"})
    kept = session.execute(
        select(KeptAnswer.fingerprint, KeptAnswer.status, KeptAnswer.answer_sealed).where(
            KeptAnswer.account_id == actor.account_id, KeptAnswer.key == key
        )
    ).one_or_none()
    if kept is None:
        return None
    if kept.fingerprint != _fingerprint():
        raise Invalid("idempotency_mismatch")
    held = orjson.loads(_sealer().open(kept.answer_sealed, bind=_bind(actor, key)))
    response = Response(held["body"], kept.status, content_type=held["type"])
    for name, value in held["headers"]:
        response.headers[name] = value
    response.headers["Idempotent-Replayed"] = "true"
    return response


def keep_answer(session: Session, actor: Actor, key: str, response: Response) -> None:
    """Keep a successful answer under ``key`` in the transaction of the change."""
    held = {
        "body": response.get_data(as_text=True),
        "type": response.content_type,
        "headers": [pair for pair in response.headers if pair[0] in {"Location", "ETag"}],
    }
    sealed = _sealer().seal(orjson.dumps(held).decode(), bind=_bind(actor, key))
    session.execute(
        insert(KeptAnswer).values(
            account_id=actor.account_id,
            key=key,
            fingerprint=_fingerprint(),
            status=response.status_code,
            answer_sealed=sealed,
        )
    )


def purge(session: Session) -> int:
    """Delete answers older than 30 days; return how many."""
    old = delete(KeptAnswer).where(KeptAnswer.created_at < clock.now() - KEPT)
    return len(session.execute(old.returning(KeptAnswer.key)).all())


def _bind(actor: Actor, key: str) -> str:
    return f"kept_answer.answer:{actor.account_id}:{key}"
