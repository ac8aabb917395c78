"""Draft and issue campaigns, show a member the own progress.

Issuing stores one instant and the audience; the worker freezes the targets as of that instant. No
request derives state: writers mark targets as stale, and ``due`` derives them anew.
"""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, insert

from handbook import clock, database, ids
from handbook.access import Actor, Permission
from handbook.audiences import service as audiences
from handbook.audit import service as audit
from handbook.changes import service as changes
from handbook.errors import Conflict, Invalid, NotFound
from handbook.notifications import service as notifications
from handbook.studies import derived, queries, rules
from handbook.studies.rules import DocumentFacts, Entry, Fact, Requirements
from models import Campaign, CampaignDocument

LONGEST = timedelta(days=3 * 366)


def get_for(actor: Actor, campaign_id: uuid.UUID) -> Campaign:
    """Return a campaign addressed to the actor or looked after by them; else raise NotFound."""
    return _seen(actor, campaign_id)[0]


def _seen(actor: Actor, campaign_id: uuid.UUID) -> tuple[Campaign, str]:
    row = database.session().execute(queries.campaign(actor, campaign_id)).one_or_none()
    if row is None:
        raise NotFound
    return row[0], row[1]


def get_own(actor: Actor, campaign_id: uuid.UUID) -> Campaign:
    """Return a campaign that the actor may write, locked; raise NotFound or Forbidden."""
    row, path = _seen(actor, campaign_id)
    actor.require(Permission.CAMPAIGN_WRITE, path)
    database.session().refresh(row, with_for_update=True)
    return row


def documents_of(campaigns: Iterable[uuid.UUID]) -> dict[uuid.UUID, list[uuid.UUID]]:
    """Return campaign id → ids of its documents in their order, in one statement."""
    found: dict[uuid.UUID, list[uuid.UUID]] = {}
    for campaign, document in database.session().execute(queries.documents(campaigns)):
        found.setdefault(campaign, []).append(document)
    return found


def shown(row: Campaign) -> dict[str, Any]:
    """Return a campaign with its documents, in the shape of ``CampaignOut``."""
    names = (
        "id unit_id title requires_read requires_acknowledgement deadline state issued_at"
        " closed_at revision"
    )
    plain = {name: getattr(row, name) for name in names.split()}
    return {**plain, "document_ids": documents_of([row.id]).get(row.id, [])}


def draft(actor: Actor, body: Mapping[str, Any]) -> Campaign:
    """Return a new draft of a unit in the actor's scope.

    Raises NotFound for a unit outside the actor's scope, Invalid for a document that the actor may
    not use, a deadline not ahead, or when nothing is required.
    """
    scopes = actor.scopes(Permission.CAMPAIGN_WRITE)
    unit = database.session().execute(queries.unit(body["unit_id"], scopes)).scalar_one_or_none()
    if unit is None:
        raise NotFound
    _demand_sound(body)
    _demand_documents(actor, body["document_ids"])
    plain = {name: value for name, value in body.items() if name != "document_ids"}
    row = Campaign(id=ids.new(), created_by=actor.account_id, **plain)
    session = database.session()
    session.add(row)
    session.flush()
    _put_documents(row.id, body["document_ids"])
    audit.record(actor, "campaign.drafted", "campaign", row.id, unit_id=row.unit_id)
    return row


def change(actor: Actor, row: Campaign, body: Mapping[str, Any]) -> None:
    """Change a draft; raises Conflict when it was issued, Invalid as ``draft`` does."""
    _demand_draft(row)
    before = {
        "deadline": row.deadline,
        "requires_read": row.requires_read,
        "requires_acknowledgement": row.requires_acknowledgement,
    }
    _demand_sound({**before, **body})
    for name, value in body.items():
        if name != "document_ids":
            setattr(row, name, value)
    session = database.session()
    if "document_ids" in body:
        _demand_documents(actor, body["document_ids"])
        session.execute(delete(CampaignDocument).where(CampaignDocument.campaign_id == row.id))
        _put_documents(row.id, body["document_ids"])
    row.revision += 1
    session.flush()
    audit.record(
        actor,
        "campaign.changed",
        "campaign",
        row.id,
        unit_id=row.unit_id,
        data={"fields": sorted(body)},
    )


def _demand_draft(row: Campaign) -> None:
    if row.state != rules.DRAFT:
        raise Conflict("campaign_issued")


def _demand_sound(body: Mapping[str, Any]) -> None:
    faults = {}
    now = clock.now()
    if not now < body["deadline"] <= now + LONGEST:
        faults["deadline"] = ["range"]
    if not (body["requires_read"] or body["requires_acknowledgement"]):
        faults["requires_read"] = ["required"]
    if faults:
        raise Invalid(errors=faults)


