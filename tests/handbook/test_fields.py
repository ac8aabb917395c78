"""Fields: what is read, what is refused and by which code, what is shown."""

import unicodedata
import uuid
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from marshmallow import ValidationError

from handbook import fields, messages

UUID = "01a2015f-85e7-74ee-a380-67c8ae5139e3"
TEXT = fields.Text(5)
CODE = fields.Text(5, least=2, pattern="[a-z]+")
WHOLE = fields.Whole(1, 9)
INSTANT = fields.Instant()
DAY = fields.Day()
OFFSETS = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))
BOTH = (True, False)
MANY = fields.Many(fields.Whole(0, 9), least=1, most=3)

GOOD: list[tuple[Any, Any, Any]] = [
    (TEXT, "abc", "abc"),
    (TEXT, "  a\r\nb ", "a\nb"),
    (TEXT, unicodedata.normalize("NFD", "Đặng"), "Đặng"),
    (CODE, "abc", "abc"),
    (fields.Secret(), " a ", " a "),
    (fields.Choice(("a", "b")), "b", "b"),
    (WHOLE, 9, 9),
    (fields.QueryWhole(-5, 5), "-5", -5),
    (fields.Flag(), False, False),
    (fields.QueryFlag(), "true", True),
    (fields.QueryFlag(), "false", False),
    (fields.Id(), UUID, uuid.UUID(UUID)),
    (fields.Id(), UUID.upper(), uuid.UUID(UUID)),
    (INSTANT, "2026-11-22T08:00:00+07:00", datetime(2026, 11, 22, 1, tzinfo=UTC)),
    (INSTANT, "2026-11-22T01:00:00Z", datetime(2026, 11, 22, 1, tzinfo=UTC)),
    (DAY, "2026-11-22", date(2026, 11, 22)),
    (MANY, [1, 2, 3], [1, 2, 3]),
]


def each(field: Any, code: str, *values: Any) -> list[tuple[Any, Any, str]]:
    """Return the cases of a field that refuses ``values`` with one code."""
    return [(field, value, code) for value in values]


