"""The sync answer."""

from marshmallow import fields as plain

from handbook import fields

LONGEST_CURSOR = 8000
MOST_CHANGES = 500


class SyncQuery(fields.Schema):
    """Where the phone stands, and how much it takes at once."""

    cursor = fields.Text(
        LONGEST_CURSOR,
        least=0,
        load_default=None,
        metadata={"description": "The next_cursor of the answer before; none for everything."},
    )
    limit = fields.QueryWhole(
        1, MOST_CHANGES, load_default=200, metadata={"description": "Objects in an answer."}
    )


class ChangeOut(fields.Schema):
    """One step: ``put`` or ``remove`` an object in a bucket, or ``drop`` a whole bucket."""

    op = plain.String(required=True, metadata={"enum": ["put", "remove", "drop"]})
    bucket = plain.String(required=True, metadata={"description": "``me`` is the member's own."})
    kind = plain.String()
    id = fields.Id()
    data = plain.Dict(metadata={"description": "The object as a whole, in the form of its kind."})


class SyncOut(fields.Schema):
    """What changed, in the order in which to apply it."""

    changes = plain.List(plain.Nested(ChangeOut), required=True)
    next_cursor = plain.String(required=True)
    has_more = fields.Flag(required=True)
    reset = fields.Flag(
        required=True, metadata={"description": "Forget everything before applying this."}
    )
    as_of = fields.Instant(required=True)
    offline_until = fields.Instant(
        required=True, metadata={"description": "Until when the phone may show its copies."}
    )
