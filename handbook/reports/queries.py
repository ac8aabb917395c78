# ruff: noqa: S608 - statements are put together from constants of the house only
"""Figures by unit and lines by member, inside a subtree."""

import uuid
from collections.abc import Iterable
from datetime import date
from typing import Any

from sqlalchemy import and_, exists, func, literal, or_, select, text, union
from sqlalchemy.orm import aliased
from sqlalchemy.sql.elements import TextClause

from handbook.studies.derived import IS_REACHED
from handbook.studies.queries import has_device, targets, within
from models import (
    BELOW,
    LABEL_WIDTH,
    PATH_END,
    Acknowledgement,
    Addressing,
    Bucket,
    Campaign,
    CampaignCount,
    CampaignDocument,
    Document,
    Issuer,
    Member,
    Membership,
    Progress,
    Rows,
    StaleMark,
    Unit,
)


def unit(unit_id: uuid.UUID, scopes: Iterable[str]) -> Rows:
    """Select a unit that stands in one of the subtrees, dissolved or not."""
    return select(Unit).where(Unit.id == unit_id, within(Unit.path, scopes))


def row_units(of: Unit) -> Rows:
    """Select (id, name, path, dissolved_on) of a unit, then of its children in their order."""
    return (
        select(Unit.id, Unit.name, Unit.path, Unit.dissolved_on)
        .where(or_(Unit.id == of.id, Unit.parent_id == of.id))
        .order_by(Unit.id != of.id, Unit.sort_key, Unit.id)
    )


def campaign(campaign_id: uuid.UUID, of: Unit, scopes: Iterable[str]) -> Rows:
    """Select an issued campaign of a unit in the subtrees, or with targets inside ``of``."""
    issuer = exists().where(Unit.id == Campaign.unit_id, within(Unit.path, scopes))
    concerned = exists().where(
        CampaignCount.campaign_id == Campaign.id, within(CampaignCount.unit_path, [of.path])
    )
    return select(Campaign).where(
        Campaign.id == campaign_id, Campaign.state != "draft", or_(issuer, concerned)
    )


def document(document_id: uuid.UUID, of: Unit, scopes: Iterable[str], day: date) -> Rows:
    """Select a published or recalled document of a unit in the subtrees or that reaches ``of``."""
    publisher, addressed = aliased(Unit), aliased(Unit)
    issued_here = exists().where(publisher.id == Document.unit_id, within(publisher.path, scopes))
    over = and_(Bucket.reach == BELOW, func.starts_with(literal(of.path), addressed.path))
    reaches_unit = exists().where(
        Addressing.audience_id == Document.audience_id,
        Bucket.id == Addressing.bucket_id,
        addressed.id == Bucket.unit_id,
        or_(over, within(addressed.path, [of.path])),
    )
    reaches_member = exists().where(
        Addressing.audience_id == Document.audience_id,
        Bucket.id == Addressing.bucket_id,
        Membership.member_id == Bucket.member_id,
        Membership.during.contains(day),
        Unit.id == Membership.unit_id,
        within(Unit.path, [of.path]),
    )
    return select(Document).where(
        Document.id == document_id,
        Document.state != "draft",
        or_(issued_here, reaches_unit, reaches_member),
    )


def campaign_figures(campaign_id: uuid.UUID, of: Unit) -> Rows:
    """Select the counters of a campaign inside ``of``, summed by its own path and its children's.

    Columns: path, targets, started, completed, completed_late, no_device, entered.
    """
    path = func.left(CampaignCount.unit_path, len(of.path) + LABEL_WIDTH)
    names = ("targets", "started", "completed", "completed_late", "no_device", "entered")
    sums = [func.sum(getattr(CampaignCount, name)).label(name) for name in names]
    return (
        select(path.label("path"), *sums)
        .where(CampaignCount.campaign_id == campaign_id, within(CampaignCount.unit_path, [of.path]))
        .group_by(path)
    )


def pending(campaign_id: uuid.UUID) -> Rows:
    """Select how many targets and cells of a campaign wait for being derived anew."""
    return select(func.count()).where(
        StaleMark.kind.in_(("campaign_target", "campaign_count")),
        StaleMark.first_id == campaign_id,
    )


def documents(campaign_id: uuid.UUID) -> Rows:
    """Select (id, number, symbol, issuer_symbol, abstract) of a campaign's documents, in order."""
    return (
        select(
            Document.id,
            Document.number,
            Document.symbol,
            Issuer.symbol.label("issuer_symbol"),
            Document.abstract,
        )
        .join(CampaignDocument, CampaignDocument.document_id == Document.id)
        .outerjoin(Issuer, Issuer.id == Document.issuer_id)
        .where(CampaignDocument.campaign_id == campaign_id)
        .order_by(CampaignDocument.ordinal)
    )


