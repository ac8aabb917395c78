"""The province at a hundredth of its size: the same rows, the same rules."""

import pytest
from rich.console import Console
from sqlalchemy import text

from handbook import demo
from handbook.demo.names import chance_from
from handbook.demo.seats import spread
from tests.conftest import Real
from tests.handbook.demo.checks import check

QUIET = Console(quiet=True)
MEMBERS, CELLS, DOCUMENTS, FACTS = 1310, 100, 20, 4000

COUNTS = """
    SELECT (SELECT count(*) FROM member) AS members,
      (SELECT count(*) FROM unit WHERE kind = 'cell') AS cells,
      (SELECT count(*) FROM device) AS devices,
      (SELECT count(*) FROM session) AS sessions,
      (SELECT count(*) FROM document WHERE state = 'published') AS published,
      (SELECT count(*) FROM notice) AS notices,
      (SELECT count(*) FROM progress) + (SELECT count(*) FROM acknowledgement) AS facts,
      (SELECT count(*) FROM reading_event) AS events, (SELECT count(*) FROM progress) AS progress,
      (SELECT sum(targets) FROM campaign_count) AS counted,
      (SELECT count(*) FROM campaign_target) AS targets,
      (SELECT count(*) FROM campaign_target WHERE state = 'completed') AS completed
"""
# A path is the parent's with the unit's own label; its version of today says the same.
TREE_FAULTS = """
    SELECT u.path FROM unit u LEFT JOIN unit up ON up.id = u.parent_id
    JOIN unit_version v ON v.unit_id = u.id AND v.during @> current_date
    WHERE left(u.path, -4) <> coalesce(up.path, '') OR v.name <> u.name
      OR v.parent_id IS DISTINCT FROM u.parent_id
"""
LIBRARY_FAULTS = """
    SELECT d.id FROM document d JOIN document_version v ON v.id = d.version_id
    LEFT JOIN LATERAL (SELECT count(*) AS parts, sum(words) AS words FROM part p
                       WHERE p.version_id = v.id) p ON true
    WHERE (p.parts, p.words) IS DISTINCT FROM (v.parts_total, v.words) OR d.audience_id IS NULL
"""


@pytest.mark.timeout(180)
def test_the_province_stands_whole(real: Real) -> None:
    demo.province(
        real.app,
        QUIET,
        members=MEMBERS,
        cells=CELLS,
        documents=DOCUMENTS,
        facts=FACTS,
        owner_url=real.owner_url,
    )
    with real.write() as session:
        counts = session.execute(text(COUNTS)).one()
        assert (counts.members, counts.cells, counts.published) == (MEMBERS, CELLS, DOCUMENTS)
        assert 1.05 < counts.devices / MEMBERS < 1.35
        assert counts.sessions == 400
        assert counts.notices == DOCUMENTS + 1
        assert 0.9 < counts.facts / FACTS < 1.1
        assert counts.events == counts.progress
        assert counts.counted == counts.targets < MEMBERS
        assert 0 < counts.completed < counts.targets
        check(session)
        for faults in (TREE_FAULTS, LIBRARY_FAULTS):
            assert session.execute(text(faults)).all() == [], faults


@pytest.mark.timeout(180)
def test_without_the_owner_the_rows_are_the_same(real: Real) -> None:
    demo.province(real.app, QUIET, members=700, cells=40, documents=10, facts=900)
    with real.write() as session:
        counts = session.execute(text(COUNTS)).one()
        assert (counts.members, counts.cells, counts.published) == (700, 40, 10)


def test_too_few_members_leave_nothing_behind(real: Real) -> None:
    with pytest.raises(ValueError, match="too few members"):
        demo.province(real.app, QUIET, members=200, cells=100, documents=5, facts=10)
    assert demo.is_empty(real.app)


def test_members_are_spread_unequally_and_completely() -> None:
    sizes = spread(chance_from(1), 1310, 100)
    assert sum(sizes) == 1310
    assert min(sizes) >= 3
    assert len(set(sizes)) > 5
