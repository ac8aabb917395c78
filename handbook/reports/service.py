"""Figures of completion: of a campaign from its counters, of a document from the facts of today.

``as_of`` of a report is the instant at which its figures were read. "No device" means: no device is
enrolled for the member's account, whether or not it has been used of late.
"""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from handbook import clock, database, messages
from handbook.access import Actor, Permission
from handbook.errors import NotFound
from handbook.reports import queries, rules
from models import LABEL_WIDTH, Campaign, Document, Unit

_T = TypeVar("_T")
_COUNTED = ("targets", "started", "completed", "completed_late", "no_device", "entered")
_SEEN = ("addressed", "opened", "read", "acknowledged", "acknowledged_older", "no_device")


def get_campaign(actor: Actor, campaign_id: uuid.UUID, unit_id: uuid.UUID) -> tuple[Campaign, Unit]:
    """Return an issued campaign and the unit to report on.

    Raises NotFound for a unit outside the actor's reports, and for a campaign that neither comes
    from there nor has targets in the unit.
    """
    unit = _unit(actor, unit_id)
    scopes = actor.scopes(Permission.REPORT_READ)
    row = database.session().execute(queries.campaign(campaign_id, unit, scopes))
    return _or_not_found(row.scalar_one_or_none()), unit


def get_document(actor: Actor, document_id: uuid.UUID, unit_id: uuid.UUID) -> tuple[Document, Unit]:
    """Return a document that was published and the unit to report on.

    Raises NotFound for a unit outside the actor's reports, and for a document that neither comes
    from there nor reaches anybody in the unit.
    """
    unit = _unit(actor, unit_id)
    scopes = actor.scopes(Permission.REPORT_READ)
    row = database.session().execute(queries.document(document_id, unit, scopes, clock.today()))
    return _or_not_found(row.scalar_one_or_none()), unit


def _unit(actor: Actor, unit_id: uuid.UUID) -> Unit:
    scopes = actor.scopes(Permission.REPORT_READ)
    row: Unit | None = (
        database.session().execute(queries.unit(unit_id, scopes)).scalar_one_or_none()
    )
    return _or_not_found(row)


def _or_not_found(found: _T | None) -> _T:
    if found is None:
        raise NotFound
    return found


def completion(row: Campaign, unit: Unit, language: str) -> dict[str, Any]:
    """Return the completion of a campaign by direct child of a unit (``CampaignReportOut``)."""
    session = database.session()
    figures = session.execute(queries.campaign_figures(row.id, unit)).mappings()
    rows = _rows(figures, unit, _COUNTED, language)
    return {
        "as_of": clock.now(),
        "pending_marks": session.execute(queries.pending(row.id)).scalar_one(),
        "campaign": {"id": row.id, "name": row.title},
        "deadline": row.deadline,
        "unit": {"id": unit.id, "name": unit.name},
        "denominator": {
            "name": "targets_frozen_at_issue",
            "label": messages.say("reports.targets_frozen_at_issue", language),
            "at": row.issued_at,
        },
        "rows": [_campaign_figures(one) for one in rows],
        "total": _campaign_figures(rules.total(rows, _COUNTED)),
    }


def _campaign_figures(row: Mapping[str, Any]) -> dict[str, Any]:
    done = row["completed"] + row["completed_late"]
    return {
        **row,
        "pending": row["targets"] - row["started"] - done,
        "percent": rules.percent(done, row["targets"]),
        "entered_by_secretary": row["entered"],
    }


def document_completion(row: Document, unit: Unit, language: str) -> dict[str, Any]:
    """Return who of those addressed today has read a document (``DocumentReportOut``)."""
    found = database.session().execute(
        queries.DOCUMENT_FIGURES,
        {
            "audience": row.audience_id,
            "document": row.id,
            "version": row.version_id,
            "day": clock.today(),
            "path": unit.path,
            "width": len(unit.path) + LABEL_WIDTH,
        },
    )
    rows = _rows(found.mappings(), unit, _SEEN, language)
    now = clock.now()
    return {
        "as_of": now,
        "document": {"id": row.id, "name": row.abstract},
        "unit": {"id": unit.id, "name": unit.name},
        "denominator": {
            "name": "members_addressed_today",
            "label": messages.say("reports.members_addressed_today", language),
            "at": now,
        },
        "rows": [_document_figures(one) for one in rows],
        "total": _document_figures(rules.total(rows, _SEEN)),
    }


def _document_figures(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, "percent": rules.percent(row["read"], row["addressed"])}


def _rows(
    figures: Iterable[Mapping[Any, Any]], unit: Unit, names: Sequence[str], language: str
) -> list[dict[str, Any]]:
    units = database.session().execute(queries.row_units(unit)).mappings().all()
    by_path = {one["path"]: {name: int(one[name]) for name in names} for one in figures}
    rows = rules.spread(by_path, [dict(one) for one in units], unit.path, names)
    for row in rows:
        if row["unit_id"] is None:
            row["name"] = messages.say("reports.moved_units", language)
    return rows


def facts_of(
    row: Campaign, members: Iterable[uuid.UUID]
) -> dict[tuple[uuid.UUID, uuid.UUID], set[str]]:
    """Return (member, document) → ``read`` and ``acknowledged`` as far as they were done."""
    found: dict[tuple[uuid.UUID, uuid.UUID], set[str]] = {}
    for member, document, kind in database.session().execute(queries.facts(row.id, members)):
        found.setdefault((member, document), set()).add(kind)
    return found


def member_lines(row: Campaign, members: Sequence[Any]) -> list[dict[str, Any]]:
    """Return rows of ``queries.campaign_members`` in the shape of ``CampaignMemberLine``."""
    documents = database.session().execute(queries.documents(row.id)).scalars().all()
    facts = facts_of(row, [one.member_id for one in members])
    names = "member_id full_name unit_id unit_name state documents_done completed_at has_device"
    return [
        {
            **{name: getattr(one, name) for name in names.split()},
            "recorded_by_secretary": one.entered,
            "documents": [
                _document_state(document, facts.get((one.member_id, document), set()))
                for document in documents
            ],
        }
        for one in members
    ]


def _document_state(document: uuid.UUID, done: set[str]) -> dict[str, Any]:
    return {
        "document_id": document,
        "read": "read" in done,
        "acknowledged": "acknowledged" in done,
    }