def facts(campaign_id: uuid.UUID, members: Iterable[uuid.UUID]) -> Rows:
    """Select (member_id, document_id, kind) of what members did with a campaign's documents.

    ``kind`` is ``read`` or ``acknowledged``; any version counts, each pair stands once.
    """
    wanted = list(members)
    listed = select(CampaignDocument.document_id).where(CampaignDocument.campaign_id == campaign_id)
    read = select(Progress.member_id, Progress.document_id, literal("read").label("kind")).where(
        Progress.member_id.in_(wanted),
        Progress.read_at.is_not(None),
        Progress.document_id.in_(listed),
    )
    said = select(
        Acknowledgement.member_id, Acknowledgement.document_id, literal("acknowledged")
    ).where(Acknowledgement.member_id.in_(wanted), Acknowledgement.document_id.in_(listed))
    both = union(read, said).subquery()
    return select(both.c.member_id, both.c.document_id, both.c.kind)


def campaign_members(campaign_id: uuid.UUID, of: Unit, state: str | None = None) -> Rows:
    """Select the lines of a campaign's targets inside ``of``, as ``studies`` lists them."""
    return targets(campaign_id, [of.path], state=state)


# The members addressed by a document on a day where they sit officially, summed by the unit's own
# path and its children's. An acknowledgement of an older version is kept apart.
DOCUMENT_FIGURES: TextClause = text(
    f"""
    WITH reached AS (
      SELECT ms.member_id, left(u.path, :width) AS path
      FROM membership ms JOIN unit u ON u.id = ms.unit_id JOIN member m ON m.id = ms.member_id
      WHERE ms.kind = 'official' AND ms.during @> CAST(:day AS date)
        AND u.path >= :path AND u.path < :path || '{PATH_END}'
        AND (m.left_on IS NULL OR m.left_on > :day) AND {IS_REACHED}
    ), seen AS (
      SELECT member_id, bool_or(coalesce(opened_at, read_at) IS NOT NULL) AS opened,
        bool_or(read_at IS NOT NULL) AS read
      FROM progress WHERE document_id = :document GROUP BY member_id
    ), said AS (
      SELECT member_id, bool_or(version_id = :version) AS newest
      FROM acknowledgement WHERE document_id = :document GROUP BY member_id
    ), equipped AS (
      SELECT DISTINCT a.member_id FROM account a JOIN device_account da ON da.account_id = a.id
    )
    SELECT r.path, count(*) AS addressed, count(*) FILTER (WHERE s.opened) AS opened,
      count(*) FILTER (WHERE s.read) AS read, count(*) FILTER (WHERE k.newest) AS acknowledged,
      count(*) FILTER (WHERE NOT k.newest) AS acknowledged_older,
      count(*) FILTER (WHERE e.member_id IS NULL) AS no_device
    FROM reached r LEFT JOIN seen s USING (member_id) LEFT JOIN said k USING (member_id)
    LEFT JOIN equipped e USING (member_id)
    GROUP BY r.path
    """
)


def document_members(row: Document, of: Unit, day: date) -> Rows:
    """Select the lines of the members inside ``of`` whom a document addresses on a day.

    Columns: id and member_id (the member's), name_key, full_name, unit_id, unit_name, unit_path,
    opened_at, read_at, acknowledged_at (of the newest version), acknowledged_older_at, has_device.
    """
    seat, home = aliased(Membership, name="ms"), aliased(Unit, name="u")
    reached = text(IS_REACHED).bindparams(audience=row.audience_id, day=day)

    def first(column: Any, *where: Any) -> Any:
        return select(func.min(column)).where(*where).correlate(Member).scalar_subquery()

    seen = (Progress.member_id == Member.id, Progress.document_id == row.id)
    said = (Acknowledgement.member_id == Member.id, Acknowledgement.document_id == row.id)
    newest = Acknowledgement.version_id == row.version_id
    at = Acknowledgement.acknowledged_at
    return (
        select(
            Member.id,
            Member.id.label("member_id"),
            Member.name_key,
            Member.full_name,
            home.id.label("unit_id"),
            home.name.label("unit_name"),
            home.path.label("unit_path"),
            first(func.coalesce(Progress.opened_at, Progress.read_at), *seen).label("opened_at"),
            first(Progress.read_at, *seen).label("read_at"),
            first(at, *said, newest).label("acknowledged_at"),
            first(at, *said, ~newest).label("acknowledged_older_at"),
            has_device().label("has_device"),
        )
        .join(seat, seat.member_id == Member.id)
        .join(home, home.id == seat.unit_id)
        .where(
            seat.kind == "official",
            seat.during.contains(day),
            within(home.path, [of.path]),
            or_(Member.left_on.is_(None), Member.left_on > day),
            reached,
        )
    )
