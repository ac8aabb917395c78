"""Who sits in a made-up province: cells with their posts, committees, overseers, the leaders."""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Final

from handbook.accounts.service import hash_password
from handbook.demo.accounts import ACCOUNTS, PASSWORD
from handbook.demo.bulk import Loader, Steps
from handbook.demo.province_tree import Committee
from handbook.demo.seats import (
    CELL_POSTS,
    COMMITTEE_POSTS,
    Seat,
    load_seats,
    seat_cell,
    seat_known,
    spread,
)
from handbook.demo.tree import Node
from handbook.sealing import Sealer

# An office's cell seats its committee, and the province's first one the leaders besides.
OF_BUREAU: Final = 2 * len(COMMITTEE_POSTS)


@dataclass
class People:
    """Who was seated: the accounts that draft documents, by unit, and how many members."""

    clerks: dict[uuid.UUID, uuid.UUID] = field(default_factory=dict)
    secretaries: dict[uuid.UUID, uuid.UUID] = field(default_factory=dict)
    number: int = 0

    def note(self, seats: Sequence[Seat]) -> None:
        """Remember the members of some cells."""
        self.number += len(seats)
        for seat in seats:
            for unit, role in seat.posts:
                if role == "clerk":
                    self.clerks[unit.id] = seat.account_id
                elif role == "secretary" and unit.kind == "cell":
                    self.secretaries[unit.id] = seat.account_id


def seat_members(
    loader: Loader,
    chance: Random,
    sealer: Sealer,
    steps: Steps,
    root: Node,
    committees: Sequence[Committee],
    members: int,
) -> People:
    """Seat so many members, committee by committee: memory holds one committee's at a time.

    Raises ValueError when there are fewer than three for each cell besides 24 for each office.
    """
    people = People()
    cells = sum(len(one.cells) for one in committees)
    sizes = iter(spread(chance, members - OF_BUREAU * len(committees), cells))
    for committee in committees:
        seats = _seats_of(chance, committee, sizes, people.number + 1)
        if people.number == 0:
            _seat_leaders(seats, root)
        people.note(seats)
        load_seats(loader, chance, sealer, seats)
        steps.advance(len(seats))
    return people


def _seats_of(
    chance: Random, committee: Committee, sizes: Iterator[int], first_number: int
) -> list[Seat]:
    """Return the members of a committee's cells; the first cell holds the committee's posts."""
    seats: list[Seat] = []
    for cell in committee.cells:
        extra = OF_BUREAU if not seats else 0
        size, first = next(sizes) + extra, first_number + len(seats)
        seats += seat_cell(chance, cell, size, first, active=len(CELL_POSTS) + extra)
    holders = _give_posts(seats[len(CELL_POSTS) :], committee.node)
    overseers = [seat for seat, role in holders if role == "committee_member"]
    for place, cell in enumerate(committee.cells):
        overseers[place % len(overseers)].posts.append((cell, "overseer"))
    return seats


def _give_posts(seats: Sequence[Seat], unit: Node) -> list[tuple[Seat, str]]:
    """Give the posts of a committee to the first of ``seats``; return who holds which."""
    given = list(zip(seats, COMMITTEE_POSTS, strict=False))
    for seat, role in given:
        seat.posts.append((unit, role))
    return given


def _seat_leaders(seats: Sequence[Seat], root: Node) -> None:
    """Give the province's posts to members of the first office, and put in who is known."""
    leaders = _give_posts(seats[len(CELL_POSTS) + len(COMMITTEE_POSTS) :], root)
    by_role = {role: seat for seat, role in leaders}
    village = [seat for seat in seats if seat.cell is not seats[0].cell]
    # The secretary and a member of the same cell: the last seat of the first cell besides.
    cell = [seat for seat in village if seat.cell is village[0].cell]
    at_cell = iter((cell[0], cell[-1]))
    password_hash = hash_password(PASSWORD)
    for account in ACCOUNTS:
        seat = next(at_cell) if account.at_cell else by_role[account.role or ""]
        seat_known(seat, account, password_hash)
