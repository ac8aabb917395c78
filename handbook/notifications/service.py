"""Tell members that something is new, changed or due.

A notice is addressed to buckets and never copied for each member; the inbox is derived from it.
Push is a wake-up: the fan-out row written here lets the worker make one outbox row per device.
"""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta

from sqlalchemy import func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from handbook import clock, database, ids
from handbook.access import Actor
from handbook.audiences import service as audiences
from handbook.changes import service as changes
from handbook.errors import NotFound
from handbook.notifications import queries
from models import FanOut, InboxMark, Notice, NoticeMark

LASTS = timedelta(days=28)


def notify(
    kind: str,
    object_kind: str,
    object_id: uuid.UUID,
    *,
    buckets: Sequence[uuid.UUID],
    params: Mapping[str, object],
    urgent: bool = False,
    lasts: timedelta = LASTS,
) -> uuid.UUID:
    """Return the id of a new notice about an object, addressed to ``buckets``.

    ``params`` fill the texts ``notices.<kind>.title`` and ``.body`` of the inbox; the push bears
    the generic texts ``push.<kind>`` only. ``urgent`` goes out in quiet hours too. The push is
    given up after ``lasts`` (at most 28 days); the inbox keeps the notice.
    """
    session = database.session()
    notice = ids.new()
    now = clock.now()
    written = {"buckets": [str(bucket) for bucket in buckets[:1000]]}
    audience = audiences.address_buckets("notice", buckets, written=written)
    session.execute(
        insert(Notice).values(
            id=notice,
            kind=kind,
            object_kind=object_kind,
            object_id=object_id,
            params=dict(params),
            audience_id=audience,
            urgent=urgent,
            published_at=now,
            expires_at=now + min(lasts, LASTS),
        )
    )
    session.execute(insert(FanOut).values(notice_id=notice))
    changes.touch("notice", notice, buckets)
    changes.wake()
    return notice


def withdraw(object_kind: str, object_id: uuid.UUID) -> int:
    """Withdraw all notices about an object from inboxes and phones; return how many."""
    session = database.session()
    rows = session.execute(
        update(Notice)
        .where(
            Notice.object_kind == object_kind,
            Notice.object_id == object_id,
            Notice.withdrawn_at.is_(None),
        )
        .values(withdrawn_at=clock.now())
        .returning(Notice.id, Notice.audience_id)
    ).all()
    buckets = audiences.buckets_of_each(audience for _, audience in rows)
    for notice, audience in rows:
        changes.touch("notice", notice, buckets[audience], removed=True)
    return len(rows)


def mark(actor: Actor, notice_id: uuid.UUID, *, dismissed: bool = False) -> None:
    """Note that the actor opened a notice, or dismissed it; the first instant of each stays.

    Raises NotFound unless the notice stands in the actor's inbox.
    """
    session = database.session()
    found = session.execute(queries.in_inbox(actor).where(Notice.id == notice_id))
    if found.one_or_none() is None:
        raise NotFound
    now = clock.now()
    row = upsert(NoticeMark).values(
        notice_id=notice_id,
        member_id=actor.member_id,
        opened_at=now,
        dismissed_at=now if dismissed else None,
    )
    session.execute(
        row.on_conflict_do_update(
            index_elements=[NoticeMark.notice_id, NoticeMark.member_id],
            set_={
                "opened_at": func.coalesce(NoticeMark.opened_at, row.excluded.opened_at),
                "dismissed_at": func.coalesce(NoticeMark.dismissed_at, row.excluded.dismissed_at),
            },
        )
    )
    _touch_own(actor, [notice_id])


def mark_all(actor: Actor, notice_id: uuid.UUID) -> None:
    """Note that the actor has read the inbox up to a notice and everything before it.

    The mark never goes back. Raises NotFound unless the notice stands in the actor's inbox.
    """
    session = database.session()
    row = session.execute(queries.in_inbox(actor).where(Notice.id == notice_id)).one_or_none()
    if row is None:
        raise NotFound
    inbox = queries.in_inbox(actor).subquery()
    unread_before = select(inbox.c.id).where(
        inbox.c.opened_at.is_(None), inbox.c.published_at <= row.published_at
    )
    read = session.scalars(unread_before).all()
    mark_row = upsert(InboxMark).values(member_id=actor.member_id, read_up_to=row.published_at)
    session.execute(
        mark_row.on_conflict_do_update(
            index_elements=[InboxMark.member_id],
            set_={"read_up_to": func.greatest(InboxMark.read_up_to, mark_row.excluded.read_up_to)},
        )
    )
    _touch_own(actor, read)


def demand_concern(actor: Actor, notice_id: uuid.UUID) -> None:
    """Raise NotFound unless a notice is addressed to somebody inside the actor's scopes."""
    found = database.session().execute(queries.concerns(actor, notice_id))
    if found.one_or_none() is None:
        raise NotFound


def unread(actor: Actor) -> int:
    """Return how many notices of the actor's inbox are neither opened nor read over."""
    inbox = queries.in_inbox(actor).subquery()
    statement = select(func.count()).select_from(inbox).where(inbox.c.opened_at.is_(None))
    return database.session().execute(statement).scalar_one()


def _touch_own(actor: Actor, notices: Iterable[uuid.UUID]) -> None:
    own = audiences.personal_buckets([actor.member_id]).values()
    for notice_id in notices:
        changes.touch("notice_state", notice_id, own)
