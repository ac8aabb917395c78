"""Two connections at once: real commits, real locks."""

import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from sqlalchemy import select

from handbook import database, ids
from handbook.accounts import service
from handbook.http import Handbook
from models import AuditEntry, Device, Session
from tests.conftest import Real
from tests.support import build

NAME, PASSWORD = "0912345678", "mật khẩu dài"
ROUNDS = 5


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


def test_two_devices_that_bring_one_address_at_once(real: Real) -> None:
    make(real)
    bring = {"kind": "token", "address": "address-1"}
    answers = at_once([lambda: sign_in(real, **bring)] * 2)
    assert [answer.status_code for answer in answers] == [201, 201]
    with real.context():
        addresses = database.session().scalars(select(Device.address)).all()
        assert sorted(map(str, addresses)) == ["None", "address-1"]


def test_signing_in_twice_at_once_on_a_device_leaves_one_session(real: Real) -> None:
    make(real)
    device = str(ids.new())
    answers = at_once([lambda: sign_in(real, id=device)] * 2)
    assert [answer.status_code for answer in answers] == [201, 201]
    with real.context():
        ended = database.session().scalars(select(Session.ended_by)).all()
        assert sorted(map(str, ended)) == ["None", "revoked"]