BAD = [
    *each(TEXT, "type", 1, *BOTH, 1.5, [], {}, b"a"),
    *each(TEXT, "length", "", "   ", "abcdef", "a" * 21),
    *each(TEXT, "text", "a\x00", "\ud800", "a\x1b", "\x7f", "\uffff"),
    *each(TEXT, "null", None),
    *each(CODE, "length", "a"),
    *each(CODE, "format", "AB", "a1", "ab\nc", "ab-"),
    *each(fields.Secret(), "length", "", "a" * 257),
    *each(fields.Secret(), "text", "a\x00", "\ud800"),
    *each(fields.Secret(), "type", 1),
    *each(fields.Choice(("a",)), "choice", "b"),
    *each(fields.Choice(("a",)), "type", ["a"], 1),
    *each(WHOLE, "type", "1", *BOTH, 1.0, [], {}),
    *each(WHOLE, "range", 0, 10, 2**63, -(2**63)),
    *each(fields.QueryWhole(), "type", "", "1.0", "a", "1e3", "٣", " 1", "9" * 19),
    *each(fields.Flag(), "type", 0, 1, "true", []),
    *each(fields.QueryFlag(), "type", "1", "True", "", "yes"),
    *each(fields.Id(), "format", "a", UUID[:-1], f"{{{UUID}}}", UUID.replace("-", "")),
    *each(fields.Id(), "type", 1),
    *each(INSTANT, "format", "", "2026-11-22", "2026-11-22T08:00:00", "a" * 41),
    *each(INSTANT, "format", "2026-11-22 08:00+07:00"),
    *each(INSTANT, "range", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-12:00"),
    *each(INSTANT, "range", "1899-12-31T23:59:59Z", "3000-01-01T00:00:00Z"),
    *each(INSTANT, "type", 0),
    *each(DAY, "format", "2026-02-30", "2026-1-1", "20261122", "2026-W01-1", ""),
    *each(DAY, "range", "0001-01-01", "9999-12-31", "1899-12-31", "3000-01-01"),
    *each(DAY, "type", 20261122),
    *each(MANY, "length", [], [1, 1, 1, 1], [1] * 501),
    *each(MANY, "type", {}, "a", 1),
]


@pytest.mark.parametrize(("field", "given_", "expected"), GOOD)
def test_what_is_right_is_read(field: Any, given_: object, expected: object) -> None:
    assert field.deserialize(given_) == expected


@pytest.mark.parametrize(("field", "given_", "code"), BAD)
def test_what_is_wrong_has_a_code_with_words(field: Any, given_: object, code: str) -> None:
    with pytest.raises(ValidationError) as refused:
        field.deserialize(given_)
    assert refused.value.messages == [code]
    assert messages.has(f"fields.{code}", "vi")


class Inner(fields.Schema):
    """An object inside."""

    one = fields.Whole(required=True)


class Outer(fields.Schema):
    """An object with all that may go wrong around fields."""

    name = fields.Text(5, required=True)
    maybe = fields.Text(5, load_default=None, allow_none=True)
    inner = fields.Nested(Inner)
    list_ = fields.Many(fields.Nested(Inner), data_key="list")


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ({}, {"name": ["required"]}),
        ({"name": None}, {"name": ["null"]}),
        ({"name": "a", "other": 1}, {"other": ["unknown"]}),
        ({"name": "a", "inner": 1}, {"inner": {"_schema": ["type"]}}),
        ({"name": "a", "inner": {"two": 2}}, {"inner": {"one": ["required"], "two": ["unknown"]}}),
        (
            {"name": "a", "list": [{"one": "1"}, None]},
            {"list": {0: {"one": ["type"]}, 1: ["null"]}},
        ),
        ([], {"_schema": ["type"]}),
        (None, {"_schema": ["type"]}),
        ("a", {"_schema": ["type"]}),
    ],
)
def test_a_schema_names_each_fault(body: Any, faults: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as refused:
        Outer().load(body)
    assert refused.value.messages == faults


def test_a_schema_fills_in_what_is_left_out() -> None:
    assert Outer().load({"name": "a"}) == {"name": "a", "maybe": None}


def test_instants_are_shown_in_vietnamese_time() -> None:
    field = fields.Instant()
    shown = field.serialize("at", {"at": datetime(2026, 11, 22, 1, tzinfo=UTC)})
    assert shown == "2026-11-22T08:00:00+07:00"
    assert field.serialize("at", {"at": None}) is None


def test_a_page_has_its_own_schema() -> None:
    page = fields.page_of(Inner, "InnerPage")
    assert page.__name__ == "InnerPage"
    shown = page().dump({"items": [{"one": 1}], "next_cursor": None})
    assert shown == {"items": [{"one": 1}], "next_cursor": None}


@pytest.mark.parametrize("query", [{}, {"limit": "200", "cursor": "a"}])
def test_the_query_of_a_page(query: dict[str, str]) -> None:
    found = fields.PageQuery().load(query)
    assert found == {"limit": int(query.get("limit", 50)), "cursor": query.get("cursor")}


@hypothesis_settings(max_examples=200)
@given(st.text(st.characters(codec=None), max_size=30))
def test_a_text_that_is_read_can_be_kept(given_: str) -> None:
    try:
        found = fields.Text(20).deserialize(given_)
    except ValidationError:
        return
    assert found == unicodedata.normalize("NFC", found).strip()
    assert 1 <= len(found) <= 20
    assert "\x00" not in found
    assert found.encode().decode() == found
    assert fields.Text(20).deserialize(found) == found


@hypothesis_settings(max_examples=200)
@given(st.datetimes(timezones=OFFSETS))
def test_an_instant_that_is_read_can_be_shown(given_: datetime) -> None:
    try:
        found = INSTANT.deserialize(given_.isoformat())
    except ValidationError:
        assert given_.year not in fields.YEARS
        return
    assert found == given_
    shown = INSTANT.serialize("at", {"at": found})
    assert datetime.fromisoformat(str(shown)) == given_
