"""Rendering: the worker turns the file of each waiting version into parts.

The file is parsed in a limited child, between two transactions. What the file is at fault for fails
the version at once; anything else is tried again, three times in all.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import structlog
from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from handbook.documents import records
from handbook.files import child, place
from handbook.files.kinds import Kind
from handbook.files.service import at_hand
from handbook.files.storage import FileStore
from models import DocumentVersion, Part, StoredFile, claim
from push.work import Work

LOG = structlog.get_logger(__name__)
MOST_AT_ONCE: Final = 2
MOST_ATTEMPTS: Final = 3
RETRY_SECONDS: Final = 30
FAILED: Final = "rendering_failed"
# Each child ends within its wall time, so the lease outlives the whole batch without renewal.
LEASE_SECONDS: Final = MOST_AT_ONCE * child.Limits().wall_seconds + 20


@dataclass(frozen=True)
class Claimed:
    """A version leased for rendering, and where its file is to be read."""

    version_id: uuid.UUID
    fence: int
    attempts: int
    sha256: str
    kind: Kind
    store: FileStore


@dataclass(frozen=True)
class Outcome:
    """What came of a version: its parts, or the code of its failure, or neither: try again."""

    parts: tuple[child.Part, ...] = ()
    failure: str | None = None


def claim_waiting(session: Session) -> list[Claimed]:
    """Lease up to two versions that wait to be rendered."""
    leased = session.scalars(
        claim(
            DocumentVersion,
            key=[DocumentVersion.id],
            where=DocumentVersion.state == "waiting",
            limit=MOST_AT_ONCE,
            lease_seconds=LEASE_SECONDS,
        ),
        execution_options={"populate_existing": True},
    ).all()
    names = {version.file_sha256 for version in leased}
    rows = session.execute(
        select(StoredFile.sha256, StoredFile.kind).where(StoredFile.sha256.in_(names))
    )
    kinds = {row.sha256: Kind(row.kind) for row in rows}
    store = place.store()
    return [
        Claimed(one.id, one.fence, one.attempts, one.file_sha256, kinds[one.file_sha256], store)
        for one in leased
    ]


def render(claimed: Sequence[Claimed]) -> list[Outcome]:
    """Return what came of each file, in the same order; no database is needed."""
    return [_render(one) for one in claimed]


def _render(one: Claimed) -> Outcome:
    if one.attempts > MOST_ATTEMPTS:
        return Outcome(failure=FAILED)
    try:
        # The child would take a file that is gone for a damaged one.
        one.store.size(one.sha256)
        with at_hand(one.store, one.sha256) as path:
            return Outcome(child.run(path, one.kind).parts)
    except child.RenderFailed as error:
        return Outcome(failure=error.code)
    except OSError as error:
        LOG.warning("rendering_disturbed", version=str(one.version_id), error=type(error).__name__)
        return Outcome()


def settle(session: Session, claimed: Sequence[Claimed], outcomes: Sequence[Outcome]) -> None:
    """Keep the parts of each version whose lease still holds, or its failure, or try later."""
    for one, outcome in zip(claimed, outcomes, strict=True):
        held = session.execute(
            update(DocumentVersion)
            .where(
                DocumentVersion.id == one.version_id,
                DocumentVersion.fence == one.fence,
                DocumentVersion.state == "waiting",
            )
            .values(lease_until=None, **_after(outcome))
            .returning(DocumentVersion.id)
            .execution_options(synchronize_session=False)
        ).one_or_none()
        if held is not None and outcome.parts:
            session.execute(insert(Part), list(_rows(one.version_id, outcome.parts)))


def _after(outcome: Outcome) -> dict[str, object]:
    """Return the columns of a version after an outcome."""
    if outcome.failure is not None:
        return {"state": "failed", "failure": outcome.failure}
    if not outcome.parts:
        return {"due_at": func.now() + func.make_interval(0, 0, 0, 0, 0, 0, RETRY_SECONDS)}
    words = sum(part.words for part in outcome.parts)
    return {"state": "ready", "parts_total": len(outcome.parts), "words": words}


def _rows(version_id: uuid.UUID, parts: Sequence[child.Part]) -> list[dict[str, object]]:
    return [
        {
            "version_id": version_id,
            "number": part.number,
            "heading": part.heading,
            "html": part.html,
            "text": part.text,
            "words": part.words,
            "has_text": part.has_text,
            "sha256": records.sha256_of(part, len(parts)),
        }
        for part in parts
    ]


WORKS = (Work(name="rendering", claim=claim_waiting, do=render, settle=settle),)
