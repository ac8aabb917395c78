"""Health as a balancer and a phone see it."""

from pathlib import Path

from sqlalchemy import text

from handbook.app import create_app
from handbook.http import Handbook
from tests.conftest import Real
from tests.support import build, cluster, settings
from tests.support.counting import assert_queries
from tests.support.phone import Phone

NOWHERE = "postgresql+psycopg://nobody@127.0.0.1:1/nothing"


def test_all_is_well(app: Handbook, db: object) -> None:
    phone = Phone(app, None)
    for path in ("/health/live", "/health/ready"):
        answer = phone.get(path)
        assert (answer.status_code, answer.json) == (200, {"status": "ok"})
        assert answer.headers["Cache-Control"] == "private, no-store"


def test_living_asks_nothing_of_the_database(tmp_path: Path) -> None:
    phone = Phone(create_app(settings.make(tmp_path), NOWHERE), None)
    assert phone.get("/health/live").status_code == 200
    assert phone.get("/health/ready").status_code == 503


def test_an_empty_database_is_not_ready(
    server: cluster.Cluster, tmp_path: Path, real: Real
) -> None:
    with real.write() as session:
        name = session.execute(text("SELECT current_database()")).scalar_one() + "_empty"
    server.create_empty(name)
    made = create_app(settings.make(tmp_path / "empty"), server.url(name))
    answer = Phone(made, None).get("/health/ready")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    made.extensions["handbook_instant"].dispose()
    server.drop(name)


def test_the_session_is_looked_up_each_time(app: Handbook, db: object) -> None:
    phone = Phone(app, build.member())
    assert phone.get("/health/session").json == {"status": "ok"}
    with assert_queries(1):
        phone.get("/health/session")
    assert Phone(app, None).get("/health/session").status_code == 401
