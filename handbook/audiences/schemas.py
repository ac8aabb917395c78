"""The audience as the API takes and shows it."""

from typing import Any

from marshmallow import ValidationError, validates_schema

from handbook import fields
from models import ALONE, BELOW, EVERYONE, ROLES

MOST_TERMS = 200


class TermIn(fields.Schema):
    """One term: a unit (``alone`` or with all ``below``, for a role or everyone), or a member."""

    unit_id = fields.Id()
    reach = fields.Choice((ALONE, BELOW))
    role = fields.Choice((EVERYONE, *ROLES))
    member_id = fields.Id()

    @validates_schema
    def check(self, data: dict[str, Any], **_more: Any) -> None:
        """Demand a unit or a member, not both."""
        if ("unit_id" in data) == ("member_id" in data):
            raise ValidationError("required", "unit_id")
        if "member_id" in data and len(data) > 1:
            raise ValidationError("unknown", "reach")


class AudienceIn(fields.Schema):
    """Everybody whom one of the terms includes."""

    include = fields.Many(fields.Nested(TermIn), least=1, most=MOST_TERMS, required=True)
