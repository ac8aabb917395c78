"""Kept answers: a create that is sent again happens once, whoever stood in between."""

import io
import threading
from datetime import timedelta

import pytest
from sqlalchemy import select, text, update

from handbook import idempotency
from models import KeptAnswer
from tests.conftest import Real
from tests.support import build, planted
from tests.support.phone import Phone
from tests.support.planted import Planted

KEY = {"Idempotency-Key": "a-key-of-the-phone"}
BODY = {"task": "Nguyễn Văn An"}


def ticks(real: Real) -> int:
    """Return how many rows the planted routes have left."""
    with real.write():
        return planted.count()


def test_the_same_key_and_body_get_the_same_answer(real: Real, caller: Phone) -> None:
    first = caller.post("/planted/ticks", BODY, headers=KEY)
    again = caller.post("/planted/ticks", BODY, headers=KEY)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.data == first.data
    for name in ("Location", "ETag", "Content-Type"):
        assert again.headers[name] == first.headers[name]
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert ticks(real) == 1


@pytest.mark.parametrize(
    ("path", "body"), [("/planted/ticks", {"task": "another"}), ("/planted/others", BODY)]
)
def test_another_request_under_the_key_is_refused(
    real: Real, caller: Phone, path: str, body: dict[str, str]
) -> None:
    caller.post("/planted/ticks", BODY, headers=KEY)
    answer = caller.post(path, body, headers=KEY)
    assert (answer.status_code, answer.json["code"]) == (422, "idempotency_mismatch")
    assert ticks(real) == 1


def test_a_key_belongs_to_its_account(real: Real, caller: Phone) -> None:
    caller.post("/planted/ticks", BODY, headers=KEY)
    answer = real.sign_in().post("/planted/ticks", BODY, headers=KEY)
    assert answer.status_code == 201
    assert "Idempotent-Replayed" not in answer.headers
    assert ticks(real) == 2


def test_while_one_is_in_flight_the_other_is_told_to_wait(
    real: Real, planted: Planted, caller: Phone
) -> None:
    answers = []
    body = {"json": BODY, "headers": {**KEY, "Authorization": f"Bearer {caller.token}"}}

    def send() -> None:
        client = real.app.test_client()
        answers.append(client.post("/api/v1/planted/held", **body).status_code)

    first = threading.Thread(target=send)
    first.start()
    assert planted.inside.wait(20)
    second = caller.post("/planted/held", BODY, headers=KEY)
    assert (second.status_code, second.json["code"]) == (409, "idempotency_in_flight")
    assert second.headers["Retry-After"] == "1"
    planted.go_on.set()
    first.join(20)
    third = caller.post("/planted/held", BODY, headers=KEY)
    assert answers == [third.status_code] == [200]
    assert third.headers["Idempotent-Replayed"] == "true"
    assert planted.calls == 1


def test_a_refusal_is_not_kept_and_leaves_nothing(
    real: Real, planted: Planted, caller: Phone
) -> None:
    assert caller.post("/planted/refused", BODY, headers=KEY).status_code == 409
    assert ticks(real) == 0
    assert caller.post("/planted/refused", BODY, headers=KEY).status_code == 200
    assert (planted.calls, ticks(real)) == (2, 1)


def test_the_kept_answer_is_sealed(real: Real, caller: Phone) -> None:
    caller.post("/planted/ticks", BODY, headers=KEY)
    with real.write() as session:
        row = session.execute(text("SELECT CAST(k.* AS text) FROM kept_answer k")).scalar_one()
        sealed = session.scalars(select(KeptAnswer.answer_sealed)).one()
    for plain in ("Nguyễn", "task", "Location"):
        assert plain not in row
        assert plain.encode() not in sealed


def test_an_answer_moved_to_another_key_does_not_open(real: Real, caller: Phone) -> None:
    caller.post("/planted/ticks", BODY, headers=KEY)
    with real.write() as session:
        session.execute(update(KeptAnswer).values(key="another-key"))
    client, token = real.app.test_client(), f"Bearer {caller.token}"
    headers = {"Authorization": token, "Idempotency-Key": "another-key"}
    answer = client.post("/api/v1/planted/ticks", json=BODY, headers=headers)
    assert answer.status_code == 500  # tampering is no accident of a caller


def test_a_form_is_known_by_its_fields_not_by_its_boundary(real: Real, caller: Phone) -> None:
    def send(task: str, content: bytes) -> tuple[int, str | None]:
        data = {"task": task, "file": (io.BytesIO(content), "a.txt")}
        answer = caller.call("POST", "/planted/files", data=data, headers=KEY)
        return answer.status_code, answer.headers.get("Idempotent-Replayed")

    assert send("a", b"one") == (200, None)
    assert send("a", b"one") == (200, "true")
    assert send("a", b"two") == (422, None)
    assert send("b", b"one") == (422, None)
    assert ticks(real) == 1


def test_answers_older_than_thirty_days_are_purged(real: Real, caller: Phone) -> None:
    caller.post("/planted/ticks", BODY, headers=KEY)
    caller.post("/planted/ticks", BODY, headers={"Idempotency-Key": build.key()})
    age = KeptAnswer.created_at - idempotency.KEPT - timedelta(minutes=1)
    with real.write() as session:
        old = update(KeptAnswer).where(KeptAnswer.key == KEY["Idempotency-Key"])
        session.execute(old.values(created_at=age))
    with real.write() as session:
        assert idempotency.purge(session) == 1
        assert idempotency.purge(session) == 0
        assert len(session.scalars(select(KeptAnswer.key)).all()) == 1
