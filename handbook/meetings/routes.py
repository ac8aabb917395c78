"""Routes of meetings."""

import uuid
from typing import Any

from flask import Response

from handbook import errors, messages, wire
from handbook.access import Actor, Permission
from handbook.database import Transaction
from handbook.fields import PageQuery
from handbook.http import Routes
from handbook.meetings import service
from handbook.meetings.schemas import (
    CalledOut,
    CancellationIn,
    InvitationIn,
    ManagedQuery,
    MeetingIn,
    MeetingOut,
    MeetingPage,
    MeetingPatch,
    MeetingsQuery,
    ReplyIn,
    ReplyPage,
)
from handbook.meetings.service import Found
from handbook.paging import Page
from handbook.policies import Policy

routes = Routes(
    "meetings",
    __name__,
    prefix="/meetings",
    description="Sinh hoạt, hội nghị: time, place, agenda, papers, the call and the replies.",
)


@routes.post(
    "",
    policy=Policy(
        Permission.MEETING_WRITE,
        scope="unit",
        transaction=Transaction.WRITE,
        audit="meeting.drafted",
        idempotency="key",
    ),
    body=MeetingIn,
    out=MeetingOut,
    status=201,
    problems=(404,),
)
def draft_meeting(actor: Actor, body: dict[str, Any]) -> Response:
    """Draft a meeting of a unit.

    Nobody is told of it yet. The chair holds a post at the unit or belongs to it; materials are
    documents that the drafter may see.
    """
    return _answer(actor, service.draft(actor, body), 201)


@routes.get(
    "",
    policy=Policy(Permission.SIGNED_IN, scope="buckets"),
    query=MeetingsQuery,
    out=MeetingPage,
)
def list_meetings(actor: Actor, query: dict[str, Any]) -> Page:
    """List the meetings to which the caller is invited, the next to come first.

    From the beginning of today on unless `from` says otherwise; cancelled meetings are included.
    """
    return service.page_mine(actor, query)


@routes.get(
    "/managed",
    policy=Policy(Permission.MEETING_READ, scope="unit"),
    query=ManagedQuery,
    out=MeetingPage,
)
def list_managed_meetings(actor: Actor, query: dict[str, Any]) -> Page:
    """List the meetings, drafts included, of the units whose meetings the caller may read.

    The latest start comes first.
    """
    return service.page_managed(actor, query)


@routes.get(
    "/<uuid:meeting_id>",
    policy=Policy(Permission.SIGNED_IN, scope="buckets"),
    out=MeetingOut,
)
def get_meeting(actor: Actor, meeting_id: uuid.UUID) -> Response:
    """Show a meeting to who is invited or may read the unit's meetings.

    The ETag is the revision, for the If-Match of a change.
    """
    return _answer(actor, service.find_for(actor, meeting_id))


@routes.patch(
    "/<uuid:meeting_id>",
    policy=Policy(
        Permission.MEETING_WRITE,
        scope="unit",
        transaction=Transaction.WRITE,
        audit="meeting.changed",
        cache="if-match",
    ),
    body=MeetingPatch,
    out=MeetingOut,
)
def change_meeting(actor: Actor, body: dict[str, Any], meeting_id: uuid.UUID) -> Response:
    """Change a meeting, its agenda and materials; lists replace the whole list.

    A draft is free. Once the members are called, time, place, note, agenda and materials may change
    until the start, and the members are told.
    """
    found = service.find_for(actor, meeting_id, Permission.MEETING_WRITE, lock="update")
    wire.demand_match(found.meeting.revision)
    service.change(actor, found, body)
    return _answer(actor, found)


@routes.post(
    "/<uuid:meeting_id>/invitations",
    policy=Policy(
        Permission.MEETING_WRITE,
        scope="unit",
        transaction=Transaction.WRITE,
        audit="meeting.called",
        idempotency="key",
    ),
    body=InvitationIn,
    out=CalledOut,
    status=201,
)
def call_meeting(actor: Actor, body: dict[str, Any], meeting_id: uuid.UUID) -> Response:
    """Call the members: the meeting stands on their phones and they are told.

    Everyone invited must be able to read every material, else 409 `material_not_visible` names the
    documents in `errors`. `warnings` say what guidance would have otherwise; they never block.
    """
    found, amiss = service.call(actor, meeting_id, body)
    spoken = errors.language()
    warnings = [{"code": code, "text": messages.say(f"warnings.{code}", spoken)} for code in amiss]
    shown = {**service.show(actor, found), "warnings": warnings}
    return _tagged(wire.dump(CalledOut(), shown, 201), found)


@routes.post(
    "/<uuid:meeting_id>/cancellation",
    policy=Policy(
        Permission.MEETING_WRITE,
        scope="unit",
        transaction=Transaction.WRITE,
        audit="meeting.cancelled",
        idempotency="key",
    ),
    body=CancellationIn,
    out=MeetingOut,
)
def cancel_meeting(actor: Actor, body: dict[str, Any], meeting_id: uuid.UUID) -> Response:
    """Cancel a meeting that was called, up to its planned end.

    It stays on phones, shown as cancelled with the reason; earlier notices are withdrawn.
    """
    return _answer(actor, service.cancel(actor, meeting_id, body["reason"]))


@routes.put(
    "/<uuid:meeting_id>/replies/me",
    policy=Policy(Permission.SIGNED_IN, scope="buckets", transaction=Transaction.WRITE),
    body=ReplyIn,
    status=204,
)
def put_reply(actor: Actor, body: dict[str, Any], meeting_id: uuid.UUID) -> None:
    """Answer an invitation; until the meeting starts the last answer counts.

    Who will be absent gives a reason.
    """
    service.reply(actor, meeting_id, **body)


@routes.get(
    "/<uuid:meeting_id>/replies",
    policy=Policy(Permission.MEETING_READ, scope="unit"),
    query=PageQuery,
    out=ReplyPage,
)
def list_replies(actor: Actor, query: dict[str, Any], meeting_id: uuid.UUID) -> Page:
    """List the invited members with their answers, in Vietnamese order of names.

    A member without an answer stands with null, one without the app with `has_device` false.
    """
    return service.page_replies(actor, meeting_id, query)


def _answer(actor: Actor, found: Found, status: int = 200) -> Response:
    return _tagged(wire.dump(MeetingOut(), service.show(actor, found), status), found)


def _tagged(response: Response, found: Found) -> Response:
    return wire.with_tag(response, str(found.meeting.revision))
