"""Hold answers against the OpenAPI document: status, content type and body, as a phone would.

``check`` is called by ``tests.support.phone.Phone`` for every answer of the suite, so an answer
that the document does not promise fails the test that met it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry
from referencing.jsonschema import DRAFT202012
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect, Rule
from werkzeug.test import TestResponse

from handbook import openapi
from handbook.http import Handbook

PROBLEM = "application/problem+json"
METHODS = ("get", "post", "put", "patch", "delete")
_DOCUMENT = "urn:handbook:openapi"
_CONVERTER = re.compile(r"<(?:[^:<>]+:)?([^<>]+)>")


@dataclass(frozen=True)
class Operation:
    """One operation of the document."""

    method: str
    path: str
    described: dict[str, Any]

    @property
    def name(self) -> str:
        """The operationId."""
        return str(self.described["operationId"])

    @property
    def policy(self) -> dict[str, Any]:
        """What ``x-policy`` says."""
        found: dict[str, Any] = self.described["x-policy"]
        return found

    @property
    def body(self) -> dict[str, Any] | None:
        """The media types of the request body with their schemas, None without a body."""
        found: dict[str, Any] | None = self.described.get("requestBody", {}).get("content")
        return found

    def parameters(self, place: str) -> list[dict[str, Any]]:
        """Return the parameters that stand in ``path``, ``query`` or ``header``."""
        return [one for one in self.described.get("parameters", ()) if one["in"] == place]


class Contract:
    """What the document of an application promises."""

    def __init__(self, app: Handbook) -> None:
        """Read the document once."""
        self.document = openapi.as_dict(app)
        self.operations = {(one.method, one.path): one for one in self._operations()}
        resource = DRAFT202012.create_resource(self.document)
        self._registry: Registry[Any] = Registry().with_resource(_DOCUMENT, resource)
        self._validators: dict[str, Draft202012Validator] = {}

    def _operations(self) -> Iterator[Operation]:
        for path, found in self.document["paths"].items():
            shared = found.get("parameters", [])
            for method in METHODS:
                if method in found:
                    described = dict(found[method])
                    described["parameters"] = [*shared, *described.get("parameters", ())]
                    yield Operation(method.upper(), path, described)

    def resolve(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Return the schema that ``schema`` refers to, or itself."""
        while "$ref" in schema:
            found: Any = self.document
            for step in schema["$ref"].removeprefix("#/").split("/"):
                found = found[step]
            schema = found
        return schema

    def faults(self, pointer: str, body: object) -> list[str]:
        """Return how ``body`` differs from the schema at a JSON pointer of the document."""
        if pointer not in self._validators:
            self._validators[pointer] = Draft202012Validator(
                {"$ref": f"{_DOCUMENT}#{pointer}"},
                registry=self._registry,
                format_checker=FormatChecker(),
            )
        found = self._validators[pointer].iter_errors(body)
        return [f"{'.'.join(map(str, one.absolute_path))}: {one.message}" for one in found]

    def check(self, operation: Operation | None, answer: TestResponse) -> None:
        """Fail unless ``answer`` is one that ``operation`` promises.

        None stands for what is no operation: an unknown path, a method that is not allowed.
        """
        told = f"{answer.request.method} {answer.request.path} → {answer.status_code}"
        assert answer.status_code != 500, f"{told}: a defect: {answer.get_data(as_text=True)}"
        if answer.status_code >= 400:
            self._check_problem(answer, told)
        if operation is not None:
            self._check_documented(operation, answer, told)

    def _check_problem(self, answer: TestResponse, told: str) -> None:
        assert answer.content_type == PROBLEM, f"{told}: {answer.content_type}"
        if answer.request.method != "HEAD":
            assert answer.json is not None
            faults = self.faults("/components/schemas/Problem", answer.json)
            assert not faults, f"{told}: {faults}"
            assert answer.json["status"] == answer.status_code, told
        if answer.status_code in {429, 503, 507}:
            assert "Retry-After" in answer.headers, told
        if answer.status_code == 401:
            assert "WWW-Authenticate" in answer.headers, told

    def _check_documented(self, operation: Operation, answer: TestResponse, told: str) -> None:
        status = str(answer.status_code)
        listed = operation.described["responses"]
        assert status in listed, f"{told}: {operation.name} documents {sorted(listed)} only"
        content = listed[status].get("content")
        if status in {"204", "304"}:
            assert not answer.data, told
            return
        if content is None:
            return
        assert {answer.mimetype, "*/*"} & set(content), f"{told}: {answer.mimetype}"
        if answer.request.method != "HEAD" and answer.mimetype == "application/json":
            path = operation.path.replace("/", "~1")
            pointer = f"/paths/{path}/{operation.method.lower()}/responses/{status}/content"
            faults = self.faults(f"{pointer}/application~1json/schema", answer.json)
            assert not faults, f"{told}: {faults}"


def template(rule: Rule) -> str:
    """Return the path of a rule as the document writes it."""
    return _CONVERTER.sub(r"{\1}", rule.rule)


_KNOWN: dict[frozenset[str], Contract] = {}


def contract(app: Handbook) -> Contract:
    """Return the contract of ``app``, read once for each set of routes in a process."""
    names = frozenset(app.view_functions)
    if names not in _KNOWN:
        _KNOWN[names] = Contract(app)
    return _KNOWN[names]


def operation_of(app: Handbook, method: str, path: str) -> Operation | None:
    """Return the operation that serves ``method`` on ``path``, None if there is none."""
    asked = "GET" if method == "HEAD" else method
    try:
        rule, _ = app.url_map.bind("localhost").match(path, method=asked, return_rule=True)
    except (HTTPException, RequestRedirect):
        return None
    return contract(app).operations.get((asked, template(rule)))


def check(app: Handbook, answer: TestResponse) -> None:
    """Fail unless ``answer`` is one that the document of ``app`` promises."""
    request = answer.request
    contract(app).check(operation_of(app, request.method, request.path), answer)
