"""Units of made-up organisations as rows: paths of labels, the first dated version of each."""

import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from handbook import ids, text
from handbook.demo.bulk import Loader
from handbook.organisation.rules import path_label
from models import Unit, UnitVersion

# Since this day there are three levels: Trung ương, province, commune.
FOUNDED: Final = date(2025, 7, 1)
_UNIT: Final = "id number parent_id path kind name name_folded sort_key created_at revision"
_VERSION: Final = "id unit_id parent_id kind name during"


@dataclass(slots=True)
class Node:
    """A unit to be made; ``number`` and ``path`` are known once it is loaded."""

    kind: str
    name: str
    parent: "Node | None" = None
    id: uuid.UUID = field(default_factory=ids.new)
    number: int = 0
    path: str = ""


def load_units(loader: Loader, nodes: Sequence[Node]) -> None:
    """Insert ``nodes``, parents before their children, and fill their numbers and paths."""
    for node, number in zip(nodes, loader.unit_numbers(len(nodes)), strict=True):
        node.number = number
        node.path = (node.parent.path if node.parent else "") + path_label(number)
    loader.copy(Unit, _UNIT, _unit_rows(nodes))
    loader.copy(UnitVersion, _VERSION, _version_rows(nodes))


def _unit_rows(nodes: Iterable[Node]) -> Iterator[tuple[object, ...]]:
    for node in nodes:
        yield (
            node.id,
            node.number,
            node.parent.id if node.parent else None,
            node.path,
            node.kind,
            node.name,
            text.fold(node.name),
            text.sort_key(node.name),
            FOUNDED,
            1,
        )


def _version_rows(nodes: Iterable[Node]) -> Iterator[tuple[object, ...]]:
    for node in nodes:
        parent = node.parent.id if node.parent else None
        yield ids.new(), node.id, parent, node.kind, node.name, f"[{FOUNDED},)"
