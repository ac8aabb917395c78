"""Campaigns by scope and by audience, their targets, and what a member did with the documents."""

import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, false, func, or_, select
from sqlalchemy.orm import aliased

from handbook.access import Actor, Permission
from handbook.audiences.queries import addressed_to
from handbook.studies import rules
from models import (
    PATH_END,
    Account,
    Acknowledgement,
    Campaign,
    CampaignCount,
    CampaignDocument,
    CampaignTarget,
    DeviceAccount,
    Document,
    Member,
    Notice,
    Progress,
    Rows,
    StudyEntry,
    Unit,
)

REMINDER = "campaign_reminder"
# A list of campaigns joins the targets as well; under one name the two would become one.
_OWN = aliased(CampaignTarget)


def within(path: Any, scopes: Iterable[str]) -> ColumnElement[bool]:
    """Return the condition that the column ``path`` lies in one of the subtrees; false if none."""
    return or_(false(), *[and_(path >= scope, path < scope + PATH_END) for scope in scopes])


def has_device() -> ColumnElement[bool]:
    """Return the condition that ``Member`` has at least one device enrolled.

    As a scalar it is asked for the rows of a page only; an EXISTS would hash all devices first.
    """
    enrolled = (
        select(DeviceAccount.device_id)
        .join(Account, Account.id == DeviceAccount.account_id)
        .where(Account.member_id == Member.id)
        .limit(1)
    )
    return enrolled.correlate(Member).scalar_subquery().is_not(None)


def is_mine(actor: Actor) -> ColumnElement[bool]:
    """Return the condition that an issued campaign is addressed to the actor or targets them."""
    targeted = exists().where(_OWN.campaign_id == Campaign.id, _OWN.member_id == actor.member_id)
    reached = Campaign.audience_id.in_(addressed_to(actor, "campaign"))
    return and_(Campaign.state != rules.DRAFT, or_(targeted, reached))


def is_managed(actor: Actor) -> ColumnElement[bool]:
    """Return the condition that the actor looks after a campaign.

    A draft by who may write it; an issued one by who reads reports of its unit or of its targets.
    """
    writes = actor.scopes(Permission.CAMPAIGN_WRITE)
    reads = actor.scopes(Permission.REPORT_READ)
    concerned = exists().where(
        CampaignCount.campaign_id == Campaign.id, within(CampaignCount.unit_path, reads)
    )
    return or_(
        within(Unit.path, writes),
        and_(Campaign.state != rules.DRAFT, or_(within(Unit.path, reads), concerned)),
    )


def campaign(actor: Actor, campaign_id: uuid.UUID) -> Rows:
    """Select (Campaign, path of its unit) of a campaign that the actor may see."""
    return (
        select(Campaign, Unit.path)
        .join(Unit, Unit.id == Campaign.unit_id)
        .where(Campaign.id == campaign_id, or_(is_mine(actor), is_managed(actor)))
    )


def unit(unit_id: uuid.UUID, scopes: Iterable[str]) -> Rows:
    """Select a unit, not dissolved, that stands in one of the subtrees."""
    return select(Unit).where(
        Unit.id == unit_id, Unit.dissolved_on.is_(None), within(Unit.path, scopes)
    )


def documents(campaigns: Iterable[uuid.UUID]) -> Rows:
    """Select (campaign_id, document_id), each campaign's in their order."""
    return (
        select(CampaignDocument.campaign_id, CampaignDocument.document_id)
        .where(CampaignDocument.campaign_id.in_(list(campaigns)))
        .order_by(CampaignDocument.campaign_id, CampaignDocument.ordinal)
    )


def usable(actor: Actor, wanted: Iterable[uuid.UUID]) -> Rows:
    """Select the ids of the published documents that the actor may put into a campaign.

    Those of a unit in the actor's scope, and those addressed to the actor.
    """
    scopes = actor.scopes(Permission.CAMPAIGN_WRITE)
    return (
        select(Document.id)
        .join(Unit, Unit.id == Document.unit_id)
        .where(
            Document.id.in_(list(wanted)),
            Document.state == "published",
            or_(
                within(Unit.path, scopes), Document.audience_id.in_(addressed_to(actor, "document"))
            ),
        )
    )


def mine(actor: Actor) -> Rows:
    """Select the lines of the actor's own campaigns, with the own state as last derived."""
    own = and_(
        CampaignTarget.campaign_id == Campaign.id, CampaignTarget.member_id == actor.member_id
    )
    return (
        _lines(CampaignTarget.state.label("own_state"), CampaignTarget.documents_done)
        .outerjoin(CampaignTarget, own)
        .where(is_mine(actor))
    )


def managed(actor: Actor, state: str | None) -> Rows:
    """Select the lines of the campaigns that the actor looks after, in ``state`` if given."""
    statement = _lines().where(is_managed(actor))
    return statement if state is None else statement.where(Campaign.state == state)


def _lines(*more: Any) -> Rows:
    total = (
        select(func.count())
        .where(CampaignDocument.campaign_id == Campaign.id)
        .scalar_subquery()
        .label("documents_total")
    )
    return select(
        Campaign.id,
        Campaign.unit_id,
        Unit.name.label("unit_name"),
        Campaign.title,
        Campaign.deadline,
        Campaign.state,
        Campaign.issued_at,
        Campaign.created_at,
        total,
        *more,
    ).join(Unit, Unit.id == Campaign.unit_id)


