"""What the tests of the kernel share: an application with planted routes and real commits."""

import pytest

from tests.conftest import Real
from tests.support.phone import Phone
from tests.support.planted import Planted


@pytest.fixture
def planted(real: Real) -> Planted:
    """Return planted routes, registered on the application of ``real``."""
    return Planted().under(real.app)


@pytest.fixture
def caller(real: Real, planted: Planted) -> Phone:
    """Return the phone of a member of the application with planted routes."""
    return real.sign_in()
