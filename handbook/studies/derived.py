# ruff: noqa: S608 - statements are put together from constants of this module only
"""Targets and counters for thousands at once: statements that check, freeze, derive and count.

``DERIVED`` is ``rules.completion`` in SQL; a property test holds the two equal row by row.
"""

from sqlalchemy import text
from sqlalchemy.sql.elements import TextClause

from models import PATH_END

# Documents of a campaign that are no longer published, and those that some bucket of the audience
# does not see. A bucket is seen to by an equal or wider one: a subtree contains every unit inside
# it, everyone contains every role, a member's own bucket is contained in any that the member holds.
UNFIT: TextClause = text(
    """
    SELECT d.state <> 'published' AS gone
    FROM campaign_document cd JOIN document d ON d.id = cd.document_id
    WHERE cd.campaign_id = :campaign AND (d.state <> 'published' OR EXISTS (
      SELECT FROM addressing a JOIN bucket b ON b.id = a.bucket_id
      LEFT JOIN unit u ON u.id = b.unit_id
      WHERE a.audience_id = :audience AND NOT EXISTS (
        SELECT FROM addressing da JOIN bucket db ON db.id = da.bucket_id
        LEFT JOIN unit du ON du.id = db.unit_id
        WHERE da.audience_id = d.audience_id AND (
          db.id = b.id
          OR (db.role IN ('everyone', b.role) AND db.reach = 'below'
              AND starts_with(u.path, du.path))
          OR (db.role IN ('everyone', b.role) AND db.reach = 'alone' AND b.reach = 'alone'
              AND u.id = du.id)
          OR EXISTS (SELECT FROM held_bucket h WHERE h.member_id = b.member_id
                       AND h.bucket_id = db.id AND h.during @> CAST(:day AS date))))))
    ORDER BY gone DESC LIMIT 1
    """
)

# Whether the member of a membership ``ms`` of a unit ``u`` is reached by :audience on :day: the
# member sits inside a bucket's units (and holds the bucket's role there), or is named.
IS_REACHED = f"""
      EXISTS (
        SELECT FROM addressing a JOIN bucket b ON b.id = a.bucket_id
        LEFT JOIN unit up ON up.id = b.unit_id
        WHERE a.audience_id = :audience AND (
          b.member_id = ms.member_id
          OR (u.path >= up.path
              AND u.path < up.path || CASE b.reach WHEN 'below' THEN '{PATH_END}' ELSE ' ' END
              AND (b.role = 'everyone' OR EXISTS (
                SELECT FROM position p JOIN unit pu ON pu.id = p.unit_id
                WHERE p.member_id = ms.member_id AND p.role = b.role
                  AND p.during @> CAST(:day AS date) AND pu.path >= up.path
                  AND pu.path < up.path
                    || CASE b.reach WHEN 'below' THEN '{PATH_END}' ELSE ' ' END)))))
"""

# The members whom an audience reaches where they sit officially, and who must study: the exempt,
# the suspended and those who left are no targets. Source: domain.md, Members.
_REACHED = f"""
    SELECT ms.member_id, ms.unit_id, u.path
    FROM membership ms JOIN unit u ON u.id = ms.unit_id JOIN member m ON m.id = ms.member_id
    WHERE ms.kind = 'official' AND ms.during @> CAST(:day AS date)
      AND ms.member_id > CAST(:after AS uuid)
      AND (m.left_on IS NULL OR m.left_on > :day)
      AND (m.suspended_on IS NULL OR m.suspended_on > :day)
      AND NOT coalesce(m.exempt_during @> CAST(:day AS date), false)
      AND {IS_REACHED}
    ORDER BY ms.member_id LIMIT :most
"""

FREEZE: TextClause = text(
    f"""
    WITH reached AS ({_REACHED}), frozen AS (
      INSERT INTO campaign_target (campaign_id, member_id, unit_id, unit_path)
      SELECT :campaign, member_id, unit_id, path FROM reached
      ON CONFLICT (campaign_id, member_id) DO NOTHING)
    SELECT member_id FROM reached ORDER BY member_id
    """
)

