"""Push through Firebase Cloud Messaging: the only module that speaks to it.

firebase-admin is used for what it knows (the form of a message, the meaning of an error) and held
back where it would surprise a dispatcher: it retries 500 and 503 four times, repeats a request
whose answer was lost, sleeps for hours on Retry-After, and when the access token cannot be renewed
inside one of its threads it throws away the results of the whole batch. So each sender brings its
own HTTP session: one request for each message, and the token renewed between slices.
"""

import functools
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import firebase_admin
import google.auth.exceptions
import google.auth.transport.requests
import requests
import structlog
from firebase_admin import _http_client, credentials, exceptions, messaging
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from push.sender import Kind, Message, Outcome

SLICE = 64
_LONGEST_TTL = timedelta(days=28)
_LONGEST_WAIT_SECONDS = 86_400.0
_TOO_MANY_REQUESTS = 429
_SHOWN = 300  # characters of an error that go to the log

# google-auth lets slip, as plain errors, what goes wrong when the answer is no token at all.
_RENEWAL_FAULTS = (google.auth.exceptions.GoogleAuthError, OSError, TypeError, ValueError)

_log = structlog.get_logger(__name__)

# The first line that fits wins: particular errors stand before the general ones they inherit from.
# A bare "not found" is a wrong project or address of the service, never a reason to forget devices.
_VERDICTS: tuple[tuple[type[Exception], Kind, str], ...] = (
    (messaging.UnregisteredError, "dead", "unregistered"),
    (messaging.SenderIdMismatchError, "dead", "sender_id_mismatch"),
    (messaging.ThirdPartyAuthError, "misconfigured", "third_party_auth"),
    (exceptions.ResourceExhaustedError, "throttled", "quota_exceeded"),
    (exceptions.InvalidArgumentError, "invalid", "invalid_argument"),
    (exceptions.UnauthenticatedError, "misconfigured", "unauthenticated"),
    (exceptions.PermissionDeniedError, "misconfigured", "permission_denied"),
    (exceptions.NotFoundError, "misconfigured", "not_found"),
    (exceptions.FailedPreconditionError, "misconfigured", "failed_precondition"),
    (exceptions.DeadlineExceededError, "retry", "timeout"),
    (exceptions.InternalError, "retry", "internal"),
    (exceptions.UnavailableError, "retry", "unavailable"),
)


class FcmSender:
    """Sends through FCM, 64 messages at a time, each with exactly one request.

    ``credentials_source`` is a service account: its parsed JSON or the path of the file. ``now``
    gives the aware instant from which lifetimes count. ``endpoint`` replaces the scheme and host
    of FCM. ``timeout_seconds`` bounds the wait for a connection and for each read.

    Raises ``OSError`` or ``ValueError`` when the service account cannot be read or lacks its
    project. Close it after use.
    """

    def __init__(
        self,
        credentials_source: Mapping[str, Any] | Path | str,
        *,
        now: Callable[[], datetime],
        endpoint: str | None = None,
        timeout_seconds: float = 10.0,
    ) -> None:
        """Read the service account; nothing is sent and no connection is opened yet."""
        certificate = _certificate(credentials_source)
        self._now = now
        self._timeout = timeout_seconds
        self._access = certificate.get_credential()
        self._renewal = threading.Lock()
        self._session = _session(self._sign)
        self._token_session = requests.Session()
        self._app = firebase_admin.initialize_app(
            certificate, {"httpTimeout": timeout_seconds}, name=f"push-{uuid.uuid4()}"
        )
        service = messaging._get_messaging_service(self._app)  # noqa: SLF001 - no public seam
        service._client = _http_client.JsonHttpClient(  # noqa: SLF001 - no public seam
            session=self._session, retries=None, timeout=timeout_seconds
        )
        if endpoint is not None:
            path = f"/v1/projects/{certificate.project_id}/messages:send"
            service._fcm_url = endpoint.rstrip("/") + path  # noqa: SLF001 - no public seam

    def send(self, messages: Sequence[Message]) -> list[Outcome]:
        """Send ``messages`` in slices of 64; see ``Sender.send`` for what may be relied on.

        Once FCM answers 429 within a slice, the slices after it are not sent: their messages are
        ``throttled`` with the longest waiting time that was named.
        """
        outcomes: list[Outcome] = []
        for start in range(0, len(messages), SLICE):
            outcomes += self._send_slice(messages[start : start + SLICE])
            throttled = [one for one in outcomes[start:] if one.kind == "throttled"]
            if throttled:
                waits = [one.retry_after_seconds for one in throttled if one.retry_after_seconds]
                rest = messages[start + SLICE :]
                return outcomes + _all(
                    rest, "throttled", "quota_exceeded", max(waits, default=None)
                )
        return outcomes

    def close(self) -> None:
        """Close the connections and forget the Firebase app; a second call does nothing."""
        if self._app is None:
            return
        self._session.close()
        self._token_session.close()
        firebase_admin.delete_app(self._app)
        self._app = None

    def _send_slice(self, messages: Sequence[Message]) -> list[Outcome]:
        refusal = self._renew()
        if refusal is not None:
            return _all(messages, *refusal)
        now = self._now()
        envelopes = [_envelope(message, now) for message in messages]
        answers = iter(self._post([one for one in envelopes if one is not None]))
        outcomes: list[Outcome] = []
        faults: dict[str, str] = {}
        for message, envelope in zip(messages, envelopes, strict=True):
            if envelope is None:
                outcomes.append(Outcome(message.id, "invalid", "malformed"))
                continue
            answer = next(answers)
            outcomes.append(_outcome(message, answer))
            if outcomes[-1].kind == "misconfigured":
                faults[outcomes[-1].reason] = str(answer.exception)[:_SHOWN]
        for reason, detail in faults.items():
            _log.error("push.misconfigured", reason=reason, detail=detail)
        if "unauthenticated" in faults:
            self._access.token = None
        return outcomes

    def _post(self, envelopes: list[messaging.Message]) -> list[messaging.SendResponse]:
        """Return the answer to each envelope, or the same error for all of them."""
        if not envelopes:
            return []
        try:
            batch = messaging.send_each(envelopes, app=self._app)
        except exceptions.FirebaseError as error:
            _log.warning("push.slice_lost", detail=str(error)[:_SHOWN])
            return [messaging.SendResponse(None, error)] * len(envelopes)
        answers: list[messaging.SendResponse] = batch.responses
        return answers

    def _renew(self) -> tuple[Kind, str] | None:
        """Make sure that the access token lasts for a slice; else say why nothing can be sent."""
        with self._renewal:
            if self._access.valid:
                return None
            transport = google.auth.transport.requests.Request(self._token_session)
            try:
                self._access.refresh(functools.partial(transport, timeout=self._timeout))
            except _RENEWAL_FAULTS as error:
                _log.warning("push.no_access_token", detail=str(error)[:_SHOWN])
                refused = isinstance(error, google.auth.exceptions.RefreshError)
                if refused and not getattr(error, "retryable", False):
                    return "misconfigured", "auth_refused"
                return "retry", "auth_unavailable"
        return None

    def _sign(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._access.token}"
        return request