def _demand_documents(actor: Actor, wanted: Sequence[uuid.UUID]) -> None:
    if len(set(wanted)) != len(wanted):
        raise Invalid(errors={"document_ids": ["duplicate"]})
    usable = set(database.session().execute(queries.usable(actor, wanted)).scalars())
    faults = {
        f"document_ids.{place}": ["choice"]
        for place, document in enumerate(wanted)
        if document not in usable
    }
    if faults:
        raise Invalid(errors=faults)


def _put_documents(campaign_id: uuid.UUID, wanted: Iterable[uuid.UUID]) -> None:
    rows = [
        {"campaign_id": campaign_id, "document_id": document, "ordinal": place}
        for place, document in enumerate(wanted, 1)
    ]
    database.session().execute(insert(CampaignDocument), rows)


def issue(actor: Actor, campaign_id: uuid.UUID, expression: Mapping[str, Any]) -> Campaign:
    """Issue a draft to an audience: it shows on phones at once, its targets freeze as of now.

    Raises Conflict when it was issued before, its deadline has passed, or a document was recalled
    or is not addressed to the whole audience; Invalid for an audience that is not allowed.
    """
    row = get_own(actor, campaign_id)
    _demand_draft(row)
    now = clock.now()
    if row.deadline <= now:
        raise Conflict("campaign_deadline_passed")
    audience = audiences.address(
        actor, "campaign", expression, permission=Permission.CAMPAIGN_WRITE
    )
    _demand_readable(row, audience)
    row.state = rules.ISSUING
    row.issued_at = now
    row.audience_id = audience
    row.revision += 1
    database.session().flush()
    buckets = audiences.buckets_of(audience)
    changes.touch("campaign", row.id, buckets)
    notifications.notify(
        "campaign_issued",
        "campaign",
        row.id,
        buckets=buckets,
        params={"title": row.title, "deadline": rules.spoken(row.deadline)},
        lasts=row.deadline - now,
    )
    changes.wake()
    audit.record(
        actor,
        "campaign.issued",
        "campaign",
        row.id,
        unit_id=row.unit_id,
        data={"audience_id": str(audience)},
    )
    return row


def _demand_readable(row: Campaign, audience: uuid.UUID) -> None:
    given = {"campaign": row.id, "audience": audience, "day": clock.today()}
    gone = database.session().execute(derived.UNFIT, given).scalar_one_or_none()
    if gone is not None:
        raise Conflict("campaign_document_gone" if gone else "campaign_document_not_addressed")


def progress(actor: Actor, campaign_id: uuid.UUID) -> dict[str, Any]:
    """Return how far the actor has come in a campaign, from the facts as they stand now."""
    row = get_for(actor, campaign_id)
    if row.state == rules.DRAFT:
        raise NotFound
    session = database.session()
    documents = documents_of([row.id]).get(row.id, [])
    asked = Requirements(documents, row.requires_read, row.requires_acknowledgement)
    facts = _facts(row.id, actor.member_id)
    entry = session.execute(queries.entry(row.id, actor.member_id)).scalar_one_or_none()
    told = Entry(entry.studied_on, entry.recorded_at) if entry else None
    found = rules.completion(asked, facts, told, row.deadline)
    target = session.execute(queries.target(row.id, actor.member_id)).one_or_none()
    return {
        "campaign_id": row.id,
        "is_target": target is not None,
        "state": found.state,
        "documents_done": found.documents_done,
        "documents_total": len(documents),
        "completed_at": found.completed_at,
        "deadline": row.deadline,
        "documents": [
            _document_progress(asked, document, facts.get(document, DocumentFacts()))
            for document in documents
        ],
        "entry": entry,
    }


def _facts(campaign_id: uuid.UUID, member_id: uuid.UUID) -> dict[uuid.UUID, DocumentFacts]:
    session = database.session()
    kinds: list[dict[uuid.UUID, list[Fact]]] = []
    for statement in (queries.reads, queries.acknowledgements):
        found: dict[uuid.UUID, list[Fact]] = {}
        for document, at, received_at in session.execute(statement(campaign_id, member_id)):
            found.setdefault(document, []).append(Fact(at, received_at))
        kinds.append(found)
    reads, acknowledgements = kinds
    return {
        document: DocumentFacts(reads.get(document, ()), acknowledgements.get(document, ()))
        for document in {*reads, *acknowledgements}
    }


def _document_progress(
    asked: Requirements, document: uuid.UUID, found: DocumentFacts
) -> dict[str, Any]:
    return {
        "document_id": document,
        "read_at": min((fact.at for fact in found.reads), default=None),
        "acknowledged_at": min((fact.at for fact in found.acknowledgements), default=None),
        "done": rules.is_done(asked, found),
    }
