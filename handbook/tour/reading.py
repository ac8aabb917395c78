"""The tour on the member's phone: sync, reading online and offline, acknowledging, replying."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from handbook import clock, ids
from handbook.tour.client import TourError
from handbook.tour.office import Published
from handbook.tour.phone import FAST, Phone
from handbook.tour.stage import Person, Stage

_KINDS: Final = {
    "document": "văn bản",
    "campaign": "đợt học tập",
    "meeting": "cuộc họp",
    "notice": "thông báo",
    "document_state": "tình trạng đọc",
    "campaign_state": "tình trạng học",
    "meeting_reply": "trả lời mời họp",
    "notice_state": "tình trạng thông báo",
}
_OUTCOMES: Final = {
    "accepted": "được tính",
    "duplicate": "trùng, không tính lại",
    "quarantined": "để riêng, không tính",
    "refused": "không nhận",
}


def register(stage: Stage, member: Person) -> None:
    """Register the member's phone for push."""
    token = f"tour-{member.device_id.hex}"
    body = {"platform": "android", "kind": "token", "address": token, "app_version": "1.0.0"}
    found = member.client.put(f"/me/devices/{member.device_id}", body)
    stage.check(found["kind"] == "token", "điện thoại của đảng viên đăng ký nhận thông báo đẩy")


def first_sync(
    stage: Stage, member: Person, documents: Sequence[Published], campaign: str, meeting: str
) -> Phone:
    """Pull everything and look for what was published."""
    phone = Phone(member.client)
    told = phone.sync()
    show_changes(stage, told)
    missing = [one.abstract for one in documents if not phone.find("document", one.id)]
    stage.check(not missing, f"đủ {len(documents)} văn bản vừa ban hành trên điện thoại")
    stage.check(phone.find("campaign", campaign), "có đợt học tập")
    stage.check(phone.find("meeting", meeting), "có giấy mời họp")
    stage.check(phone.is_up_to_date(), "đồng bộ lại ngay: không có gì mới (304)")
    return phone


def show_changes(stage: Stage, told: Sequence[dict[str, Any]]) -> None:
    """Show how many objects of each kind a sync brought and took away."""
    put = Counter(one["kind"] for one in told if one["op"] == "put")
    gone = Counter(one["kind"] for one in told if one["op"] == "remove")
    rows = [(_KINDS.get(kind, kind), put[kind], gone[kind]) for kind in {**put, **gone}]
    stage.table(("Đồng bộ", "Nhận", "Bỏ"), sorted(rows))


def read_online(stage: Stage, member: Person, phone: Phone, document: Published) -> None:
    """Fetch a part and the file, the file in two pieces."""
    part = member.client.get(f"/documents/{document.id}/parts/1")
    stage.check(part["html"], f"đọc phần 1/{part['of']}: {part['words']} chữ")
    cut = max(1, document.size // 3)
    status, told, digest = phone.read_file(document.id, cut)
    stage.check(status == 206, f"tải tiếp tệp bị đứt quãng: {told}")  # noqa: PLR2004 - HTTP's number
    stage.check(digest == document.sha256, "tệp ghép lại đúng từng byte (SHA-256)")


def read_offline(
    stage: Stage, member: Person, phone: Phone, documents: Sequence[Published]
) -> None:
    """Send what was read offline with a clock three minutes fast, one event twice, one bad."""
    held = [_held(phone, one) for one in documents]
    batch = phone.offline_batch(held)
    answer = member.client.post("/reading/events", batch)
    outcomes = [one["outcome"] for one in answer["results"]]
    minutes = int(FAST.total_seconds() // 60)
    stage.say(f"Đồng hồ điện thoại nhanh {minutes} phút; gửi {len(outcomes)} lượt đọc ngoại tuyến")
    rows = [(_OUTCOMES[one["outcome"]], one.get("reason", "")) for one in answer["results"]]
    stage.table(("Kết quả", "Lý do"), rows)
    expected = ["accepted"] * len(held) + ["duplicate", "quarantined"]
    stage.check(
        outcomes == expected, "lượt trùng không tính hai lần, lượt lỗi không chặn lượt khác"
    )
    again = member.client.post("/reading/events", {**batch, "events": batch["events"][: len(held)]})
    repeated = {one["outcome"] for one in again["results"]}
    stage.check(repeated == {"duplicate"}, "gửi lại cả gói: không tính thêm")
    read = {one["document_id"] for one in answer["progress"] if one["read"]}
    stage.check({one.id for one in documents} <= read, f"đã đọc xong {len(held)} văn bản")


def _held(phone: Phone, document: Published) -> dict[str, Any]:
    found = phone.find("document", document.id)
    if found is None:
        raise TourError(f"Văn bản không còn trên điện thoại: {document.abstract}")
    return found


def acknowledge(stage: Stage, member: Person, phone: Phone, documents: Sequence[Published]) -> None:
    """Acknowledge each document, the first one twice."""
    now = clock.now().isoformat()
    answers = []
    for document in [*documents, documents[0]]:
        version = _held(phone, document)["version"]["id"]
        body = {"version_id": version, "acknowledged_at": now, "device_time": now}
        answers.append(member.client.put(f"/acknowledgements/{ids.new()}", body))
    stage.check(
        answers[0]["id"] == answers[-1]["id"], "xác nhận đã học; bấm lần nữa vẫn là một xác nhận"
    )


def reply(stage: Stage, member: Person, secretary: Person, meeting: str) -> None:
    """Answer the invitation; the secretary sees it."""
    path = f"/meetings/{meeting}"
    member.client.put(f"{path}/replies/me", {"answer": "coming"})
    counts = secretary.client.get(path)["reply_counts"]
    stage.check(counts["coming"], f"trả lời sẽ dự họp; bí thư thấy {counts['coming']} người dự")
    stage.check(
        member.client.get(path)["reply"]["answer"] == "coming", "đảng viên thấy trả lời của mình"
    )
