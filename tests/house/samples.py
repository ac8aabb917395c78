"""Values made from the schemas of the OpenAPI document: good ones, and ones with a single fault."""

from collections.abc import Iterator
from typing import Any

from handbook import ids
from tests.support.openapi import Contract

# Good values of texts whose form a schema cannot tell in full.
_BY_PATTERN: dict[str, str] = {"[0-9+ .()-]+": "0912 345 678"}
_BY_FORMAT = {"date-time": "2026-12-01T08:00:00+07:00", "date": "2026-12-01"}
HUGE = 2**63


def kinds_of(schema: dict[str, Any]) -> set[str]:
    """Return the JSON types that a schema allows."""
    found = schema.get("type", [])
    return {found} if isinstance(found, str) else set(found)


def good(contract: Contract, schema: dict[str, Any]) -> Any:
    """Return a value that the schema allows, never null where something else may stand."""
    schema = contract.resolve(schema)
    for word in ("allOf", "anyOf", "oneOf"):
        if word in schema:
            return good(contract, schema[word][0])
    if "enum" in schema:
        return next(value for value in schema["enum"] if value is not None)
    kinds = kinds_of(schema)
    if "object" in kinds:
        found = schema.get("properties", {})
        return {name: good(contract, inner) for name, inner in found.items()}
    if "array" in kinds:
        return [good(contract, schema["items"]) for _ in range(max(1, schema.get("minItems", 0)))]
    return _plain(schema, kinds)


def _plain(schema: dict[str, Any], kinds: set[str]) -> Any:
    if "integer" in kinds:
        return schema.get("minimum", 0)
    return False if "boolean" in kinds else _text(schema)


def _text(schema: dict[str, Any]) -> str:
    form = str(schema.get("format"))
    if form == "uuid":
        return str(ids.new())
    if form in _BY_FORMAT:
        return _BY_FORMAT[form]
    for pattern, value in _BY_PATTERN.items():
        if pattern in schema.get("pattern", ""):
            return value
    least: int = schema.get("minLength", 1)
    return "a" * max(1, least)


def bad(contract: Contract, schema: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield (what is wrong, value) of values that the schema must refuse."""
    schema = contract.resolve(schema)
    kinds = kinds_of(schema)
    if kinds and "null" not in kinds:
        yield "null", None
    for kind in kinds & set(_BAD):
        yield from _BAD[kind](schema)


def _bad_texts(schema: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    yield from (("a number", 1), ("true", True), ("a list", ["a"]), ("an object", {"a": "b"}))
    yield "NUL", "a\x00b"
    if "maxLength" in schema:
        yield "too long", "a" * (schema["maxLength"] + 1)
        yield "far too long", "ă" * (4 * schema["maxLength"] + 1)
    if schema.get("format") or "enum" in schema:
        yield "not of the form", "a"
    if schema.get("format") in _BY_FORMAT:
        yield "the year 1", _BY_FORMAT[schema["format"]].replace("2026", "0001")
        yield "the year 9999", _BY_FORMAT[schema["format"]].replace("2026", "9999")
    if schema.get("format") == "date-time":
        yield "no offset", "2026-12-01T08:00:00"
    if schema.get("format") == "date":
        yield "no such day", "2026-02-30"


def _bad_numbers(schema: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    yield from (("text", "1"), ("a fraction", 1.5), ("1.0", 1.0), ("true", True))
    yield from (("2^63", HUGE), ("-2^63-1", -HUGE - 1), ("2^64", 2 * HUGE), ("10^400", 10**400))
    if "minimum" in schema:
        yield "below the least", schema["minimum"] - 1


def _bad_flags(_schema: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    yield from (("1", 1), ("text", "true"))


def _bad_lists(_schema: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    yield from (("an object", {}), ("text", "a"), ("null inside", [None]))
    yield "too many", [None] * 100_000


def _bad_objects(_schema: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    yield from (("a list", []), ("text", "a"), ("an unknown field", {"zzz": 1}))


_BAD = {
    "string": _bad_texts,
    "integer": _bad_numbers,
    "boolean": _bad_flags,
    "array": _bad_lists,
    "object": _bad_objects,
}


def faulty_bodies(
    contract: Contract, schema: dict[str, Any]
) -> Iterator[tuple[str, set[str], Any]]:
    """Yield (what is wrong, where, body): all fields that can have a fault have it at once.

    Fields are validated each on its own, so one body serves for all; objects inside are filled with
    the same fault, one field of the outer object at a time.
    """
    schema = contract.resolve(schema)
    whole = good(contract, schema)
    yield from _all_at_once(contract, schema, whole)
    for name, inner in schema.get("properties", {}).items():
        within = contract.resolve(inner)
        is_list = "array" in kinds_of(within)
        item = contract.resolve(within["items"]) if is_list else within
        if "properties" in item:
            for fault, _, value in _all_at_once(contract, item, good(contract, item)):
                yield (
                    f"inside {name}: {fault}",
                    {name},
                    {**whole, name: [value] if is_list else value},
                )
        elif is_list:
            for fault, value in bad(contract, item):
                yield f"inside {name}: {fault}", {name}, {**whole, name: [value]}


def _all_at_once(
    contract: Contract, schema: dict[str, Any], whole: dict[str, Any]
) -> Iterator[tuple[str, set[str], dict[str, Any]]]:
    by_fault: dict[str, dict[str, Any]] = {}
    for name, inner in schema.get("properties", {}).items():
        for fault, value in bad(contract, inner):
            by_fault.setdefault(fault, {})[name] = value
    for fault, values in by_fault.items():
        yield fault, set(values), {**whole, **values}
