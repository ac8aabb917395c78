"""Every door of the house: policy, schemas, documentation, and a test that goes through it."""

import ast
import re
from collections.abc import Iterator
from typing import Any

from werkzeug.routing import Rule

from handbook.access import Permission
from handbook.database import Transaction
from handbook.http import Handbook
from handbook.policies import Policy, policy_of
from tests.house import samples
from tests.support import openapi, source
from tests.support.openapi import Contract, Operation

SAFE = {"GET"}
CREATES = {"key", "own", "client_id"}
_BARE_INT = re.compile(r"<int:[^<>]+>|<int\((?!.*max=)[^<>]*\):[^<>]+>|<(?:string:)?[a-z_]+>")


def _rules(app: Handbook) -> list[Rule]:
    found = [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/api/v1")]
    assert len(found) > 10
    return found


def _operations(app: Handbook) -> list[Operation]:
    return list(openapi.contract(app).operations.values())


def _view(app: Handbook, operation: Operation) -> Any:
    return app.view_functions[operation.name]


def test_every_route_is_one_operation_of_the_document(app: Handbook) -> None:
    served = {
        (method, openapi.template(rule), rule.endpoint)
        for rule in _rules(app)
        for method in (rule.methods or set()) - {"HEAD"}
    }
    assert served == {(one.method, one.path, one.name) for one in _operations(app)}


def test_every_operation_shows_the_policy_it_has(app: Handbook) -> None:
    for operation in _operations(app):
        assert operation.policy == policy_of(_view(app, operation)).described(), operation.name


def test_every_operation_is_described_in_words(app: Handbook) -> None:
    faults = []
    for operation in _operations(app):
        summary = operation.described.get("summary", "")
        if len(summary) < 10 or not summary.endswith(".") or "\n" in summary:
            faults.append(f"{operation.name}: {summary!r}")
    assert not faults


def _schema_faults(app: Handbook, operation: Operation) -> Iterator[str]:
    query, body, out = vars(_view(app, operation))["schemas"]
    successes = {status for status in operation.described["responses"] if status[0] in "123"}
    whole = [status for status in successes if status in {"200", "201", "202"}]
    if [one for one in whole if not operation.described["responses"][one].get("content")]:
        yield "no schema of its answer"
    if out is None and "application/json" in str(operation.described["responses"].get("200", {})):
        yield "JSON without a schema"
    if operation.method in SAFE and body is not None:
        yield "a body on a read"
    if body is not None and operation.body is None:
        yield "its body is not documented"
    listed = {one["name"] for one in operation.parameters("query")}
    known = {field.data_key or name for name, field in query().fields.items()} if query else set()
    if listed != known:
        yield f"its query is documented as {sorted(listed)}"
    if "200" not in successes and not successes & {"201", "202", "204"}:
        yield "no success"


def test_every_operation_has_schemas(app: Handbook) -> None:
    faults = [
        f"{one.method} {one.path}: {fault}"
        for one in _operations(app)
        for fault in _schema_faults(app, one)
    ]
    assert not faults, "\n".join(faults)


def test_every_schema_refuses_what_it_does_not_know(app: Handbook) -> None:
    schemas = openapi.contract(app).document["components"]["schemas"]
    open_ones = {
        name
        for name, schema in schemas.items()
        if schema.get("type") == "object" and schema.get("additionalProperties") is not False
    }
    assert not open_ones


def _unbounded(
    contract: Contract, schema: dict[str, Any], place: str, depth: int = 6
) -> Iterator[str]:
    """Yield the places below a schema where more may come in than anybody has said."""
    schema = contract.resolve(schema)
    kinds = samples.kinds_of(schema)
    if "string" in kinds and not {"maxLength", "enum", "format", "const"} & set(schema):
        yield f"{place}: text without a maximum"
    if "array" in kinds and "maxItems" not in schema:
        yield f"{place}: list without a maximum"
    if "integer" in kinds and not {"minimum", "maximum"} <= set(schema):
        yield f"{place}: number without a range"
    inside = {f".{name}": inner for name, inner in schema.get("properties", {}).items()}
    inside |= {"[]": schema["items"]} if isinstance(schema.get("items"), dict) else {}
    for word in ("anyOf", "allOf"):
        inside |= {f"|{n}": inner for n, inner in enumerate(schema.get(word, ()))}
    for name, inner in inside.items() if depth else ():
        yield from _unbounded(contract, inner, place + name, depth - 1)


def test_every_text_and_list_that_comes_in_has_a_maximum(app: Handbook) -> None:
    contract = openapi.contract(app)
    faults: list[str] = []
    for operation in _operations(app):
        for one in operation.parameters("query"):
            faults += _unbounded(contract, one["schema"], f"{operation.name} ?{one['name']}")
        for content in (operation.body or {}).values():
            faults += _unbounded(contract, content["schema"], operation.name)
    assert not faults, "\n".join(faults)
    assert list(_unbounded(contract, {"type": "array", "items": {"type": "string"}}, "x"))


def _policy_faults(operation: Operation, policy: Policy) -> Iterator[str]:
    is_open = policy.permission is Permission.ANYONE
    statuses = set(operation.described["responses"])
    if operation.method not in SAFE and policy.transaction is Transaction.SNAPSHOT:
        yield "a change in a read-only transaction"
    if policy.idempotency == "key" and policy.transaction is not Transaction.WRITE:
        yield "a kept answer needs the transaction of the change"
    if operation.method == "POST" and policy.idempotency not in CREATES:
        yield "a POST that may happen twice"
    if policy.idempotency == "key" and is_open:
        yield "a kept answer needs an account"
    if is_open != ("401" not in statuses or operation.described["security"] == []):
        yield "security is not what the permission says"
    if "503" not in statuses:
        yield "503 is not documented"
    if operation.parameters("path") and "404" not in statuses:
        yield "404 is not documented"
    if policy.cache == "if-match" and not {"412", "428"} <= statuses:
        yield "412 and 428 are not documented"
    if policy.cache == "etag" and "304" not in statuses:
        yield "304 is not documented"


def test_every_policy_fits_its_operation(app: Handbook) -> None:
    faults = [
        f"{one.method} {one.path}: {fault}"
        for one in _operations(app)
        for fault in _policy_faults(one, policy_of(_view(app, one)))
    ]
    assert not faults, "\n".join(faults)


def test_every_change_of_what_others_see_is_audited(app: Handbook) -> None:
    """A write by right of a post leaves a line; a member's own doings need none."""
    personal = {Permission.ANYONE, Permission.SIGNED_IN}
    faults = [
        one.name
        for one in _operations(app)
        if one.method not in SAFE
        and policy_of(_view(app, one)).permission not in personal
        and not policy_of(_view(app, one)).audit
    ]
    assert not faults


def test_every_number_in_a_path_has_an_upper_bound(app: Handbook) -> None:
    """2^63 in a path is no page of a document: it is not found before the database is asked."""
    assert _BARE_INT.search("/parts/<int:number>")
    assert _BARE_INT.search("/parts/<int(min=1):number>")
    assert not _BARE_INT.search("/parts/<int(min=1, max=9):number>/<uuid:one>")
    assert not [rule.rule for rule in _rules(app) if _BARE_INT.search(rule.rule)]


# --- every route is called by a test of its feature -----------------------------------------------


def _pattern(node: ast.AST) -> str | None:
    """Return the path that an expression writes, ``{}`` for what is filled in, without query."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        written = node.value
    elif isinstance(node, ast.JoinedStr):
        written = "".join(
            str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values
        )
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        written = f"{_pattern(node.left) or '{}'}{_pattern(node.right) or '{}'}"
    else:
        return None
    return written.partition("?")[0]


def _paths_in_tests() -> dict[str, set[str]]:
    """Return the paths written in the tests of features, by the methods named in the same file.

    What begins with something filled in (``f"{path}/recall"``) follows any path of that file.
    """
    found: dict[str, set[str]] = {method: set() for method in openapi.METHODS}
    for module in source.modules("tests/handbook", "tests/support"):
        called = {name for call, name in module.calls() if isinstance(call.func, ast.Attribute)}
        named = called | {text.lower() for _, text in source.texts(module.tree) if text.isupper()}
        written = {_pattern(node) or "" for node in ast.walk(module.tree)}
        whole = {one for one in written if one.startswith("/")}
        ends = {one.removeprefix("{}") for one in written if one.startswith("{}/")}
        for method in named & set(found):
            found[method] |= whole | {f"{start}{end}" for start in whole for end in ends}
    return found


def _is_written(template: str, patterns: set[str]) -> bool:
    steps = template.removeprefix("/api/v1").strip("/").split("/")
    for pattern in patterns:
        given = pattern.removeprefix("/api/v1").strip("/").split("/")
        if len(given) == len(steps) and all(
            asked.startswith("{") or asked == written
            for asked, written in zip(steps, given, strict=True)
        ):
            return True
    return False


def test_every_route_is_called_by_a_test(app: Handbook) -> None:
    """A path and its method stand in one test file; answers are then held to the document."""
    written = _paths_in_tests()
    missing = [
        f"{one.method} {one.path}"
        for one in _operations(app)
        if not _is_written(one.path, written[one.method.lower()])
    ]
    assert not missing, "\n".join(missing)


def test_the_search_for_calls_can_fail() -> None:
    assert _is_written("/api/v1/units/{unit_id}/members", {"/units/{}/members"})
    assert not _is_written("/api/v1/units/{unit_id}/members", {"/units/{}", "/units/{}/posts"})
    tree = ast.parse('phone.get(f"/units/{unit.id}/members?limit=2")')
    assert "/units/{}/members" in {_pattern(node) for node in ast.walk(tree)}
