"""Types of documents and the bodies that issue them."""

from sqlalchemy.orm import Session

from handbook import database, ids
from handbook.http import Handbook
from models import (
    Issuer,
)
from tests.support.counting import assert_queries
from tests.support.library import Library
from tests.support.phone import Phone


def test_types_and_issuers(app: Handbook, scene: Library, clerk: Phone, reader: Phone) -> None:
    types = reader.get("/document-types").json["items"]
    report = next(line for line in types if line["code"] == "report")
    assert (report["symbol"], report["name"], report["cell_may_issue"]) == ("BC", "Báo cáo", True)
    body = {"name": "Tỉnh ủy Đồng Nai", "symbol": "TU", "unit_id": str(scene.commune.id)}
    made = clerk.post("/issuers", body)
    assert made.status_code == 201
    clerk.post("/issuers", {"name": "Ban Bí thư"})
    names = [line["name"] for line in reader.get("/issuers").json["items"]]
    assert names == ["Ban Bí thư", "Tỉnh ủy Đồng Nai"]
    (found,) = reader.get("/issuers?q=dong nai").json["items"]
    assert found == made.json
    assert reader.get("/issuers?q=%25").json["items"] == []
    assert reader.post("/issuers", body).status_code == 403
    outside = clerk.post("/issuers", {**body, "unit_id": str(scene.other.id)})
    assert outside.json["errors"]["unit_id"][0]["code"] == "choice"
    assert Phone(app, None).get("/document-types").status_code == 401


def test_issuers_are_flat(db: Session, scene: Library, reader: Phone) -> None:
    def add(count: int) -> None:
        for number in range(count):
            database.session().add(
                Issuer(id=ids.new(), name=f"Ban {number}", name_folded=f"ban {number}")
            )
        database.session().flush()

    for count in (1, 50):
        add(count)
        with assert_queries(2):
            reader.get("/issuers?limit=200")
