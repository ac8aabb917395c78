"""Meetings as the API takes and shows them."""

from datetime import UTC, datetime
from typing import Any

from marshmallow import ValidationError, validate, validates_schema

from handbook import fields
from handbook.audiences.schemas import AudienceIn
from handbook.meetings import rules
from models import MEETING_KINDS

MOST = 50
STATES = (rules.DRAFT, rules.CALLED, rules.CANCELLED)
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_LATEST = datetime(2100, 1, 1, tzinfo=UTC)


def _start(**more: Any) -> fields.Instant:
    """Return the field of a start, within years on which one can reckon."""
    within = validate.Range(min=_EARLIEST, max=_LATEST, error="range")
    return fields.Instant(validate=[within], **more)


class AgendaItemIn(fields.Schema):
    """One item of the agenda; the order of the list is the order of the meeting."""

    title = fields.Text(1000, required=True)
    minutes = fields.Whole(1, 1440, load_default=None, allow_none=True)
    presenter = fields.Text(200, load_default=None, allow_none=True)


def _agenda(**more: Any) -> fields.Many:
    return fields.Many(fields.Nested(AgendaItemIn), most=MOST, **more)


def _materials(**more: Any) -> fields.Many:
    return fields.Many(fields.Id(), most=MOST, **more)


class _Papers(fields.Schema):
    """Refuses a document named twice among the materials."""

    @validates_schema
    def check(self, data: dict[str, Any], **_more: Any) -> None:
        """Demand distinct materials."""
        materials = data.get("material_ids", [])
        if len(materials) != len(set(materials)):
            raise ValidationError("duplicate", "material_ids")


class MeetingIn(_Papers):
    """A meeting to be drafted."""

    unit_id = fields.Id(required=True)
    kind = fields.Choice(MEETING_KINDS, required=True)
    title = fields.Text(500, required=True)
    starts_at = _start(required=True)
    minutes_planned = fields.Whole(1, 1440, required=True)
    place = fields.Text(500, required=True)
    note = fields.Text(5000, load_default=None, allow_none=True)
    chair_id = fields.Id(load_default=None, allow_none=True)
    agenda = _agenda(load_default=list)
    material_ids = _materials(load_default=list)


class MeetingPatch(_Papers):
    """What changes; what is left out stays. Lists replace the whole list."""

    kind = fields.Choice(MEETING_KINDS)
    title = fields.Text(500)
    starts_at = _start()
    minutes_planned = fields.Whole(1, 1440)
    place = fields.Text(500)
    note = fields.Text(5000, allow_none=True)
    chair_id = fields.Id(allow_none=True)
    agenda = _agenda()
    material_ids = _materials()


class InvitationIn(fields.Schema):
    """Who is called; without an audience the members of the unit.

    ``combined``: a regular meeting held together with a thematic one, which should last longer.
    """

    audience = fields.Nested(AudienceIn, load_default=None, allow_none=True)
    combined = fields.Flag(load_default=False)


class CancellationIn(fields.Schema):
    """Why the meeting is cancelled, as members will read it."""

    reason = fields.Text(1000, required=True)


class ReplyIn(fields.Schema):
    """The invited member's answer; who is absent says why."""

    answer = fields.Choice(rules.ANSWERS, required=True)
    reason = fields.Text(1000, load_default=None, allow_none=True)

    @validates_schema
    def check(self, data: dict[str, Any], **_more: Any) -> None:
        """Demand a reason of who will be absent."""
        if data["answer"] == rules.ABSENT and data["reason"] is None:
            raise ValidationError("required", "reason")


class MeetingsQuery(fields.PageQuery):
    """The query of a member's meetings: those that start ``from`` an instant on."""

    since = _start(
        data_key="from",
        load_default=None,
        metadata={"description": "The earliest start; without it the beginning of today."},
    )


class ManagedQuery(fields.PageQuery):
    """The query of the meetings one prepares or oversees."""

    unit_id = fields.Id(load_default=None)
    state = fields.Choice(STATES, load_default=None)


