"""Fixtures of the tests of documents."""

import pytest
from sqlalchemy.orm import Session

from handbook.http import Handbook
from tests.support import library
from tests.support.library import Library
from tests.support.phone import Phone


@pytest.fixture
def scene(db: Session) -> Library:
    """Return two communes with their clerks and readers."""
    return library.make()


@pytest.fixture
def clerk(app: Handbook, scene: Library) -> Phone:
    """Return the phone of the commune's clerk."""
    return Phone(app, scene.clerk)


@pytest.fixture
def reader(app: Handbook, scene: Library) -> Phone:
    """Return the phone of a member of the commune's cell."""
    return Phone(app, scene.reader)
