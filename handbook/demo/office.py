"""What the people of the demo commune do with the handbook, through the services of the house."""

import uuid
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any, Final

from sqlalchemy import insert, select, update

from handbook import access, clock, database, ids
from handbook.access import Actor
from handbook.demo import campaigns, facts
from handbook.demo.accounts import CLERK, COMMITTEE, SECRETARY
from handbook.demo.bulk import Loader, Steps
from handbook.demo.facts import Text
from handbook.demo.papers import TERM, Paper, read_papers
from handbook.demo.seats import Seat
from handbook.documents import catalogue, contents, due, publication
from handbook.documents import service as documents
from handbook.meetings import service as meetings
from handbook.studies import service as studies
from models import DeviceAccount, Session

STUDIED: Final = ("01-nghi-quyet-chuyen-doi-so.txt", "03-ke-hoach-hoc-tap.txt")
MEETING_PAPERS: Final = ("06-huong-dan-sinh-hoat-chi-bo.txt", "04-thong-bao-ket-luan-giao-ban.txt")
ISSUED_BEFORE: Final = timedelta(days=12)
DEADLINE_AFTER: Final = timedelta(days=18)
SHARE: Final = 0.6
_AGENDA: Final = (
    ("Kiểm điểm kết quả thực hiện nhiệm vụ tháng trước", 20),
    ("Thông tin thời sự, công tác tư tưởng", 20),
    ("Bàn nhiệm vụ tháng tới, phân công từng đảng viên", 40),
    ("Kết luận, thông qua nghị quyết, đánh giá chất lượng sinh hoạt", 15),
)

# The papers were published the morning after they were signed, and everybody was told then.
_BACKDATE: Final = (
    """
    UPDATE document SET published_at = least(
      (issued_on + 1 + time '08:00') AT TIME ZONE 'Asia/Ho_Chi_Minh', now() - interval '1 hour')
    """,
    """
    UPDATE notice n SET published_at = d.published_at,
      expires_at = d.published_at + interval '28 days'
    FROM document d WHERE n.object_kind = 'document' AND n.object_id = d.id
    """,
    """
    UPDATE notice n SET published_at = c.issued_at, expires_at = c.deadline
    FROM campaign c WHERE n.object_kind = 'campaign' AND n.object_id = c.id
    """,
    """
    UPDATE addressing a SET since = o.at
    FROM (SELECT audience_id, published_at AS at FROM document
          UNION ALL SELECT audience_id, published_at FROM notice
          UNION ALL SELECT audience_id, issued_at FROM campaign) o
    WHERE a.audience_id = o.audience_id
    """,
    """
    UPDATE fan_out f SET state = 'done', finished_at = n.published_at
    FROM notice n WHERE n.id = f.notice_id AND n.object_kind IN ('document', 'campaign')
    """,
)


