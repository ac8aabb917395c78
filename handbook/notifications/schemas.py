"""Notices as the API shows them."""

from handbook import fields


class NoticeLine(fields.Schema):
    """A notice in the inbox: its words, what it is about, and what the member did with it."""

    id = fields.Id(required=True)
    kind = fields.Text(50, required=True)
    title = fields.Text(500, required=True)
    body = fields.Text(2000, required=True)
    object_kind = fields.Text(50, required=True)
    object_id = fields.Id(required=True)
    urgent = fields.Flag(required=True)
    published_at = fields.Instant(required=True)
    opened_at = fields.Instant(required=True, allow_none=True)
    dismissed_at = fields.Instant(required=True, allow_none=True)


class InboxOut(fields.Schema):
    """A page of the inbox, newest first, with the number of unread notices in all."""

    items = fields.Many(fields.Nested(NoticeLine), required=True)
    next_cursor = fields.Text(2000, required=True, allow_none=True)
    unread = fields.Whole(required=True)


class MarkIn(fields.Schema):
    """What the member did: opened it, and maybe dismissed it."""

    dismissed = fields.Flag(load_default=False)


class DeliveryLine(fields.Schema):
    """The fate of one push to one device."""

    id = fields.Id(required=True)
    member_id = fields.Id(required=True)
    full_name = fields.Text(200, required=True)
    unit = fields.Text(300, required=True)
    platform = fields.Text(20, required=True)
    state = fields.Text(20, required=True)
    reason = fields.Text(100, required=True, allow_none=True)
    settled_at = fields.Instant(required=True, allow_none=True)
    opened_at = fields.Instant(required=True, allow_none=True)


DeliveryPage = fields.page_of(DeliveryLine, "DeliveryPage")
