"""A made-up province by which the house is measured: 131,000 members in 10,000 cells.

Loaded set-based in one transaction; every constraint is checked as for any other row.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from math import ceil
from typing import Final

from rich.console import Console
from sqlalchemy import Connection, create_engine

from handbook import clock, database, ids
from handbook.demo import campaigns
from handbook.demo.accounts import ACCOUNTS, Account
from handbook.demo.bulk import Loader, Steps, steps_on
from handbook.demo.facts import ACKNOWLEDGED, OPENED, READ, Text, read_all, tell_phones
from handbook.demo.names import chance_from
from handbook.demo.province_papers import Library, Office, instants, turn_of
from handbook.demo.province_people import People, seat_members
from handbook.demo.province_tree import ROOT_NAME, Committee, grow
from handbook.demo.shelf import Shelf
from handbook.demo.tree import Node, load_units
from handbook.http import Handbook
from handbook.studies.rules import spoken
from models import Campaign, CampaignDocument

SEED: Final = 20261122
MEMBERS: Final = 131_000
CELLS: Final = 10_000
DOCUMENTS: Final = 300
FACTS: Final = 400_000
SESSIONS: Final = 400
STUDIED: Final = 3
_TITLE: Final = "Học tập, quán triệt các văn bản mới của Tỉnh ủy"
_ISSUED_BEFORE: Final = timedelta(days=10)
_DEADLINE_AFTER: Final = timedelta(days=20)
# Of a hundred members so many have a device; by this the facts asked for are shared out.
_EQUIPPED: Final = 0.8
_UNBOUNDED: Final = (
    "SET LOCAL statement_timeout = 0",
    "SET LOCAL idle_in_transaction_session_timeout = 0",
    "SET LOCAL work_mem = '64MB'",
    "SELECT setseed(0.26)",
)
_TYPES: Final = "SELECT code, name FROM document_type"
_CAMPAIGN: Final = (
    "id unit_id title requires_read requires_acknowledgement deadline state audience_id issued_at "
    "created_by revision"
)


def province(
    app: Handbook,
    console: Console,
    *,
    members: int = MEMBERS,
    cells: int = CELLS,
    documents: int = DOCUMENTS,
    facts: int = FACTS,
    owner_url: str | None = None,
) -> tuple[Account, ...]:
    """Fill an empty database with a province, showing progress; return who may sign in.

    ``facts`` is about how many rows of progress and acknowledgement there are. ``owner_url`` is
    the address of the role that owns the tables: as that role the planner is told of the rows
    while they come in, without it the load takes longer. Raises ValueError when there are fewer
    members than three for each cell and 24 for each committee's office.
    """
    with steps_on(console) as steps, _connected(app, owner_url) as connection:
        _Province(app, Loader(connection), steps).build(members, cells, documents, facts)
    return ACCOUNTS


@contextmanager
def _connected(app: Handbook, owner_url: str | None) -> Iterator[Connection]:
    """Give a connection in one transaction."""
    if owner_url is None:
        with app.app_context(), database.db.engine.begin() as connection:
            yield connection
        return
    settings = app.extensions["handbook_settings"]
    engine = create_engine(owner_url, connect_args=database.connect_arguments(settings))
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


class _Province:
    """Builds a province step by step."""

    def __init__(self, app: Handbook, loader: Loader, steps: Steps) -> None:
        self._app = app
        self._loader = loader
        self._steps = steps
        self._chance = chance_from(SEED)
        self._root = Node("province", ROOT_NAME)

    def build(self, members: int, cells: int, documents: int, facts: int) -> None:
        """Fill the database."""
        for statement in _UNBOUNDED:
            self._loader.run(statement)
        committees = self._plant(cells)
        self._steps.begin("Đảng viên", members)
        people = seat_members(
            self._loader,
            self._chance,
            self._app.extensions["handbook_sealer"],
            self._steps,
            self._root,
            committees,
            members,
        )
        self._open_sessions()
        self._analyze()
        self._work(people, list(self._offices(committees, people)), documents, facts)
        self._analyze()

    def _analyze(self) -> None:
        self._steps.begin("Thống kê")
        self._loader.analyze()

    def _plant(self, cells: int) -> list[Committee]:
        self._steps.begin("Tổ chức đảng")
        committees = grow(self._chance, self._root, cells)
        nodes = [self._root, *(node for one in committees for node in one.nodes)]
        load_units(self._loader, nodes)
        return committees

    def _open_sessions(self) -> None:
        """Open sessions on devices picked at random, for who measures."""
        self._loader.run(
            """
            INSERT INTO session (id, account_id, device_id, expires_at)
            SELECT gen_random_uuid(), account_id, device_id, now() + interval '30 days'
            FROM device_account ORDER BY md5(device_id::text) LIMIT :most
            """,
            most=SESSIONS,
        )

    def _offices(self, committees: Sequence[Committee], people: People) -> Iterator[Office]:
        """Yield the province's office, those of all committees, and one cell of each."""
        root = self._root
        yield Office(root, people.clerks[root.id], root.name, "Tỉnh ủy", "TU", "Thanh Vân")
        for committee in committees:
            node, cell, place = committee.node, committee.cells[-1], committee.place
            name = node.name.replace("Đảng bộ", "Đảng ủy")
            yield Office(node, people.clerks[node.id], root.name, name, "ĐU", place)
            secretary = people.secretaries[cell.id]
            yield Office(cell, secretary, node.name, cell.name, "CB", place)

    def _work(self, people: People, offices: Sequence[Office], number: int, facts: int) -> None:
        """Publish documents, issue a campaign over the newest, let members study."""
        self._steps.begin("Văn bản", number)
        shelf = Shelf()
        store = self._app.extensions["handbook_files"]
        types = {row.code: row.name for row in self._loader.read(_TYPES)}
        library = Library(self._chance, store, shelf, types)
        for place, at in enumerate(instants(number)):
            library.write(offices[turn_of(place, len(offices))], at)
            self._steps.advance()
        texts = library.texts[offices[0].issuer_id][::-1]
        issued_at = clock.now().replace(microsecond=0) - _ISSUED_BEFORE
        campaign, audience = ids.new(), shelf.address(self._root, "campaign", issued_at)
        deadline = issued_at + _ISSUED_BEFORE + _DEADLINE_AFTER
        told = {"title": _TITLE, "deadline": spoken(deadline)}
        shelf.tell(self._root, "campaign_issued", "campaign", campaign, told, issued_at)
        library.load(self._loader, offices)
        shelf.load(self._loader)
        library.publish(self._loader)
        asked = (campaign, self._root.id, _TITLE, True, True, deadline, "issuing", audience)
        row = (*asked, issued_at, offices[0].account_id, 2)
        self._loader.copy(Campaign, _CAMPAIGN, [row])
        studied = [(campaign, one.document_id, n) for n, one in enumerate(texts[:STUDIED], 1)]
        self._loader.copy(CampaignDocument, "campaign_id document_id ordinal", studied)
        self._read(texts, people.number, issued_at, facts)
        self._steps.begin("Đợt học tập")
        campaigns.settle(self._loader, campaign, audience, issued_at)
        self._steps.begin("Nhật ký đồng bộ")
        tell_phones(self._loader)

    def _read(self, texts: Sequence[Text], members: int, since: datetime, facts: int) -> None:
        """Let members read the newest texts, and older ones when more facts are asked for."""
        each = members * _EQUIPPED * OPENED * (1 + READ * ACKNOWLEDGED)
        number = min(len(texts), max(STUDIED, ceil(facts / each)))
        share = min(1.0, facts / (each * number))
        slice_ = _ISSUED_BEFORE / number
        self._steps.begin("Đọc, xác nhận", number)
        for place, one in enumerate(texts[:number]):
            begin = since + slice_ * place
            read_all(self._loader, [one], begin, begin + slice_ - timedelta(minutes=2), share)
            self._steps.advance()
        self._analyze()
