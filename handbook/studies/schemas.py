"""Campaigns as the API takes and shows them."""

from handbook import fields
from handbook.audiences.schemas import AudienceIn
from handbook.studies import rules

CAMPAIGN_STATES = (rules.DRAFT, rules.ISSUING, rules.ISSUED, rules.CLOSED)
DELETE_REASONS = ("wrong_member", "wrong_day", "wrong_form", "other")
MOST_DOCUMENTS = 50


class CampaignIn(fields.Schema):
    """A campaign to draft: the documents in their order, what is asked of each, and by when."""

    unit_id = fields.Id(required=True)
    title = fields.Text(500, required=True)
    document_ids = fields.Many(fields.Id(), least=1, most=MOST_DOCUMENTS, required=True)
    requires_read = fields.Flag(load_default=True)
    requires_acknowledgement = fields.Flag(load_default=False)
    deadline = fields.Instant(required=True)


class CampaignChange(fields.Schema):
    """What to change in a draft; what is left out stays."""

    title = fields.Text(500)
    document_ids = fields.Many(fields.Id(), least=1, most=MOST_DOCUMENTS)
    requires_read = fields.Flag()
    requires_acknowledgement = fields.Flag()
    deadline = fields.Instant()


class IssuanceIn(fields.Schema):
    """To whom a campaign is issued."""

    audience = fields.Nested(AudienceIn, required=True)


class CampaignOut(fields.Schema):
    """A campaign; while ``issuing`` its list of targets is being frozen as of ``issued_at``."""

    id = fields.Id(required=True)
    unit_id = fields.Id(required=True)
    title = fields.Text(500, required=True)
    document_ids = fields.Many(fields.Id(), required=True)
    requires_read = fields.Flag(required=True)
    requires_acknowledgement = fields.Flag(required=True)
    deadline = fields.Instant(required=True)
    state = fields.Choice(CAMPAIGN_STATES, required=True)
    issued_at = fields.Instant(required=True, allow_none=True)
    closed_at = fields.Instant(required=True, allow_none=True)
    revision = fields.Whole(required=True)


class CampaignLine(fields.Schema):
    """A campaign in a list."""

    id = fields.Id(required=True)
    unit_id = fields.Id(required=True)
    unit_name = fields.Text(300, required=True)
    title = fields.Text(500, required=True)
    deadline = fields.Instant(required=True)
    state = fields.Choice(CAMPAIGN_STATES, required=True)
    issued_at = fields.Instant(required=True, allow_none=True)
    documents_total = fields.Whole(required=True)


class OwnCampaignLine(CampaignLine):
    """A campaign in the member's list; the own state is null for who is not a target."""

    own_state = fields.Choice(rules.STATES, required=True, allow_none=True)
    documents_done = fields.Whole(required=True, allow_none=True)


class ManagedQuery(fields.PageQuery):
    """Which campaigns to list."""

    state = fields.Choice(CAMPAIGN_STATES, load_default=None)


OwnCampaignPage = fields.page_of(OwnCampaignLine, "OwnCampaignPage")
CampaignPage = fields.page_of(CampaignLine, "CampaignPage")


class DocumentProgressOut(fields.Schema):
    """What the member did with one document: the earliest of each, in any version."""

    document_id = fields.Id(required=True)
    read_at = fields.Instant(required=True, allow_none=True)
    acknowledged_at = fields.Instant(required=True, allow_none=True)
    done = fields.Flag(required=True)


class EntryOut(fields.Schema):
    """The secretary's entry of a study."""

    form = fields.Choice(rules.FORMS, required=True)
    studied_on = fields.Day(required=True)
    note = fields.Text(1000, required=True, allow_none=True)
    recorded_at = fields.Instant(required=True)


class CampaignProgressOut(fields.Schema):
    """How far the member has come, computed from the facts of this moment."""

    campaign_id = fields.Id(required=True)
    is_target = fields.Flag(required=True)
    state = fields.Choice(rules.STATES, required=True)
    documents_done = fields.Whole(required=True)
    documents_total = fields.Whole(required=True)
    completed_at = fields.Instant(required=True, allow_none=True)
    deadline = fields.Instant(required=True)
    documents = fields.Many(fields.Nested(DocumentProgressOut), required=True)
    entry = fields.Nested(EntryOut, required=True, allow_none=True)


class TargetQuery(fields.PageQuery):
    """Which targets to list."""

    state = fields.Choice(rules.STATES, load_default=None)
    unit_id = fields.Id(
        load_default=None, metadata={"description": "The cell of the day of issue."}
    )


class TargetLine(fields.Schema):
    """A target: the unit is that of the day of issue, the state as last derived."""

    member_id = fields.Id(required=True)
    full_name = fields.Text(200, required=True)
    unit_id = fields.Id(required=True)
    unit_name = fields.Text(300, required=True)
    state = fields.Choice(rules.STATES, required=True)
    documents_done = fields.Whole(required=True)
    completed_at = fields.Instant(required=True, allow_none=True)
    has_device = fields.Flag(required=True)
    entered = fields.Flag(required=True)


TargetPage = fields.page_of(TargetLine, "TargetPage")


class RecordIn(fields.Schema):
    """A study without the app: on paper, read aloud at the cell, or at a conference."""

    form = fields.Choice(rules.FORMS, required=True)
    studied_on = fields.Day(required=True)
    note = fields.Text(1000, load_default=None, allow_none=True)


class RecordOut(EntryOut):
    """An entry as it stands; ``has_device`` says that the member could also study in the app."""

    campaign_id = fields.Id(required=True)
    member_id = fields.Id(required=True)
    has_device = fields.Flag(required=True)


class RecordDeleteQuery(fields.Schema):
    """Why an entry is taken back."""

    reason = fields.Choice(DELETE_REASONS, load_default="other")
