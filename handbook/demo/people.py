"""Made-up people: what a member's row says of a person, drawn so that all of it fits together."""

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Final

from handbook.demo.names import draw_name

OFFICIAL: Final = "official"
PROBATIONARY: Final = "probationary"
_PROBATION: Final = timedelta(days=365)
_ADULT: Final = 19
_OLDEST: Final = 88
_EXEMPT_FROM: Final = 68
_WORKING: Final = (28, 62)


@dataclass(frozen=True, slots=True)
class Person:
    """A made-up member; ``exempt_from`` is the day from which meetings are excused, for good."""

    full_name: str
    sex: str
    birth_date: date
    standing: str
    admitted_on: date
    official_on: date | None
    exempt_from: date | None


def draw_person(chance: Random, today: date, *, active: bool = False) -> Person:
    """Return a person of 19 to 88 years who is a member on ``today``.

    Some three in a hundred are probationary, admitted within the last year; every third from 68
    years on is exempt from work and meetings. With ``active`` neither, and of working age.
    """
    years = min(_OLDEST, max(_ADULT, round(chance.gauss(49, 15))))
    if active:
        years = chance.randint(*_WORKING)
    birth_date = _day_of(chance, today.year - years)
    sex = "male" if chance.random() < 0.62 else "female"  # noqa: PLR2004 - the share of men
    name = draw_name(chance, sex, birth_date.year)
    if not active and years < 40 and chance.random() < 0.12:  # noqa: PLR2004 - the young, and the share of them
        admitted = today - timedelta(days=chance.randint(10, 360))
        return Person(name, sex, birth_date, PROBATIONARY, admitted, None, None)
    admitted = _admitted_on(chance, birth_date, today)
    exempt_from = None
    if years >= _EXEMPT_FROM and chance.random() < 1 / 3:
        exempt_from = date(today.year - chance.randint(0, 3), 1, 1)
    return Person(name, sex, birth_date, OFFICIAL, admitted, admitted + _PROBATION, exempt_from)


def _day_of(chance: Random, year: int) -> date:
    return date(year, 1, 1) + timedelta(days=chance.randint(0, 364))


def _admitted_on(chance: Random, birth_date: date, today: date) -> date:
    """Return a day from the eighteenth birthday's year on, more than a year before today."""
    first = date(birth_date.year + 18, 12, 31)
    last = today - _PROBATION - timedelta(days=30)
    if first >= last:
        return last
    return first + (last - first) * min(1.0, chance.betavariate(1.4, 2.4))


def phone_of(number: int) -> str:
    """Return a phone number that belongs to nobody: ten digits, distinct for each ``number``.

    Numbers in Vietnam begin with 03, 05, 07, 08 or 09 and none with 00.
    """
    return f"00{number:08}"


def card_of(number: int) -> str:
    """Return a card number that belongs to nobody: twelve digits, distinct for each ``number``.

    Identity numbers begin with the code of a province, and none has the code 000.
    """
    return f"000{number:09}"
