"""What an import graph cannot see: rules of the house over its own syntax trees."""

import ast
import re
from collections.abc import Callable, Iterator

import pytest

import models
from tests.support import source
from tests.support.source import Module

# Where a transaction may end: around a request or a piece of work, and where no request is.
EDGES = {"handbook/database.py"}
WORKSHOPS = {"commands", "demo", "tour"}  # they fill whole databases
WRITING = {"insert", "upsert", "update", "delete", "claim", "merge"}

# Which feature writes a table. Everybody may read every table by queries of their own.
OWNERS = {
    "accounts": {"Account", "Device", "DeviceAccount", "Session", "SignInName"},
    "audiences": {"Addressing", "Audience", "Bucket"},
    "audit": {"AuditEntry", "AuditSeal"},
    "changes": {"BucketHead", "Change", "StaleMark"},
    "documents": {
        "Document",
        "DocumentType",
        "DocumentVersion",
        "Download",
        "Holder",
        "Issuer",
        "Part",
    },
    "files": {"StoredFile"},
    "idempotency": {"KeptAnswer"},
    "meetings": {"AgendaItem", "Meeting", "MeetingMaterial", "MeetingReply"},
    "notifications": {"FanOut", "InboxMark", "Notice", "NoticeMark"},
    "organisation": {"Member", "Membership", "Position", "Unit", "UnitVersion"},
    # A device is of accounts; push only forgets the address that FCM calls dead.
    "push": {"Device", "FanOut", "Outbox", "Pause", "Tick"},
    "reading": {"Acknowledgement", "Progress", "Quarantine", "ReadingEvent"},
    # Marks are made by `changes` and used up by whoever derives what they name.
    "studies": {
        "Campaign",
        "CampaignCount",
        "CampaignDocument",
        "CampaignTarget",
        "StaleMark",
        "StudyEntry",
    },
    "sync": {"Receipt"},
}
TABLES = {
    name: found.__tablename__
    for name, found in vars(models).items()
    if isinstance(found, type) and issubclass(found, models.Base) and found is not models.Base
}
_SQL = re.compile(
    r"\b(?:INSERT\s+INTO|UPDATE|DELETE\s+FROM|MERGE\s+INTO|TRUNCATE)\s+(?:ONLY\s+)?([a-z_]+)\b"
)


def planted(text: str, path: str = "handbook/planted/service.py") -> Module:
    """Return a module of this text, to show that a rule finds what it looks for."""
    return Module(path, ast.parse(text))


# --- the rules: each yields the places that break it ----------------------------------------------


def ends_of_transactions(module: Module) -> Iterator[str]:
    """Commit and rollback stand at the edges only."""
    if module.path in EDGES or module.feature in WORKSHOPS or module.path.startswith("migrations"):
        return
    for call, name in module.calls():
        if name in {"commit", "rollback"} and isinstance(call.func, ast.Attribute):
            yield module.at(call)


def imports_in_functions(module: Module) -> Iterator[str]:
    """A deferred import is the receipt of a knot."""
    for function in source.functions(module.tree):
        for node in ast.walk(function):
            if isinstance(node, ast.Import | ast.ImportFrom):
                yield module.at(node)


def legacy_queries(module: Module) -> Iterator[str]:
    """``Model.query`` and ``session.query`` are of another age."""
    for node in ast.walk(module.tree):
        if (
            isinstance(node, ast.Attribute)
            and node.attr == "query"
            and source.name_of(node.value) in {*TABLES, "session", "db"}
        ):
            yield module.at(node)


def selects_in_routes(module: Module) -> Iterator[str]:
    """A route asks its service or its queries."""
    if module.room != "routes" or module.feature == "health":
        return
    for call, name in module.calls():
        if name in {"select", "insert", "update", "upsert", "text"} and isinstance(
            call.func, ast.Name
        ):
            yield module.at(call)


def naive_times(module: Module) -> Iterator[str]:
    """Time comes from ``handbook.clock``, so that a test can stop it."""
    if module.path == "handbook/clock.py":
        return
    for call, name in module.calls():
        owner = source.name_of(call.func.value) if isinstance(call.func, ast.Attribute) else ""
        if (owner, name) in {("datetime", "now"), ("datetime", "utcnow"), ("date", "today")}:
            yield module.at(call)


def _models_by_alias(module: Module) -> dict[str, str]:
    found: dict[str, str] = {}
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "models":
            found |= {one.asname or one.name: one.name for one in node.names if one.name in TABLES}
    return found


def writes(module: Module) -> Iterator[tuple[str, str]]:
    """Yield (model, place) of every row a module makes, changes or deletes, as far as it shows."""
    known = _models_by_alias(module)

    def model_of(node: ast.AST) -> str | None:
        if isinstance(node, ast.Attribute) and source.name_of(node.value) == "models":
            return node.attr if node.attr in TABLES else None
        return known.get(node.id) if isinstance(node, ast.Name) else None

    for call, name in module.calls():
        made = model_of(call.func)
        if made:
            yield made, module.at(call)
        written = model_of(call.args[0]) if name in WRITING and call.args else None
        if written:
            yield written, module.at(call)
    by_table = {table: name for name, table in TABLES.items()}
    for node, text in source.texts(module.tree):
        for table in _SQL.findall(text):
            if table in by_table:
                yield by_table[table], module.at(node)


def foreign_writes(module: Module) -> Iterator[str]:
    """A feature writes only its own tables."""
    if module.feature in {*WORKSHOPS, "models"}:
        return
    for model, place in writes(module):
        if model not in OWNERS.get(module.feature, set()):
            yield f"{place} writes {model}"


RULES: dict[Callable[[Module], Iterator[str]], str] = {
    ends_of_transactions: "def f(session):\n    session.commit()\n",
    imports_in_functions: "def f():\n    import json\n    return json\n",
    legacy_queries: "def f(session):\n    return session.query(Unit)\n",
    selects_in_routes: "def f():\n    return select(Unit)\n",
    naive_times: "def f():\n    return datetime.now(UTC)\n",
    foreign_writes: "from models import Unit as U\ndef f():\n    return update(U)\n",
}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_house_keeps_the_rule(rule: Callable[[Module], Iterator[str]]) -> None:
    found = [place for module in source.modules() for place in rule(module)]
    assert not found, f"{rule.__doc__}\n" + "\n".join(found)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_rule_finds_what_breaks_it(rule: Callable[[Module], Iterator[str]]) -> None:
    path = "handbook/planted/routes.py"
    assert len(list(rule(planted(RULES[rule], path)))) == 1


@pytest.mark.parametrize(
    "text",
    [
        "from models import Unit\nrow = Unit(id=1)",
        "import models\nrow = models.Unit(id=1)",
        "from models import Unit\nclaimed = claim(Unit, key=())",
        "SQL = text('''\n INSERT INTO unit (id) SELECT 1''')",
        "SQL = f'UPDATE unit SET name = {name}'",
        "SQL = 'DELETE FROM unit'",
    ],
)
def test_every_way_of_writing_a_table_is_seen(text: str) -> None:
    assert [model for model, _ in writes(planted(text))] == ["Unit"]


def test_every_table_has_an_owner_and_every_owner_is_there() -> None:
    owned = set().union(*OWNERS.values())
    assert owned == set(TABLES)
    folders = {module.feature for module in source.modules()}
    assert set(OWNERS) <= folders