class Office:
    """The people who publish, study and meet, each acting through a session of their own."""

    def __init__(self, loader: Loader, steps: Steps, seats: list[Seat]) -> None:
        """Work within the transaction of ``loader`` for the people of ``seats``."""
        self._loader = loader
        self._steps = steps
        self._seats = {seat.handle: seat for seat in seats if seat.handle}
        self._sessions: list[uuid.UUID] = []
        self._published: dict[str, uuid.UUID] = {}

    def work(self) -> None:
        """Publish the papers, run the campaign, call the meeting, sign out."""
        clerk, secretary = self._sign_in(CLERK), self._sign_in(SECRETARY)
        committee = self._sign_in(COMMITTEE)
        papers = read_papers()
        self._steps.begin("Văn bản: soạn, dàn trang", len(papers))
        drafts = self._draft(clerk, secretary, papers)
        self._render()
        self._steps.begin("Văn bản: ban hành", len(papers))
        for paper, (actor, document) in zip(papers, drafts, strict=True):
            publication.publish(actor, document, self._to(_home(actor)))
            self._published[paper.path.name] = document
            self._steps.advance()
        self._steps.begin("Đợt học tập, sinh hoạt")
        self._study(committee)
        self._call_meeting(_again(secretary))
        self._sign_out()

    def _sign_in(self, handle: str) -> Actor:
        seat = self._seats[handle]
        session = database.session()
        enrolled = select(DeviceAccount.device_id).where(
            DeviceAccount.account_id == seat.account_id
        )
        device = session.scalars(enrolled).one()
        session_id = ids.new()
        session.execute(
            insert(Session).values(
                id=session_id,
                account_id=seat.account_id,
                device_id=device,
                expires_at=clock.now() + timedelta(hours=1),
            )
        )
        self._sessions.append(session_id)
        return access.load_actor(session, session_id, seat.account_id)

    def _sign_out(self) -> None:
        database.session().execute(
            update(Session)
            .where(Session.id.in_(self._sessions))
            .values(ended_at=clock.now(), ended_by="sign_out")
        )

    def _draft(
        self, clerk: Actor, secretary: Actor, papers: list[Paper]
    ) -> list[tuple[Actor, uuid.UUID]]:
        """Draft each paper with its file; return who drafted it, and its id."""
        issuers = {
            "ĐU": self._issuer(clerk, "ĐU", papers, _home(clerk)),
            "TU": self._issuer(clerk, "TU", papers, None),
            "CB": self._issuer(secretary, "CB", papers, _home(secretary)),
        }
        drafts = []
        for paper in papers:
            actor = secretary if paper.issuer_symbol == "CB" else clerk
            document = documents.draft(
                actor,
                {
                    "unit_id": _home(actor),
                    "secrecy": "none",
                    "type_code": paper.type_code,
                    "issuer_id": issuers[paper.issuer_symbol],
                    "number": paper.number,
                    "symbol": paper.symbol,
                    "term": TERM,
                    "issued_on": paper.issued_on,
                    "abstract": paper.abstract,
                    "signer": paper.signer,
                    "urgency": "ordinary",
                    "circulation": "internal",
                },
            )
            contents.add_version(actor, document, BytesIO(paper.path.read_bytes()), paper.path.name)
            drafts.append((actor, document))
        return drafts

    @staticmethod
    def _issuer(
        actor: Actor, symbol: str, papers: list[Paper], unit_id: uuid.UUID | None
    ) -> uuid.UUID:
        name = next(paper.issuer for paper in papers if paper.issuer_symbol == symbol)
        body = {"name": name, "symbol": symbol, "unit_id": unit_id}
        return catalogue.add_issuer(actor, body).id

    def _render(self) -> None:
        """Render what waits, as the worker does, within this transaction."""
        session = database.session()
        while claimed := due.claim_waiting(session):
            due.settle(session, claimed, due.render(claimed))
            self._steps.advance(len(claimed))

    @staticmethod
    def _to(unit_id: uuid.UUID) -> dict[str, Any]:
        include = [{"unit_id": unit_id, "reach": "below"}]
        return {"audience": {"include": include}, "attestation": True}

    def _study(self, committee: Actor) -> None:
        """Issue the campaign as of some days ago, and let members study since."""
        now = clock.now()
        issued_at = now - ISSUED_BEFORE
        home = _home(committee)
        campaign = studies.draft(
            committee,
            {
                "unit_id": home,
                "title": "Học tập, quán triệt Nghị quyết số 07-NQ/ĐU về chuyển đổi số",
                "document_ids": [self._published[name] for name in STUDIED],
                "requires_read": True,
                "requires_acknowledgement": True,
                "deadline": _evening(now + DEADLINE_AFTER, hour=17),
            },
        )
        studies.issue(committee, campaign.id, self._to(home)["audience"])
        database.session().flush()
        audience = campaign.audience_id
        assert audience is not None  # noqa: S101 - just issued
        self._loader.run("SELECT setseed(0.26)")
        last = now - timedelta(minutes=2)
        facts.read_all(self._loader, self._texts(), issued_at, last, SHARE)
        campaigns.settle(self._loader, campaign.id, audience, issued_at)
        database.session().expire(campaign)
        for statement in _BACKDATE:
            self._loader.run(statement)
        facts.tell_phones(self._loader)

    def _texts(self) -> list[Text]:
        rows = self._loader.read(
            """
            SELECT d.id, v.id AS version, v.parts_total, v.words
            FROM document d JOIN document_version v ON v.id = d.version_id
            WHERE d.id = ANY(:ids) ORDER BY d.id
            """,
            ids=[self._published[name] for name in STUDIED],
        )
        return [Text(row.id, row.version, row.parts_total, row.words) for row in rows]

    def _call_meeting(self, secretary: Actor) -> None:
        start = _evening(clock.now() + timedelta(days=5), hour=19, minute=30)
        found = meetings.draft(
            secretary,
            {
                "unit_id": _home(secretary),
                "kind": "regular",
                "title": f"Sinh hoạt chi bộ thường kỳ tháng {clock.local(start).month}",
                "starts_at": start,
                "minutes_planned": 95,
                "place": "Nhà văn hóa thôn Đông An",
                "note": "Đề nghị các đồng chí đọc trước tài liệu và chuẩn bị ý kiến.",
                "chair_id": secretary.member_id,
                "agenda": [
                    {"title": title, "minutes": minutes, "presenter": None}
                    for title, minutes in _AGENDA
                ],
                "material_ids": [self._published[name] for name in MEETING_PAPERS],
            },
        )
        meetings.call(secretary, found.meeting.id, {"audience": None, "combined": False})


def _again(actor: Actor) -> Actor:
    """Return the actor as the next request would find it: with the buckets made meanwhile."""
    return access.load_actor(database.session(), actor.session_id, actor.account_id)


def _home(actor: Actor) -> uuid.UUID:
    """Return the unit of the actor's highest post."""
    return min(actor.posts, key=lambda post: len(post.path)).unit_id


def _evening(instant: datetime, *, hour: int, minute: int = 0) -> datetime:
    """Return an hour of the Vietnamese day of an instant."""
    return clock.start_of_day(clock.day_of(instant)) + timedelta(hours=hour, minutes=minute)
