"""Builders of published documents, for tests of what stands above documents."""

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import update

from handbook import clock, database, ids
from handbook.audiences import service as audiences
from models import (
    Account,
    Campaign,
    CampaignDocument,
    CampaignTarget,
    Document,
    DocumentVersion,
    Member,
    Part,
    StoredFile,
    Unit,
)
from tests.support import build


def version(of: Document, words: Sequence[int] = (90, 90, 90), number: int = 1) -> DocumentVersion:
    """Return a new ready version with one part for each of ``words``."""
    session = database.session()
    sha256 = uuid.uuid4().hex * 2
    session.add(StoredFile(sha256=sha256, size=1, kind="txt"))
    session.flush()
    row = DocumentVersion(
        id=ids.new(),
        document_id=of.id,
        number=number,
        file_sha256=sha256,
        file_name="van-ban.txt",
        state="ready",
        parts_total=len(words),
        words=sum(words),
        created_by=of.created_by,
    )
    session.add(row)
    session.flush()
    for ordinal, count in enumerate(words, start=1):
        session.add(
            Part(
                version_id=row.id,
                number=ordinal,
                html="<p>x</p>",
                text="x",
                words=count,
                sha256=uuid.uuid4().hex * 2,
            )
        )
    session.flush()
    return row


def document(
    home: Unit,
    words: Sequence[int] = (90, 90, 90),
    buckets: Sequence[uuid.UUID] | None = None,
    by: Account | None = None,
) -> Document:
    """Return a document published to ``buckets``, or to ``home`` and all below it."""
    session = database.session()
    by = by or build.account(build.member())
    row = Document(
        id=ids.new(),
        unit_id=home.id,
        type_code="report",
        abstract="Về việc học tập",
        created_by=by.id,
    )
    session.add(row)
    session.flush()
    first = version(row, words)
    where = [audiences.unit_bucket(home.id)] if buckets is None else list(buckets)
    row.audience_id = audiences.address_buckets("document", where, written={"include": []})
    row.version_id = first.id
    row.published_at = clock.now()
    row.published_by = by.id
    row.state = "published"
    session.flush()
    return row


def recall(of: Document) -> None:
    """Recall a document, as a row only."""
    _change(of, state="recalled", recalled_at=clock.now(), recall_reason="nhầm")


def put_in_force(of: Document, which: DocumentVersion) -> None:
    """Put another version of a published document in force, as a row only."""
    _change(of, version_id=which.id)


def _change(of: Document, **values: object) -> None:
    session = database.session()
    session.execute(update(Document).where(Document.id == of.id).values(**values))


def campaign(
    home: Unit,
    documents: Sequence[Document],
    targets: Sequence[Member],
    deadline: datetime,
    state: str = "issued",
) -> Campaign:
    """Return a campaign of ``documents`` with its frozen ``targets``."""
    session = database.session()
    row = Campaign(
        id=ids.new(),
        unit_id=home.id,
        title="Đợt học tập",
        requires_read=True,
        requires_acknowledgement=True,
        deadline=deadline,
        state=state,
        issued_at=clock.now(),
        created_by=documents[0].created_by,
    )
    session.add(row)
    session.flush()
    for ordinal, one in enumerate(documents, start=1):
        session.add(CampaignDocument(campaign_id=row.id, document_id=one.id, ordinal=ordinal))
    for target in targets:
        session.add(
            CampaignTarget(
                campaign_id=row.id, member_id=target.id, unit_id=home.id, unit_path=home.path
            )
        )
    session.flush()
    return row
