"""The commune as it stands after filling: counts, states, and what a member's phone finds."""

from typing import Any

import pytest
from rich.console import Console
from sqlalchemy import text

from handbook import clock, demo, ids
from handbook.demo.papers import read_papers
from tests.conftest import Real
from tests.handbook.demo.checks import check

QUIET = Console(quiet=True)

COUNTS = """
    SELECT (SELECT count(*) FROM unit WHERE kind = 'cell') AS cells,
      (SELECT count(*) FROM member) AS members,
      (SELECT count(*) FROM membership WHERE during @> current_date) AS seated,
      (SELECT count(*) FROM account) AS accounts,
      (SELECT count(*) FROM account WHERE password_hash IS NOT NULL) AS with_password,
      (SELECT count(DISTINCT account_id) FROM sign_in_name) AS named,
      (SELECT count(DISTINCT account_id) FROM device_account) AS equipped,
      (SELECT count(*) FROM member WHERE standing = 'probationary') AS probationary,
      (SELECT count(*) FROM member WHERE exempt_during @> current_date) AS exempt,
      (SELECT count(*) FROM document WHERE state = 'published') AS published,
      (SELECT count(*) FROM meeting WHERE state = 'called') AS called,
      (SELECT count(*) FROM session WHERE ended_at IS NULL) AS sessions,
      (SELECT count(*) FROM stale_mark) AS marks
"""


def _sign_in(real: Real, name: str) -> Any:
    body = {
        "name": name,
        "password": demo.PASSWORD,
        "device": {"id": str(ids.new()), "platform": "web"},
    }
    return real.app.test_client().post("/api/v1/auth/session", json=body)


def _get(real: Real, token: str, path: str) -> Any:
    headers = {"Authorization": f"Bearer {token}"}
    answer = real.app.test_client().get(f"/api/v1{path}", headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json


@pytest.mark.timeout(180)
def test_the_commune_stands_whole(real: Real) -> None:
    assert demo.is_empty(real.app)
    assert demo.commune(real.app, QUIET) == demo.ACCOUNTS
    assert not demo.is_empty(real.app)
    with real.write() as session:
        counts = session.execute(text(COUNTS)).one()
        assert counts.cells == 20
        assert counts.members == counts.seated == counts.accounts == counts.named == 900
        assert counts.with_password == len(demo.ACCOUNTS)
        assert 0.72 < counts.equipped / 900 < 0.88
        assert counts.probationary > 9
        assert counts.exempt > 9
        assert counts.published == len(read_papers())
        assert (counts.called, counts.sessions, counts.marks) == (1, 0, 0)
        check(session)
    _check_what_people_see(real)


def _check_what_people_see(real: Real) -> None:
    for account in demo.ACCOUNTS:
        signed = _sign_in(real, account.handle)
        assert signed.status_code == 201, account.handle
        token = signed.json["access_token"]
        posts = {post["role"] for post in _get(real, token, "/me")["posts"]}
        assert (account.role in posts) if account.role else not posts
    wrong = _sign_in(real, "nobody")
    assert wrong.status_code == 401
    member = _sign_in(real, "member").json["access_token"]
    listed = _get(real, member, "/documents?limit=50")["items"]
    assert len(listed) == len(read_papers())
    assert listed == sorted(listed, key=lambda line: line["published_at"], reverse=True)
    assert listed[0]["published_at"] < clock.now().isoformat()
    assert {line["number_line"] for line in listed} >= {"Số 07-NQ/ĐU", "Số 112-CV/ĐU"}
    synced = _get(real, member, "/sync?limit=500")
    kinds = {change["kind"] for change in synced["changes"] if change["op"] == "put"}
    assert kinds >= {"document", "campaign", "meeting", "notice"}
    committee = _sign_in(real, "committee").json["access_token"]
    _check_report(real, committee)


def _check_report(real: Real, committee: str) -> None:
    unit = _get(real, committee, "/me")["posts"][0]["unit_id"]
    (campaign,) = _get(real, committee, "/campaigns/managed")["items"]
    assert campaign["state"] == "issued"
    query = f"campaign_id={campaign['id']}&unit_id={unit}"
    report = _get(real, committee, f"/reports/completion?{query}")
    total = report["total"]
    assert 0 < total["completed"] < total["targets"] < 900
    assert total["no_device"] > 0
    assert len(report["rows"]) >= 20
