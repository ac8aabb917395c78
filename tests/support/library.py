"""Documents for tests: a commune with a cell, its clerk and readers, and documents in any state."""

import hashlib
import io
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from handbook import clock, database, ids
from handbook.audiences import service as audiences
from handbook.changes import service as changes
from handbook.documents import due, records
from handbook.files import place
from handbook.files.child import Part as Rendered
from models import (
    AuditEntry,
    Campaign,
    CampaignDocument,
    CampaignTarget,
    Device,
    DeviceAccount,
    Document,
    DocumentVersion,
    Member,
    Part,
    Receipt,
    StoredFile,
    Unit,
)
from tests.support import build
from tests.support.phone import Phone


@dataclass
class Library:
    """Two communes, one cell each: a clerk, a reader below, and the same next door."""

    commune: Unit
    cell: Unit
    clerk: Member
    reader: Member
    other: Unit
    other_clerk: Member
    other_reader: Member


def make() -> Library:
    """Return a new library without documents."""
    root = build.unit(kind="province", name="Đảng bộ tỉnh")
    commune = build.unit(root, kind="commune", name="Đảng bộ xã Tân An")
    cell = build.unit(commune, name="Chi bộ thôn Đông")
    other = build.unit(root, kind="commune", name="Đảng bộ xã Phú Hòa")
    other_cell = build.unit(other, name="Chi bộ thôn Tây")
    clerk = build.member(cell, "Trần Thị Bình")
    build.position(clerk, commune, "clerk")
    other_clerk = build.member(other_cell, "Lê Văn Cường")
    build.position(other_clerk, other, "clerk")
    return Library(
        commune=commune,
        cell=cell,
        clerk=clerk,
        reader=build.member(cell, "Phạm Thị Dung"),
        other=other,
        other_clerk=other_clerk,
        other_reader=build.member(other_cell, "Đỗ Văn Em"),
    )


def document(unit: Unit, by: Member, **more: Any) -> Document:
    """Return a new draft of a unit."""
    row = Document(
        id=ids.new(),
        unit_id=unit.id,
        type_code=more.pop("type_code", "report"),
        abstract=more.pop("abstract", "Kết quả học tập quý III"),
        created_by=build.account(by).id,
        **more,
    )
    database.session().add(row)
    database.session().flush()
    return row


def version(of: Document, texts: Sequence[str] = ("Phần một.", "Phần hai.")) -> DocumentVersion:
    """Return a new ready version of a document, with one part for each text and a stored file."""
    session = database.session()
    put = place.store().put(io.BytesIO("\n".join(texts).encode()))
    if session.get(StoredFile, put.sha256) is None:
        session.add(StoredFile(sha256=put.sha256, size=put.size, kind="txt"))
        session.flush()
    parts = [
        Rendered(number, f"Mục {number}", f"<p>{text}</p>", text, len(text.split()))
        for number, text in enumerate(texts, 1)
    ]
    row = DocumentVersion(
        id=ids.new(),
        document_id=of.id,
        number=1,
        file_sha256=put.sha256,
        file_name="Báo cáo quý III.txt",
        state="ready",
        parts_total=len(parts),
        words=sum(part.words for part in parts),
        created_by=of.created_by,
    )
    session.add(row)
    session.flush()
    for part in parts:
        session.add(
            Part(
                version_id=row.id,
                number=part.number,
                heading=part.heading,
                html=part.html,
                text=part.text,
                words=part.words,
                sha256=records.sha256_of(part, len(parts)),
            )
        )
    session.flush()
    return row


def published(
    unit: Unit, by: Member, buckets: Sequence[uuid.UUID] | None = None, **more: Any
) -> Document:
    """Return a document of a unit, published to ``buckets`` (everybody at and below the unit)."""
    row = document(unit, by, **more)
    ready = version(row, [f"Nội dung {row.id}.", "Phần hai."])
    reached = [audiences.unit_bucket(unit.id)] if buckets is None else list(buckets)
    row.version_id = ready.id
    row.audience_id = audiences.address_buckets("document", reached, written={"include": []})
    row.state = "published"
    row.published_at = clock.now()
    row.published_by = row.created_by
    database.session().flush()
    changes.touch("document", row.id, reached)
    changes.flush(database.session())
    return row


def body(unit: Unit, **more: Any) -> dict[str, Any]:
    """Return a body that drafts a document of a unit."""
    return {
        "unit_id": str(unit.id),
        "secrecy": "none",
        "type_code": "report",
        "abstract": "Kết quả học tập quý III",
        "urgency": "ordinary",
        "circulation": "internal",
        **more,
    }


def audience(unit: Unit) -> dict[str, Any]:
    """Return an audience: everybody at a unit and below it."""
    return {"include": [{"unit_id": str(unit.id), "reach": "below", "role": "everyone"}]}


def drafted(phone: Phone, scene: Library, **more: Any) -> dict[str, Any]:
    """Return a draft of the commune made over HTTP."""
    answer = phone.post("/documents", body(scene.commune, **more))
    assert answer.status_code == 201, answer.json
    found: dict[str, Any] = answer.json
    return found


def upload(phone: Phone, document_id: object, content: bytes, name: str = "van ban.docx") -> Any:
    """Return the answer to an upload of ``content`` as a version of a document."""
    return phone.post(
        f"/documents/{document_id}/versions", data={"file": (io.BytesIO(content), name)}
    )


def render() -> int:
    """Do the waiting rendering work as the worker does; return how many versions it took."""
    session = database.session()
    claimed = due.claim_waiting(session)
    due.settle(session, claimed, due.render(claimed))
    session.flush()
    return len(claimed)


def sha256(content: bytes) -> str:
    """Return the SHA-256 of some bytes."""
    return hashlib.sha256(content).hexdigest()


def receive(device: Device, bucket_id: uuid.UUID, position: int) -> None:
    """Let a device prove that it pulled a bucket up to a position."""
    session = database.session()
    account = select(DeviceAccount.account_id).where(DeviceAccount.device_id == device.id)
    session.add(
        Receipt(
            device_id=device.id,
            account_id=session.scalars(account).one(),
            bucket_id=bucket_id,
            position=position,
        )
    )
    session.flush()


def study(
    scene: Library, document_id: uuid.UUID, target: Member, state: str = "issued"
) -> Campaign:
    """Return a new campaign of the commune with one document and one frozen target."""
    session = database.session()
    campaign = Campaign(
        id=ids.new(),
        unit_id=scene.commune.id,
        title="Học tập nghị quyết",
        requires_read=True,
        requires_acknowledgement=False,
        deadline=clock.now(),
        state=state,
        issued_at=clock.now(),
        created_by=build.account(scene.clerk).id,
    )
    session.add(campaign)
    session.flush()
    session.add(CampaignDocument(campaign_id=campaign.id, document_id=document_id, ordinal=1))
    session.add(
        CampaignTarget(
            campaign_id=campaign.id,
            member_id=target.id,
            unit_id=scene.cell.id,
            unit_path=scene.cell.path,
        )
    )
    session.flush()
    return campaign


def actions() -> list[str]:
    """Return the audit actions so far, in order."""
    return list(database.session().scalars(select(AuditEntry.action).order_by(AuditEntry.number)))
