"""Fixed data of the first migration: types of documents with their symbols.

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
