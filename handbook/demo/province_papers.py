"""The library of a made-up province: documents of all levels with files, parts, notices, the log.

Written in bulk, as the services would have left it: the newest change of each object in each
bucket, heads at the last position, notices whose devices were told long ago.
"""

import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from io import BytesIO
from random import Random
from typing import Final

import orjson

from handbook import clock, ids, text
from handbook.demo.bulk import Loader, Steps
from handbook.demo.facts import Text
from handbook.demo.papers import TERM, Paper, read_papers, reissue
from handbook.demo.tree import Node
from handbook.documents.due import answer
from handbook.files import rendering
from handbook.files.kinds import Kind
from handbook.files.storage import LocalStore
from models import (
    Addressing,
    Audience,
    Bucket,
    BucketHead,
    Change,
    Document,
    DocumentVersion,
    FanOut,
    Issuer,
    Notice,
    Part,
    StoredFile,
)

FIRST_DAYS_AGO: Final = 330
LAST_DAYS_AGO: Final = 15
_TOPICS: Final = (
    "phòng cháy, chữa cháy",
    "xây dựng nông thôn mới",
    "giảm nghèo bền vững",
    "bảo vệ môi trường",
    "chuyển đổi số",
    "phát triển đảng viên",
    "kiểm tra, giám sát",
    "dân vận",
    "bảo đảm an toàn giao thông",
    "chăm sóc sức khỏe nhân dân",
    "khuyến học, khuyến tài",
    "cải cách hành chính",
    "phòng, chống thiên tai",
    "quản lý đất đai",
    "bồi dưỡng lý luận chính trị",
)
_NOTICE: Final = "id kind object_kind object_id params audience_id published_at expires_at"


@dataclass(frozen=True, slots=True)
class Office:
    """A unit that issues documents: who drafts them, how it is called and signs."""

    unit: Node
    account_id: uuid.UUID
    upper: str
    name: str
    symbol: str
    place: str
    issuer_id: uuid.UUID = field(default_factory=ids.new)


@dataclass(slots=True)
class Shelf:
    """What addressing and telling leaves behind, gathered until it is loaded."""

    buckets: dict[uuid.UUID, uuid.UUID] = field(default_factory=dict)
    audiences: list[tuple[object, ...]] = field(default_factory=list)
    addressings: list[tuple[object, ...]] = field(default_factory=list)
    notices: list[tuple[object, ...]] = field(default_factory=list)
    changes: list[tuple[object, ...]] = field(default_factory=list)
    heads: Counter[uuid.UUID] = field(default_factory=Counter)

    def address(self, unit: Node, kind: str, at: datetime) -> uuid.UUID:
        """Return a new audience: a unit and all below it, since an instant."""
        bucket = self.buckets.setdefault(unit.id, ids.new())
        audience = ids.new()
        terms = {"include": [{"unit_id": str(unit.id), "reach": "below"}]}
        self.audiences.append((audience, kind, orjson.dumps(terms).decode()))
        self.addressings.append((audience, bucket, kind, at))
        return audience

    def touch(self, unit: Node, kind: str, object_id: uuid.UUID, at: datetime) -> None:
        """Log an object that appeared for a unit."""
        bucket = self.buckets[unit.id]
        self.heads[bucket] += 1
        self.changes.append((bucket, kind, object_id, "put", self.heads[bucket], at))

    def tell(  # noqa: PLR0913 - a notice is made of these
        self,
        unit: Node,
        kind: str,
        object_kind: str,
        object_id: uuid.UUID,
        params: dict[str, str],
        at: datetime,
    ) -> None:
        """Put a notice about an object, told to all devices already, and both into the log."""
        audience, notice = self.address(unit, "notice", at), ids.new()
        written = orjson.dumps(params).decode()
        ends = at + timedelta(days=28)
        self.notices.append(
            (notice, kind, object_kind, object_id, written, audience, at, ends)
        )
        self.touch(unit, object_kind, object_id, at)
        self.touch(unit, "notice", notice, at)

    def load(self, loader: Loader) -> None:
        """Insert everything gathered."""
        loader.copy(
            Bucket,
            "id unit_id reach role",
            ((bucket, unit, "below", "everyone") for unit, bucket in self.buckets.items()),
        )
        loader.copy(Audience, "id kind expression", self.audiences)
        loader.copy(Addressing, "audience_id bucket_id kind since", self.addressings)
        loader.copy(Notice, _NOTICE, self.notices)
        told = ((row[0], "done", row[6]) for row in self.notices)
        loader.copy(FanOut, "notice_id state finished_at", told)
        loader.copy(Change, "bucket_id kind object_id op position at", self.changes)
        loader.copy(BucketHead, "bucket_id position", self.heads.items())


def load_library(  # noqa: PLR0913 - what a library is made of
    loader: Loader,
    chance: Random,
    store: LocalStore,
    shelf: Shelf,
    offices: Sequence[Office],
    number: int,
    steps: Steps,
) -> list[Text]:
    """Publish ``number`` documents of ``offices``, the oldest first.

    Returns those of the first office, newest first. ``shelf`` gathers their addresses and is left
    to the caller to load; documents are drafts until ``publish``.
    """
    rows = [(one.issuer_id, one.name, text.fold(one.name), one.symbol, one.unit.id) for one in offices]
    loader.copy(Issuer, "id name name_folded symbol unit_id", rows)
    desk = _Desk(chance, store, shelf, read_papers())
    now = clock.now()
    span = timedelta(days=FIRST_DAYS_AGO - LAST_DAYS_AGO)
    for place in range(number):
        at = now - timedelta(days=FIRST_DAYS_AGO) + span * (place / number)
        desk.write(offices[_turn(place, len(offices))], at.replace(microsecond=0))
        steps.advance()
    desk.load(loader)
    return list(reversed(desk.texts[offices[0].issuer_id]))


