"""Documents as rows: whose they are to see, their records, versions, parts and holders."""

import uuid
from collections.abc import Iterable

from sqlalchemy import ColumnElement, TextClause, and_, case, false, func, or_, select, text

from handbook.access import Actor, Permission
from handbook.audiences.queries import addressed_to
from models import (
    PATH_END,
    Account,
    Campaign,
    CampaignDocument,
    CampaignTarget,
    Change,
    Device,
    Document,
    DocumentType,
    DocumentVersion,
    Holder,
    Issuer,
    Member,
    Part,
    Receipt,
    Rows,
    StoredFile,
    Unit,
)

_OPEN_CAMPAIGNS = ("issuing", "issued")
# Advisory, for a shared lock of the row itself would be written down with each download.
_HAND_OUT = text("SELECT pg_advisory_xact_lock_shared(hashtextextended(:lock, 0))")
_TAKE_BACK = text("SELECT pg_advisory_xact_lock(hashtextextended(:lock, 0))")


def readable(actor: Actor) -> ColumnElement[bool]:
    """Return the condition that a document is published and reaches the actor.

    Through its own audience, or as a document of an open campaign that reaches the actor or has
    the actor among its frozen targets, wherever the actor has moved since.
    """
    targets = select(CampaignTarget.campaign_id).where(CampaignTarget.member_id == actor.member_id)
    studied = (
        select(CampaignDocument.document_id)
        .join(Campaign, Campaign.id == CampaignDocument.campaign_id)
        .where(
            Campaign.state.in_(_OPEN_CAMPAIGNS),
            or_(
                Campaign.audience_id.in_(addressed_to(actor, "campaign")),
                Campaign.id.in_(targets),
            ),
        )
    )
    return and_(
        Document.state == "published",
        or_(
            Document.audience_id.in_(addressed_to(actor, "document")),
            Document.id.in_(studied),
        ),
    )


def readable_ids(actor: Actor) -> Rows:
    """Select the ids of the documents that the actor may read."""
    return select(Document.id).where(readable(actor))


def managed(actor: Actor, permission: Permission) -> ColumnElement[bool]:
    """Return the condition that a document's unit lies where the actor holds ``permission``."""
    paths = actor.scopes(permission)
    if not paths:
        return false()
    inside = or_(*[(Unit.path >= path) & (Unit.path < path + PATH_END) for path in paths])
    return Document.unit_id.in_(select(Unit.id).where(inside))


def visible(actor: Actor) -> ColumnElement[bool]:
    """Return the condition that the actor may read a document or drafts for its unit."""
    return or_(readable(actor), managed(actor, Permission.DOCUMENT_DRAFT))


def records() -> Rows:
    """Select documents with type, issuer, published version and file: what ``records`` shapes."""
    return (
        select(
            *Document.__table__.columns,
            DocumentType.name.label("type_name"),
            DocumentType.symbol.label("type_symbol"),
            Issuer.name.label("issuer_name"),
            Issuer.symbol.label("issuer_symbol"),
            DocumentVersion.number.label("version_number"),
            DocumentVersion.parts_total,
            DocumentVersion.words,
            DocumentVersion.file_name,
            StoredFile.sha256.label("file_sha256"),
            StoredFile.size.label("file_size"),
            StoredFile.kind.label("file_kind"),
        )
        .join(DocumentType, DocumentType.code == Document.type_code)
        .outerjoin(Issuer, Issuer.id == Document.issuer_id)
        .outerjoin(DocumentVersion, DocumentVersion.id == Document.version_id)
        .outerjoin(StoredFile, StoredFile.sha256 == DocumentVersion.file_sha256)
    )


def by_ids(ids: Iterable[uuid.UUID]) -> Rows:
    """Select the records of documents, whoever may see them; the caller adds the condition."""
    return records().where(Document.id.in_(list(ids)))


