"""Objects × foreign units: what is not theirs is not found, whatever rights are held elsewhere."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from handbook.http import Handbook
from tests.house import samples, world
from tests.house.trial import settle, taken_back
from tests.house.world import World
from tests.support import openapi
from tests.support.openapi import Operation
from tests.support.phone import Phone

# Ids that the client makes: what is there under another's id is met elsewhere.
CLIENT_MADE = {"acknowledgement_id"}
# What belongs to a person alone: even the unit's officers do not find it.
PERSONAL = {"session_id", "device_id"}


@pytest.fixture
def made(app: Handbook, db: Session) -> World:
    """Return the world."""
    return world.make(app)


def _named(operation: Operation) -> set[str]:
    path = {one["name"] for one in operation.parameters("path")}
    return path | {one["name"] for one in operation.parameters("query") if one.get("required")}


def _call(phone: Phone, operation: Operation, made: World) -> TestResponse:
    """Return the answer to the operation on the objects of the world, with a good body."""
    contract = openapi.contract(phone.app)
    path = operation.path
    for one in operation.parameters("path"):
        path = path.replace("{" + one["name"] + "}", str(made.things[one["name"]]))
    query = {
        one["name"]: str(made.things[one["name"]])
        for one in operation.parameters("query")
        if one["name"] in made.things
    }
    more: dict[str, Any] = {"query_string": query, "headers": {"If-Match": "*"}}
    for kind, content in (operation.body or {}).items():
        body = made.named(samples.good(contract, content["schema"]))
        file = (io.BytesIO("Phần một.".encode()), "b.txt")
        more |= {"json": body} if kind == "application/json" else {"data": {"file": file}}
    answer = phone.call(operation.method, path, **more)
    answer.close()
    return answer


def _operations(app: Handbook, wanted: Callable[[set[str]], bool]) -> list[Operation]:
    found = [one for one in openapi.contract(app).operations.values() if wanted(_named(one))]
    assert found
    return found


def _is_on_an_object(named: set[str]) -> bool:
    return bool(named) and not named & (CLIENT_MADE | PERSONAL)


@pytest.mark.parametrize("who", ["foreign", "stranger"])
def test_what_is_not_theirs_is_not_found(app: Handbook, db: Session, made: World, who: str) -> None:
    phone: Phone = getattr(made, who)
    connection, faults = settle(db), []
    for operation in _operations(app, _is_on_an_object):
        with taken_back(connection):
            answer = _call(phone, operation, made)
        expected = {404} if who == "foreign" else {403, 404}
        if answer.status_code not in expected:
            faults.append(
                f"{operation.method} {operation.path}: {answer.status_code} {answer.json}"
            )
    assert not faults, "\n".join(faults)


def test_what_is_theirs_is_found(app: Handbook, db: Session, made: World) -> None:
    """The same calls on the same objects: the refusals above are not for another reason."""
    connection, faults = settle(db), []
    for operation in _operations(app, _is_on_an_object):
        answers = set()
        for phone in (made.boss, made.reader):
            with taken_back(connection):
                answers.add(_call(phone, operation, made).status_code)
        if answers <= {403, 404}:
            faults.append(f"{operation.method} {operation.path}: {answers}")
    assert not faults, "\n".join(faults)


def test_what_is_personal_is_found_by_nobody_else(app: Handbook, db: Session, made: World) -> None:
    connection, faults = settle(db), []
    for operation in _operations(app, lambda named: bool(named & PERSONAL)):
        for phone in (made.boss, made.foreign):
            with taken_back(connection):
                answer = _call(phone, operation, made)
            if answer.status_code < 400:
                faults.append(f"{operation.method} {operation.path}: {answer.status_code}")
    assert not faults, "\n".join(faults)


def test_no_list_shows_what_is_foreign(app: Handbook, db: Session, made: World) -> None:
    """No list without a named object, read next door, holds an id of the commune."""
    connection = settle(db)
    secret = {
        str(made.things[name])
        for name in (
            "unit_id",
            "member_id",
            "document_id",
            "campaign_id",
            "meeting_id",
            "notice_id",
        )
    }
    shown: dict[str, set[str]] = {"boss": set(), "foreign": set(), "stranger": set()}
    for operation in openapi.contract(app).operations.values():
        if operation.method != "GET" or _named(operation):
            continue
        for who, found in shown.items():
            with taken_back(connection):
                text = getattr(made, who).get(operation.path).get_data(as_text=True)
            found |= {one for one in secret if one in text}
            assert who == "boss" or not found, (operation.path, who)
    assert shown["boss"] >= secret - {str(made.things["member_id"])}
