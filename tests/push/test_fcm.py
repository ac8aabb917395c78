"""FcmSender against a fake FCM at HTTP level, through the real firebase-admin."""

import dataclasses
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import firebase_admin
import pytest
import structlog.testing
from firebase_admin import messaging

from push.fcm import FcmSender
from push.sender import Kind, Message
from tests.support import fcm_answers as fake
from tests.support.fcm import PROJECT, FakeFcm, make_message

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
IMPATIENT = 0.2


@pytest.fixture(scope="module")
def server() -> Iterator[FakeFcm]:
    with FakeFcm() as running:
        yield running


@pytest.fixture(scope="module")
def shared(server: FakeFcm) -> Iterator[FcmSender]:
    sender = make_sender(server)
    yield sender
    sender.close()


@pytest.fixture
def fcm(server: FakeFcm) -> FakeFcm:
    server.reset()
    return server


@pytest.fixture
def sender(shared: FcmSender, fcm: FakeFcm) -> FcmSender:
    return shared


@pytest.fixture
def fresh(fcm: FakeFcm) -> Iterator[FcmSender]:
    """A sender without an access token and without connections."""
    sender = make_sender(fcm)
    yield sender
    sender.close()


@pytest.fixture
def impatient(fcm: FakeFcm) -> Iterator[FcmSender]:
    """A fresh sender that waits only a moment; too short for more than a few messages."""
    sender = make_sender(fcm, timeout_seconds=IMPATIENT)
    yield sender
    sender.close()


def make_sender(server: FakeFcm, timeout_seconds: float = 10.0) -> FcmSender:
    return FcmSender(
        server.service_account(),
        now=lambda: NOW,
        endpoint=server.url,
        timeout_seconds=timeout_seconds,
    )


def sent(fcm: FakeFcm, sender: FcmSender, message: Message) -> dict[str, Any]:
    """Send ``message`` and return it as FCM received it."""
    sender.send([message])
    received: dict[str, Any] = fcm.received[0].body["message"]
    return received


# --- what goes over the wire ---


def test_a_token_and_a_fid_go_each_in_its_own_field(fcm: FakeFcm, sender: FcmSender) -> None:
    sender.send([make_message("t-1"), make_message("f-1", address_kind="fid")])
    bodies = {one.address: one.body["message"] for one in fcm.received}
    assert bodies["t-1"]["token"] == "t-1"
    assert "fid" not in bodies["t-1"]
    assert bodies["f-1"]["fid"] == "f-1"
    assert "token" not in bodies["f-1"]


def test_the_words_are_a_notification_and_the_data_goes_along(
    fcm: FakeFcm, sender: FcmSender
) -> None:
    message = sent(
        fcm, sender, make_message(title="Tiêu đề", body="Nội dung", data={"notice": "7"})
    )
    assert message["notification"] == {"title": "Tiêu đề", "body": "Nội dung"}
    assert message["data"] == {"notice": "7"}


def test_a_message_without_data_is_still_a_notification(fcm: FakeFcm, sender: FcmSender) -> None:
    message = sent(fcm, sender, make_message(data={}))
    assert "notification" in message
    assert "data" not in message


def test_urgency_is_said_in_both_languages(fcm: FakeFcm, sender: FcmSender) -> None:
    sender.send([make_message(urgent=True)])
    sender.send([make_message(urgent=False)])
    urgent, calm = (one.body["message"] for one in fcm.received)
    assert (urgent["android"]["priority"], calm["android"]["priority"]) == ("high", "normal")
    assert urgent["apns"]["headers"]["apns-priority"] == "10"
    assert calm["apns"]["headers"]["apns-priority"] == "5"


@pytest.mark.parametrize(
    ("seconds", "ttl"), [(3600, 3600), (0, 0), (-5, 0), (90 * 86_400, 28 * 86_400)]
)
def test_the_lifetime_stays_within_what_fcm_takes(
    fcm: FakeFcm, sender: FcmSender, seconds: int, ttl: int
) -> None:
    message = sent(fcm, sender, make_message(ttl_seconds=seconds))
    assert message["android"]["ttl"] == f"{ttl}s"
    assert message["apns"]["headers"]["apns-expiration"] == str(int(NOW.timestamp()) + ttl)


