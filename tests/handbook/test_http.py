"""The door: policies, errors, tokens."""

import pytest

from handbook.http import Handbook, PolicyMissingError
from tests.support.phone import Phone


def test_a_route_without_policy_does_not_start() -> None:
    app = Handbook("x")
    with pytest.raises(PolicyMissingError):
        app.add_url_rule("/naked", "naked", lambda: "no")


def test_unknown_path_is_a_problem(app: Handbook, db: object) -> None:
    answer = Phone(app, None).get("/nothing")
    assert answer.status_code == 404
    assert answer.content_type == "application/problem+json"
    assert answer.json["code"] == "not_found"
