"""The phone's view of units, members and posts."""

from sqlalchemy.orm import Session

from handbook.http import Handbook
from tests.support import build
from tests.support.phone import Phone


def test_x(app: Handbook, db: Session) -> None:
    top = build.unit(kind="commune")
    cell = build.unit(top)
    who = build.member(cell)
    phone = Phone(app, who)
    a = phone.get("/units")
    assert a.status_code == 200, a.json
    print(a.json)
    assert cell.id
    assert len(phone.get("/units").json["items"]) == 2
