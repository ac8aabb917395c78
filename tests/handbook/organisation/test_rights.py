"""Rights come with a post and end with it, seen from the phone."""

import uuid
from datetime import timedelta

from handbook import clock
from tests.handbook.organisation.conftest import House
from tests.support import build

NOWHERE = uuid.UUID(int=7)


def test_posts_and_their_rights(house: House) -> None:
    officer, plain = house.phone(house.officer), house.phone(house.plain)
    members = f"/units/{house.cell.id}/members"
    assert plain.get(members).status_code == 403
    posts = f"/members/{house.plain.id}/positions"
    body = {"unit_id": str(house.cell.id), "role": "deputy"}
    key = {"Idempotency-Key": build.key()}
    given = officer.post(posts, body, headers=key)
    assert given.status_code == 201
    assert officer.post(posts, body, headers=key).json == given.json
    assert (given.json["from"], given.json["until"]) == (clock.today().isoformat(), None)
    twice = officer.post(posts, body)
    assert (twice.status_code, twice.json["code"]) == (409, "position_overlaps")
    assert [one["id"] for one in officer.get(posts).json["items"]] == [given.json["id"]]
    assert plain.get(members).status_code == 200
    path = f"/positions/{given.json['id']}"
    assert plain.patch(path, {"until": "2030-01-01"}).status_code == 403
    ended = officer.patch(path, {"until": (clock.today() + timedelta(days=1)).isoformat()})
    assert ended.status_code == 200
    assert plain.get(members).status_code == 200
    early = officer.patch(path, {"until": given.json["from"]})
    assert (early.status_code, list(early.json["errors"])) == (422, ["until"])
    assert officer.patch(f"/positions/{NOWHERE}", {"until": "2030-01-01"}).status_code == 404


def test_a_post_that_ends_today_gives_no_right_at_the_next_request(house: House) -> None:
    post = build.position(house.plain, house.cell, "deputy")
    officer, plain = house.phone(house.officer), house.phone(house.plain)
    members = f"/units/{house.cell.id}/members"
    assert plain.get(members).status_code == 200
    answer = officer.patch(f"/positions/{post.id}", {"until": clock.today().isoformat()})
    assert answer.status_code == 200
    assert plain.get(members).status_code == 403
    assert plain.get(f"/units/{house.cell.id}").status_code == 200


def test_nobody_appoints_themselves(house: House) -> None:
    phone = house.phone(house.officer)
    body = {"unit_id": str(house.commune.id), "role": "secretary"}
    answer = phone.post(f"/members/{house.officer.id}/positions", body)
    assert (answer.status_code, answer.json["code"]) == (403, "own_position")
    assert phone.post(f"/members/{house.plain.id}/positions", body).status_code == 201
