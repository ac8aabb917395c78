"""Drafts: what stands in the way of deleting one."""

from datetime import timedelta

from sqlalchemy.orm import Session

from handbook import clock
from tests.support import library
from tests.support.library import Library
from tests.support.phone import Phone


def test_a_draft_that_is_a_paper_of_a_meeting_stays(
    db: Session, scene: Library, clerk: Phone
) -> None:
    draft = library.drafted(clerk, scene)["id"]
    meeting = {
        "unit_id": str(scene.commune.id),
        "kind": "regular",
        "title": "Sinh hoạt tháng 3",
        "starts_at": (clock.now() + timedelta(days=3)).isoformat(),
        "minutes_planned": 90,
        "place": "Hội trường",
        "material_ids": [draft],
    }
    made = clerk.post("/meetings", meeting)
    match = {"If-Match": '"1"'}
    kept = clerk.delete(f"/documents/{draft}", headers=match)
    assert (kept.status_code, kept.json["code"]) == (409, "document_in_use")
    without = clerk.patch(f"/meetings/{made.json['id']}", {"material_ids": []}, headers=match)
    assert without.status_code == 200
    assert clerk.delete(f"/documents/{draft}", headers=match).status_code == 204
