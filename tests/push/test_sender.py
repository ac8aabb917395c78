"""What every sender promises, held against each of them."""

import dataclasses
import typing
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from push.fcm import FcmSender
from push.log_sender import LogSender
from push.sender import Kind, Outcome, Sender
from tests.support.fcm import FakeFcm, make_message


def now() -> datetime:
    return datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


@pytest.fixture(params=["log", "fcm"])
def sender(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Sender]:
    if request.param == "log":
        yield LogSender(tmp_path / "push.log", now=now)
        return
    with FakeFcm() as fcm:
        through_fcm = FcmSender(fcm.service_account(), now=now, endpoint=fcm.url)
        yield through_fcm
        through_fcm.close()


def test_each_message_has_its_outcome_in_order(sender: Sender) -> None:
    messages = [make_message(f"device-{number}") for number in range(5)]
    outcomes = sender.send(messages)
    assert [outcome.id for outcome in outcomes] == [message.id for message in messages]
    assert {outcome.kind for outcome in outcomes} == {"accepted"}
    assert len({outcome.provider_id for outcome in outcomes}) == 5


def test_no_messages_have_no_outcomes(sender: Sender) -> None:
    assert sender.send([]) == []


def test_a_message_cannot_be_changed_on_its_way() -> None:
    message = make_message()
    with pytest.raises(dataclasses.FrozenInstanceError):
        message.address = "somebody else"  # type: ignore[misc] # what the test is about


def test_every_kind_of_outcome_is_explained() -> None:
    explained = Outcome.__doc__ or ""
    assert [kind for kind in typing.get_args(Kind) if f"``{kind}``" not in explained] == []
