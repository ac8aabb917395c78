"""Names of made-up people, spread as names in Vietnam are: by family, by sex, by year of birth.

The shares are rough: Nguyễn stands for nearly two in five, Văn and Thị fade among the young.
"""

from random import Random
from typing import Final

Weights = dict[str, float]

FAMILIES: Final[Weights] = {
    "Nguyễn": 38.0,
    "Trần": 11.0,
    "Lê": 9.5,
    "Phạm": 7.0,
    "Hoàng": 4.4,
    "Phan": 3.8,
    "Vũ": 3.2,
    "Võ": 1.8,
    "Đặng": 2.3,
    "Bùi": 2.3,
    "Đỗ": 2.0,
    "Hồ": 1.3,
    "Ngô": 1.4,
    "Dương": 1.2,
    "Đinh": 1.1,
    "Lý": 0.7,
    "Trịnh": 0.8,
    "Đoàn": 0.8,
    "Lương": 0.9,
    "Mai": 0.7,
    "Trương": 1.0,
    "Cao": 0.6,
    "Tạ": 0.5,
    "Hà": 0.7,
    "Lưu": 0.5,
    "Nông": 0.6,
    "Vi": 0.4,
    "Quách": 0.3,
    "Tô": 0.4,
    "Chu": 0.4,
}
_MIDDLES: Final[dict[str, tuple[Weights, Weights]]] = {
    # sex: (born before 1975, born later)
    "male": (
        {"Văn": 55, "Đình": 8, "Xuân": 6, "Hữu": 6, "Đức": 6, "Quang": 5, "Công": 5, "Bá": 4},
        {
            "Văn": 24,
            "Minh": 12,
            "Đức": 11,
            "Quang": 10,
            "Anh": 8,
            "Tuấn": 6,
            "Hữu": 6,
            "Xuân": 6,
            "Đình": 5,
            "Ngọc": 5,
            "Thanh": 4,
            "Trung": 4,
        },
    ),
    "female": (
        {"Thị": 88, "Thị Kim": 3, "Thị Ngọc": 3, "Thị Minh": 2, "Kim": 2, "Ngọc": 2},
        {
            "Thị": 46,
            "Thị Thu": 9,
            "Thị Thanh": 8,
            "Thị Ngọc": 6,
            "Thị Hồng": 6,
            "Thu": 6,
            "Ngọc": 6,
            "Thanh": 4,
            "Phương": 4,
            "Minh": 4,
            "Thùy": 3,
        },
    ),
}
# Given names of those born before 1975, and of those born later.
_MEN: Final = (
    "Hùng Dũng Thắng Sơn Bình Hải Long Quyết Chiến Thành Hòa Lợi Phúc Thọ Minh Vinh Hưng Tiến Toàn "
    "Khánh Tân Thịnh Ngọc Bảo Cường Nam Tâm Đông Quý Nghĩa Tài Đạt Lâm Mạnh"
)
_YOUNG_MEN: Final = (
    "Tuấn Hùng Dũng Nam Anh Đức Huy Hiếu Long Hoàng Kiên Trung Thành Việt Tùng Quân Khôi Phong Sơn "
    "Hải Linh Duy Khánh Đạt Thắng Cường Bình Nghĩa Phúc Lâm Tú Vinh Quyền Hậu"
)
_WOMEN: Final = (
    "Lan Hoa Hồng Cúc Mai Đào Liên Thơm Thảo Hiền Hòa Bình Nga Nguyệt Tuyết Xuân Thu Hà Hương Loan "
    "Phượng Oanh Yến Vân Tâm Nhàn Thuận Lý Minh Sáu Bảy Chín Hạnh Dung"
)
_YOUNG_WOMEN: Final = (
    "Hương Lan Hà Linh Trang Thảo Ngọc Phương Hằng Huyền Mai Nga Thủy Hiền Dung Nhung Yến Vân Anh "
    "Quỳnh Chi Hạnh Tâm Loan Giang Oanh Thúy Hồng Nhàn Trinh Uyên Thơ My Diệp"
)
_GIVEN: Final = {
    "male": (_MEN.split(), _YOUNG_MEN.split()),
    "female": (_WOMEN.split(), _YOUNG_WOMEN.split()),
}
_LATER: Final = 1975


def chance_from(seed: int) -> Random:
    """Return the source of all chance of made-up data: the same draws for the same ``seed``."""
    return Random(seed)  # noqa: S311 - people that do not exist need no secrecy


def _draw(chance: Random, weights: Weights) -> str:
    return chance.choices(list(weights), list(weights.values()))[0]


def draw_name(chance: Random, sex: str, born: int) -> str:
    """Return a full name fit for the sex (``male``, ``female``) and the year of birth.

    Two to five words, family name first, in NFC. The same ``chance`` gives the same name.
    """
    later = int(born >= _LATER)
    family = _draw(chance, FAMILIES)
    middle = _draw(chance, _MIDDLES[sex][later])
    given = chance.choice(_GIVEN[sex][later])
    last_middle = middle.split()[-1]
    while given == last_middle:
        given = chance.choice(_GIVEN[sex][later])
    return f"{family} {middle} {given}"