# In: the pairs of :campaigns and :members. Out: what each target's state ought to be.
DERIVED = """
    WITH wanted AS (
      SELECT t.campaign_id, t.member_id, c.requires_read, c.requires_acknowledgement, c.deadline,
        c.deadline + interval '168 hours' AS grace
      FROM unnest(CAST(:campaigns AS uuid[]), CAST(:members AS uuid[])) AS k(campaign_id, member_id)
      JOIN campaign_target t USING (campaign_id, member_id) JOIN campaign c ON c.id = t.campaign_id
    ), document_fact AS (
      SELECT w.campaign_id, w.member_id,
        (NOT w.requires_read OR r.ever IS NOT NULL)
          AND (NOT w.requires_acknowledgement OR a.ever IS NOT NULL) AS done,
        (NOT w.requires_read OR r.timely IS NOT NULL)
          AND (NOT w.requires_acknowledgement OR a.timely IS NOT NULL) AS on_time,
        greatest(CASE WHEN w.requires_read THEN coalesce(r.timely, r.ever) END,
                 CASE WHEN w.requires_acknowledgement THEN coalesce(a.timely, a.ever) END) AS at,
        r.ever IS NOT NULL OR a.ever IS NOT NULL AS begun
      FROM wanted w JOIN campaign_document d ON d.campaign_id = w.campaign_id
      LEFT JOIN LATERAL (
        SELECT min(p.read_at) AS ever, min(p.read_at) FILTER (WHERE p.read_at <= w.deadline
          AND coalesce(p.read_received_at, p.read_at) <= w.grace) AS timely
        FROM progress p WHERE p.member_id = w.member_id AND p.document_id = d.document_id) r ON true
      LEFT JOIN LATERAL (
        SELECT min(k.acknowledged_at) AS ever, min(k.acknowledged_at) FILTER (
          WHERE k.acknowledged_at <= w.deadline AND k.received_at <= w.grace) AS timely
        FROM acknowledgement k
        WHERE k.member_id = w.member_id AND k.document_id = d.document_id) a ON true
    ), own AS (
      SELECT campaign_id, member_id, count(*) AS total, count(*) FILTER (WHERE done) AS done,
        bool_and(done) AS whole, bool_and(on_time) AS on_time, max(at) AS at,
        bool_or(begun) AS begun
      FROM document_fact GROUP BY campaign_id, member_id
    ), entered AS (
      SELECT w.campaign_id, w.member_id,
        e.studied_on <= (w.deadline AT TIME ZONE 'Asia/Ho_Chi_Minh')::date
          AND e.recorded_at <= w.grace AS on_time,
        least((e.studied_on + 1)::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh'
                - interval '1 microsecond', e.recorded_at) AS at
      FROM wanted w JOIN study_entry e USING (campaign_id, member_id)
    ), judged AS (
      SELECT o.*, e.at AS entry_at, coalesce(e.on_time, false) AS entry_on_time,
        CASE WHEN o.on_time OR e.on_time THEN 'completed'
             WHEN o.whole OR e.at IS NOT NULL THEN 'completed_late'
             WHEN o.begun THEN 'started' ELSE 'pending' END AS state
      FROM own o LEFT JOIN entered e USING (campaign_id, member_id)
    )
    SELECT campaign_id, member_id, state,
      (CASE WHEN entry_at IS NULL THEN done ELSE total END)::integer AS documents_done,
      CASE state
        WHEN 'completed' THEN least(CASE WHEN on_time THEN at END,
                                    CASE WHEN entry_on_time THEN entry_at END)
        WHEN 'completed_late' THEN least(CASE WHEN whole THEN at END, entry_at)
      END AS completed_at
    FROM judged
"""

# Two workers that compute the same row wait here, so the later one computes from newer facts.
LOCK_TARGETS: TextClause = text(
    """
    SELECT FROM campaign_target t
    JOIN unnest(CAST(:campaigns AS uuid[]), CAST(:members AS uuid[])) AS k(campaign_id, member_id)
      USING (campaign_id, member_id)
    ORDER BY t.campaign_id, t.member_id FOR UPDATE OF t
    """
)
DERIVE: TextClause = text(
    f"""
    UPDATE campaign_target t
    SET state = d.state, documents_done = d.documents_done, completed_at = d.completed_at,
      derived_at = now()
    FROM ({DERIVED}) d
    WHERE t.campaign_id = d.campaign_id AND t.member_id = d.member_id
      AND (t.state, t.documents_done, t.completed_at)
        IS DISTINCT FROM (d.state, d.documents_done, d.completed_at)
    RETURNING t.campaign_id, t.member_id, t.unit_id
    """
)

# Who did something about a campaign's documents since an instant, among its targets.
RECENT: TextClause = text(
    """
    SELECT t.member_id FROM campaign_target t WHERE t.campaign_id = :campaign AND t.member_id IN (
      SELECT p.member_id FROM campaign_document d JOIN progress p ON p.document_id = d.document_id
      WHERE d.campaign_id = :campaign AND p.read_received_at >= :since
      UNION SELECT k.member_id
      FROM campaign_document d JOIN acknowledgement k ON k.document_id = d.document_id
      WHERE d.campaign_id = :campaign AND k.received_at >= :since)
    """
)
# True once every transaction older than :mark has ended: of those that can write facts, which are
# the application's own in this database. Ids are compared by age, as they wrap around.
QUIET: TextClause = text(
    """
    SELECT NOT EXISTS (
      SELECT FROM pg_stat_activity
      WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()
        AND age(backend_xid) > age(CAST(CAST(CAST(:mark AS bigint) & 4294967295 AS text) AS xid)))
    """
)
THIS_TRANSACTION: TextClause = text("SELECT pg_current_xact_id()::text::bigint")

