"""The completion report of a province beside the best recount from the facts."""

import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import orjson
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

from bench.measure import Result
from bench.stage import Stage
from handbook.reports import queries
from models import Unit

ROUNDS = 7
FASTER = 40
T = TypeVar("T")

_CAMPAIGN = """
SELECT id FROM campaign WHERE state = 'issued' ORDER BY issued_at DESC, id LIMIT 1
"""
_READER = """
SELECT p.member_id FROM position p JOIN unit u ON u.id = p.unit_id AND u.parent_id IS NULL
JOIN account a ON a.member_id = p.member_id JOIN device_account da ON da.account_id = a.id
WHERE p.role IN ('secretary', 'deputy', 'propaganda_officer') AND p.during @> current_date
ORDER BY p.role LIMIT 1
"""

_FACTS = """
SELECT (SELECT count(*) FROM progress) + (SELECT count(*) FROM acknowledgement)
"""

# The best recount found: facts narrowed to the campaign's documents first, one hash join each, one
# aggregate for each member, then by child of the root. It asks what the report shows, nothing less.
_RECOUNT = text(
    """
WITH wanted AS (
  SELECT cd.document_id, d.version_id FROM campaign_document cd
  JOIN document d ON d.id = cd.document_id WHERE cd.campaign_id = CAST(:campaign AS uuid)
), c AS (
  SELECT *, deadline + interval '7 days' AS received_by,
    (SELECT count(*) FROM wanted) AS documents FROM campaign WHERE id = CAST(:campaign AS uuid)
), seen AS (
  SELECT p.member_id, w.document_id, p.read_at, p.read_received_at
  FROM progress p JOIN wanted w ON w.version_id = p.version_id WHERE p.read_at IS NOT NULL
), said AS (
  SELECT a.member_id, w.document_id, a.acknowledged_at, a.received_at
  FROM acknowledgement a JOIN wanted w ON w.version_id = a.version_id
), each AS (
  SELECT t.member_id, t.unit_path, count(*) FILTER (
      WHERE (NOT c.requires_read OR s.read_at IS NOT NULL)
        AND (NOT c.requires_acknowledgement OR k.acknowledged_at IS NOT NULL)) AS done
  FROM c JOIN campaign_target t ON t.campaign_id = c.id CROSS JOIN wanted w
  LEFT JOIN seen s ON s.member_id = t.member_id AND s.document_id = w.document_id
  LEFT JOIN said k ON k.member_id = t.member_id AND k.document_id = w.document_id
  GROUP BY t.member_id, t.unit_path
)
SELECT left(e.unit_path, 8) AS child, count(*) AS targets,
  count(*) FILTER (WHERE e.done = c.documents OR n.member_id IS NOT NULL) AS done
FROM each e CROSS JOIN c
LEFT JOIN study_entry n ON n.campaign_id = c.id AND n.member_id = e.member_id
GROUP BY left(e.unit_path, 8) ORDER BY 1
"""
)


def measure(stage: Stage) -> Iterator[Result]:
    """Measure the report's figures beside the recount, both in the database, in turns.

    The report over HTTP must show what the recount finds, row by row; its time is in the note.
    """
    campaign = stage.one(_CAMPAIGN)
    root = stage.one("SELECT id FROM unit WHERE parent_id IS NULL ORDER BY path LIMIT 1")
    client = stage.client(stage.token(stage.one(_READER)))
    path = f"/api/v1/reports/completion?campaign_id={campaign}&unit_id={root}"
    engine = create_engine(stage.urls.owner, connect_args={"options": "-c work_mem=256MB"})
    figures, recounts, whole = [], [], []
    with Session(engine) as session:
        unit = session.get_one(Unit, root)
        statement = queries.campaign_figures(campaign, unit)
        for _ in range(ROUNDS):
            figures.append(_timed(lambda: session.execute(statement).all())[1])
            recount, spent = _timed(lambda: session.execute(_RECOUNT, {"campaign": campaign}).all())
            recounts.append(spent)
            found, spent = _timed(lambda: client.get(path))
            whole.append(spent)
            _compare(orjson.loads(found)["rows"], recount)
    engine.dispose()
    ours, limit, http = (statistics.median(one) * 1000 for one in (figures, recounts, whole))
    note = f"{stage.one(_FACTS):,} facts, {len(recount)} rows equal; the report: {http:.0f} ms"
    goal = f"≤ {1 / FASTER:g}"
    yield Result(
        "completion, beside a recount", ours, limit, "ms", goal, ours * FASTER <= limit, note
    )


def _timed(act: Callable[[], T]) -> tuple[T, float]:
    begin = time.perf_counter()
    found = act()
    return found, time.perf_counter() - begin


def _compare(rows: Sequence[Mapping[str, Any]], recount: Sequence[Any]) -> None:
    """Raise RuntimeError unless the report's rows hold the same figures as the recount's."""
    shown = sorted(
        (row["targets"], row["completed"] + row["completed_late"]) for row in rows if row["targets"]
    )
    counted = sorted((row[1], row[2]) for row in recount)
    if shown != counted:
        raise RuntimeError(f"the report differs from the recount: {shown[:3]} {counted[:3]}")
