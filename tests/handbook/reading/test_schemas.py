"""The hand-written reader of events accepts exactly what the schema accepts."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError

from handbook.reading.rules import Told
from handbook.reading.schemas import EventIn, client_id, read_event

GOOD: dict[str, Any] = {
    "id": "019ac2f0-1111-7222-8333-444455556666",
    "version_id": "019ac2f0-1111-7222-8333-444455556667",
    "parts": [1, 2],
    "started_at": "2026-11-22T08:00:00+07:00",
    "ended_at": "2026-11-22T08:03:00Z",
    "active_seconds": 140,
    "offline": True,
}
ODD: list[Any] = [
    None,
    True,
    0,
    1,
    -1,
    2**63,
    1.0,
    "",
    "\x00",
    "x" * 41,
    "2026-11-22",
    "2026-11-22T08:00:00",
    "0001-01-01T00:00:00+14:00",
    "1900-01-01T00:00:00+14:00",
    "3000-01-01T00:00:00Z",
    "20261122T080000Z",
    "019AC2F0-1111-7222-8333-444455556666",
    "{019ac2f0-1111-7222-8333-444455556666}",
    [],
    [0],
    [True],
    [1.0],
    [1] * 501,
    [100_000],
    [100_001],
    {},
    31_622_401,
]


def by_schema(raw: Any) -> Told | None:
    try:
        found = EventIn().load(raw)
    except ValidationError:
        return None
    return Told(**(found | {"parts": tuple(found["parts"])}))


@given(st.dictionaries(st.sampled_from([*GOOD, "extra"]), st.sampled_from(ODD)), st.data())
def test_equal_to_the_schema(changed: dict[str, Any], data: st.DataObject) -> None:
    missing = data.draw(st.sampled_from([None, *GOOD]))
    raw = {name: value for name, value in (GOOD | changed).items() if name != missing}
    assert read_event(raw) == by_schema(raw)


@pytest.mark.parametrize("field", [*GOOD, "extra"])
@pytest.mark.parametrize("value", ODD, ids=repr)
def test_equal_to_the_schema_for_each_oddity(field: str, value: Any) -> None:
    raw = GOOD | {field: value}
    assert read_event(raw) == by_schema(raw)


def test_a_good_event_is_read() -> None:
    assert read_event(GOOD) == by_schema(GOOD) is not None
    assert read_event({name: GOOD[name] for name in GOOD if name != "offline"}) is not None


@pytest.mark.parametrize("raw", [None, 1, "x", [], {}, {"id": 1}, {"id": "x" * 36}])
def test_an_unreadable_id_is_none(raw: Any) -> None:
    assert read_event(raw) is None
    assert client_id(raw) is None


def test_the_id_of_a_malformed_event_is_told() -> None:
    assert str(client_id({"id": GOOD["id"], "parts": "?"})) == GOOD["id"]