def contents(versions: Iterable[uuid.UUID]) -> Rows:
    """Select what versions are made of, in order: version_id, number, heading, words, sha256."""
    return (
        select(Part.version_id, Part.number, Part.heading, Part.words, Part.sha256)
        .where(Part.version_id.in_(list(versions)))
        .order_by(Part.version_id, Part.number)
    )


def versions(document_id: uuid.UUID) -> Rows:
    """Select the versions of a document with their files, newest first."""
    return (
        select(
            *DocumentVersion.__table__.columns,
            StoredFile.size.label("file_size"),
            StoredFile.kind.label("file_kind"),
        )
        .join(StoredFile, StoredFile.sha256 == DocumentVersion.file_sha256)
        .where(DocumentVersion.document_id == document_id)
        .order_by(DocumentVersion.number.desc())
    )


def _is_shown() -> ColumnElement[bool]:
    """Return the condition of the version to show: the published one, or a draft's newest ready."""
    other = DocumentVersion.__table__.alias("other")
    newest = (
        select(other.c.id)
        .where(other.c.document_id == Document.id, other.c.state == "ready")
        .order_by(other.c.number.desc())
        .limit(1)
        .correlate(Document)
        .scalar_subquery()
    )
    return DocumentVersion.id == func.coalesce(Document.version_id, newest)


def part(actor: Actor, document_id: uuid.UUID, number: int) -> Rows:
    """Select one part of the version to show of a document that the actor may see."""
    return (
        select(*Part.__table__.columns, DocumentVersion.parts_total)
        .join(DocumentVersion, DocumentVersion.id == Part.version_id)
        .join(Document, Document.id == DocumentVersion.document_id)
        .where(Document.id == document_id, visible(actor), _is_shown(), Part.number == number)
    )


def file(actor: Actor, document_id: uuid.UUID) -> Rows:
    """Select the file of the version to show: version_id, file_name, sha256, size, kind."""
    return (
        select(
            DocumentVersion.id.label("version_id"),
            DocumentVersion.file_name,
            StoredFile.sha256,
            StoredFile.size,
            StoredFile.kind,
        )
        .join(StoredFile, StoredFile.sha256 == DocumentVersion.file_sha256)
        .join(Document, Document.id == DocumentVersion.document_id)
        .where(Document.id == document_id, visible(actor), _is_shown())
    )


def holders(document_id: uuid.UUID) -> Rows:
    """Select who held a recalled document, with when the phone proved to have removed it.

    ``removed_at`` is told by the receipts: every bucket of the member that the document was
    removed from has been pulled by that device beyond the removal.
    """
    proved = (
        select(case((func.bool_and(Receipt.position >= Change.position), func.max(Receipt.at))))
        .join(Change, Change.bucket_id == Receipt.bucket_id)
        .join(Account, Account.id == Receipt.account_id)
        .where(
            Change.kind == "document",
            Change.object_id == Holder.document_id,
            Change.op == "remove",
            Receipt.device_id == Holder.device_id,
            Account.member_id == Holder.member_id,
        )
        .correlate(Holder)
        .scalar_subquery()
    )
    return (
        select(
            Holder.id,
            Holder.device_id,
            Device.platform,
            Holder.member_id,
            Member.full_name,
            Holder.had,
            Holder.at,
            func.coalesce(Holder.removed_at, proved).label("removed_at"),
        )
        .join(Device, Device.id == Holder.device_id)
        .join(Member, Member.id == Holder.member_id)
        .where(Holder.document_id == document_id)
    )


def hand_out(document_id: uuid.UUID) -> TextClause:
    """Keep recalls of a document waiting until this transaction, which hands it out, has ended.

    Read the document after it: what waited for a recall must see that it was recalled.
    """
    return _HAND_OUT.bindparams(lock=f"document:{document_id}")


def take_back(document_id: uuid.UUID) -> TextClause:
    """Wait for those to whom a document is being handed out, and let nobody begin meanwhile."""
    return _TAKE_BACK.bindparams(lock=f"document:{document_id}")


def types() -> Rows:
    """Select the types of documents in their order."""
    return select(DocumentType).order_by(DocumentType.ordinal)
