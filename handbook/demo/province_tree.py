"""The tree of a made-up province: committees directly under it, grassroots bodies, cells."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice, product
from random import Random
from typing import Final

from handbook.demo.tree import Node

ROOT_NAME: Final = "Đảng bộ tỉnh Thanh Vân"
OTHERS: Final = (
    "Đảng bộ các cơ quan Đảng tỉnh",
    "Đảng bộ Ủy ban nhân dân tỉnh",
    "Đảng bộ Quân sự tỉnh",
    "Đảng bộ Công an tỉnh",
)
COMMITTEES: Final = 99
# Source of the sizes: the plan's domain.md, Đồng Nai: 72 xã, 23 phường, 4 others.
_WARDS: Final = 23
_FIRST: Final = (
    "Hòa",
    "Phú",
    "Tân",
    "Thanh",
    "Vĩnh",
    "Long",
    "Đông",
    "Thượng",
    "Nam",
    "Bắc",
    "Quảng",
    "Xuân",
)
_SECOND: Final = ("Lạc", "Vân", "Sơn", "Khê", "Lĩnh", "Hải")
_THIRD: Final = ("Thượng", "Hạ", "Trung", "Giang")
_CELLS_OF_BODY: Final = 6
_SHARE_OF_BODIES: Final = 1 / 3


@dataclass(slots=True)
class Committee:
    """A committee directly under the province with its grassroots bodies and its cells.

    The first cell is its office's.
    """

    node: Node
    place: str
    bodies: list[Node] = field(default_factory=list)
    cells: list[Node] = field(default_factory=list)

    @property
    def nodes(self) -> Iterator[Node]:
        """Yield all units, parents first."""
        yield self.node
        yield from self.bodies
        yield from self.cells


def grow(chance: Random, root: Node, cells: int) -> list[Committee]:
    """Return the committees below ``root`` with so many cells in all.

    99 committees from about 2,000 cells on, fewer with fewer cells.
    """
    number = min(COMMITTEES, max(len(OTHERS) + 2, cells // 20))
    committees = list(islice(_committees(root), number))
    for committee in committees:
        committee.cells.append(Node("cell", "Chi bộ Cơ quan Đảng", committee.node))
    for place in range(cells - number):
        _add_cell(chance, committees[place % number])
    return committees


def _committees(root: Node) -> Iterator[Committee]:
    for name in OTHERS:
        yield Committee(Node("grassroots", name, root), "Thanh Vân")
    for place, syllables in enumerate(product(_THIRD, _SECOND, _FIRST)):
        kind = "phường" if place % 4 == 0 and place < 4 * _WARDS else "xã"
        name = " ".join(reversed(syllables))
        yield Committee(Node("commune", f"Đảng bộ {kind} {name}", root), name)


def _add_cell(chance: Random, committee: Committee) -> None:
    """Add a cell under the committee itself, or under a grassroots body of six cells or fewer."""
    node = committee.node
    number = len(committee.cells)
    if node.kind == "commune" and chance.random() < _SHARE_OF_BODIES:
        under = number // (3 * _CELLS_OF_BODY)
        while len(committee.bodies) <= under:
            body = Node("grassroots", f"Đảng bộ cơ sở số {len(committee.bodies) + 1}", node)
            committee.bodies.append(body)
        parent, name = committee.bodies[under], f"Chi bộ {number}"
    else:
        where = "khu phố" if "phường" in node.name else "thôn"
        name = f"Chi bộ {where} {number}" if node.kind == "commune" else f"Chi bộ {number}"
        parent = node
    committee.cells.append(Node("cell", name, parent))
