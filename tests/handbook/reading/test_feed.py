"""The member's own state of documents, for the member's phones."""

from handbook import database
from handbook.access import load_actor
from handbook.reading.feed import FEEDS
from tests.handbook.reading.conftest import NOW, Scene
from tests.support import counting, published


def test_the_state_follows_from_the_members_own_rows(scene: Scene) -> None:
    begun, acknowledged, untouched = (published.document(scene.cell) for _ in range(3))
    scene.send(
        scene.event(-500, 60), scene.event(-100, 7, version_id=str(begun.version_id), parts=[2])
    )
    for document in (scene.document, acknowledged):
        scene.phone.put(
            f"/acknowledgements/{document.id}",
            {"version_id": str(document.version_id), "acknowledged_at": NOW.isoformat()},
        )
    assert scene.phone.session is not None
    session = scene.phone.session
    actor = load_actor(database.session(), session.id, session.account_id)
    ids = [scene.document.id, begun.id, acknowledged.id, untouched.id]
    with counting.assert_queries(1):
        found = FEEDS["document_state"](ids, actor)
    assert set(found) == set(ids[:3])
    whole = found[scene.document.id]
    assert whole["read_at"] is not None
    assert whole["acknowledged_at"] == NOW
    assert whole["acknowledged_version"] == whole["version_id"] == scene.version_id
    assert found[begun.id] == {
        "document_id": begun.id,
        "version_id": begun.version_id,
        "parts_seen": 1,
        "parts_total": 3,
        "credited_seconds": 7,
        "read_at": None,
        "acknowledged_version": None,
        "acknowledged_at": None,
    }
    assert found[acknowledged.id]["parts_seen"] == 0
    assert found[acknowledged.id]["acknowledged_version"] == acknowledged.version_id
