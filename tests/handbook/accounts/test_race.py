"""Two connections at once: real commits, real locks."""

import threading
import uuid
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from sqlalchemy import select

from handbook import database, ids
from handbook.accounts import devices, service, sessions, tokens
from handbook.http import Handbook
from models import AuditEntry, Device, Session
from tests.conftest import Real
from tests.support import build

NAME, PASSWORD = "0912345678", "mật khẩu dài"
ROUNDS = 5
PAUSE = 0.3


def make(real: Real) -> None:
    with real.write():
        sealer = real.app.extensions["handbook_sealer"]
        service.create(build.member().id, PASSWORD, [("phone", NAME)], sealer)


def at_once(acts: Sequence[Callable[[], Any]]) -> list[Any]:
    """Run the acts at the same moment and return their results in order."""
    barrier = threading.Barrier(len(acts))
    results: list[Any] = [None] * len(acts)

    def run(number: int) -> None:
        barrier.wait()
        results[number] = acts[number]()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def post(app: Handbook, path: str, body: dict[str, Any]) -> Any:
    return app.test_client().post(f"/api/v1{path}", json=body)


def sign_in(real: Real, **device: Any) -> Any:
    whole = {"id": str(ids.new()), "platform": "android", **device}
    return post(real.app, "/auth/session", {"name": NAME, "password": PASSWORD, "device": whole})


def test_two_refreshes_at_once_give_the_same_successor(real: Real) -> None:
    make(real)
    token = sign_in(real).json["refresh_token"]
    for _ in range(ROUNDS):
        renew = partial(post, real.app, "/auth/session/refresh", {"refresh_token": token})
        answers = at_once([renew, renew])
        assert [answer.status_code for answer in answers] == [200, 200]
        successors = {answer.json["refresh_token"] for answer in answers}
        assert len(successors) == 1
        (token,) = successors
    with real.context():
        session = database.session().scalars(select(Session)).one()
        assert session.refresh_number == 1 + ROUNDS


def test_a_replay_is_committed_although_the_answer_is_401(real: Real) -> None:
    make(real)
    first = sign_in(real).json
    second = post(real.app, "/auth/session/refresh", {"refresh_token": first["refresh_token"]})
    third = post(real.app, "/auth/session/refresh", {"refresh_token": second.json["refresh_token"]})
    assert third.status_code == 200
    replay = post(real.app, "/auth/session/refresh", {"refresh_token": first["refresh_token"]})
    assert replay.status_code == 401
    with real.context():
        assert database.session().scalars(select(Session)).one().ended_by == "replay"
        actions = set(database.session().scalars(select(AuditEntry.action)))
        assert "session.replayed" in actions


def test_a_refresh_waits_for_the_one_before_and_repeats_it(real: Real) -> None:
    make(real)
    found = sign_in(real).json
    body = {"refresh_token": found["refresh_token"]}
    answers: list[Any] = []

    def renew() -> None:
        answers.append(post(real.app, "/auth/session/refresh", body))

    second = threading.Thread(target=renew)
    with real.write():
        first = sessions.refresh(
            uuid.UUID(found["session_id"]),
            uuid.UUID(found["account"]["id"]),
            1,
            lifetime=timedelta(days=60),
        )
        assert first is not None
        successor, rotated_at = tokens.issue(first)["refresh_token"], first.rotated_at
        second.start()
        second.join(PAUSE)
        assert answers == []
    second.join()
    assert answers[0].json["refresh_token"] == successor
    with real.context():
        session = database.session().scalars(select(Session)).one()
        assert (session.refresh_number, session.rotated_at) == (2, rotated_at)


def test_two_devices_that_bring_one_address_come_in_turn(real: Real) -> None:
    make(real)
    bring = {"kind": "token", "address": "address-1"}
    answers: list[Any] = []
    second = threading.Thread(target=lambda: answers.append(sign_in(real, **bring)))
    with real.write():
        account = build.account(build.member())
        given = {"id": ids.new(), "platform": "ios", "app_version": None, **bring}
        devices.enrol(account, given)
        second.start()
        second.join(PAUSE)
        assert answers == []
    second.join()
    assert answers[0].status_code == 201
    with real.context():
        rows = database.session().execute(select(Device.platform, Device.address))
        assert {row.platform: row.address for row in rows} == {
            "ios": None,
            "android": "address-1",
        }


def test_signing_in_twice_at_once_on_a_device_leaves_one_session(real: Real) -> None:
    make(real)
    device = str(ids.new())
    answers = at_once([lambda: sign_in(real, id=device)] * 2)
    assert [answer.status_code for answer in answers] == [201, 201]
    with real.context():
        ended = database.session().scalars(select(Session.ended_by)).all()
        assert sorted(map(str, ended)) == ["None", "revoked"]
