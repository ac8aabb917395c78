"""What phones get of documents: the same for every holder, gone for everybody else."""

import orjson
import pytest
from sqlalchemy import delete
from sqlalchemy.orm import Session

from handbook import access, database
from handbook.access import Actor
from handbook.audiences import service as audiences
from handbook.documents import feed, queries
from handbook.http import Handbook
from models import CampaignTarget, Member, Part
from tests.support import build, library
from tests.support.counting import assert_queries
from tests.support.library import Library


def actor(of: Member) -> Actor:
    """Return a member as an actor."""
    session = build.session_of(of)
    return access.load_actor(database.session(), session.id, session.account_id)


def test_the_record_with_its_table_of_contents(db: Session, scene: Library) -> None:
    shown = library.published(scene.commune, scene.clerk, number=5, urgency="urgent")
    found = feed.documents([shown.id], actor(scene.reader))
    record = orjson.loads(orjson.dumps(found[shown.id]))
    assert record["type"] == "Báo cáo"
    assert record["number_line"] == "Số 05-BC"
    assert record["urgency"] == "urgent"
    version = record["version"]
    assert (version["id"], version["parts_total"]) == (str(shown.version_id), 2)
    assert set(version["file"]) == {"sha256", "size", "kind", "name"}
    second = db.get_one(Part, (shown.version_id, 2))
    assert record["parts"][1] == {
        "number": 2,
        "heading": "Mục 2",
        "words": 2,
        "sha256": second.sha256,
    }
    assert feed.documents([shown.id], actor(scene.clerk)) == found


def test_what_is_not_mine_is_missing(db: Session, scene: Library) -> None:
    shown = library.published(scene.commune, scene.clerk)
    recalled = library.published(scene.commune, scene.clerk)
    recalled.state, recalled.recalled_at, recalled.recall_reason = "recalled", shown.created_at, "x"
    draft = library.document(scene.commune, scene.clerk)
    db.flush()
    asked = [shown.id, recalled.id, draft.id, scene.commune.id]
    assert set(feed.documents(asked, actor(scene.reader))) == {shown.id}
    assert feed.documents(asked, actor(scene.other_clerk)) == {}
    assert set(feed.documents(asked, actor(scene.clerk))) == {shown.id}, (
        "a clerk's phone is no desk"
    )


def test_flat(db: Session, scene: Library) -> None:
    ids = [library.published(scene.commune, scene.clerk).id]
    who = actor(scene.reader)
    with assert_queries(2):
        assert len(feed.documents(ids, who)) == 1
    ids += [library.published(scene.commune, scene.clerk).id for _ in range(20)]
    with assert_queries(2):
        assert len(feed.documents(ids, who)) == 21


@pytest.mark.parametrize(
    ("state", "readable"),
    [("draft", False), ("issuing", True), ("issued", True), ("closed", False)],
)
def test_an_open_campaign_grants_its_documents_to_its_targets(
    app: Handbook, db: Session, scene: Library, state: str, *, readable: bool
) -> None:
    shown = library.published(scene.commune, scene.clerk)
    library.study(scene, shown.id, scene.other_reader, state)
    who = actor(scene.other_reader)
    expected = [shown.id] if readable else []
    assert db.scalars(queries.readable_ids(who)).all() == expected
    assert list(feed.documents([shown.id], who)) == expected
    db.execute(delete(CampaignTarget))
    assert feed.documents([shown.id], actor(scene.other_reader)) == {}


def test_an_open_campaign_grants_its_documents_to_its_audience(db: Session, scene: Library) -> None:
    shown = library.published(scene.commune, scene.clerk)
    campaign = library.study(scene, shown.id, scene.reader)
    assert list(db.scalars(queries.readable_ids(actor(scene.other_reader)))) == []
    campaign.audience_id = audiences.address_buckets(
        "campaign", [audiences.unit_bucket(scene.other.id)], written={"include": []}
    )
    db.flush()
    assert list(db.scalars(queries.readable_ids(actor(scene.other_reader)))) == [shown.id]
    campaign.state = "closed"
    db.flush()
    assert list(db.scalars(queries.readable_ids(actor(scene.other_reader)))) == []
