"""Signing in with a password."""

from collections.abc import Iterator
from typing import Final

from bench import fixtures
from bench.measure import Result, at_most, cpu_each
from bench.stage import JSON, Stage

TIMES: Final = 40
MOST_MILLISECONDS: Final = 25
_CREATED: Final = 201


def measure(stage: Stage) -> Iterator[Result]:
    """Measure the CPU of one sign-in."""
    body = fixtures.sign_in_body(stage)
    client = stage.client()

    def sign_in() -> None:
        status, answer, _ = client.call("POST", "/api/v1/auth/session", body, JSON)
        if status != _CREATED:
            raise RuntimeError(f"sign-in: {status} {answer[:300]!r}")

    for _ in range(5):
        sign_in()
    spent = cpu_each(stage.web, sign_in, TIMES)
    yield at_most("sign-in", spent, MOST_MILLISECONDS, 1, "ms CPU", "argon2id 19 MiB, t=2")
