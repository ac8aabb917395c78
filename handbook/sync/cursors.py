"""The cursor of a phone: signed, opaque, with the position in each bucket and the day it was made.

A cursor that was not signed here is refused (``bad_cursor``, 400). One that was, but says nothing
that can be used any more, leads to a reset.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from handbook import clock, paging
from handbook.access import Actor
from handbook.sync import rules
from handbook.sync.rules import Mark

FORM = 1
OLDEST_DAYS = 400
RENEWED_DAYS = 30


@dataclass(frozen=True)
class Cursor:
    """How far a phone has come, and when it was told so."""

    marks: Mapping[bytes, Mark]
    made_on: date

    @property
    def is_fresh(self) -> bool:
        """Return whether the phone may keep it, so that an unchanged answer needs no new one."""
        return (clock.today() - self.made_on).days < RENEWED_DAYS


def read(actor: Actor, given: str | None) -> Cursor | None:
    """Return the cursor of a phone; None when there is none or it is of no use to this actor.

    Of no use are cursors of another form, of another account, and older than 400 days.
    Raises ``bad_cursor`` (400) when it was not signed here.
    """
    if not given:
        return None
    payload = paging.unsign("sync", given)
    form, owner, ordinal, packed = payload if payload[0] == FORM else (None, None, 1, "")
    made_on = date.fromordinal(ordinal)
    is_old = (clock.today() - made_on).days > OLDEST_DAYS
    if form is None or owner != rules.owner_of(actor.account_id) or is_old:
        return None
    return Cursor(rules.unpack(packed), made_on)


def write(actor: Actor, marks: Mapping[bytes, Mark]) -> str:
    """Return a cursor made today."""
    today = clock.today().toordinal()
    return paging.sign("sync", [FORM, rules.owner_of(actor.account_id), today, rules.pack(marks)])
