"""A commune with two cells, its people and papers: the set-up of the tests of meetings."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select

from handbook import access, clock, database, ids
from handbook.access import Actor
from handbook.audiences import service as audiences
from handbook.changes import service as changes
from handbook.http import Handbook
from handbook.meetings import service
from models import (
    BELOW,
    EVERYONE,
    AuditEntry,
    Change,
    Document,
    DocumentType,
    DocumentVersion,
    Meeting,
    Member,
    Notice,
    StoredFile,
    Unit,
)
from tests.support import build
from tests.support.phone import Phone

# Monday 2 March 2026, 8:00 in Vietnam; the meeting starts on Thursday at 19:30.
NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
STARTS = datetime(2026, 3, 5, 12, 30, tzinfo=UTC)
NO_AUDIENCE = {"audience": None, "combined": False}


@dataclass(frozen=True)
class House:
    """Two cells of a commune; the first has a secretary and two members, Bình and An."""

    commune: Unit
    cell: Unit
    other: Unit
    secretary: Member
    an: Member
    binh: Member
    overseer: Member
    stranger: Member
    neighbour: Member


def house() -> House:
    """Return the set-up: an overseer at the commune, a secretary in each cell."""
    commune = build.unit(kind="commune", name="Đảng bộ xã Mẫu")
    cell, other = build.unit(commune), build.unit(commune)
    secretary = build.member(cell, "Trần Thị Cúc")
    neighbour = build.member(other, "Lê Văn Dũng")
    overseer = build.member(other, "Phạm Văn Em")
    build.position(secretary, cell, "secretary")
    build.position(neighbour, other, "secretary")
    build.position(overseer, commune, "overseer")
    return House(
        commune,
        cell,
        other,
        secretary,
        an=build.member(cell, "Nguyễn Văn An"),
        binh=build.member(cell, "Nguyễn Thị Bình"),
        overseer=overseer,
        stranger=build.member(other, "Vũ Văn Giang"),
        neighbour=neighbour,
    )


def actor(who: Member) -> Actor:
    """Return the member as actor of a new session."""
    signed = build.session_of(who)
    return access.load_actor(database.session(), signed.id, signed.account_id)


def body(place: House, **more: Any) -> dict[str, Any]:
    """Return a loaded ``MeetingIn``: a regular meeting of the cell with one item and a chair."""
    return {
        "unit_id": place.cell.id,
        "kind": "regular",
        "title": "Sinh hoạt thường kỳ tháng 3",
        "starts_at": STARTS,
        "minutes_planned": 90,
        "place": "Nhà văn hóa thôn 1",
        "note": None,
        "chair_id": place.secretary.id,
        "agenda": [{"title": "Kết quả tháng 2", "minutes": 30, "presenter": "Trần Thị Cúc"}],
        "material_ids": [],
        **more,
    }


def wire(loaded: Mapping[str, Any]) -> dict[str, Any]:
    """Return a loaded body as a phone would send it."""
    plain = dict(loaded)
    for name, value in loaded.items():
        if isinstance(value, datetime):
            plain[name] = clock.local(value).isoformat()
        elif isinstance(value, uuid.UUID):
            plain[name] = str(value)
        elif name == "material_ids":
            plain[name] = [str(one) for one in value]
    return plain


def document(
    of: Unit,
    by: Member,
    *,
    buckets: Iterable[uuid.UUID] | None = None,
    state: str = "published",
    number: int = 5,
) -> Document:
    """Return a document of a unit, addressed to all below it unless ``buckets`` are given."""
    session = database.session()
    author = build.account(by).id
    sha256 = uuid.uuid4().hex * 2
    session.add(StoredFile(sha256=sha256, size=1, kind="txt"))
    row = Document(
        id=ids.new(),
        unit_id=of.id,
        type_code=session.scalars(select(DocumentType.code).limit(1)).one(),
        number=number,
        symbol="BC/CB",
        abstract="Báo cáo kết quả tháng 2",
        created_by=author,
    )
    session.add(row)
    session.flush()
    version = DocumentVersion(
        id=ids.new(),
        document_id=row.id,
        number=1,
        file_sha256=sha256,
        file_name="bao-cao.txt",
        state="ready",
        created_by=author,
    )
    session.add(version)
    session.flush()
    if state != "draft":
        reached = list(buckets) if buckets is not None else [bucket(of)]
        row.audience_id = audiences.address_buckets("document", reached, written={})
        row.version_id, row.published_at, row.state = version.id, NOW, "published"
    if state == "recalled":
        row.state, row.recalled_at, row.recall_reason = "recalled", NOW, "Nhầm"
    session.flush()
    return row


def bucket(of: Unit, reach: str = BELOW, role: str = EVERYONE) -> uuid.UUID:
    """Return the id of a unit's bucket."""
    return audiences.unit_bucket(of.id, reach=reach, role=role)