def _turn(place: int, offices: int) -> int:
    """Return whose turn it is: every fifth document is the first office's."""
    return 0 if place % 5 == 0 or offices == 1 else 1 + (place * 7) % (offices - 1)


class _Desk:
    """Writes documents one by one and keeps their rows."""

    def __init__(
        self, chance: Random, store: LocalStore, shelf: Shelf, papers: Sequence[Paper]
    ) -> None:
        self._chance = chance
        self._store = store
        self._shelf = shelf
        self._papers = [paper for paper in papers if paper.issuer_symbol == "ĐU"]
        self._numbers: Counter[tuple[uuid.UUID, str]] = Counter()
        self._files: dict[str, tuple[object, ...]] = {}
        self._documents: list[tuple[object, ...]] = []
        self._versions: list[tuple[object, ...]] = []
        self._parts: list[tuple[object, ...]] = []
        self._published: list[tuple[uuid.UUID, uuid.UUID, uuid.UUID, datetime]] = []
        self.texts: dict[uuid.UUID, list[Text]] = {}

    def write(self, office: Office, at: datetime) -> None:
        """Write a document of an office and publish it at an instant."""
        paper = self._chance.choice(self._allowed(office))
        self._numbers[office.issuer_id, paper.type_code] += 1
        number = self._numbers[office.issuer_id, paper.type_code]
        day = clock.day_of(at)
        abstract = f"Về công tác {self._chance.choice(_TOPICS)} tháng {day.month} năm {day.year}"
        symbol = f"{paper.symbol.partition('/')[0]}/{office.symbol}"
        content = reissue(
            paper,
            heads=(office.upper, office.name),
            place=office.place,
            number=number,
            symbol=symbol,
            abstract=abstract,
            day=day,
        ).encode()
        document, version = ids.new(), ids.new()
        found = self._render(version, content)
        audience = self._shelf.address(office.unit, "document", at)
        line = f"{paper.type_code} {number:02d}-{symbol}"
        params = {"reference": line, "abstract": abstract}
        self._shelf.tell(office.unit, "document_published", "document", document, params, at)
        self._documents.append(
            (document, office.unit.id, paper.type_code, office.issuer_id, number, symbol, TERM)
            + (day, abstract, paper.signer, office.account_id, at, 2)
        )
        name = f"{number:02d}-{symbol.replace('/', '-')}.txt"
        self._versions.append(
            (version, document, 1, sha256(content).hexdigest(), name, "ready", *found)
            + (office.account_id,)
        )
        self._published.append((document, version, audience, at))
        text_ = Text(document, version, *found)
        self.texts.setdefault(office.issuer_id, []).append(text_)

    def _allowed(self, office: Office) -> list[Paper]:
        """Return the papers of a kind that the office may issue."""
        never = {"directive", "guidance", "regulation"} if office.unit.kind == "cell" else set()
        return [paper for paper in self._papers if paper.type_code not in never]

    def _render(self, version: uuid.UUID, content: bytes) -> tuple[int, int]:
        """Keep the file and its parts; return how many parts and words it has."""
        stored = self._store.put(BytesIO(content))
        self._files[stored.sha256] = (stored.sha256, stored.size, Kind.TXT.value)
        parts = rendering.render(self._store.path(stored.sha256), Kind.TXT).parts
        for part in parts:
            told = answer(part.number, part.heading, part.html, part.words, len(parts))
            self._parts.append(
                (version, part.number, part.heading, part.html, part.text, part.words)
                + (part.has_text, sha256(told).hexdigest())
            )
        return len(parts), sum(part.words for part in parts)

    def load(self, loader: Loader) -> None:
        """Insert the rows; documents are drafts still, since their audiences are not there."""
        loader.copy(StoredFile, "sha256 size kind", self._files.values())
        loader.copy(
            Document,
            "id unit_id type_code issuer_id number symbol term issued_on abstract signer "
            "created_by created_at revision",
            self._documents,
        )
        loader.copy(
            DocumentVersion,
            "id document_id number file_sha256 file_name state parts_total words created_by",
            self._versions,
        )
        loader.copy(
            Part, "version_id number heading html text words has_text sha256", self._parts
        )
        self._shelf.load(loader)
        documents, versions, audiences, instants = zip(*self._published, strict=True)
        loader.run(
            """
            UPDATE document d SET state = 'published', version_id = p.version,
              audience_id = p.audience, published_at = p.at, published_by = d.created_by
            FROM unnest(CAST(:documents AS uuid[]), CAST(:versions AS uuid[]),
              CAST(:audiences AS uuid[]), CAST(:instants AS timestamptz[]))
              AS p(id, version, audience, at)
            WHERE d.id = p.id
            """,
            documents=list(documents),
            versions=list(versions),
            audiences=list(audiences),
            instants=list(instants),
        )
