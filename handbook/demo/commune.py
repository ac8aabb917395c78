"""A made-up commune: 20 cells, 900 members, documents, a campaign under way, a meeting called.

Everything that has a service goes through it, as a clerk, a committee and a secretary would do it;
only the tree and its people are loaded in bulk. All of it stands in one transaction.
"""

from random import Random
from typing import Final

from rich.console import Console

from handbook import database
from handbook.accounts.service import hash_password
from handbook.database import Transaction
from handbook.demo.accounts import ACCOUNTS, PASSWORD, Account
from handbook.demo.bulk import Loader, Steps, steps_on
from handbook.demo.names import chance_from
from handbook.demo.office import Office
from handbook.demo.seats import Seat, load_seats, seat_cell, seat_known, spread
from handbook.demo.tree import Node, load_units
from handbook.http import Handbook
from handbook.sealing import Sealer

SEED: Final = 20260903
NAME: Final = "Đảng bộ xã Hòa Lạc Sơn"
MEMBERS: Final = 900
VILLAGE: Final = "Chi bộ thôn Đông An"
BUREAU: Final = "Chi bộ Cơ quan Đảng"
CELLS: Final = (
    VILLAGE,
    "Chi bộ thôn Tây An",
    "Chi bộ thôn Nam Lạc",
    "Chi bộ thôn Bắc Lạc",
    "Chi bộ thôn Trung Hòa",
    "Chi bộ thôn Tân Tiến",
    "Chi bộ thôn Phú Lạc",
    "Chi bộ thôn Thượng Lâm",
    "Chi bộ thôn Hạ Lâm",
    "Chi bộ thôn Suối Mây",
    "Chi bộ thôn Đồi Chè",
    "Chi bộ thôn Nậm Cát",
    BUREAU,
    "Chi bộ Cơ quan Ủy ban nhân dân",
    "Chi bộ Công an xã",
    "Chi bộ Quân sự xã",
    "Chi bộ Trường Trung học cơ sở",
    "Chi bộ Trường Tiểu học",
    "Chi bộ Trường Mầm non",
    "Chi bộ Trạm Y tế",
)
_VILLAGE_SIZE: Final = 46
_LEAST: Final = 15
_COMMITTEE_MEMBERS: Final = range(1, 7)
_PLACE_OF_MEMBER: Final = 10


def is_empty(app: Handbook) -> bool:
    """Return whether the database holds no unit yet."""
    with app.app_context(), database.transaction(app, Transaction.SNAPSHOT):
        loader = Loader(database.session().connection())
        return not loader.read("SELECT FROM unit LIMIT 1")


def commune(app: Handbook, console: Console) -> tuple[Account, ...]:
    """Fill an empty database with the commune, showing progress; return who may sign in.

    The same people every time; days follow from the day of filling. Takes some seconds.
    """
    with (
        steps_on(console) as steps,
        app.app_context(),
        database.transaction(app, Transaction.WRITE),
    ):
        loader = Loader(database.session().connection())
        seats = _seat_all(app, loader, steps)
        Office(loader, steps, seats).work()
    return ACCOUNTS


def _seat_all(app: Handbook, loader: Loader, steps: Steps) -> list[Seat]:
    """Make the tree and its people; return the seats."""
    steps.begin("Tổ chức đảng, đảng viên")
    chance = chance_from(SEED)
    sealer: Sealer = app.extensions["handbook_sealer"]
    root = Node("commune", NAME)
    cells = [Node("cell", name, root) for name in CELLS]
    load_units(loader, [root, *cells])
    seats = _seats(chance, root, cells)
    load_seats(loader, chance, sealer, seats)
    return seats


def _seats(chance: Random, root: Node, cells: list[Node]) -> list[Seat]:
    sizes = [_VILLAGE_SIZE, *spread(chance, MEMBERS - _VILLAGE_SIZE, len(cells) - 1, _LEAST)]
    seats: list[Seat] = []
    for cell, size in zip(cells, sizes, strict=True):
        seats += seat_cell(chance, cell, size, len(seats) + 1)
    village = [seat for seat in seats if seat.cell.name == VILLAGE]
    bureau = [seat for seat in seats if seat.cell.name == BUREAU]
    of_cell = iter([village[0], village[_PLACE_OF_MEMBER]])
    of_committee = iter(bureau[3:])
    password_hash = hash_password(PASSWORD)
    for account in ACCOUNTS:
        seat = next(of_cell if account.at_cell else of_committee)
        seat_known(seat, account, password_hash)
        if account.role and not account.at_cell:
            seat.posts.append((root, account.role))
    _oversee(seats, root, cells)
    return seats


def _oversee(seats: list[Seat], root: Node, cells: list[Node]) -> None:
    """Make secretaries of some cells members of the committee, each overseer of other cells."""
    secretaries = {seat.cell.name: seat for seat in seats if (seat.cell, "secretary") in seat.posts}
    committee = [secretaries[cells[place].name] for place in _COMMITTEE_MEMBERS]
    for seat in committee:
        seat.posts.append((root, "committee_member"))
    for place, cell in enumerate(cells):
        overseer = committee[place % len(committee)]
        if overseer.cell is not cell:
            overseer.posts.append((cell, "overseer"))
