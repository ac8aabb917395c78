"""Several at once on one document, over two connections with real commits."""

import uuid
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as StillWaiting
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import select

from handbook.access import Actor, load_actor
from handbook.documents import contents, publication
from handbook.errors import NotFound
from models import Holder, Member
from tests.conftest import Real
from tests.support import build, library

PATIENCE = 10
PAUSE = 0.3


@dataclass(frozen=True)
class Scene:
    """A published document as plain values, its clerk and its reader."""

    document: uuid.UUID
    clerk: Actor
    reader: Actor

    def recall(self) -> None:
        """Recall the document."""
        publication.recall(self.clerk, self.document, "Nhầm")

    def fetch(self) -> None:
        """Fetch its first part."""
        contents.get_part(self.reader, self.document, 1)


def make(real: Real) -> Scene:
    """Commit a published document."""
    with real.write() as session:

        def actor(who: Member) -> Actor:
            signed = build.session_of(who)
            return load_actor(session, signed.id, signed.account_id)

        found = library.make()
        document = library.published(found.commune, found.clerk)
        return Scene(document.id, actor(found.clerk), actor(found.reader))


def holders(real: Real) -> list[uuid.UUID]:
    with real.write() as session:
        return list(session.scalars(select(Holder.device_id).where(Holder.had == "content")))


def overlapped(real: Real, first: Callable[[], None], second: Callable[[], None]) -> Future[Any]:
    """Begin ``second`` before ``first`` has committed; return what comes of it."""

    def act() -> None:
        with real.write():
            second()

    with ThreadPoolExecutor(1) as pool, real.write():
        first()
        trying = pool.submit(act)
        with pytest.raises(StillWaiting):
            trying.result(timeout=PAUSE)
    return trying


def test_a_recall_counts_who_fetched_at_the_same_moment(real: Real) -> None:
    scene = make(real)
    overlapped(real, scene.fetch, scene.recall).result(timeout=PATIENCE)
    assert holders(real) == [scene.reader.device_id]


def test_who_fetches_during_a_recall_gets_nothing(real: Real) -> None:
    scene = make(real)
    with pytest.raises(NotFound):
        overlapped(real, scene.recall, scene.fetch).result(timeout=PATIENCE)
    assert holders(real) == []


def test_two_who_fetch_at_once_do_not_wait(real: Real) -> None:
    scene = make(real)

    def act() -> None:
        with real.write():
            scene.fetch()

    with ThreadPoolExecutor(1) as pool, real.write():
        contents.get_part(scene.clerk, scene.document, 1)
        pool.submit(act).result(timeout=PATIENCE)
