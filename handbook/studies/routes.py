"""Study campaigns: committees draft and issue, members study, secretaries record."""

import uuid
from typing import Any

from flask import Response

from handbook import paging, wire
from handbook.access import Actor, Permission
from handbook.database import Transaction
from handbook.fields import PageQuery
from handbook.http import Routes
from handbook.policies import Policy
from handbook.studies import entries, queries, service
from handbook.studies.schemas import (
    CampaignChange,
    CampaignIn,
    CampaignOut,
    CampaignPage,
    CampaignProgressOut,
    IssuanceIn,
    ManagedQuery,
    OwnCampaignPage,
    RecordDeleteQuery,
    RecordIn,
    RecordOut,
    TargetPage,
    TargetQuery,
)
from models import Campaign, Member

routes = Routes(
    "studies",
    __name__,
    prefix="/campaigns",
    description="Đợt học tập: campaigns, targets, progress and the secretary's entry.",
)
_MINE = Policy(Permission.SIGNED_IN, scope="buckets")


def _answer(row: Campaign, status: int = 200) -> Response:
    response = wire.dump(CampaignOut(), service.shown(row), status)
    return wire.with_tag(response, str(row.revision))


@routes.post(
    "",
    policy=Policy(
        Permission.CAMPAIGN_WRITE,
        scope="unit",
        transaction=Transaction.WRITE,
        audit="campaign.drafted",
        idempotency="key",
    ),
    body=CampaignIn,
    out=CampaignOut,
    status=201,
    problems=(404,),
)
def draft_campaign(actor: Actor, body: dict[str, Any]) -> Response:
    """Draft a campaign.

    The documents must be published, and come from a unit in the actor's scope or be addressed to
    the actor. At least one of reading and acknowledgement is required; the deadline lies ahead.
    """
    return _answer(service.draft(actor, body), 201)


@routes.get("", policy=_MINE, query=PageQuery, out=OwnCampaignPage)
def list_campaigns(actor: Actor, query: dict[str, Any]) -> paging.Page:
    """List the member's own campaigns, newest first.

    Those that are addressed to the member, and those whose frozen targets the member is among.
    """
    return paging.page(
        queries.mine(actor),
        purpose="campaigns",
        by=(Campaign.issued_at, Campaign.id),
        query=query,
        descending=True,
        whole_rows=True,
    )


@routes.get(
    "/managed",
    policy=Policy(Permission.REPORT_READ, scope="unit"),
    query=ManagedQuery,
    out=CampaignPage,
)
def list_managed_campaigns(actor: Actor, query: dict[str, Any]) -> paging.Page:
    """List the campaigns that concern the actor's part of the tree, newest first.

    Drafts show to who may write them; issued ones to who reads reports of the unit that issued
    them, or of cells that they target.
    """
    return paging.page(
        queries.managed(actor, query["state"]),
        purpose="campaigns_managed",
        by=(Campaign.created_at, Campaign.id),
        query=query,
        descending=True,
        whole_rows=True,
    )


@routes.get(
    "/<uuid:campaign_id>",
    policy=Policy(Permission.SIGNED_IN, scope="buckets", cache="etag"),
    out=CampaignOut,
    also={304: "Unchanged."},
)
def get_campaign(actor: Actor, campaign_id: uuid.UUID) -> Response:
    """Get a campaign."""
    row = service.get_for(actor, campaign_id)
    return wire.unchanged(str(row.revision)) or _answer(row)


@routes.patch(
    "/<uuid:campaign_id>",
    policy=Policy(
        Permission.CAMPAIGN_WRITE,
        scope="unit",
        transaction=Transaction.WRITE,
        audit="campaign.changed",
        cache="if-match",
    ),
    body=CampaignChange,
    out=CampaignOut,
)
def change_campaign(actor: Actor, body: dict[str, Any], campaign_id: uuid.UUID) -> Response:
    """Change a draft; what is left out stays."""
    row = service.get_own(actor, campaign_id)
    wire.demand_match(row.revision)
    service.change(actor, row, body)
    return _answer(row)


@routes.post(
    "/<uuid:campaign_id>/issuance",
    policy=Policy(
        Permission.CAMPAIGN_WRITE,
        scope="unit",
        transaction=Transaction.WRITE,
        audit="campaign.issued",
        idempotency="key",
    ),
    body=IssuanceIn,
    out=CampaignOut,
    status=202,
)
def issue_campaign(actor: Actor, body: dict[str, Any], campaign_id: uuid.UUID) -> Response:
    """Issue a campaign to an audience.

    Members see it at once. Who must study is frozen by the worker as of this instant: a transfer
    later on changes neither the list nor the percentages. The state is ``issuing`` until then.
    Every document must be addressed to the whole audience.
    """
    return _answer(service.issue(actor, campaign_id, body["audience"]), 202)


@routes.get("/<uuid:campaign_id>/progress", policy=_MINE, out=CampaignProgressOut)
def get_progress(actor: Actor, campaign_id: uuid.UUID) -> dict[str, Any]:
    """Get how far the member has come, computed from the facts of this moment."""
    return service.progress(actor, campaign_id)


@routes.get(
    "/<uuid:campaign_id>/targets",
    policy=Policy(Permission.REPORT_READ, scope="unit"),
    query=TargetQuery,
    out=TargetPage,
)
def list_targets(actor: Actor, query: dict[str, Any], campaign_id: uuid.UUID) -> paging.Page:
    """List the frozen targets inside the actor's part of the tree, by name."""
    service.get_for(actor, campaign_id)
    scopes = actor.scopes(Permission.REPORT_READ)
    return paging.page(
        queries.targets(campaign_id, scopes, state=query["state"], unit_id=query["unit_id"]),
        purpose=f"targets:{campaign_id}",
        by=(Member.name_key, Member.id),
        query=query,
        whole_rows=True,
    )


@routes.put(
    "/<uuid:campaign_id>/members/<uuid:member_id>/record",
    policy=Policy(
        Permission.RECORD_WRITE,
        scope="unit",
        transaction=Transaction.WRITE,
        audit="campaign.study_recorded",
    ),
    body=RecordIn,
    out=RecordOut,
)
def put_record(
    actor: Actor, body: dict[str, Any], campaign_id: uuid.UUID, member_id: uuid.UUID
) -> dict[str, Any]:
    """Record that a target studied without the app.

    It fulfils all that the campaign requires. On time means: studied by the day of the deadline and
    recorded within 7 days after the deadline. A member with a device may be recorded too; the
    answer says so. Repeating changes nothing.
    """
    return entries.record(actor, campaign_id, member_id, body)


@routes.delete(
    "/<uuid:campaign_id>/members/<uuid:member_id>/record",
    policy=Policy(
        Permission.RECORD_WRITE,
        scope="unit",
        transaction=Transaction.WRITE,
        audit="campaign.study_record_deleted",
    ),
    query=RecordDeleteQuery,
    status=204,
)
def delete_record(
    actor: Actor, query: dict[str, Any], campaign_id: uuid.UUID, member_id: uuid.UUID
) -> None:
    """Take back an entry that was wrong."""
    entries.unrecord(actor, campaign_id, member_id, query["reason"])
