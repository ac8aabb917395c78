"""Who may sign in to the demo data: a handful of made-up people with one password for all."""

from dataclasses import dataclass
from typing import Final

PASSWORD: Final = "so-tay-2026"  # noqa: S105 - made-up people, printed at every start
CLERK: Final = "clerk"
COMMITTEE: Final = "committee"
SECRETARY: Final = "secretary"
MEMBER: Final = "member"


@dataclass(frozen=True, slots=True)
class Account:
    """A person one may sign in as; ``role`` is held at the committee, or at the cell if ``cell``.

    ``role`` None is a member without a post, ``title`` the post in Vietnamese.
    """

    handle: str
    full_name: str
    sex: str
    born: int
    role: str | None
    title: str
    at_cell: bool = False


ACCOUNTS: Final = (
    Account(COMMITTEE, "Trần Minh Khải", "male", 1972, "secretary", "Bí thư Đảng ủy"),
    Account("deputy", "Nguyễn Thị Thu Hà", "female", 1976, "deputy", "Phó Bí thư Đảng ủy"),
    Account(CLERK, "Lê Quang Vinh", "male", 1981, "clerk", "Văn thư, Văn phòng Đảng ủy"),
    Account(
        "propaganda",
        "Hoàng Thị Minh Nguyệt",
        "female",
        1986,
        "propaganda_officer",
        "Cán bộ tuyên giáo",
    ),
    Account("organisation", "Phạm Hữu Đức", "male", 1979, "organisation_officer", "Cán bộ tổ chức"),
    Account("administrator", "Vũ Quốc Anh", "male", 1991, "administrator", "Quản trị hệ thống"),
    Account(
        SECRETARY, "Vũ Thị Lan Anh", "female", 1974, "secretary", "Bí thư chi bộ", at_cell=True
    ),
    Account(MEMBER, "Đỗ Văn Thành", "male", 1988, None, "Đảng viên", at_cell=True),
)


def told() -> str:
    """Return who may sign in, a line each, for the screen of who starts the demo."""
    lines = [f"  {one.handle:<14} {one.title} – {one.full_name}" for one in ACCOUNTS]
    return "\n".join([f"Tài khoản dùng thử (mật khẩu chung: {PASSWORD})", *lines])
