"""The inbox, and who was reached."""

import uuid
from typing import Any

from handbook import errors, paging
from handbook.access import Actor, Permission
from handbook.database import Transaction
from handbook.fields import PageQuery
from handbook.http import Routes
from handbook.notifications import feed, queries, service
from handbook.notifications.schemas import DeliveryPage, InboxOut, MarkIn
from handbook.policies import Policy
from models import Notice, Outbox

routes = Routes(
    "notifications",
    __name__,
    prefix="",
    description="Hộp thư: what members are told, and who was reached.",
)
_WRITE = Policy(Permission.SIGNED_IN, transaction=Transaction.WRITE, idempotency="client_id")


@routes.get("/inbox", policy=Policy(Permission.SIGNED_IN), query=PageQuery, out=InboxOut)
def list_inbox(actor: Actor, query: dict[str, Any]) -> dict[str, Any]:
    """List the inbox, newest first.

    A notice stands here once, however many ways it reached the member; a newcomer to a unit does
    not find the notices from before.
    """
    found = paging.page(
        queries.in_inbox(actor),
        purpose="inbox",
        by=(Notice.published_at, Notice.id),
        query=query,
        descending=True,
        whole_rows=True,
    )
    spoken = errors.language()
    return {
        "items": [feed.line(row, spoken) for row in found.items],
        "next_cursor": found.next_cursor,
        "unread": service.unread(actor),
    }


@routes.put("/inbox/<uuid:notice_id>/read", policy=_WRITE, body=MarkIn, status=204)
def mark_notice(actor: Actor, body: dict[str, Any], notice_id: uuid.UUID) -> None:
    """Mark a notice as opened, and dismissed if so said; repeating changes nothing."""
    service.mark(actor, notice_id, dismissed=body["dismissed"])


@routes.put("/inbox/<uuid:notice_id>/read-up-to", policy=_WRITE, status=204)
def mark_up_to(actor: Actor, notice_id: uuid.UUID) -> None:
    """Mark a notice and everything published before it as read."""
    service.mark_all(actor, notice_id)


@routes.get(
    "/notices/<uuid:notice_id>/deliveries",
    policy=Policy(Permission.REPORT_READ, scope="unit"),
    query=PageQuery,
    out=DeliveryPage,
)
def list_deliveries(actor: Actor, query: dict[str, Any], notice_id: uuid.UUID) -> paging.Page:
    """List what became of a notice's pushes to the members inside the actor's scope."""
    service.demand_concern(actor, notice_id)
    return paging.page(
        queries.reachable_by(actor, notice_id),
        purpose="deliveries",
        by=(Outbox.id,),
        query=query,
        whole_rows=True,
    )