def notices(meeting: Meeting | uuid.UUID, *, standing: bool = True) -> list[str]:
    """Return the kinds of the notices about a meeting, oldest first, without withdrawn ones."""
    key = meeting if isinstance(meeting, uuid.UUID) else meeting.id
    statement = select(Notice.kind).where(Notice.object_id == key).order_by(Notice.id)
    if standing:
        statement = statement.where(Notice.withdrawn_at.is_(None))
    return list(database.session().scalars(statement))


def touched(kind: str, object_id: uuid.UUID) -> dict[uuid.UUID, str]:
    """Return bucket id → op of what the log of changes now says of an object."""
    session = database.session()
    changes.flush(session)
    rows = session.execute(
        select(Change.bucket_id, Change.op).where(
            Change.kind == kind, Change.object_id == object_id
        )
    )
    return {row.bucket_id: row.op for row in rows}


def trail(object_id: uuid.UUID) -> list[tuple[str, dict[str, Any]]]:
    """Return (action, data) of the audit lines about an object, oldest first."""
    rows = database.session().execute(
        select(AuditEntry.action, AuditEntry.data)
        .where(AuditEntry.object_id == object_id)
        .order_by(AuditEntry.number)
    )
    return [(row.action, row.data) for row in rows]


def before_start(**left: float) -> datetime:
    """Return the instant that is so long before the start."""
    return STARTS - timedelta(**left)


def drafted(place: House, **more: Any) -> Meeting:
    """Return a new draft of the secretary."""
    return service.draft(actor(place.secretary), body(place, **more)).meeting


def called(place: House, **more: Any) -> Meeting:
    """Return a new meeting to which the cell is called."""
    meeting = drafted(place, **more)
    service.call(actor(place.secretary), meeting.id, NO_AUDIENCE)
    return meeting


class Office:
    """The secretary's, a member's and other phones of one house; calls go through HTTP."""

    def __init__(self, app: Handbook) -> None:
        """Build the house and sign in the secretary and An."""
        self.app = app
        self.place = house()
        self.secretary = Phone(app, self.place.secretary)
        self.an = Phone(app, self.place.an)

    def phone(self, who: Member) -> Phone:
        """Return a phone of a member."""
        return Phone(self.app, who)

    def wire(self, **more: Any) -> dict[str, Any]:
        """Return the body of a draft."""
        return wire(body(self.place, **more))

    def draft(self, **more: Any) -> str:
        """Return the id of a new draft."""
        answer = self.secretary.post("/meetings", self.wire(**more))
        assert answer.status_code == 201, answer.json
        return str(answer.get_json()["id"])

    def call(self, meeting: str) -> None:
        """Call the cell to a draft."""
        answer = self.secretary.post(f"/meetings/{meeting}/invitations", {})
        assert answer.status_code == 201, answer.json

    def called(self, **more: Any) -> str:
        """Return the id of a new meeting to which the cell is called."""
        meeting = self.draft(**more)
        self.call(meeting)
        return meeting