_COUNTED = """
    count(*) AS targets, count(*) FILTER (WHERE t.state = 'started') AS started,
    count(*) FILTER (WHERE t.state = 'completed') AS completed,
    count(*) FILTER (WHERE t.state = 'completed_late') AS completed_late,
    count(*) FILTER (WHERE NOT EXISTS (
      SELECT FROM account a JOIN device_account da ON da.account_id = a.id
      WHERE a.member_id = t.member_id)) AS no_device,
    count(*) FILTER (WHERE EXISTS (
      SELECT FROM study_entry e
      WHERE e.campaign_id = t.campaign_id AND e.member_id = t.member_id)) AS entered
"""
COUNT_ALL: TextClause = text(
    f"""
    INSERT INTO campaign_count (campaign_id, unit_id, unit_path, targets, started, completed,
      completed_late, no_device, entered)
    SELECT t.campaign_id, t.unit_id, min(t.unit_path), {_COUNTED}
    FROM campaign_target t WHERE t.campaign_id = :campaign GROUP BY t.campaign_id, t.unit_id
    ON CONFLICT (campaign_id, unit_id) DO NOTHING
    """
)
LOCK_COUNTS: TextClause = text(
    """
    SELECT FROM campaign_count c
    JOIN unnest(CAST(:campaigns AS uuid[]), CAST(:units AS uuid[])) AS k(campaign_id, unit_id)
      USING (campaign_id, unit_id)
    ORDER BY c.campaign_id, c.unit_id FOR UPDATE OF c
    """
)
COUNT: TextClause = text(
    f"""
    UPDATE campaign_count c
    SET targets = n.targets, started = n.started, completed = n.completed,
      completed_late = n.completed_late, no_device = n.no_device, entered = n.entered,
      derived_at = now()
    FROM unnest(CAST(:campaigns AS uuid[]), CAST(:units AS uuid[])) AS k(campaign_id, unit_id),
      LATERAL (SELECT {_COUNTED} FROM campaign_target t
               WHERE t.campaign_id = k.campaign_id AND t.unit_id = k.unit_id) n
    WHERE c.campaign_id = k.campaign_id AND c.unit_id = k.unit_id
    """
)
# The cells of open campaigns whose members without a device are not as many as counted.
DEVICES_MOVED: TextClause = text(
    """
    SELECT c.campaign_id, c.unit_id FROM campaign_count c
    JOIN campaign g ON g.id = c.campaign_id AND g.state = 'issued'
    LEFT JOIN (
      SELECT t.campaign_id, t.unit_id, count(*) AS equipped FROM campaign_target t
      WHERE EXISTS (SELECT FROM account a JOIN device_account da ON da.account_id = a.id
                    WHERE a.member_id = t.member_id)
      GROUP BY t.campaign_id, t.unit_id) e
      ON e.campaign_id = c.campaign_id AND e.unit_id = c.unit_id
    WHERE c.targets - coalesce(e.equipped, 0) <> c.no_device
    """
)
# The same, of those only who enrolled a device since an instant.
DEVICES_NEW: TextClause = text(
    """
    SELECT DISTINCT t.campaign_id, t.unit_id
    FROM device_account da JOIN account a ON a.id = da.account_id
    JOIN campaign_target t ON t.member_id = a.member_id
    JOIN campaign g ON g.id = t.campaign_id AND g.state = 'issued'
    WHERE da.linked_at >= :since
    """
)

_CLAIMED = """
    unnest(CAST(:firsts AS uuid[]), CAST(:seconds AS uuid[]), CAST(:versions AS bigint[]),
           CAST(:fences AS integer[])) AS k(first_id, second_id, version, fence)
"""
_SAME_MARK = """
    s.kind = :kind AND s.first_id = k.first_id AND s.second_id = k.second_id AND s.fence = k.fence
"""
LOCK_MARKS: TextClause = text(
    f"""
    SELECT FROM stale_mark s JOIN {_CLAIMED} ON {_SAME_MARK}
    ORDER BY s.first_id, s.second_id FOR UPDATE OF s
    """
)
DELETE_MARKS: TextClause = text(
    f"DELETE FROM stale_mark s USING {_CLAIMED} WHERE {_SAME_MARK} AND s.version = k.version"
)
# A mark that a writer has raised since it was claimed stays, and is free to be claimed again.
FREE_MARKS: TextClause = text(
    f"UPDATE stale_mark s SET lease_until = NULL FROM {_CLAIMED} WHERE {_SAME_MARK}"
)
