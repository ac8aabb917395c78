"""Fixtures of the tests of meetings: the house on a Monday morning."""

from collections.abc import Callable
from datetime import datetime

import pytest
from sqlalchemy.orm import Session

from handbook.http import Handbook
from tests.handbook.meetings import house as scene


@pytest.fixture
def place(db: Session, at: Callable[[datetime], None]) -> scene.House:
    """Return the house, with the clock stopped at ``NOW``."""
    at(scene.NOW)
    return scene.house()


@pytest.fixture
def office(app: Handbook, db: Session, at: Callable[[datetime], None]) -> scene.Office:
    """Return the house with its phones, with the clock stopped at ``NOW``."""
    at(scene.NOW)
    return scene.Office(app)
