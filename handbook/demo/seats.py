"""Members of made-up cells as rows: person, place, posts, account, sign-in name, devices."""

import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache
from random import Random
from typing import Final

from handbook import clock, ids, text
from handbook.accounts import service as accounts
from handbook.demo.accounts import Account as DemoAccount
from handbook.demo.bulk import Loader
from handbook.demo.people import OFFICIAL, Person, card_of, draw_person, phone_of
from handbook.demo.tree import FOUNDED, Node
from handbook.organisation import members
from handbook.sealing import Sealer
from models import Account, Device, DeviceAccount, Member, Membership, Position, SignInName

CELL_POSTS: Final = ("secretary", "deputy", "note_taker")
COMMITTEE_POSTS: Final = (
    "secretary",
    "deputy",
    "clerk",
    "propaganda_officer",
    "organisation_officer",
    "administrator",
    *["committee_member"] * 6,
)
# Up to which age so many in a hundred have no phone that could run the app, and two of them.
_WITHOUT: Final = ((45, 0.08), (60, 0.18), (70, 0.42), (200, 0.62))
_SECOND: Final = 0.49
_PLATFORMS: Final = {"android": 72, "ios": 25, "web": 3}


@dataclass(slots=True)
class Seat:
    """A member in a cell; ``number`` tells sealed numbers apart, a handle comes with a password."""

    number: int
    cell: Node
    person: Person
    posts: list[tuple[Node, str]] = field(default_factory=list)
    handle: str | None = None
    password_hash: str | None = None
    devices: int = 0
    member_id: uuid.UUID = field(default_factory=ids.new)
    account_id: uuid.UUID = field(default_factory=ids.new)


def spread(chance: Random, total: int, places: int, least: int = 3) -> list[int]:
    """Return sizes of ``places`` that add up to ``total``, each ``least`` or more, unequal."""
    weights = [chance.lognormvariate(0, 0.45) for _ in range(places)]
    free = total - least * places
    if free < 0:
        raise ValueError("too few members for so many cells")
    scale = free / sum(weights)
    sizes = [least + int(weight * scale) for weight in weights]
    for place in range(total - sum(sizes)):
        sizes[place % places] += 1
    return sizes


def seat_cell(
    chance: Random, cell: Node, size: int, first_number: int, *, active: int = len(CELL_POSTS)
) -> list[Seat]:
    """Return the members of a cell, the first three with its posts.

    The first ``active`` are official members of working age, fit for further posts.
    """
    today = clock.today()
    seats = []
    for place in range(size):
        person = draw_person(chance, today, active=place < active)
        devices = _draw_devices(chance, person, today)
        seat = Seat(first_number + place, cell, person, devices=devices)
        if place < len(CELL_POSTS):
            seat.posts.append((cell, CELL_POSTS[place]))
        seats.append(seat)
    return seats


def seat_known(seat: Seat, account: DemoAccount, password_hash: str) -> None:
    """Put a person known by name, with one device, in a seat."""
    admitted = date(account.born + 27, 5, 19)
    seat.person = Person(
        full_name=account.full_name,
        sex=account.sex,
        birth_date=date(account.born, 9, 2),
        standing=OFFICIAL,
        admitted_on=admitted,
        official_on=admitted.replace(year=admitted.year + 1),
        exempt_from=None,
    )
    seat.handle, seat.password_hash, seat.devices = account.handle, password_hash, 1


def _draw_devices(chance: Random, person: Person, today: date) -> int:
    age = today.year - person.birth_date.year
    without = next(share for most, share in _WITHOUT if age <= most)
    if chance.random() < without:
        return 0
    return 1 + (chance.random() < _SECOND)


def load_seats(loader: Loader, chance: Random, sealer: Sealer, seats: Sequence[Seat]) -> None:
    """Insert members with all that is theirs; their cells and the units of posts are there."""
    loader.copy(Member, _MEMBER, _member_rows(sealer, seats))
    loader.copy(Membership, "id member_id unit_id kind during", _membership_rows(seats))
    loader.copy(Position, "id member_id unit_id role during", _position_rows(seats))
    loader.copy(Account, "id member_id password_hash", _account_rows(seats))
    loader.copy(SignInName, "index account_id kind", _name_rows(sealer, seats))
    enrolled = [(ids.new(), seat.account_id) for seat in seats for _ in range(seat.devices)]
    loader.copy(Device, _DEVICE, _device_rows(chance, [device for device, _ in enrolled]))
    loader.copy(DeviceAccount, "device_id account_id", enrolled)


# Every second name is somebody else's too.
_name_key = lru_cache(200_000)(text.name_key)
_fold = lru_cache(200_000)(text.fold)
_MEMBER: Final = (
    "id full_name name_key name_folded birth_date sex standing admitted_on official_on "
    "exempt_during phone_sealed phone_index card_sealed card_index revision"
)
_DEVICE: Final = "id platform address_kind address app_version refreshed_at"


def _member_rows(sealer: Sealer, seats: Iterable[Seat]) -> Iterator[tuple[object, ...]]:
    for seat in seats:
        person = seat.person
        card = card_of(seat.number) if person.standing == OFFICIAL else None
        yield (
            seat.member_id,
            person.full_name,
            _name_key(person.full_name),
            _fold(person.full_name),
            person.birth_date,
            person.sex,
            person.standing,
            person.admitted_on,
            person.official_on,
            f"[{person.exempt_from},)" if person.exempt_from else None,
            *members.seal_number(seat.member_id, "phone", phone_of(seat.number), sealer).values(),
            *members.seal_number(seat.member_id, "card", card, sealer).values(),
            1,
        )


def _since(seat: Seat) -> str:
    return f"[{max(seat.person.admitted_on, FOUNDED)},)"


def _membership_rows(seats: Iterable[Seat]) -> Iterator[tuple[object, ...]]:
    for seat in seats:
        yield ids.new(), seat.member_id, seat.cell.id, "official", _since(seat)


def _position_rows(seats: Iterable[Seat]) -> Iterator[tuple[object, ...]]:
    for seat in seats:
        for unit, role in seat.posts:
            yield ids.new(), seat.member_id, unit.id, role, _since(seat)


def _account_rows(seats: Iterable[Seat]) -> Iterator[tuple[object, ...]]:
    for seat in seats:
        yield seat.account_id, seat.member_id, seat.password_hash


def _name_rows(sealer: Sealer, seats: Iterable[Seat]) -> Iterator[tuple[object, ...]]:
    """Yield the card number of who has one, else the phone number; besides, the handle."""
    for seat in seats:
        if seat.person.standing == OFFICIAL:
            kind, name = "card", card_of(seat.number)
        else:
            kind, name = "phone", phone_of(seat.number)
        yield accounts.sign_in_index(name, sealer), seat.account_id, kind
        if seat.handle is not None:
            yield accounts.sign_in_index(seat.handle, sealer), seat.account_id, "handle"


def _device_rows(chance: Random, devices: Sequence[uuid.UUID]) -> Iterator[tuple[object, ...]]:
    kinds, weights = list(_PLATFORMS), list(_PLATFORMS.values())
    now: datetime = clock.now()
    for device in devices:
        seen = now - timedelta(minutes=chance.randint(1, 20 * 24 * 60))
        address = f"demo-{device.hex}-{chance.getrandbits(256):064x}"
        platform = chance.choices(kinds, weights)[0]
        yield device, platform, "token", address, "1.0.0", seen
