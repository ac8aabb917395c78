"""How the fake FCM of ``tests.support.fcm`` can treat a request."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

_FCM_ERROR = "type.googleapis.com/google.firebase.fcm.v1.FcmError"


@dataclass(frozen=True)
class Behaviour:
    """How one request is treated: its answer, after how long, or no answer at all.

    ``body`` None means the usual success. ``drop`` closes the connection once the request has been
    received and counted.
    """

    status: int = 200
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_seconds: float = 0.0
    drop: bool = False


def error(
    status: int, code: str, fcm_code: str | None = None, headers: Mapping[str, str] | None = None
) -> Behaviour:
    """Return an error in the form of Google's interfaces, with FCM's own code if there is one."""
    details = [{"@type": _FCM_ERROR, "errorCode": fcm_code}] if fcm_code else []
    said = {"code": status, "message": f"fake {code}", "status": code, "details": details}
    return Behaviour(status, json.dumps({"error": said}).encode(), headers or {})


def throttled(retry_after: str | None = None, **headers: str) -> Behaviour:
    """Return a 429, with the text of Retry-After if given and any further headers."""
    named = {"Retry-After": retry_after} if retry_after is not None else {}
    return error(429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED", {**named, **headers})


def slow(seconds: float) -> Behaviour:
    """Return a success that comes ``seconds`` late."""
    return Behaviour(delay_seconds=seconds)


OK = Behaviour()
UNREGISTERED = error(404, "NOT_FOUND", "UNREGISTERED")
SENDER_ID_MISMATCH = error(403, "PERMISSION_DENIED", "SENDER_ID_MISMATCH")
INVALID_ARGUMENT = error(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT")
UNAUTHENTICATED = error(401, "UNAUTHENTICATED")
THIRD_PARTY_AUTH = error(401, "UNAUTHENTICATED", "THIRD_PARTY_AUTH_ERROR")
PERMISSION_DENIED = error(403, "PERMISSION_DENIED")
NOT_FOUND = error(404, "NOT_FOUND")
INTERNAL = error(500, "INTERNAL", "INTERNAL")
UNAVAILABLE = error(503, "UNAVAILABLE", "UNAVAILABLE")
DROP = Behaviour(drop=True)

BY_NAME: Mapping[str, Behaviour] = {
    "unregistered": UNREGISTERED,
    "mismatch": SENDER_ID_MISMATCH,
    "invalid": INVALID_ARGUMENT,
    "unauthenticated": UNAUTHENTICATED,
    "internal": INTERNAL,
    "unavailable": UNAVAILABLE,
    "throttled": throttled("1"),
    "drop": DROP,
    "slow": slow(30.0),
}
