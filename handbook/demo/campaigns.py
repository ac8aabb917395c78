"""The target list of a demo campaign: frozen, derived and counted in one transaction.

By the statements of ``studies.derived``, with which the worker does the same in slices. Nobody else
writes meanwhile, so there is nothing to wait for.
"""

import uuid
from datetime import datetime
from typing import Final

from handbook import clock
from handbook.demo.bulk import Loader
from handbook.studies import derived

EVERYBODY: Final = 10_000_000
SLICE: Final = 20_000


def settle(loader: Loader, campaign_id: uuid.UUID, audience_id: uuid.UUID, at: datetime) -> int:
    """Freeze the targets of an issued campaign as of ``at``; return how many there are.

    States and counters follow from the facts that are there.
    """
    rows = loader.read(
        derived.FREEZE,
        campaign=campaign_id,
        audience=audience_id,
        day=clock.day_of(at),
        after=uuid.UUID(int=0),
        most=EVERYBODY,
    )
    targets = [row.member_id for row in rows]
    for place in range(0, len(targets), SLICE):
        some = targets[place : place + SLICE]
        loader.run(derived.DERIVE, campaigns=[campaign_id] * len(some), members=some)
    loader.run(derived.COUNT_ALL, campaign=campaign_id)
    loader.run(
        "UPDATE campaign SET state = 'issued', issued_at = :at WHERE id = :id",
        at=at,
        id=campaign_id,
    )
    return len(targets)
