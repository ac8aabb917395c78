"""Reading as the phone sees it."""

from datetime import timedelta
from typing import Any

import pytest

from handbook import ids
from handbook.http import Handbook
from tests.handbook.reading.conftest import NOW, Scene
from tests.support import build, counting, published
from tests.support.phone import Phone


def test_a_batch_from_the_phone(scene: Scene) -> None:
    event = scene.event()
    answer = scene.send(event, {"id": "?"}, 7)
    assert answer.status_code == 200
    assert answer.get_json() == {
        "results": [
            {"id": event["id"], "outcome": "accepted"},
            {"id": None, "outcome": "refused", "reason": "malformed"},
            {"id": None, "outcome": "refused", "reason": "malformed"},
        ],
        "progress": [
            {
                "document_id": str(scene.document.id),
                "version_id": str(scene.version_id),
                "parts_seen": 3,
                "parts_total": 3,
                "credited_seconds": 60,
                "read": True,
            }
        ],
    }
    assert scene.send(event).get_json()["results"] == [{"id": event["id"], "outcome": "duplicate"}]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ([], 422),
        ({}, 422),
        ({"device_time": "2026-11-22T08:00:00Z"}, 422),
        ({"device_time": "2026-11-22T08:00:00", "events": [1]}, 422),
        ({"device_time": "2026-11-22T08:00:00Z", "events": []}, 422),
        ({"device_time": "2026-11-22T08:00:00Z", "events": [1] * 501}, 422),
        ({"device_time": "2026-11-22T08:00:00Z", "events": {}}, 422),
        ({"device_time": "2026-11-22T08:00:00Z", "events": [1], "x": 1}, 422),
        ({"device_time": "2026-11-22T08:00:00Z", "events": ["x" * 2**20]}, 413),
    ],
    ids=str,
)
def test_a_malformed_envelope(scene: Scene, body: Any, status: int) -> None:
    assert scene.phone.post("/reading/events", body).status_code == status


def test_a_full_batch_fits(scene: Scene) -> None:
    answer = scene.send(*[scene.event(-86_000 + number * 100) for number in range(500)])
    assert answer.status_code == 200
    assert {one["outcome"] for one in answer.get_json()["results"]} == {"accepted"}


def test_a_far_phone_clock_is_no_error(scene: Scene) -> None:
    for year in ("1900", "2999"):
        body = {"device_time": f"{year}-06-01T00:00:00Z", "events": [scene.event()]}
        answer = scene.phone.post("/reading/events", body)
        assert answer.status_code == 200
        assert answer.get_json()["results"][0]["reason"] == "id_time"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/reading/events"),
        ("GET", "/reading/progress"),
        ("PUT", "/acknowledgements/019aa000-0000-7000-8000-000000000001"),
    ],
)
def test_nobody_is_let_in_without_a_session(
    app: Handbook, scene: Scene, method: str, path: str
) -> None:
    assert scene.phone.call(method, path, json={}).status_code != 401
    assert Phone(app, None).call(method, path, json={}).status_code == 401


def test_progress_is_ones_own(app: Handbook, scene: Scene) -> None:
    second = published.document(scene.cell)
    scene.send(scene.event(), scene.event(-100, 5, version_id=str(second.version_id), parts=[2]))
    first_page = scene.phone.get("/reading/progress?limit=1").get_json()
    rest = scene.phone.get(f"/reading/progress?cursor={first_page['next_cursor']}").get_json()
    lines = [*first_page["items"], *rest["items"]]
    assert rest["next_cursor"] is None
    assert [line["version_id"] for line in lines] == [
        str(scene.version_id),
        str(second.version_id),
    ]
    assert lines[0]["read_at"] == "2026-11-22T14:51:00+07:00"
    assert lines[1] == {
        "document_id": str(second.id),
        "version_id": str(second.version_id),
        "parts_seen": 1,
        "parts_total": 3,
        "credited_seconds": 5,
        "read": False,
        "opened_at": "2026-11-22T14:58:20+07:00",
        "read_at": None,
    }
    neighbour = Phone(app, build.member(scene.cell))
    assert neighbour.get("/reading/progress").get_json() == {"items": [], "next_cursor": None}


@pytest.mark.parametrize("size", [1, 50])
def test_the_page_of_progress_is_flat(scene: Scene, size: int) -> None:
    versions = [published.document(scene.cell).version_id for _ in range(size)]
    scene.send(
        *[
            scene.event(-9000 + number * 10, 5, version_id=str(version))
            for number, version in enumerate(versions)
        ]
    )
    with counting.assert_queries(2):
        found = scene.phone.get("/reading/progress?limit=200").get_json()
    assert len(found["items"]) == size


def acknowledge(scene: Scene, key: object = None, on: Phone | None = None, **more: Any) -> Any:
    body = {
        "version_id": str(scene.version_id),
        "acknowledged_at": (NOW - timedelta(hours=1)).isoformat(),
    } | more
    return (on or scene.phone).put(f"/acknowledgements/{key or ids.new()}", body)


def test_acknowledging_and_its_retries(scene: Scene) -> None:
    key = ids.new()
    answer = acknowledge(scene, key)
    assert answer.status_code == 200
    assert answer.get_json() == {
        "id": str(key),
        "document_id": str(scene.document.id),
        "version_id": str(scene.version_id),
        "acknowledged_at": "2026-11-22T14:00:00+07:00",
        "received_at": "2026-11-22T15:00:00+07:00",
    }
    assert acknowledge(scene, key).json == answer.get_json()
    assert acknowledge(scene).json == answer.get_json()


def test_an_id_stands_for_one_version_of_one_member(app: Handbook, scene: Scene) -> None:
    key = ids.new()
    other = published.document(scene.cell)
    assert acknowledge(scene, key).status_code == 200
    taken = acknowledge(scene, key, version_id=str(other.version_id))
    assert (taken.status_code, taken.json["code"]) == (409, "acknowledgement_id_taken")
    neighbour = Phone(app, build.member(scene.cell))
    assert acknowledge(scene, key, on=neighbour).status_code == 409
    assert acknowledge(scene, on=neighbour).status_code == 200


def test_only_the_version_in_force_of_a_readable_document(app: Handbook, scene: Scene) -> None:
    stranger = Phone(app, build.member(build.unit(kind="commune")))
    assert acknowledge(scene, on=stranger).status_code == 404
    assert acknowledge(scene, version_id=str(ids.new())).status_code == 404
    newer = published.version(scene.document, number=2)
    assert acknowledge(scene, version_id=str(newer.id)).status_code == 404
    published.put_in_force(scene.document, newer)
    old = acknowledge(scene)
    assert (old.status_code, old.json["code"]) == (409, "version_not_current")
    assert acknowledge(scene, version_id=str(newer.id)).status_code == 200
    published.recall(scene.document)
    recalled = acknowledge(scene)
    assert (recalled.status_code, recalled.json["code"]) == (409, "document_recalled")
    assert acknowledge(scene, on=stranger, version_id=str(newer.id)).status_code == 404


@pytest.mark.parametrize(
    "more",
    [
        {"version_id": None},
        {"version_id": "x"},
        {"acknowledged_at": "2026-11-22"},
        {"acknowledged_at": "2020-11-22T00:00:00Z"},
        {"acknowledged_at": "1900-01-01T00:00:00Z", "device_time": "2999-01-01T00:00:00Z"},
        {"device_time": 5},
        {"extra": 1},
    ],
    ids=str,
)
def test_a_malformed_acknowledgement(scene: Scene, more: dict[str, Any]) -> None:
    assert acknowledge(scene, **more).status_code == 422
