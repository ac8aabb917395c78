"""Views: who holds which bucket, from the member's side and from the bucket's.

Both tell the same pairs; each is shaped so that one side of the question is fast. A member holds
a unit's bucket through memberships and positions, with their dates; the personal bucket always.
"""

from sqlalchemy import Uuid, column, table
from sqlalchemy.dialects.postgresql import DATERANGE

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
