"""Read the house's own source as syntax trees, for rules that an import graph cannot see."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STOREYS = ("handbook", "models", "push")


@dataclass(frozen=True)
class Module:
    """A source file: its path from the root, and its tree."""

    path: str
    tree: ast.Module

    @property
    def feature(self) -> str:
        """The package or module of ``handbook`` it belongs to, or the storey it stands in."""
        parts = self.path.removesuffix(".py").split("/")
        return parts[1] if parts[0] == "handbook" and len(parts) > 1 else parts[0]

    @property
    def room(self) -> str:
        """The name of the file without its ending: ``routes``, ``service`` and so on."""
        return self.path.rpartition("/")[2].removesuffix(".py")

    def at(self, node: ast.AST) -> str:
        """Return where a node stands, as ``path:line``."""
        return f"{self.path}:{getattr(node, 'lineno', 0)}"

    def calls(self) -> Iterator[tuple[ast.Call, str]]:
        """Yield every call with the last name of what is called."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call):
                yield node, name_of(node.func)


def name_of(node: ast.AST) -> str:
    """Return the last name of an expression: ``c`` of ``a.b.c``, empty if it has none."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


@cache
def read(path: Path) -> Module:
    """Return the module in a file."""
    return Module(
        path.relative_to(ROOT).as_posix(), ast.parse(path.read_text(encoding="utf-8"), str(path))
    )


def modules(*folders: str) -> list[Module]:
    """Return the modules below ``folders`` (all storeys unless named)."""
    return [
        read(path) for one in folders or STOREYS for path in sorted(ROOT.glob(f"{one}/**/*.py"))
    ]


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield every function and method of a tree."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def texts(tree: ast.AST) -> Iterator[tuple[ast.Constant, str]]:
    """Yield every string of a tree, those inside f-strings included."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node, node.value
