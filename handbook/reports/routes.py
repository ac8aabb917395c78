"""Completion of campaigns and documents: by unit, by member, and as a workbook."""

import uuid
from typing import IO, Any

from flask import Response, send_file

from handbook import clock, errors, paging
from handbook.access import Actor, Permission
from handbook.database import Transaction
from handbook.http import Routes
from handbook.policies import Policy
from handbook.reports import exports, queries, service
from handbook.reports.schemas import (
    CampaignMemberPage,
    CampaignMemberQuery,
    CampaignReportOut,
    CampaignReportQuery,
    DocumentMemberPage,
    DocumentMemberQuery,
    DocumentReportOut,
    DocumentReportQuery,
)
from handbook.reports.workbook import XLSX
from models import Member

routes = Routes(
    "reports",
    __name__,
    prefix="/reports",
    description="Báo cáo: who has completed, by unit, then by member, on screen and as XLSX.",
)
_READ = Policy(Permission.REPORT_READ, scope="unit")
# An export takes names out of the house: it is audited, hence a write.
_EXPORT = Policy(
    Permission.REPORT_READ,
    scope="unit",
    transaction=Transaction.WRITE,
    audit="report.exported",
)


def _file(file: IO[bytes], name: str) -> Response:
    response = send_file(file, mimetype=XLSX, as_attachment=True, download_name=name, max_age=0)
    response.headers["Cache-Control"] = "private, no-store"
    response.call_on_close(file.close)
    return response


@routes.get(
    "/completion",
    policy=_READ,
    query=CampaignReportQuery,
    out=CampaignReportOut,
    problems=(404,),
)
def get_completion(actor: Actor, query: dict[str, Any]) -> dict[str, Any]:
    """Get the completion of a campaign by direct child of a unit.

    The denominator is the list of targets frozen at issue: a transfer never changes it. The rows
    add up to the total. ``as_of`` is when the figures were read; ``pending_marks`` counts members
    and cells with something new that is not in them yet (within seconds, while the worker runs).
    """
    row, unit = service.get_campaign(actor, query["campaign_id"], query["unit_id"])
    return service.completion(row, unit, errors.language())


@routes.get(
    "/completion/members",
    policy=_READ,
    query=CampaignMemberQuery,
    out=CampaignMemberPage,
    problems=(404,),
)
def list_completion_members(actor: Actor, query: dict[str, Any]) -> paging.Page:
    """List the targets of a campaign inside a unit with all below, by name."""
    row, unit = service.get_campaign(actor, query["campaign_id"], query["unit_id"])
    found = paging.page(
        queries.campaign_members(row.id, unit, query["state"]),
        purpose=f"completion:{row.id}:{unit.id}",
        by=(Member.name_key, Member.id),
        query=query,
        whole_rows=True,
    )
    lines = service.member_lines(row, found.items)
    return paging.Page(lines, found.next_cursor)


@routes.get(
    "/completion.xlsx",
    policy=_EXPORT,
    query=CampaignReportQuery,
    content_type=XLSX,
    problems=(404,),
)
def export_completion(actor: Actor, query: dict[str, Any]) -> Response:
    """Download the completion of a campaign as a workbook: by unit, by member, the documents."""
    row, unit = service.get_campaign(actor, query["campaign_id"], query["unit_id"])
    return _file(
        exports.campaign_workbook(actor, row, unit, errors.language()), "hoan-thanh-hoc-tap.xlsx"
    )


@routes.get(
    "/documents/<uuid:document_id>/completion",
    policy=_READ,
    query=DocumentReportQuery,
    out=DocumentReportOut,
)
def get_document_completion(
    actor: Actor, query: dict[str, Any], document_id: uuid.UUID
) -> dict[str, Any]:
    """Get who has opened, read and acknowledged a document, by direct child of a unit.

    The denominator is the members whom the document addresses today, each where they sit
    officially; an acknowledgement of an older version is counted apart.
    """
    row, unit = service.get_document(actor, document_id, query["unit_id"])
    return service.document_completion(row, unit, errors.language())


@routes.get(
    "/documents/<uuid:document_id>/completion/members",
    policy=_READ,
    query=DocumentMemberQuery,
    out=DocumentMemberPage,
)
def list_document_members(
    actor: Actor, query: dict[str, Any], document_id: uuid.UUID
) -> paging.Page:
    """List the members inside a unit whom a document addresses today, by name."""
    row, unit = service.get_document(actor, document_id, query["unit_id"])
    return paging.page(
        queries.document_members(row, unit, clock.today()),
        purpose=f"document_completion:{row.id}:{unit.id}",
        by=(Member.name_key, Member.id),
        query=query,
        whole_rows=True,
    )


@routes.get(
    "/documents/<uuid:document_id>/completion.xlsx",
    policy=_EXPORT,
    query=DocumentReportQuery,
    content_type=XLSX,
)
def export_document_completion(
    actor: Actor, query: dict[str, Any], document_id: uuid.UUID
) -> Response:
    """Download who has read a document as a workbook: by unit, then by member."""
    row, unit = service.get_document(actor, document_id, query["unit_id"])
    return _file(
        exports.document_workbook(actor, row, unit, errors.language()), "da-doc-van-ban.xlsx"
    )