class AgendaItemOut(fields.Schema):
    """One item of the agenda."""

    title = fields.Text(1000, required=True)
    minutes = fields.Whole(1, 1440, required=True, allow_none=True)
    presenter = fields.Text(200, required=True, allow_none=True)


class MaterialOut(fields.Schema):
    """A paper of the meeting; its words are null when the reader may not read the document."""

    document_id = fields.Id(required=True)
    line = fields.Text(100, required=True, allow_none=True)
    abstract = fields.Text(2000, required=True, allow_none=True)


class ReplyOut(fields.Schema):
    """An answer to an invitation."""

    answer = fields.Choice(rules.ANSWERS, required=True)
    reason = fields.Text(1000, required=True, allow_none=True)
    replied_at = fields.Instant(required=True)


class ReplyCounts(fields.Schema):
    """How many are invited, and how they answered."""

    invited = fields.Whole(required=True)
    coming = fields.Whole(required=True)
    absent = fields.Whole(required=True)
    unanswered = fields.Whole(required=True)


class MeetingLine(fields.Schema):
    """A meeting in a list; ``answer`` is the reader's own."""

    id = fields.Id(required=True)
    unit_id = fields.Id(required=True)
    unit_name = fields.Text(300, required=True)
    kind = fields.Choice(MEETING_KINDS, required=True)
    title = fields.Text(500, required=True)
    starts_at = fields.Instant(required=True)
    minutes_planned = fields.Whole(1, 1440, required=True)
    place = fields.Text(500, required=True)
    state = fields.Choice(STATES, required=True)
    answer = fields.Choice(rules.ANSWERS, required=True, allow_none=True)


class MeetingOut(fields.Schema):
    """A meeting in full; ``reply_counts`` is null for who neither prepares nor oversees it."""

    id = fields.Id(required=True)
    unit_id = fields.Id(required=True)
    kind = fields.Choice(MEETING_KINDS, required=True)
    title = fields.Text(500, required=True)
    starts_at = fields.Instant(required=True)
    minutes_planned = fields.Whole(1, 1440, required=True)
    place = fields.Text(500, required=True)
    note = fields.Text(5000, required=True, allow_none=True)
    chair_id = fields.Id(required=True, allow_none=True)
    chair_name = fields.Text(200, required=True, allow_none=True)
    state = fields.Choice(STATES, required=True)
    called_at = fields.Instant(required=True, allow_none=True)
    cancelled_at = fields.Instant(required=True, allow_none=True)
    cancel_reason = fields.Text(1000, required=True, allow_none=True)
    revision = fields.Whole(1, required=True)
    agenda = fields.Many(fields.Nested(AgendaItemOut), required=True)
    materials = fields.Many(fields.Nested(MaterialOut), required=True)
    reply = fields.Nested(ReplyOut, required=True, allow_none=True)
    reply_counts = fields.Nested(ReplyCounts, required=True, allow_none=True)


class WarningOut(fields.Schema):
    """What guidance would have otherwise; it does not block."""

    code = fields.Text(50, required=True)
    text = fields.Text(500, required=True)


class CalledOut(MeetingOut):
    """The meeting as called, with what is amiss with the call."""

    warnings = fields.Many(fields.Nested(WarningOut), required=True)


class ReplyLine(fields.Schema):
    """An invited member and the answer, null as long as there is none."""

    member_id = fields.Id(required=True)
    full_name = fields.Text(200, required=True)
    has_device = fields.Flag(required=True)
    answer = fields.Choice(rules.ANSWERS, required=True, allow_none=True)
    reason = fields.Text(1000, required=True, allow_none=True)
    replied_at = fields.Instant(required=True, allow_none=True)


MeetingPage = fields.page_of(MeetingLine, "MeetingPage")
ReplyPage = fields.page_of(ReplyLine, "ReplyPage")
