"""The record of a document as plain values: one shape for phones, lists and single answers."""

import hashlib
from collections.abc import Iterable
from typing import Any, Protocol

import orjson
from sqlalchemy import Row

from handbook.documents import rules


class PartLike(Protocol):
    """A part as it was rendered, or as its row."""

    @property
    def number(self) -> int:
        """Counts from 1."""

    @property
    def heading(self) -> str | None:
        """Its heading, if it has one."""

    @property
    def html(self) -> str:
        """Clean HTML."""

    @property
    def words(self) -> int:
        """How many words a reader counts."""


def part_answer(part: PartLike, of: int) -> bytes:
    """Return a part, one ``of`` so many, as the JSON that phones get."""
    return orjson.dumps(
        {
            "number": part.number,
            "heading": part.heading,
            "html": part.html,
            "words": part.words,
            "of": of,
        }
    )


def sha256_of(part: PartLike, of: int) -> str:
    """Return the SHA-256 of a part's answer: its ETag, and its mark in the table of contents."""
    return hashlib.sha256(part_answer(part, of)).hexdigest()


def line_of(row: Row[Any]) -> str | None:
    """Return the number line of a record."""
    return rules.number_line(row.number, row.symbol, row.type_symbol, row.issuer_symbol)


def heading(row: Row[Any]) -> dict[str, Any]:
    """Return what names a document wherever it is shown."""
    return {
        "id": row.id,
        "type_code": row.type_code,
        "type": row.type_name,
        "number_line": line_of(row),
        "abstract": row.abstract,
        "issuer": row.issuer_name,
        "issued_on": row.issued_on,
        "urgency": row.urgency,
        "circulation": row.circulation,
        "published_at": row.published_at,
    }


def version(row: Row[Any]) -> dict[str, Any] | None:
    """Return the published version of a record with its file, None before publication."""
    if row.version_id is None:
        return None
    return {
        "id": row.version_id,
        "number": row.version_number,
        "parts_total": row.parts_total,
        "words": row.words,
        "file": file(row),
    }


def file(row: Row[Any]) -> dict[str, Any]:
    """Return the file of a version."""
    return {
        "sha256": row.file_sha256,
        "size": row.file_size,
        "kind": row.file_kind,
        "name": row.file_name,
    }


def content(part: Row[Any]) -> dict[str, Any]:
    """Return one line of a document's table of contents; ``sha256`` is the ETag of the part."""
    return {
        "number": part.number,
        "heading": part.heading,
        "words": part.words,
        "sha256": part.sha256,
    }


def whole(row: Row[Any], parts: Iterable[Row[Any]]) -> dict[str, Any]:
    """Return what every holder of a document gets; ``parts`` are rows of ``queries.contents``."""
    return {
        **heading(row),
        "signer": row.signer,
        "version": version(row),
        "parts": [content(part) for part in parts],
    }


def managed(row: Row[Any]) -> dict[str, Any]:
    """Return a document as a clerk's list shows it."""
    return {
        **heading(row),
        "unit_id": row.unit_id,
        "state": row.state,
        "created_at": row.created_at,
        "recalled_at": row.recalled_at,
        "revision": row.revision,
    }


def full(row: Row[Any], parts: Iterable[Row[Any]]) -> dict[str, Any]:
    """Return a document with all fields a clerk may edit and the state it is in."""
    return {
        **whole(row, parts),
        **managed(row),
        "issuer_id": row.issuer_id,
        "number": row.number,
        "symbol": row.symbol,
        "term": row.term,
        "recall_reason": row.recall_reason,
    }


def version_line(row: Row[Any]) -> dict[str, Any]:
    """Return a version as its clerk follows it: ``failure`` says why it could not be rendered."""
    return {
        "id": row.id,
        "number": row.number,
        "state": row.state,
        "failure": row.failure,
        "parts_total": row.parts_total,
        "words": row.words,
        "file": file(row),
        "created_at": row.created_at,
    }