def test_a_collapse_key_goes_to_both_and_none_to_neither(fcm: FakeFcm, sender: FcmSender) -> None:
    sender.send([make_message("with", collapse_key="inbox")])
    sender.send([make_message("without", collapse_key=None)])
    with_key, without = (one.body["message"] for one in fcm.received)
    assert with_key["android"]["collapse_key"] == "inbox"
    assert with_key["apns"]["headers"]["apns-collapse-id"] == "inbox"
    assert "collapse_key" not in without["android"]
    assert "apns-collapse-id" not in without["apns"]["headers"]


# --- what the answers mean ---


@pytest.mark.parametrize(
    ("behaviour", "kind", "reason"),
    [
        (fake.OK, "accepted", "accepted"),
        (fake.UNREGISTERED, "dead", "unregistered"),
        (fake.SENDER_ID_MISMATCH, "dead", "sender_id_mismatch"),
        (fake.throttled("30"), "throttled", "quota_exceeded"),
        (dataclasses.replace(fake.INTERNAL, status=429), "throttled", "quota_exceeded"),
        (fake.INVALID_ARGUMENT, "invalid", "invalid_argument"),
        (fake.THIRD_PARTY_AUTH, "misconfigured", "third_party_auth"),
        (fake.PERMISSION_DENIED, "misconfigured", "permission_denied"),
        (fake.NOT_FOUND, "misconfigured", "not_found"),
        (fake.error(400, "FAILED_PRECONDITION"), "misconfigured", "failed_precondition"),
        (fake.INTERNAL, "retry", "internal"),
        (fake.UNAVAILABLE, "retry", "unavailable"),
        (fake.error(504, "DEADLINE_EXCEEDED"), "retry", "timeout"),
        (fake.DROP, "retry", "connection_failed"),
        (fake.Behaviour(502, b"<html>bad gateway</html>"), "retry", "unknown"),
        (fake.Behaviour(200, b"<html>sign in to the wifi</html>"), "retry", "unknown"),
        (fake.Behaviour(200, b"{}"), "retry", "unknown"),
    ],
)
def test_an_answer_has_one_meaning_and_costs_one_request(
    fcm: FakeFcm, sender: FcmSender, behaviour: fake.Behaviour, kind: Kind, reason: str
) -> None:
    fcm.script("device-1", behaviour)
    outcome = sender.send([make_message("device-1")])[0]
    assert (outcome.kind, outcome.reason) == (kind, reason)
    assert fcm.count("device-1") == 1
    assert (outcome.provider_id is not None) == (kind == "accepted")


def test_a_message_whose_answer_is_late_is_not_sent_twice(
    fcm: FakeFcm, impatient: FcmSender
) -> None:
    fcm.script("late", fake.slow(4 * IMPATIENT))
    late, other = impatient.send([make_message("late"), make_message("other")])
    assert (late.kind, late.reason) == ("retry", "timeout")
    assert other.kind == "accepted"
    assert fcm.count("late") == 1


def test_a_refused_access_token_is_renewed_for_the_next_slice(
    fcm: FakeFcm, sender: FcmSender
) -> None:
    sender.send([make_message("before")])
    fcm.revoke_access_tokens()
    refused = sender.send([make_message("refused")])[0]
    assert (refused.kind, refused.reason) == ("misconfigured", "unauthenticated")
    assert fcm.count("refused") == 1
    assert sender.send([make_message("after")])[0].kind == "accepted"


def test_outcomes_stand_in_the_order_of_the_messages(fcm: FakeFcm, sender: FcmSender) -> None:
    fcm.script("a", fake.slow(0.1))
    fcm.script("b", fake.UNREGISTERED)
    fcm.script("c", fake.UNAVAILABLE)
    fcm.script("e", fake.INVALID_ARGUMENT)
    messages = [make_message(address) for address in "abcde"]
    outcomes = sender.send(messages)
    assert [one.kind for one in outcomes] == ["accepted", "dead", "retry", "accepted", "invalid"]
    assert [one.id for one in outcomes] == [one.id for one in messages]


@pytest.mark.parametrize(
    "spoiled",
    [{"address": ""}, {"data": {"count": 3}}, {"title": 7}],
    ids=["no address", "a number in the data", "a number for a title"],
)
def test_a_malformed_message_does_not_hold_up_its_neighbours(
    fcm: FakeFcm, sender: FcmSender, spoiled: dict[str, Any]
) -> None:
    outcomes = sender.send([make_message("a"), make_message(**spoiled), make_message("b")])
    assert [one.reason for one in outcomes] == ["accepted", "malformed", "accepted"]
    assert fcm.stats()["received"] == 2


