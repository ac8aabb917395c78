"""What must hold of made-up data of any size: statements that find the rows that break a rule."""

from sqlalchemy import text
from sqlalchemy.orm import Session

from handbook.studies import derived

LEADERLESS = """
    SELECT u.name FROM unit u WHERE u.kind = 'cell' AND (
      SELECT count(DISTINCT p.role) FROM position p WHERE p.unit_id = u.id
        AND p.role IN ('secretary', 'deputy', 'note_taker')) <> 3
"""
# Heads at the last position, and each object once in a bucket: as ``changes.flush`` leaves them.
LOG_FAULTS = """
    SELECT c.bucket_id FROM change c LEFT JOIN bucket_head h USING (bucket_id)
    GROUP BY c.bucket_id, h.position HAVING h.position IS DISTINCT FROM max(c.position)
"""
COUNT_FAULTS = """
    SELECT c.unit_id FROM campaign_count c JOIN LATERAL (
      SELECT count(*) AS targets, count(*) FILTER (WHERE state = 'completed') AS completed
      FROM campaign_target t
      WHERE t.campaign_id = c.campaign_id AND t.unit_id = c.unit_id) n ON true
    WHERE (c.targets, c.completed) IS DISTINCT FROM (n.targets, n.completed)
"""
OVERLAPS = """
    SELECT FROM reading_event a JOIN reading_event b ON a.member_id = b.member_id AND a.id < b.id
      AND a.started_at < b.ended_at AND b.started_at < a.ended_at
"""
UNTIMELY = "SELECT FROM acknowledgement WHERE received_at > now() OR acknowledged_at > received_at"
FAULTS = (LEADERLESS, LOG_FAULTS, COUNT_FAULTS, OVERLAPS, UNTIMELY)


def check(session: Session) -> None:
    """Assert that no row breaks a rule, and that the worker would derive the same states."""
    for faults in FAULTS:
        assert session.execute(text(faults)).all() == [], faults
    targets = session.execute(text("SELECT campaign_id, member_id FROM campaign_target")).all()
    assert targets
    keys = {
        "campaigns": [target.campaign_id for target in targets],
        "members": [target.member_id for target in targets],
    }
    assert session.execute(derived.DERIVE, keys).all() == []
