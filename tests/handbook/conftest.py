"""What the tests of the kernel share: an application with planted routes and real commits."""

from collections.abc import Iterator, MutableMapping
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.conftest import Real
from tests.support.phone import Phone
from tests.support.planted import Planted


@pytest.fixture
def logged() -> Iterator[list[MutableMapping[str, Any]]]:
    """Return the list that takes what is logged meanwhile."""
    with capture_logs() as found:
        yield found


@pytest.fixture
def planted(real: Real, logged: object) -> Planted:
    """Return planted routes, registered on the application of ``real``."""
    return Planted().under(real.app)


@pytest.fixture
def caller(real: Real, planted: Planted) -> Phone:
    """Return the phone of a member of the application with planted routes."""
    return real.sign_in()
