"""The doors of reading: events from phones, one's own progress, acknowledgements."""

import uuid
from typing import Any

from flask import Response

from handbook import fields
from handbook.access import Actor, Permission
from handbook.database import Transaction
from handbook.http import Routes
from handbook.policies import Policy
from handbook.reading import schemas, service
from handbook.wire import json_response
from models import Acknowledgement

routes = Routes(
    "reading",
    __name__,
    prefix="/reading",
    description="Đọc văn bản: nhật ký đọc gửi từ điện thoại và tiến độ của đồng chí.",
)
acknowledgements = Routes(
    "acknowledgements",
    __name__,
    prefix="/acknowledgements",
    description="Xác nhận đã học.",
)


@routes.post(
    "/events",
    policy=Policy(Permission.SIGNED_IN, transaction=Transaction.WRITE, idempotency="client_id"),
    body=schemas.BatchIn,
    out=schemas.BatchOut,
)
def take_events(actor: Actor, body: dict[str, Any]) -> Response:
    """Report what was read on a phone, online or offline.

    Safe to repeat: an event counts once for a member, whatever the device and however often it is
    sent. Each event has its own outcome, in the order of the batch. ``accepted``; ``duplicate``;
    ``quarantined`` (kept but not counted: ``unknown_version``, ``not_yours``, ``unknown_part``,
    ``ends_before_start``, ``too_long``, ``time_out_of_range``, ``too_many``) and ``refused``
    (``malformed``, ``id_not_v7``, ``id_time``) need not be sent again. Times are corrected by the
    difference between ``device_time`` and the server's clock; an end in the future becomes now.
    ``progress`` tells how far the member is in the versions named.
    """
    told = [schemas.read_event(raw) or schemas.client_id(raw) for raw in body["events"]]
    return json_response(service.take(actor, body["device_time"], told))


@routes.get(
    "/progress",
    policy=Policy(Permission.SIGNED_IN),
    query=fields.PageQuery,
    out=fields.page_of(schemas.ProgressLine, "ProgressPage"),
)
def page_progress(actor: Actor, query: dict[str, Any]) -> dict[str, Any]:
    """List one's own progress, one line for each version begun, in order of version id."""
    return service.progress_page(actor, query)


@acknowledgements.put(
    "/<uuid:acknowledgement_id>",
    policy=Policy(
        Permission.SIGNED_IN,
        scope="buckets",
        transaction=Transaction.WRITE,
        audit="acknowledgement.made",
        idempotency="client_id",
    ),
    body=schemas.AcknowledgementIn,
    out=schemas.AcknowledgementOut,
)
def put_acknowledgement(
    actor: Actor, body: dict[str, Any], acknowledgement_id: uuid.UUID
) -> Acknowledgement:
    """Acknowledge to have studied the version in force of a document (xác nhận đã học).

    The id is made on the phone. A version that was acknowledged before, under this id or another,
    answers with the first acknowledgement; an id used for another version is a conflict.
    """
    return service.acknowledge(actor, acknowledgement_id, body)
