"""A small commune with documents and campaigns, for the tests of studies and reports."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select

from handbook import access, clock, database, ids
from handbook.access import Actor
from handbook.audiences import service as audiences
from handbook.studies import due
from models import (
    Account,
    Acknowledgement,
    Campaign,
    CampaignCount,
    CampaignDocument,
    CampaignTarget,
    Document,
    DocumentVersion,
    Member,
    Progress,
    StoredFile,
    StudyEntry,
    Unit,
)
from push.work import Work
from tests.support import build

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
# 09:00 on 16 November 2026 in Vietnam; the usual deadline is 17:00 on the 30th.
NOW = datetime(2026, 11, 16, 2, tzinfo=UTC)
DEADLINE = datetime(2026, 11, 30, 10, tzinfo=UTC)


@dataclass
class House:
    """A commune of two cells (An and Binh sit in the first, Chi in the second), and its people."""

    commune: Unit = field(init=False)
    first: Unit = field(init=False)
    second: Unit = field(init=False)
    other: Unit = field(init=False)
    officer: Member = field(init=False)
    secretary: Member = field(init=False)
    an: Member = field(init=False)
    binh: Member = field(init=False)
    chi: Member = field(init=False)
    stranger: Member = field(init=False)

    def __post_init__(self) -> None:
        """Put everything into the current transaction."""
        province = build.unit(kind="province", name="Đảng bộ tỉnh")
        self.commune = build.unit(province, "commune", "Đảng bộ xã Tân An")
        self.other = build.unit(province, "commune", "Đảng bộ xã Tân Bình")
        self.first = build.unit(self.commune, name="Chi bộ ấp 1")
        self.second = build.unit(self.commune, name="Chi bộ ấp 2")
        self.officer = build.member(build.unit(province, "office", "Văn phòng"), "Trần Thị Tuyên")
        build.position(self.officer, self.commune, "propaganda_officer")
        self.secretary = build.member(self.first, "Lê Văn Bí")
        build.position(self.secretary, self.first, "secretary")
        self.an = build.member(self.first, "Nguyễn Văn An")
        self.binh = build.member(self.first, "Nguyễn Thị Bình")
        self.chi = build.member(self.second, "Phạm Thị Chi")
        self.stranger = build.member(build.unit(self.other), "Võ Văn Xa")
        build.position(self.stranger, self.other, "secretary")

    @property
    def members(self) -> list[Member]:
        """Those who sit in the commune's cells."""
        return [self.secretary, self.an, self.binh, self.chi]


def actor(who: Member) -> Actor:
    """Return a member as the actor of a request, on a device of their own."""
    found = build.session_of(who)
    return access.load_actor(build.flush(), found.id, found.account_id)


def everybody(unit: Unit) -> dict[str, Any]:
    """Return the audience of a unit with all below, as ``AudienceIn`` loads it."""
    return {"include": [{"unit_id": unit.id}]}


def document(of: Unit, to: Iterable[uuid.UUID] | None = None, state: str = "published") -> Document:
    """Return a document of a unit, addressed to buckets (to the unit with all below if None)."""
    session = database.session()
    by = session.scalars(select(Account.id).limit(1)).first()
    if by is None:
        by = build.account(build.member(name="Người Soạn")).id
    sha = uuid.uuid4().hex * 2
    session.add(StoredFile(sha256=sha, size=1, kind="txt"))
    row = Document(
        id=ids.new(), unit_id=of.id, type_code="resolution", abstract="Về học tập", created_by=by
    )
    session.add(row)
    session.flush()
    version = DocumentVersion(
        id=ids.new(),
        document_id=row.id,
        number=1,
        file_sha256=sha,
        file_name="a.txt",
        state="ready",
        created_by=by,
    )
    session.add(version)
    session.flush()
    buckets = [audiences.unit_bucket(of.id)] if to is None else to
    row.audience_id = audiences.address_buckets("document", buckets, written={})
    row.version_id = version.id
    row.published_at = clock.now()
    row.published_by = by
    row.state = state
    if state == "recalled":
        row.recalled_at, row.recall_reason = clock.now(), "sai sót"
    session.flush()
    return row


def campaign(
    of: Unit, documents: Sequence[Document], *, by: Member, issue: bool = True, **more: Any
) -> Campaign:
    """Return a campaign of a unit, issued to it with all below unless told otherwise."""
    session = database.session()
    given = {
        "title": "Học tập nghị quyết",
        "deadline": DEADLINE,
        "requires_read": True,
        "requires_acknowledgement": False,
        **more,
    }
    row = Campaign(id=ids.new(), unit_id=of.id, created_by=build.account(by).id, **given)
    session.add(row)
    session.flush()
    session.add_all(
        CampaignDocument(campaign_id=row.id, document_id=one.id, ordinal=place)
        for place, one in enumerate(documents, 1)
    )
    if issue:
        row.audience_id = audiences.address_buckets(
            "campaign", [audiences.unit_bucket(of.id)], written={}
        )
        row.issued_at = clock.now()
        row.state = "issuing"
    session.flush()
    return row


def read(
    who: Member, what: Document, at: datetime | None = None, received: datetime | None = None
) -> None:
    """Put the fact that a member read a document, received an hour later unless given."""
    moment = at or clock.now()
    session = database.session()
    session.add(
        Progress(
            member_id=who.id,
            version_id=what.version_id,
            document_id=what.id,
            opened_at=moment,
            read_at=moment,
            read_received_at=received or moment + HOUR,
        )
    )
    session.flush()


def acknowledge(who: Member, what: Document, at: datetime | None = None) -> None:
    """Put the fact that a member acknowledged a document."""
    moment = at or clock.now()
    session = database.session()
    session.add(
        Acknowledgement(
            id=ids.new(),
            member_id=who.id,
            document_id=what.id,
            version_id=what.version_id,
            source="member",
            acknowledged_at=moment,
            received_at=moment,
        )
    )
    session.flush()


def enter(row: Campaign, who: Member, by: Member, **more: Any) -> None:
    """Put a secretary's entry."""
    given = {"form": "paper", "studied_on": clock.today(), "recorded_at": clock.now(), **more}
    session = database.session()
    session.add(
        StudyEntry(campaign_id=row.id, member_id=who.id, recorded_by=build.account(by).id, **given)
    )
    session.flush()


def work(wanted: Work) -> int:
    """Do one round of a work in the current session; return how many rows were claimed."""
    session = database.session()
    claimed = wanted.claim(session)
    if claimed:
        wanted.settle(session, claimed, None)
        session.flush()
    for row in session:
        if isinstance(row, Campaign | CampaignTarget | CampaignCount):
            session.expire(row)
            session.refresh(row)
    return len(claimed)


FREEZE, TARGETS, COUNTS = due.WORKS


def settle() -> None:
    """Do all work that is due."""
    for wanted in due.WORKS:
        while work(wanted):
            pass


def freeze(row: Campaign) -> None:
    """Freeze a campaign to the end; ``row`` may be stale afterwards."""
    while work(FREEZE):
        pass
    state = select(Campaign.state).where(Campaign.id == row.id)
    assert database.session().scalar(state) == "issued"


def targets(row: Campaign) -> dict[uuid.UUID, CampaignTarget]:
    """Return the targets of a campaign by member."""
    found = database.session().scalars(
        select(CampaignTarget).where(CampaignTarget.campaign_id == row.id)
    )
    return {target.member_id: target for target in found}
