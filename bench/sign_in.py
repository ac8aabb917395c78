"""Signing in with a password."""

import statistics
import time
from collections.abc import Iterator
from typing import Final

from argon2 import PasswordHasher

from bench import fixtures
from bench.measure import Result, at_most, cpu_each
from bench.stage import JSON, Stage
from handbook.accounts.service import hash_password

TIMES: Final = 15
ROUNDS: Final = 5
MOST_MILLISECONDS: Final = 25
_CREATED: Final = 201


def measure(stage: Stage) -> Iterator[Result]:
    """Measure the CPU of one sign-in, beside one bare verification in this process."""
    body = fixtures.sign_in_body(stage)
    client = stage.client()

    def sign_in() -> None:
        status, answer, _ = client.call("POST", "/api/v1/auth/session", body, JSON)
        if status != _CREATED:
            raise RuntimeError(f"sign-in: {status} {answer[:300]!r}")

    hashed = hash_password(fixtures.PASSWORD)
    hasher = PasswordHasher()
    ours, bare = [], []
    for _ in range(ROUNDS):
        sign_in()
        ours.append(cpu_each(stage.web, sign_in, TIMES))
        begin = time.process_time()
        for _ in range(TIMES):
            hasher.verify(hashed, fixtures.PASSWORD)
        bare.append((time.process_time() - begin) * 1000 / TIMES)
    note = f"one bare verification (argon2id, 19 MiB, t=2): {statistics.median(bare):.1f} ms"
    yield at_most("sign-in", statistics.median(ours), MOST_MILLISECONDS, 1, "ms CPU", note)
