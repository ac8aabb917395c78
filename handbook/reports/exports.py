"""Reports as workbooks: a sheet by unit, one by member, and one that names the documents."""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import IO, Any

from handbook import clock, database, messages
from handbook.access import Actor
from handbook.audit import service as audit
from handbook.reports import queries, service
from handbook.reports.workbook import Cell, Column, Sheet, build, written
from models import Campaign, Document, Member, Rows, Unit

# Rows fetched at a time: a province's member sheet never stands in memory.
FETCHED = 2000
_CAMPAIGN_FIGURES = [
    "targets",
    "completed",
    "completed_late",
    "started",
    "pending",
    "percent",
    "no_device",
    "entered_by_secretary",
]
_DOCUMENT_FIGURES = [
    "addressed",
    "opened",
    "read",
    "acknowledged",
    "acknowledged_older",
    "percent",
    "no_device",
]


class Words:
    """The texts of reports in one language."""

    def __init__(self, language: str) -> None:
        """Speak ``language``."""
        self.language = language

    def __call__(self, key: str, **params: object) -> str:
        """Return the text ``reports.<key>``."""
        return messages.say(f"reports.{key}", self.language, **params)

    def flag(self, value: object) -> str | None:
        """Return yes for what is true, else None for an empty cell."""
        return self("yes") if value else None


def campaign_workbook(actor: Actor, row: Campaign, unit: Unit, language: str) -> IO[bytes]:
    """Return the completion of a campaign inside a unit as a workbook; the export is audited."""
    say = Words(language)
    report = service.completion(row, unit, language)
    documents = database.session().execute(queries.documents(row.id)).all()
    title = say("campaign_title", name=row.title)
    lines = [
        *_lines(say, report),
        say("deadline_line", at=written(row.deadline)),
        say("pending_line", number=report["pending_marks"]),
    ]
    file = build(
        [
            _unit_sheet(say, title, lines, report, _CAMPAIGN_FIGURES),
            _campaign_member_sheet(say, title, lines, row, unit, [one.id for one in documents]),
            _document_sheet(say, documents),
        ]
    )
    _exported(actor, "campaign", row.id, unit)
    return file


def document_workbook(actor: Actor, row: Document, unit: Unit, language: str) -> IO[bytes]:
    """Return who has read a document inside a unit as a workbook; the export is audited."""
    say = Words(language)
    report = service.document_completion(row, unit, language)
    title = say("document_title", name=row.abstract)
    lines = _lines(say, report)
    file = build(
        [
            _unit_sheet(say, title, lines, report, _DOCUMENT_FIGURES),
            _document_member_sheet(say, title, lines, row, unit),
        ]
    )
    _exported(actor, "document", row.id, unit)
    return file


def _exported(actor: Actor, kind: str, object_id: uuid.UUID, unit: Unit) -> None:
    audit.record(actor, "report.exported", kind, object_id, unit_id=unit.id)


def _lines(say: Words, report: Mapping[str, Any]) -> list[str]:
    denominator = report["denominator"]
    return [
        say("unit_line", name=report["unit"]["name"]),
        say("denominator_line", label=denominator["label"], at=written(denominator["at"])),
        say("as_of_line", at=written(report["as_of"])),
    ]


def _unit_sheet(
    say: Words,
    title: str,
    lines: Sequence[str],
    report: Mapping[str, Any],
    figures: Sequence[str],
) -> Sheet:
    names = [Column(say("column_unit"), 44), *[Column(say(f"column_{one}"), 14) for one in figures]]
    rows: list[list[Cell]] = [
        [row["name"], *[row[one] for one in figures]] for row in report["rows"]
    ]
    rows.append([say("total"), *[report["total"][one] for one in figures]])
    return Sheet(say("sheet_units"), title, lines, names, rows)


def _campaign_member_sheet(
    say: Words,
    title: str,
    lines: Sequence[str],
    row: Campaign,
    unit: Unit,
    documents: Sequence[uuid.UUID],
) -> Sheet:
    columns = [
        *_member_columns(say),
        Column(say("column_state"), 22),
        Column(say("column_documents_done"), 14),
        Column(say("column_completed_at"), 18),
        Column(say("column_no_device"), 14),
        Column(say("column_entered"), 16),
    ]
    kinds = [
        *["read"] * row.requires_read,
        *["acknowledged"] * row.requires_acknowledgement,
    ]
    columns += [
        Column(say(f"column_{kind}_one", number=place), 12)
        for place, _ in enumerate(documents, 1)
        for kind in kinds
    ]
    statement = queries.campaign_members(row.id, unit)

    def rows() -> Iterator[list[Cell]]:
        number = 0
        for some in _stream(statement):
            facts = service.facts_of(row, [one.member_id for one in some])
            for one in some:
                number += 1
                yield [
                    number,
                    one.full_name,
                    one.unit_name,
                    say(f"state_{one.state}"),
                    one.documents_done,
                    written(one.completed_at),
                    say.flag(not one.has_device),
                    say.flag(one.entered),
                    *[
                        say.flag(kind in facts.get((one.member_id, document), ()))
                        for document in documents
                        for kind in kinds
                    ],
                ]

    return Sheet(say("sheet_members"), title, lines, columns, rows())


def _document_member_sheet(
    say: Words, title: str, lines: Sequence[str], row: Document, unit: Unit
) -> Sheet:
    columns = [
        *_member_columns(say),
        Column(say("column_opened"), 18),
        Column(say("column_read"), 18),
        Column(say("column_acknowledged"), 18),
        Column(say("column_acknowledged_older"), 18),
        Column(say("column_no_device"), 14),
    ]
    statement = queries.document_members(row, unit, clock.today())

    def rows() -> Iterator[list[Cell]]:
        for number, one in enumerate(chain.from_iterable(_stream(statement)), 1):
            yield [
                number,
                one.full_name,
                one.unit_name,
                written(one.opened_at),
                written(one.read_at),
                written(one.acknowledged_at),
                written(one.acknowledged_older_at),
                say.flag(not one.has_device),
            ]

    return Sheet(say("sheet_members"), title, lines, columns, rows())


def _member_columns(say: Words) -> list[Column]:
    return [
        Column(say("column_number"), 6),
        Column(say("column_name"), 28),
        Column(say("column_unit"), 40),
    ]


def _stream(statement: Rows) -> Iterator[Sequence[Any]]:
    """Yield members by unit, then by name, some at a time."""
    ordered = statement.order_by("unit_path", Member.name_key, Member.id)
    options = {"yield_per": FETCHED}
    yield from database.session().execute(ordered, execution_options=options).partitions()


def _document_sheet(say: Words, documents: Sequence[Any]) -> Sheet:
    rows: list[list[Cell]] = [
        [place, _number_line(one), one.abstract] for place, one in enumerate(documents, 1)
    ]
    columns = [
        Column(say("column_number"), 6),
        Column(say("column_document"), 20),
        Column(say("column_abstract"), 100),
    ]
    return Sheet(say("sheet_documents"), say("sheet_documents"), (), columns, rows)


def _number_line(row: Any) -> str | None:
    """Return number and symbol as far as they are known: a number below 10 has a leading zero."""
    parts = [f"{row.number:02d}" if row.number else None, row.symbol]
    line = "-".join(part for part in parts if part)
    return "/".join(part for part in (line, row.issuer_symbol) if part) or None
