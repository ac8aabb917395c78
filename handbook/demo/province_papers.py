"""The library of a made-up province: documents of all levels, with files, versions and parts."""

import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import astuple, dataclass, field, replace
from datetime import datetime, timedelta
from random import Random
from typing import Final

from handbook import clock, ids, text
from handbook.demo.bulk import Loader
from handbook.demo.facts import Text
from handbook.demo.papers import TERM, Head, Paper, changed, changes_of, read_papers
from handbook.demo.shelf import Shelf
from handbook.demo.tree import Node
from handbook.documents.records import sha256_of
from handbook.documents.rules import number_line, reference
from handbook.files import child
from handbook.files.kinds import Kind
from handbook.files.storage import FileStore
from models import Document, DocumentVersion, Issuer, Part, StoredFile

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


def turn_of(place: int, offices: int) -> int:
    """Return whose turn the document at ``place`` is: every fifth is the first office's."""
    return 0 if place % 5 == 0 or offices == 1 else 1 + (place * 7) % (offices - 1)


def instants(number: int) -> Iterator[datetime]:
    """Yield when ``number`` documents were published: evenly, from eleven months ago on."""
    now = clock.now().replace(microsecond=0)
    span = timedelta(days=FIRST_DAYS_AGO - LAST_DAYS_AGO)
    for place in range(number):
        yield now - timedelta(days=FIRST_DAYS_AGO) + span * (place / number)


class Library:
    """Documents written one by one; their rows are kept until they are loaded."""

    def __init__(
        self, chance: Random, store: FileStore, shelf: Shelf, types: Mapping[str, str]
    ) -> None:
        """Write files into ``store`` and addresses into ``shelf``; ``types`` are names by code."""
        self._chance = chance
        self._store = store
        self._shelf = shelf
        self._types = dict(types)
        self._papers = [paper for paper in read_papers() if paper.issuer_symbol == "ĐU"]
        self._parts_of = {
            paper.path: child.run(paper.path, Kind.TXT).parts for paper in self._papers
        }
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
        head = Head(office.upper, office.name, office.place, number, symbol, abstract, day)
        document, version = ids.new(), ids.new()
        sha, *found = self._set(paper, head, version)
        audience = self._shelf.address(office.unit, "document", at)
        line = number_line(number, symbol, None, None)
        params = {"reference": reference(self._types[paper.type_code], line), "abstract": abstract}
        self._shelf.tell(office.unit, "document_published", "document", document, params, at)
        named = (office.unit.id, paper.type_code, office.issuer_id, number, symbol, TERM)
        told = (day, abstract, paper.signer, office.account_id, at, 2)
        self._documents.append((document, *named, *told))
        name = f"{number:02d}-{symbol.replace('/', '-')}.txt"
        state = ("ready", *found, office.account_id)
        self._versions.append((version, document, 1, sha, name, *state))
        self._published.append((document, version, audience, at))
        text_ = Text(document, version, *found)
        self.texts.setdefault(office.issuer_id, []).append(text_)

    def _allowed(self, office: Office) -> list[Paper]:
        """Return the papers of a kind that the office may issue."""
        never = {"directive", "guidance", "regulation"} if office.unit.kind == "cell" else set()
        return [paper for paper in self._papers if paper.type_code not in never]

    def _set(self, paper: Paper, head: Head, version: uuid.UUID) -> tuple[str, int, int]:
        """Keep the file and the parts of a paper under a new head: its SHA-256, parts and words."""
        changes = changes_of(paper, head)
        content = changed(paper.path.read_text(encoding="utf-8"), changes).encode()
        stored = self._store.put(content)
        self._files[stored.sha256] = (stored.sha256, stored.size, Kind.TXT.value)
        parts = self._parts_of[paper.path]
        total = 0
        for part in parts:
            plain = changed(part.text, changes)
            words, html = text.word_count(plain), changed(part.html, changes)
            new = replace(part, html=html, text=plain, words=words)
            self._parts.append((version, *astuple(new), sha256_of(new, len(parts))))
            total += words
        return stored.sha256, len(parts), total

    def load(self, loader: Loader, offices: Iterable[Office]) -> None:
        """Insert the issuers and the documents, as drafts: their audiences are not there yet."""
        issuers = (
            (one.issuer_id, one.name, text.fold(one.name), one.symbol, one.unit.id)
            for one in offices
        )
        loader.copy(Issuer, "id name name_folded symbol unit_id", issuers)
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
        loader.copy(Part, "version_id number heading html text words has_text sha256", self._parts)

    def publish(self, loader: Loader) -> None:
        """Publish the documents; the shelf is loaded."""
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
