"""The phone's view of signing in, renewing, signing out."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session as Database

from handbook import clock, database, ids
from handbook.accounts import passwords, service
from handbook.errors import Unavailable
from handbook.http import Handbook
from models import Account, AuditEntry, DeviceAccount, Member, Session
from tests.support import build
from tests.support.phone import Answer, Phone

NAME, PASSWORD = "0912 345 678", "mật khẩu dài"


@pytest.fixture
def member(app: Handbook, db: Database) -> Member:
    cell = build.unit(build.unit(kind="commune", name="Đảng bộ xã"), name="Chi bộ 1")
    found = build.member(cell)
    sealer = app.extensions["handbook_sealer"]
    service.create(found.id, PASSWORD, [("phone", NAME)], sealer)
    return found


def sign_in(app: Handbook, **more: Any) -> Answer:
    device = {"id": str(ids.new()), "platform": "android", **more.pop("device", {})}
    return Phone(app, None).post(
        "/auth/session", {"name": NAME, "password": PASSWORD, "device": device, **more}
    )


def refresh(app: Handbook, token: str) -> Answer:
    return Phone(app, None).post("/auth/session/refresh", {"refresh_token": token})


def get_me(app: Handbook, token: str) -> Answer:
    return Phone(app, None).get("/me", headers={"Authorization": f"Bearer {token}"})


def age_rotation(session_id: str, age: timedelta) -> None:
    session = database.session().get_one(Session, uuid.UUID(session_id))
    session.rotated_at -= age
    database.session().flush()


def test_sign_in(app: Handbook, member: Member) -> None:
    answer = sign_in(app, name="+84912345678", password="mâ\u0323t khẩu dài")
    assert answer.status_code == 201
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.json["expires_in"] == 900
    assert answer.json["member"] == {"id": str(member.id), "full_name": "Nguyễn Văn An"}
    assert answer.json["account"]["language"] == "vi"
    me = get_me(app, answer.json["access_token"])
    assert me.status_code == 200
    assert me.json["session_id"] == answer.json["session_id"]


@pytest.mark.parametrize(
    "wrong", [{"password": "mật khẩu sai"}, {"name": "0900000000"}, {"name": "nobody"}]
)
def test_wrong_credentials_answer_alike(
    app: Handbook, member: Member, wrong: dict[str, str]
) -> None:
    assert sign_in(app).status_code == 201
    answer = sign_in(app, **wrong)
    assert (answer.status_code, answer.json["code"]) == (401, "bad_credentials")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert len(database.session().scalars(select(Session)).all()) == 1


def test_an_ambiguous_phone_is_told_only_to_who_knows_the_password(
    app: Handbook, member: Member
) -> None:
    sealer = app.extensions["handbook_sealer"]
    service.create(build.member().id, PASSWORD, [("phone", NAME)], sealer)
    answer = sign_in(app)
    assert (answer.status_code, answer.json["code"]) == (409, "sign_in_ambiguous")
    answer = sign_in(app, password="mật khẩu sai")
    assert (answer.status_code, answer.json["code"]) == (401, "bad_credentials")


@pytest.mark.parametrize(
    ("device", "field"),
    [
        ({"id": str(uuid.uuid4())}, "device.id"),
        ({"id": "x"}, "device.id"),
        ({"platform": "windows"}, "device.platform"),
        ({"address": "abc"}, "device.kind"),
        ({"kind": "fid"}, "device.address"),
        ({"address": "a b", "kind": "token"}, "device.address"),
        ({"address": "a" * 1025, "kind": "token"}, "device.address"),
        ({"owner": "me"}, "device.owner"),
    ],
)
def test_a_device_that_cannot_be(
    app: Handbook, member: Member, device: dict[str, str], field: str
) -> None:
    assert sign_in(app).status_code == 201
    answer = sign_in(app, device=device)
    assert answer.status_code == 422
    assert list(answer.json["errors"]) == [field]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("", 400),
        ("{", 400),
        ("null", 422),
        ("[]", 422),
        ("{}", 422),
        ('{"name": null, "password": "x", "device": {}}', 422),
        ('{"name": "a\\u0000b", "password": "x", "device": null}', 422),
        ('{"name": "a", "password": "\\u0000", "device": null}', 422),
        ('{"name": "\\ud800", "password": "x", "device": null}', 400),
        ('{"name": 9223372036854775808, "password": 1, "device": "x"}', 422),
        ('{"name": "a", "password": "' + "x" * 257 + '", "device": []}', 422),
    ],
)
def test_a_body_that_cannot_be(app: Handbook, db: Database, body: str, status: int) -> None:
    answer = Phone(app, None).post("/auth/session", data=body, content_type="application/json")
    assert answer.status_code == status


def test_sign_in_holds_no_connection_while_hashing(
    app: Handbook, member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside: list[bool] = []
    prove = service.prove

    def watch(candidates: Any, password: str) -> Any:
        inside.append(database.db.session.registry.has())
        return prove(candidates, password)

    monkeypatch.setattr(service, "prove", watch)
    assert sign_in(app).status_code == 201
    assert inside == [False]


def test_a_full_queue_answers_503(
    app: Handbook, member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full:
        @staticmethod
        def take() -> None:
            raise Unavailable("busy")

    assert sign_in(app).status_code == 201
    monkeypatch.setattr(passwords, "slots", lambda _number: Full)
    answer = sign_in(app)
    assert (answer.status_code, answer.json["code"]) == (503, "busy")
    assert answer.headers["Retry-After"] == "5"


def test_refresh_rotates_and_repeats_a_lost_answer(app: Handbook, member: Member) -> None:
    first = sign_in(app).json
    second = refresh(app, first["refresh_token"])
    assert second.status_code == 200
    assert second.json["refresh_token"] != first["refresh_token"]
    again = refresh(app, first["refresh_token"])
    assert again.status_code == 200
    assert again.json["refresh_token"] == second.json["refresh_token"]
    third = refresh(app, second.json["refresh_token"])
    assert third.status_code == 200
    assert get_me(app, third.json["access_token"]).status_code == 200


def test_a_replay_ends_the_session_for_good(app: Handbook, member: Member) -> None:
    first = sign_in(app).json
    second = refresh(app, first["refresh_token"]).json
    age_rotation(first["session_id"], timedelta(seconds=61))
    replay = refresh(app, first["refresh_token"])
    assert (replay.status_code, replay.json["code"]) == (401, "session_revoked")
    assert replay.headers["WWW-Authenticate"].startswith("Bearer")
    good = refresh(app, second["refresh_token"])
    assert (good.status_code, good.json["code"]) == (401, "session_revoked")
    me = get_me(app, second["access_token"])
    assert (me.status_code, me.json["code"]) == (401, "session_revoked")
    session = database.session().get_one(Session, uuid.UUID(first["session_id"]))
    assert session.ended_by == "replay"


@pytest.mark.parametrize("token", ["x", "a.b.c", "", None, 1])
def test_a_token_that_cannot_be(app: Handbook, db: Database, token: Any) -> None:
    assert refresh(app, token).status_code in {401, 422}


def test_tokens_are_good_for_their_own_purpose_only(app: Handbook, member: Member) -> None:
    found = sign_in(app).json
    answer = refresh(app, found["access_token"])
    assert (answer.status_code, answer.json["code"]) == (401, "bad_token")
    answer = get_me(app, found["refresh_token"])
    assert (answer.status_code, answer.json["code"]) == (401, "bad_token")


def test_sign_out_ends_the_session_and_stops_pushes(app: Handbook, member: Member) -> None:
    found = sign_in(app, device={"address": "address-1", "kind": "fid"}).json
    headers = {"Authorization": f"Bearer {found['access_token']}"}
    account_id = uuid.UUID(found["account"]["id"])
    linked = select(DeviceAccount).where(DeviceAccount.account_id == account_id)
    assert len(database.session().scalars(linked).all()) == 1
    phone = Phone(app, None)
    assert phone.delete("/auth/session", headers=headers).status_code == 204
    assert database.session().scalars(linked).all() == []
    assert phone.delete("/auth/session", headers=headers).status_code == 401
    assert get_me(app, found["access_token"]).status_code == 401
    assert refresh(app, found["refresh_token"]).status_code == 401
    line = database.session().scalars(
        select(AuditEntry).where(AuditEntry.action == "session.ended")
    )
    assert line.one().data["reason"] == "sign_out"


def test_change_password(app: Handbook, member: Member) -> None:
    mine, other = sign_in(app).json, sign_in(app).json
    phone = Phone(app, None)
    headers = {"Authorization": f"Bearer {mine['access_token']}"}

    def change(old: str, new: str) -> Answer:
        return phone.put("/auth/password", {"old": old, "new": new}, headers=headers)

    wrong = change("mật khẩu sai", "mật khẩu mới")
    assert wrong.json["errors"]["old"][0]["code"] == "wrong"
    short = change(PASSWORD, "ngắn")
    assert short.json["errors"]["new"][0]["code"] == "too_short"
    assert get_me(app, other["access_token"]).status_code == 200
    assert change(PASSWORD, "mật khẩu mới").status_code == 204
    assert get_me(app, mine["access_token"]).status_code == 200
    assert get_me(app, other["access_token"]).status_code == 401
    assert sign_in(app).status_code == 401
    assert sign_in(app, password="mật khẩu mới").status_code == 201
    line = select(AuditEntry).where(AuditEntry.action == "password.changed")
    assert database.session().scalars(line).one().member_id == member.id


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/me"),
        ("GET", "/me/sessions"),
        ("DELETE", "/auth/session"),
        ("PUT", "/auth/password"),
        ("DELETE", f"/me/sessions/{uuid.UUID(int=1)}"),
        ("PUT", f"/me/devices/{uuid.UUID(int=1)}"),
    ],
)
def test_nobody_signed_in_is_401(app: Handbook, db: Database, method: str, path: str) -> None:
    answer = Phone(app, None).call(method, path, json={})
    assert (answer.status_code, answer.json["code"]) == (401, "unauthenticated")


def test_an_account_disabled_counts_at_the_next_request(app: Handbook, member: Member) -> None:
    phone = Phone(app, member)
    assert phone.get("/me").status_code == 200
    account = (
        database.session().scalars(select(Account).where(Account.member_id == member.id)).one()
    )
    account.disabled_at = clock.now()
    assert phone.get("/me").json["code"] == "session_revoked"