def test_only_malformed_messages_send_nothing(fcm: FakeFcm, sender: FcmSender) -> None:
    assert sender.send([make_message("")])[0].kind == "invalid"
    assert fcm.stats()["received"] == 0


def test_a_slice_lost_inside_firebase_is_tried_again_later(
    sender: FcmSender, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_threads(*_: object, **__: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr("concurrent.futures.ThreadPoolExecutor.submit", no_threads)
    outcomes = sender.send([make_message("a"), make_message("b")])
    assert [(one.kind, one.reason) for one in outcomes] == [("retry", "unknown")] * 2


def test_a_fault_of_the_installation_is_logged_once_without_addresses(
    fcm: FakeFcm, sender: FcmSender
) -> None:
    for address in ("secret-1", "secret-2"):
        fcm.script(address, fake.PERMISSION_DENIED)
    with structlog.testing.capture_logs() as logged:
        sender.send([make_message("secret-1"), make_message("secret-2")])
    assert [(line["event"], line["reason"]) for line in logged] == [
        ("push.misconfigured", "permission_denied")
    ]
    assert "secret" not in str(logged)


# --- throttling ---


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "30"}, 30.0),
        ({"Retry-After": "0"}, 0.0),
        ({"Retry-After": "99999999999999999999"}, 86_400.0),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-1"}, None),
        ({}, None),
        (
            {
                "Date": "Mon, 02 Mar 2026 08:00:00 GMT",
                "Retry-After": "Mon, 02 Mar 2026 08:01:30 GMT",
            },
            90.0,
        ),
        (
            {
                "Date": "Mon, 02 Mar 2026 08:00:00 GMT",
                "Retry-After": "Mon, 02 Mar 2026 07:00:00 GMT",
            },
            0.0,
        ),
        ({"Retry-After": "Mon, 02 Mar 2026 08:01:30 GMT"}, None),
    ],
)
def test_the_waiting_time_is_read_and_not_slept(
    fcm: FakeFcm, sender: FcmSender, headers: dict[str, str], seconds: float | None
) -> None:
    fcm.script("device-1", fake.error(429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED", headers))
    start = time.perf_counter()
    outcome = sender.send([make_message("device-1")])[0]
    assert outcome.retry_after_seconds == seconds
    assert time.perf_counter() - start < 5
    assert fcm.count("device-1") == 1


def test_a_waiting_time_may_come_with_an_outage(fcm: FakeFcm, sender: FcmSender) -> None:
    fcm.script("device-1", fake.error(503, "UNAVAILABLE", None, {"Retry-After": "20"}))
    outcome = sender.send([make_message("device-1")])[0]
    assert (outcome.kind, outcome.retry_after_seconds) == ("retry", 20.0)
    assert fcm.count("device-1") == 1


def test_after_a_429_the_next_slices_are_not_sent(fcm: FakeFcm, sender: FcmSender) -> None:
    fcm.script("device-3", fake.throttled("7"))
    fcm.script("device-5", fake.throttled("9"))
    messages = [make_message(f"device-{number}") for number in range(70)]
    outcomes = sender.send(messages)
    assert [one.id for one in outcomes] == [one.id for one in messages]
    assert sum(one.kind == "accepted" for one in outcomes) == 62
    assert {(one.kind, one.retry_after_seconds) for one in outcomes[64:]} == {("throttled", 9.0)}
    assert fcm.stats()["received"] == 64


# --- slices, connections, access tokens ---


def test_130_messages_go_in_three_slices_over_kept_connections(
    fcm: FakeFcm, fresh: FcmSender, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    send_each = messaging.send_each

    def counted(messages: list[object], **options: object) -> messaging.BatchResponse:
        sizes.append(len(messages))
        return send_each(messages, **options)

    monkeypatch.setattr(messaging, "send_each", counted)
    outcomes = fresh.send([make_message(f"device-{number}") for number in range(130)])
    assert sizes == [64, 64, 2]
    assert {one.kind for one in outcomes} == {"accepted"}
    stats = fcm.stats()
    assert (stats["received"], stats["repeated"]) == (130, 0)
    assert stats["access_token_requests"] == 1


def test_a_full_slice_keeps_all_its_connections(
    fcm: FakeFcm, fresh: FcmSender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fcm, "delay_seconds", 0.2)  # so that all 64 are under way at once
    fresh.send([make_message(f"device-{number}") for number in range(128)])
    assert fcm.stats()["connections_made"] <= 64 + 1  # and one for the access token


def test_a_connection_broken_while_idle_costs_nothing(fcm: FakeFcm, sender: FcmSender) -> None:
    sender.send([make_message("before")])
    fcm.break_connections()
    assert sender.send([make_message("after")])[0].kind == "accepted"
    assert fcm.count("after") == 1


def test_nothing_is_asked_before_the_first_message(fcm: FakeFcm, fresh: FcmSender) -> None:
    assert fresh.send([]) == []
    assert fcm.stats()["connections_made"] == 0


@pytest.mark.parametrize(
    ("behaviour", "kind", "reason"),
    [
        (fake.Behaviour(400, b'{"error": "invalid_grant"}'), "misconfigured", "auth_refused"),
        (fake.Behaviour(200, b"<html>sign in to the wifi</html>"), "retry", "auth_unavailable"),
        (fake.DROP, "retry", "auth_unavailable"),
    ],
)
def test_without_an_access_token_nothing_is_sent(
    fcm: FakeFcm, fresh: FcmSender, behaviour: fake.Behaviour, kind: Kind, reason: str
) -> None:
    fcm.script_access_tokens(behaviour)
    messages = [make_message("a"), make_message("b")]
    outcomes = fresh.send(messages)
    assert [(one.id, one.kind, one.reason) for one in outcomes] == [
        (one.id, kind, reason) for one in messages
    ]
    assert fcm.stats()["received"] == 0
    assert fcm.access_token_requests == 1
    assert [one.kind for one in fresh.send(messages)] == ["accepted", "accepted"]


def test_a_late_access_token_is_not_waited_for(fcm: FakeFcm, impatient: FcmSender) -> None:
    fcm.script_access_tokens(fake.slow(4 * IMPATIENT))
    assert impatient.send([make_message()])[0].reason == "auth_unavailable"
    assert (fcm.access_token_requests, fcm.stats()["received"]) == (1, 0)


def test_a_service_that_is_not_there_is_an_outcome() -> None:
    with FakeFcm() as gone:
        account = gone.service_account()
    sender = FcmSender(account, now=lambda: NOW, endpoint=gone.url)
    assert sender.send([make_message()])[0].reason == "auth_unavailable"
    sender.close()


def test_a_refused_connection_is_an_outcome(fcm: FakeFcm) -> None:
    with FakeFcm() as gone:
        pass
    sender = FcmSender(fcm.service_account(), now=lambda: NOW, endpoint=gone.url)
    outcome = sender.send([make_message()])[0]
    assert (outcome.kind, outcome.reason) == ("retry", "connection_failed")
    sender.close()


# --- service accounts and closing ---


def test_the_service_account_may_be_a_file(fcm: FakeFcm, tmp_path: Path) -> None:
    path = tmp_path / "account.json"
    path.write_text(json.dumps(fcm.service_account()), encoding="utf-8")
    sender = FcmSender(path, now=lambda: NOW, endpoint=fcm.url)
    assert sender.send([make_message()])[0].kind == "accepted"
    sender.close()


def test_without_an_endpoint_it_is_the_service_itself(fcm: FakeFcm) -> None:
    sender = FcmSender(fcm.service_account(), now=lambda: NOW)
    service = messaging._get_messaging_service(sender._app)
    assert service._fcm_url == (f"https://fcm.googleapis.com/v1/projects/{PROJECT}/messages:send")
    sender.close()


@pytest.mark.parametrize("lost", ["private_key", "project_id", "type"])
def test_an_incomplete_service_account_is_refused_at_once(fcm: FakeFcm, lost: str) -> None:
    account = {key: value for key, value in fcm.service_account().items() if key != lost}
    before = set(firebase_admin._apps)
    with pytest.raises(ValueError, match=r"."):
        FcmSender(account, now=lambda: NOW, endpoint=fcm.url)
    assert set(firebase_admin._apps) == before


def test_a_missing_file_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        FcmSender(tmp_path / "none.json", now=lambda: NOW)


def test_closing_forgets_the_app_and_may_be_repeated(fcm: FakeFcm) -> None:
    before = set(firebase_admin._apps)
    sender = make_sender(fcm)
    other = make_sender(fcm)
    assert len(set(firebase_admin._apps) - before) == 2
    sender.close()
    sender.close()
    assert other.send([make_message()])[0].kind == "accepted"
    other.close()
    assert set(firebase_admin._apps) == before