def targets(
    campaign_id: uuid.UUID,
    scopes: Iterable[str],
    *,
    state: str | None = None,
    unit_id: uuid.UUID | None = None,
) -> Rows:
    """Select the lines of a campaign's targets inside the subtrees, by frozen unit.

    Columns: id and member_id (the member's), name_key, full_name, unit_id, unit_name, unit_path
    (frozen), state, documents_done, completed_at, has_device, entered.
    """
    entered = exists().where(
        StudyEntry.campaign_id == campaign_id, StudyEntry.member_id == Member.id
    )
    statement = (
        select(
            Member.id,
            Member.id.label("member_id"),
            Member.name_key,
            Member.full_name,
            CampaignTarget.unit_id,
            Unit.name.label("unit_name"),
            CampaignTarget.unit_path,
            CampaignTarget.state,
            CampaignTarget.documents_done,
            CampaignTarget.completed_at,
            has_device().label("has_device"),
            entered.label("entered"),
        )
        .join(CampaignTarget, CampaignTarget.member_id == Member.id)
        .join(Unit, Unit.id == CampaignTarget.unit_id)
        .where(CampaignTarget.campaign_id == campaign_id, within(CampaignTarget.unit_path, scopes))
    )
    if state is not None:
        statement = statement.where(CampaignTarget.state == state)
    return statement if unit_id is None else statement.where(CampaignTarget.unit_id == unit_id)


def target(campaign_id: uuid.UUID, member_id: uuid.UUID) -> Rows:
    """Select (unit_id, unit_path, has_device) of one target."""
    return (
        select(CampaignTarget.unit_id, CampaignTarget.unit_path, has_device().label("has_device"))
        .join(Member, Member.id == CampaignTarget.member_id)
        .where(CampaignTarget.campaign_id == campaign_id, CampaignTarget.member_id == member_id)
    )


def entry(campaign_id: uuid.UUID, member_id: uuid.UUID) -> Rows:
    """Select the study entry of a member in a campaign."""
    return select(StudyEntry).where(
        StudyEntry.campaign_id == campaign_id, StudyEntry.member_id == member_id
    )


def reads(campaign_id: uuid.UUID, member_id: uuid.UUID) -> Rows:
    """Select (document_id, at, received_at) of a member's readings of a campaign's documents."""
    received = func.coalesce(Progress.read_received_at, Progress.read_at)
    return (
        select(Progress.document_id, Progress.read_at.label("at"), received.label("received_at"))
        .join(CampaignDocument, CampaignDocument.document_id == Progress.document_id)
        .where(
            CampaignDocument.campaign_id == campaign_id,
            Progress.member_id == member_id,
            Progress.read_at.is_not(None),
        )
    )


def acknowledgements(campaign_id: uuid.UUID, member_id: uuid.UUID) -> Rows:
    """Select (document_id, at, received_at) of a member's acknowledgements, any version."""
    return (
        select(
            Acknowledgement.document_id,
            Acknowledgement.acknowledged_at.label("at"),
            Acknowledgement.received_at,
        )
        .join(CampaignDocument, CampaignDocument.document_id == Acknowledgement.document_id)
        .where(CampaignDocument.campaign_id == campaign_id, Acknowledgement.member_id == member_id)
    )


def by_ids(ids: Iterable[uuid.UUID]) -> Rows:
    """Select the campaigns of ``ids`` that were issued."""
    return select(Campaign).where(Campaign.id.in_(list(ids)), Campaign.state != rules.DRAFT)


def own_states(ids: Iterable[uuid.UUID], member_id: uuid.UUID) -> Rows:
    """Select (campaign_id, state, documents_done, documents_total, completed_at) of one member."""
    total = (
        select(func.count())
        .where(CampaignDocument.campaign_id == CampaignTarget.campaign_id)
        .scalar_subquery()
    )
    return select(
        CampaignTarget.campaign_id,
        CampaignTarget.state,
        CampaignTarget.documents_done,
        total.label("documents_total"),
        CampaignTarget.completed_at,
    ).where(CampaignTarget.campaign_id.in_(list(ids)), CampaignTarget.member_id == member_id)


def ending(first: datetime, last: datetime) -> Rows:
    """Select the issued campaigns with a deadline in a span, locked, in order of id."""
    return (
        select(Campaign)
        .where(Campaign.state == rules.ISSUED, Campaign.deadline >= first, Campaign.deadline < last)
        .order_by(Campaign.id)
        .with_for_update(of=Campaign)
    )


def reminded(campaign_id: uuid.UUID, since: datetime) -> Rows:
    """Select whether a reminder of a campaign went out at or after an instant."""
    return select(
        exists().where(
            Notice.kind == REMINDER,
            Notice.object_kind == "campaign",
            Notice.object_id == campaign_id,
            Notice.published_at >= since,
        )
    )


def late_members(campaign_id: uuid.UUID) -> Rows:
    """Select the ids of the targets that have not completed and have not left."""
    return (
        select(CampaignTarget.member_id)
        .join(Member, Member.id == CampaignTarget.member_id)
        .where(
            CampaignTarget.campaign_id == campaign_id,
            CampaignTarget.state.in_((rules.PENDING, rules.STARTED)),
            Member.left_on.is_(None),
        )
    )
