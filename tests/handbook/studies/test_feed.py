from collections.abc import Callable
from datetime import datetime

import pytest
from sqlalchemy.orm import Session

from handbook.studies import feed
from tests.handbook.studies import house
from tests.handbook.studies.house import DEADLINE, NOW, House, actor


@pytest.fixture
def place(db: Session, at: Callable[[datetime], None]) -> House:
    at(NOW)
    return House()


def test_feeds_give_the_campaign_to_all_and_the_state_to_its_member(
    place: House, db: Session
) -> None:
    one, two = house.document(place.commune), house.document(place.commune)
    row = house.campaign(place.commune, [two, one], by=place.officer)
    draft = house.campaign(place.commune, [one], by=place.officer, issue=False)
    house.read(place.an, one)
    house.work(house.FREEZE)
    who = actor(place.an)
    assert feed.FEEDS["campaign"]([row.id, draft.id], who) == {
        row.id: {
            "id": row.id,
            "unit_id": place.commune.id,
            "title": row.title,
            "document_ids": [two.id, one.id],
            "requires_read": True,
            "requires_acknowledgement": False,
            "deadline": DEADLINE,
            "state": "issued",
            "issued_at": NOW,
        }
    }
    assert feed.FEEDS["campaign_state"]([row.id, draft.id], who) == {
        row.id: {
            "campaign_id": row.id,
            "state": "started",
            "documents_done": 1,
            "documents_total": 2,
            "completed_at": None,
        }
    }
    assert feed.FEEDS["campaign_state"]([row.id], actor(place.stranger)) == {}