def _certificate(source: Mapping[str, Any] | Path | str) -> credentials.Certificate:
    certificate = credentials.Certificate(dict(source) if isinstance(source, Mapping) else source)
    if not certificate.project_id:
        raise ValueError("the service account names no project")
    return certificate


def _session(
    sign: Callable[[requests.PreparedRequest], requests.PreparedRequest],
) -> requests.Session:
    """Return a session that asks once: only a connection that was never made is tried again."""
    retry = Retry(
        total=1,
        connect=1,
        read=False,
        status=0,
        redirect=0,
        respect_retry_after_header=False,
        raise_on_status=False,
        allowed_methods=None,
    )
    session = requests.Session()
    session.auth = sign
    for scheme in ("https://", "http://"):
        session.mount(scheme, HTTPAdapter(pool_maxsize=SLICE, max_retries=retry))
    return session


def _envelope(message: Message, now: datetime) -> messaging.Message | None:
    """Return the message as firebase-admin wants it, or None if it would refuse its form."""
    ttl = min(max(timedelta(seconds=message.ttl_seconds), timedelta(0)), _LONGEST_TTL)
    apns = {
        "apns-priority": "10" if message.urgent else "5",
        "apns-expiration": str(int((now + ttl).timestamp())),
    }
    if message.collapse_key is not None:
        apns["apns-collapse-id"] = message.collapse_key
    envelope = messaging.Message(
        data=dict(message.data),
        notification=messaging.Notification(title=message.title, body=message.body),
        android=messaging.AndroidConfig(
            collapse_key=message.collapse_key,
            priority="high" if message.urgent else "normal",
            ttl=ttl,
        ),
        apns=messaging.APNSConfig(headers=apns),
    )
    # Set afterwards, because the argument ``token=`` warns with each message that it is deprecated.
    if message.address_kind == "fid":
        envelope.fid = message.address
    else:
        envelope.token = message.address
    try:
        str(envelope)
    except ValueError:
        return None
    return envelope


def _outcome(message: Message, answer: messaging.SendResponse) -> Outcome:
    error = answer.exception
    if error is None and answer.message_id:
        return Outcome(message.id, "accepted", "accepted", provider_id=answer.message_id)
    kind, reason = _verdict(error)
    wait = None
    if kind in ("throttled", "retry"):
        wait = _retry_after(getattr(error, "http_response", None))
    return Outcome(message.id, kind, reason, retry_after_seconds=wait)


def _verdict(error: Exception | None) -> tuple[Kind, str]:
    response = getattr(error, "http_response", None)
    if response is not None and response.status_code == _TOO_MANY_REQUESTS:
        return "throttled", "quota_exceeded"
    for family, kind, reason in _VERDICTS:
        if isinstance(error, family):
            if reason == "unavailable" and response is None:
                return kind, "connection_failed"
            return kind, reason
    return "retry", "unknown"


def _retry_after(response: requests.Response | None) -> float | None:
    """Read Retry-After, given in seconds or as a date; None if absent or unreadable.

    A date is counted from the answer's own Date, so that this machine's clock does not matter.
    """
    text = response.headers.get("Retry-After", "").strip() if response is not None else ""
    if response is None or not text:
        return None
    if text.isascii() and text.isdigit():
        return min(float(text), _LONGEST_WAIT_SECONDS)
    try:
        until = parsedate_to_datetime(text)
        since = parsedate_to_datetime(response.headers.get("Date", ""))
        return min(max((until - since).total_seconds(), 0.0), _LONGEST_WAIT_SECONDS)
    except (ValueError, TypeError):
        return None


def _all(
    messages: Sequence[Message], kind: Kind, reason: str, wait: float | None = None
) -> list[Outcome]:
    return [Outcome(one.id, kind, reason, retry_after_seconds=wait) for one in messages]
