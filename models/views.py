"""Views: who holds which bucket, from the member's side and from the bucket's.

Both tell the same pairs; each is shaped so that one side of the question is fast. A member holds
a unit's bucket through memberships and positions, with their dates; the personal bucket always.
"""

from sqlalchemy import Uuid, column, table
from sqlalchemy.dialects.postgresql import DATERANGE

_HELD = """
    SELECT member_id, unit_id, 'everyone'::text AS role, during FROM membership
    UNION ALL SELECT member_id, unit_id, role, during FROM position
    UNION ALL SELECT member_id, unit_id, 'everyone'::text, during FROM position
"""

# The series ends at 40 levels, far below any tree: of a series with a known end the planner knows
# the length, of one that ends at the path's length it believes a thousand and reads whole tables.
HELD_BUCKET_SQL = f"""
CREATE VIEW held_bucket AS
SELECT held.member_id, b.id AS bucket_id, held.during
FROM ({_HELD}) held
JOIN unit u ON u.id = held.unit_id
JOIN generate_series(4, 160, 4) AS width ON width <= char_length(u.path)
JOIN unit up ON up.path = left(u.path, width)
JOIN bucket b ON b.unit_id = up.id AND b.role = held.role
  AND (b.reach = 'below' OR up.id = u.id)
UNION ALL
SELECT member_id, id, daterange(NULL, NULL) FROM bucket WHERE member_id IS NOT NULL
"""  # noqa: S608  # made of constants

# A label has no sign as low as a blank or as high as a tilde, so one range serves both reaches.
BUCKET_MEMBER_SQL = f"""
CREATE VIEW bucket_member AS
SELECT b.id AS bucket_id, held.member_id, held.during
FROM bucket b
JOIN unit up ON up.id = b.unit_id
JOIN unit u ON u.path >= up.path
  AND u.path < up.path || CASE b.reach WHEN 'below' THEN '~' ELSE ' ' END
JOIN ({_HELD}) held ON held.unit_id = u.id AND held.role = b.role
UNION ALL
SELECT id, member_id, daterange(NULL, NULL) FROM bucket WHERE member_id IS NOT NULL
"""  # noqa: S608  # made of constants

held_bucket = table(
    "held_bucket",
    column("member_id", Uuid()),
    column("bucket_id", Uuid()),
    column("during", DATERANGE()),
)
bucket_member = table(
    "bucket_member",
    column("bucket_id", Uuid()),
    column("member_id", Uuid()),
    column("during", DATERANGE()),
)
