"""Every word that can reach a person stands in both catalogues, and every constraint is there."""

import ast
from collections.abc import Iterator

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from handbook import errors, fields, messages
from handbook.errors import Problem
from tests.support import source
from tests.support.source import Module

_CONSTRAINTS = text(
    "SELECT conname FROM pg_constraint UNION SELECT relname FROM pg_class WHERE relkind = 'i'"
)


def _problems() -> set[str]:
    found, ahead = set(), [Problem]
    while ahead:
        one = ahead.pop()
        found.add(one.__name__)
        ahead += one.__subclasses__()
    return found


def _constants(node: ast.AST) -> Iterator[str]:
    """Yield the strings an argument may be: itself, or the arms of a condition."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _constants(node.body)
        yield from _constants(node.orelse)


def _listed(node: ast.AST) -> Iterator[str]:
    """Yield the codes of ``{"field": ["code", …]}``."""
    if isinstance(node, ast.Dict):
        for value in node.values:
            for item in value.elts if isinstance(value, ast.List) else ():
                yield from _constants(item)


def _keys(module: Module) -> Iterator[tuple[str, str]]:
    """Yield (key of the catalogues, place) for every code that a module names."""
    problems = _problems()
    for call, name in module.calls():
        spaces = {"ValidationError": "fields.{}", "say": "{}"}
        spaces |= dict.fromkeys(problems, "errors.{}")
        form = spaces.get(name, "")
        keys = [form.format(code) for code in _first(call) if form]
        if name == "say":  # a feature's own `say` leaves its name out
            keys = [key if "." in key else f"{module.feature}.{key}" for key in keys]
        if name == "notify":
            keys += [f"{at}.{kind}.{end}" for kind in _first(call) for at, end in _NOTICE]
        keys += [f"fields.{code}" for code in _field_codes(call, is_problem=name in problems)]
        yield from ((key, module.at(call)) for key in keys)


_NOTICE = tuple((at, end) for at in ("notices", "push") for end in ("title", "body"))


def _first(call: ast.Call) -> list[str]:
    return list(_constants(call.args[0])) if call.args else []


def _field_codes(call: ast.Call, *, is_problem: bool) -> Iterator[str]:
    for keyword in call.keywords:
        if keyword.arg == "errors" and is_problem:
            yield from _listed(keyword.value)
        elif keyword.arg == "error":
            yield from _constants(keyword.value)


def _named() -> Iterator[tuple[str, str]]:
    for module in source.modules("handbook"):
        yield from _keys(module)
    yield from ((f"errors.{code}", "errors._HTTP_CODES") for code in errors._HTTP_CODES.values())
    yield from ((f"errors.{code}", "errors.CONSTRAINTS") for code in errors.CONSTRAINTS.values())
    yield from ((f"fields.{code}", "fields._CODES") for code in fields._CODES.values())


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_every_code_has_words(language: str) -> None:
    missing = {f"{place}: {key}" for key, place in _named() if not messages.has(key, language)}
    assert not missing, "\n".join(sorted(missing))


def test_a_code_without_words_is_found() -> None:
    text_ = (
        'raise Conflict("a")\n'
        'raise Invalid("b" if x else "c", errors={"f": ["d"]})\n'
        'raise ValidationError("e", "field")\n'
        'say("f.g")\n'
        'notify("h", "document", 1)\n'
        'Length(min=1, error="i")\n'
    )
    found = {key for key, _ in _keys(Module("handbook/x.py", ast.parse(text_)))}
    assert found == {
        *("errors.a", "errors.b", "errors.c", "fields.d", "fields.e", "f.g", "fields.i"),
        *("notices.h.title", "notices.h.body", "push.h.title", "push.h.body"),
    }


def test_every_constraint_that_is_explained_exists(db: Session) -> None:
    assert set(errors.CONSTRAINTS) <= set(db.scalars(_CONSTRAINTS))


def test_a_push_names_nobody() -> None:
    for language in messages.LANGUAGES:
        pushes = [key for key in messages.keys(language) if key.startswith("push.")]
        assert pushes
        for key in pushes:
            assert "{" not in messages._catalogue(language)[key], key
