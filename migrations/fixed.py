"""Fixed data of the first migration: types of documents with their symbols, views, a function.

Source: Quy định 399-QĐ/TW of 9/1/2026 and Hướng dẫn 05-HD/VPTW of 27/5/2026.
"""

SOURCE = "399-QĐ/TW 2026-01-09; 05-HD/VPTW 2026-05-27"

# code, symbol, name, whether a cell (chi bộ) may issue it
_LISTED = (
    ("political_programme", None, "Cương lĩnh chính trị", False),
    ("charter", None, "Điều lệ Đảng", False),
    ("strategy", None, "Chiến lược", False),
    ("resolution", "NQ", "Nghị quyết", True),
    ("decision", "QĐ", "Quyết định", True),
    ("directive", "CT", "Chỉ thị", False),
    ("conclusion", "KL", "Kết luận", True),
    ("rules", "QC", "Quy chế", True),
    ("regulation", "QĐ", "Quy định", False),
    ("circular", "TTri", "Thông tri", False),
    ("guidance", "HD", "Hướng dẫn", False),
    ("announcement", "TB", "Thông báo", True),
    ("communique", "TC", "Thông cáo", False),
    ("declaration", "TBo", "Tuyên bố", False),
    ("appeal", "LKG", "Lời kêu gọi", False),
    ("report", "BC", "Báo cáo", True),
    ("plan", "KH", "Kế hoạch", True),
    ("master_plan", "QH", "Quy hoạch", False),
    ("programme", "CTr", "Chương trình", True),
    ("scheme", "ĐA", "Đề án", True),
    ("option", "PA", "Phương án", True),
    ("project", "DA", "Dự án", False),
    ("proposal", "TTr", "Tờ trình", True),
    ("official_letter", "CV", "Công văn", True),
    ("minutes", "BB", "Biên bản", True),
    ("introduction", "GGT", "Giấy giới thiệu", True),
    ("certificate", "GCN", "Giấy chứng nhận", False),
    ("travel_paper", "GĐĐ", "Giấy đi đường", False),
    ("leave_paper", "GNP", "Giấy nghỉ phép", False),
    ("invitation", "GM", "Giấy mời", True),
    ("transfer_slip", "PC", "Phiếu chuyển", False),
    ("cover_slip", "PG", "Phiếu gửi", False),
    ("public_letter", "TCg", "Thư công", False),
)

DOCUMENT_TYPES = [
    {
        "code": code,
        "symbol": symbol,
        "name": name,
        "ordinal": ordinal,
        "cell_may_issue": by_cell,
        "source": SOURCE,
    }
    for ordinal, (code, symbol, name, by_cell) in enumerate(_LISTED, start=1)
]

# Makes the partition of reading events with ids from ``low`` to below ``high``, moving what the
# default partition holds of them: 'made', 'there' when it is, 'full' when there is too much to move
# under a lock. It runs as the owner, because the application's role owns no table.
MAKE_READING_PARTITION = """
CREATE FUNCTION make_reading_partition(part text, low uuid, high uuid) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF part !~ '^reading_event_y[0-9]{4}m[0-9]{2}$' THEN
    RAISE EXCEPTION 'not the name of a partition' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF to_regclass(part) IS NOT NULL THEN
    RETURN 'there';
  END IF;
  LOCK TABLE reading_event_rest IN ACCESS EXCLUSIVE MODE;
  IF (SELECT count(*) FROM (SELECT 1 FROM reading_event_rest WHERE id >= low AND id < high
                            LIMIT 50001) found) > 50000 THEN
    RETURN 'full';
  END IF;
  EXECUTE format('CREATE TABLE %I (LIKE reading_event INCLUDING ALL)', part);
  EXECUTE format('WITH moved AS (DELETE FROM reading_event_rest WHERE id >= $1 AND id < $2
                  RETURNING *) INSERT INTO %I SELECT * FROM moved', part) USING low, high;
  EXECUTE format('ALTER TABLE reading_event ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                 part, low, high);
  RETURN 'made';
END
$$
"""

# Who holds which bucket: the same pairs from the member's side and from the bucket's.
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
