"""Schemathesis over the whole OpenAPI document: no defect, no answer the document does not promise.

Half of the calls name real objects of a small world, half whatever the schemas allow or forbid.
The seed is fixed; ``make soak`` looks much longer.
"""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from handbook.http import Handbook
from tests.house import world
from tests.house.trial import settle, taken_back
from tests.house.world import World
from tests.support import build
from tests.support import openapi as held

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
# What each way of asking meets at least: otherwise the calls would not reach what they should.
EXPECTED = {
    GenerationMode.POSITIVE: {200, 201, 204, 404, 409, 422},
    GenerationMode.NEGATIVE: {400, 404, 422},
}


class Prober:
    """Sends generated cases as the boss of the world, each taken back."""

    def __init__(self, app: Handbook, made: World, connection: Connection) -> None:
        """Read the document as Schemathesis does."""
        self.app = app
        self.made = made
        self.connection = connection
        self.schema = schemathesis.openapi.from_wsgi("/api/openapi.json", app)
        self.statuses: dict[int, int] = {}

    def probe(self, operation: Any, mode: GenerationMode, examples: int, *, real: bool) -> None:
        """Try an operation; ``real`` puts the objects of the world into path and body."""
        names = [one.name for one in operation.path_parameters]
        fixed = {name: str(self.made.things[name]) for name in names if name in self.made.things}
        if real and not fixed and operation.method.upper() == "GET":
            return
        strategy = operation.as_strategy(
            generation_mode=mode, path_parameters=(fixed or None) if real else None
        )

        @seed(20261122)
        @settings(
            max_examples=examples,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(strategy)
        def run(case: Any) -> None:
            if real and isinstance(case.body, dict):
                case.body = self.made.named(case.body)
            self._send(case)

        try:
            run()
        except Unsatisfiable:
            # An operation without input cannot be asked wrongly.
            assert mode is GenerationMode.NEGATIVE, operation.label

    def _send(self, case: Any) -> None:
        known = {"Authorization": f"Bearer {self.made.boss.token}"}
        if case.method.upper() == "POST":
            known["Idempotency-Key"] = build.key()
        if "If-Match" in case.headers:
            known["If-Match"] = "*"
        with taken_back(self.connection):
            answer = case.call(headers=known)
            case.validate_response(answer, checks=CHECKS)
        self.statuses[answer.status_code] = self.statuses.get(answer.status_code, 0) + 1


def _probe_all(app: Handbook, db: Session, mode: GenerationMode, examples: int) -> set[int]:
    made = world.make(app)
    prober = Prober(app, made, settle(db))
    found: list[Any] = list(prober.schema.get_all_operations())
    operations = [one.ok() for one in found]
    assert len(operations) == len(held.contract(app).operations)
    for operation in operations:
        for real in (True, False):
            prober.probe(operation, mode, examples, real=real)
    return set(prober.statuses)


@pytest.mark.timeout(240)
@pytest.mark.parametrize("mode", EXPECTED, ids=lambda mode: mode.value)
def test_nothing_but_what_is_promised(app: Handbook, db: Session, mode: GenerationMode) -> None:
    assert _probe_all(app, db, mode, examples=3) >= EXPECTED[mode]


@pytest.mark.soak
@pytest.mark.parametrize("mode", EXPECTED, ids=lambda mode: mode.value)
def test_nothing_but_what_is_promised_for_long(
    app: Handbook, db: Session, mode: GenerationMode
) -> None:
    assert _probe_all(app, db, mode, examples=60) >= EXPECTED[mode]
