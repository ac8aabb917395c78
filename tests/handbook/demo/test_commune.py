"""The commune as it stands after filling: counts, states, and what phones would pull."""

import time

from rich.console import Console

from handbook import demo
from tests.conftest import Real


def test_the_commune_fills_an_empty_database(real: Real) -> None:
    assert demo.is_empty(real.app)
    started = time.monotonic()
    demo.commune(real.app, Console(quiet=True))
    print(time.monotonic() - started)
    assert not demo.is_empty(real.app)
    assert 0
