"""Units, members and positions as the API takes and shows them."""

from handbook import fields
from models import ROLES, UNIT_KINDS

STANDINGS = ("official", "probationary")
SEXES = ("female", "male")
_PHONE = r"[0-9+ .()-]+"


class UnitQuery(fields.PageQuery):
    """Which units to list."""

    parent_id = fields.Id(load_default=None, metadata={"description": "Direct children of it."})
    q = fields.Text(100, load_default=None, metadata={"description": "Part of the name."})


class MemberQuery(fields.PageQuery):
    """Which members of a unit to list."""

    subtree = fields.QueryFlag(
        load_default=False, metadata={"description": "Members of the units below it as well."}
    )
    q = fields.Text(100, load_default=None, metadata={"description": "Part of the name."})


class UnitIn(fields.Schema):
    """A unit to set up below ``parent_id``, from a day (today when left out)."""

    parent_id = fields.Id(required=True)
    kind = fields.Choice(UNIT_KINDS, required=True)
    name = fields.Text(300, required=True)
    code = fields.Text(50, load_default=None, allow_none=True)
    begin = fields.Day(data_key="from", load_default=None)


class UnitChange(fields.Schema):
    """A new name or kind of a unit, from a day not to come (today when left out)."""

    kind = fields.Choice(UNIT_KINDS)
    name = fields.Text(300)
    begin = fields.Day(data_key="from", load_default=None)


class UnitOut(fields.Schema):
    """A unit as it stands today."""

    id = fields.Id(required=True)
    parent_id = fields.Id(required=True, allow_none=True)
    kind = fields.Choice(UNIT_KINDS, required=True)
    name = fields.Text(300, required=True)
    code = fields.Text(50, required=True, allow_none=True)
    dissolved_on = fields.Day(required=True, allow_none=True)
    revision = fields.Whole(required=True)


UnitPage = fields.page_of(UnitOut, "UnitPage")


class MemberIn(fields.Schema):
    """A member to enter into a cell, from a day (today when left out)."""

    full_name = fields.Text(200, required=True)
    birth_date = fields.Day(load_default=None, allow_none=True)
    sex = fields.Choice(SEXES, load_default=None, allow_none=True)
    standing = fields.Choice(STANDINGS, required=True)
    admitted_on = fields.Day(load_default=None, allow_none=True)
    official_on = fields.Day(load_default=None, allow_none=True)
    phone = fields.Text(30, pattern=_PHONE, load_default=None, allow_none=True)
    card_number = fields.Text(30, load_default=None, allow_none=True)
    begin = fields.Day(data_key="from", load_default=None)


class MemberChange(fields.Schema):
    """What to correct in a member's record; what is left out stays."""

    full_name = fields.Text(200)
    birth_date = fields.Day(allow_none=True)
    sex = fields.Choice(SEXES, allow_none=True)
    standing = fields.Choice(STANDINGS)
    admitted_on = fields.Day(allow_none=True)
    official_on = fields.Day(allow_none=True)
    phone = fields.Text(30, pattern=_PHONE, allow_none=True)
    card_number = fields.Text(30, allow_none=True)


class MemberLine(fields.Schema):
    """A member in a list, with the unit of the official membership."""

    id = fields.Id(required=True)
    full_name = fields.Text(200, required=True)
    birth_date = fields.Day(required=True, allow_none=True)
    sex = fields.Choice(SEXES, required=True, allow_none=True)
    standing = fields.Choice(STANDINGS, required=True)
    unit_id = fields.Id(required=True, allow_none=True)
    unit_name = fields.Text(300, required=True, allow_none=True)


MemberPage = fields.page_of(MemberLine, "MemberPage")


class MemberOut(MemberLine):
    """A member; phone and card number are masked but for their last signs."""

    admitted_on = fields.Day(required=True, allow_none=True)
    official_on = fields.Day(required=True, allow_none=True)
    phone = fields.Text(30, required=True, allow_none=True)
    card_number = fields.Text(30, required=True, allow_none=True)
    revision = fields.Whole(required=True)


class PositionIn(fields.Schema):
    """A post to give at a unit, from a day (today when left out)."""

    unit_id = fields.Id(required=True)
    role = fields.Choice(ROLES, required=True)
    begin = fields.Day(data_key="from", load_default=None)


class PositionEnd(fields.Schema):
    """The end of a post: the first day on which it is no longer held."""

    until = fields.Day(required=True)


class PositionOut(fields.Schema):
    """A post; ``until`` is the first day without it, null while no end is known."""

    id = fields.Id(required=True)
    member_id = fields.Id(required=True)
    unit_id = fields.Id(required=True)
    unit_name = fields.Text(300, required=True)
    role = fields.Choice(ROLES, required=True)
    begin = fields.Day(data_key="from", required=True)
    until = fields.Day(required=True, allow_none=True)


PositionPage = fields.page_of(PositionOut, "PositionPage")
