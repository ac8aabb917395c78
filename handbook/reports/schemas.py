"""Reports as the API shows them."""

from marshmallow import fields as plain

from handbook import fields
from handbook.studies import rules


class CampaignReportQuery(fields.Schema):
    """Which campaign, for which part of the tree."""

    campaign_id = fields.Id(required=True)
    unit_id = fields.Id(required=True)


class CampaignMemberQuery(fields.PageQuery):
    """Which campaign, for the members of which cell or subtree, in which state."""

    campaign_id = fields.Id(required=True)
    unit_id = fields.Id(required=True)
    state = fields.Choice(rules.STATES, load_default=None)


class DocumentReportQuery(fields.Schema):
    """For which part of the tree."""

    unit_id = fields.Id(required=True)


class DocumentMemberQuery(fields.PageQuery):
    """For the members of which cell or subtree."""

    unit_id = fields.Id(required=True)


class NamedOut(fields.Schema):
    """What a report is about."""

    id = fields.Id(required=True)
    name = fields.Text(2000, required=True)


class DenominatorOut(fields.Schema):
    """Of whom the percentages are taken: a stable name, the words for people, and as of when."""

    name = fields.Choice(("targets_frozen_at_issue", "members_addressed_today"), required=True)
    label = fields.Text(500, required=True)
    at = fields.Instant(required=True)


class CampaignFigures(fields.Schema):
    """The figures of a row: ``percent`` is of those completed, on time or late; null of nobody."""

    targets = fields.Whole(required=True)
    completed = fields.Whole(required=True)
    completed_late = fields.Whole(required=True)
    started = fields.Whole(required=True)
    pending = fields.Whole(required=True)
    percent = plain.Float(required=True, allow_none=True)
    no_device = fields.Whole(required=True)
    entered_by_secretary = fields.Whole(required=True)


class CampaignRow(CampaignFigures):
    """The figures of the unit's own members, or of a direct child with all below.

    ``unit_id`` is null in the last row if targets were frozen in units that are no longer below.
    """

    unit_id = fields.Id(required=True, allow_none=True)
    name = fields.Text(300, required=True)


class CampaignReportOut(fields.Schema):
    """Completion of a campaign: ``as_of`` is when the figures were read.

    ``pending_marks`` counts the members and cells with something new that is not in the figures
    yet; at 0 the figures hold everything that was known at ``as_of``.
    """

    as_of = fields.Instant(required=True)
    pending_marks = fields.Whole(required=True)
    campaign = fields.Nested(NamedOut, required=True)
    deadline = fields.Instant(required=True)
    unit = fields.Nested(NamedOut, required=True)
    denominator = fields.Nested(DenominatorOut, required=True)
    rows = fields.Many(fields.Nested(CampaignRow), required=True)
    total = fields.Nested(CampaignFigures, required=True)


class DocumentStateOut(fields.Schema):
    """What a member did with a document of the campaign, in any version."""

    document_id = fields.Id(required=True)
    read = fields.Flag(required=True)
    acknowledged = fields.Flag(required=True)


class CampaignMemberLine(fields.Schema):
    """A target: the unit is that of the day of issue, the state as last derived."""

    member_id = fields.Id(required=True)
    full_name = fields.Text(200, required=True)
    unit_id = fields.Id(required=True)
    unit_name = fields.Text(300, required=True)
    state = fields.Choice(rules.STATES, required=True)
    documents_done = fields.Whole(required=True)
    completed_at = fields.Instant(required=True, allow_none=True)
    documents = fields.Many(fields.Nested(DocumentStateOut), required=True)
    has_device = fields.Flag(required=True)
    recorded_by_secretary = fields.Flag(required=True)


CampaignMemberPage = fields.page_of(CampaignMemberLine, "CampaignMemberPage")


class DocumentFigures(fields.Schema):
    """The figures of a row; ``percent`` is of those who have read the document."""

    addressed = fields.Whole(required=True)
    opened = fields.Whole(required=True)
    read = fields.Whole(required=True)
    acknowledged = fields.Whole(required=True)
    acknowledged_older = fields.Whole(required=True)
    percent = plain.Float(required=True, allow_none=True)
    no_device = fields.Whole(required=True)


class DocumentRow(DocumentFigures):
    """The figures of the unit's own members, or of a direct child with all below."""

    unit_id = fields.Id(required=True, allow_none=True)
    name = fields.Text(300, required=True)


class DocumentReportOut(fields.Schema):
    """How far a document has been read by those whom it addresses today."""

    as_of = fields.Instant(required=True)
    document = fields.Nested(NamedOut, required=True)
    unit = fields.Nested(NamedOut, required=True)
    denominator = fields.Nested(DenominatorOut, required=True)
    rows = fields.Many(fields.Nested(DocumentRow), required=True)
    total = fields.Nested(DocumentFigures, required=True)


class DocumentMemberLine(fields.Schema):
    """What an addressed member did; an acknowledgement of an older version is kept apart."""

    member_id = fields.Id(required=True)
    full_name = fields.Text(200, required=True)
    unit_id = fields.Id(required=True)
    unit_name = fields.Text(300, required=True)
    opened_at = fields.Instant(required=True, allow_none=True)
    read_at = fields.Instant(required=True, allow_none=True)
    acknowledged_at = fields.Instant(required=True, allow_none=True)
    acknowledged_older_at = fields.Instant(required=True, allow_none=True)
    has_device = fields.Flag(required=True)


DocumentMemberPage = fields.page_of(DocumentMemberLine, "DocumentMemberPage")
