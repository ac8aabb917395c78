"""The tour in the offices: a clerk publishes, a committee opens a study, a secretary meets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from typing import Any, Final

from handbook import clock
from handbook.tour.client import Answer, TourError
from handbook.tour.letters import Letter
from handbook.tour.stage import Person, Stage

_STUDY_DAYS: Final = 7
_MEETING_DAYS: Final = 3
_TAKEN: Final = 409
_SHOWN: Final = 64


@dataclass(frozen=True, slots=True)
class Published:
    """A document that was published, with its file's SHA-256 and size."""

    id: str
    abstract: str
    sha256: str
    size: int


def below(unit_id: str) -> dict[str, Any]:
    """Return the audience of a unit with all below it."""
    return {"include": [{"unit_id": unit_id, "reach": "below"}]}


def publish(stage: Stage, clerk: Person, letters: Sequence[Letter]) -> list[Published]:
    """Let the clerk draft, attach, wait for and publish each letter to the whole committee."""
    codes = _codes(clerk)
    drafts = [(_draft(stage, clerk, letter, codes), letter) for letter in letters]
    rows, published = [], []
    for document, letter in drafts:
        version = stage.wait(partial(_rendered, clerk, document["id"]), "Dàn trang văn bản")
        body = {"audience": below(clerk.unit_id), "attestation": True}
        found = clerk.client.post(f"/documents/{document['id']}/publication", body)
        if found["state"] != "published":
            raise TourError(f"Văn bản {letter.name} chưa được ban hành ({found['state']}).")
        digest = sha256(letter.content).hexdigest()
        published.append(Published(found["id"], found["abstract"], digest, len(letter.content)))
        line = found["number_line"] or "(không số)"
        day = f"{letter.issued_on:%d/%m/%Y}" if letter.issued_on else "(không ngày)"
        rows.append(
            (line, day, _short(found["abstract"]), version["parts_total"], version["words"])
        )
    stage.table(("Số, ký hiệu", "Ngày", "Trích yếu", "Phần", "Chữ"), rows)
    return published


def _codes(clerk: Person) -> dict[str, str]:
    """Return symbol → code of the types; of types that share a symbol the first."""
    found: dict[str, str] = {}
    for one in clerk.client.get("/document-types")["items"]:
        if one["symbol"]:
            found.setdefault(one["symbol"], one["code"])
    return found


def _draft(stage: Stage, clerk: Person, letter: Letter, codes: Mapping[str, str]) -> dict[str, Any]:
    answer = _ask_draft(clerk, letter, codes)
    if answer.status == _TAKEN:
        stage.say(f"Số {letter.number} đã được dùng, soạn không kèm số.")
        answer = _ask_draft(clerk, letter.unnumbered(), codes)
    if answer.status == _TAKEN:
        raise TourError(f"Không soạn được {letter.name}: {answer.complaint}")
    document: dict[str, Any] = answer.json
    path = f"/documents/{document['id']}/versions"
    clerk.client.call("POST", path, files=(letter.name, letter.content))
    return document


def _ask_draft(clerk: Person, letter: Letter, codes: Mapping[str, str]) -> Answer:
    body = {
        "unit_id": clerk.unit_id,
        "secrecy": "none",
        "type_code": letter.type_code(codes),
        "number": letter.number,
        "symbol": letter.symbol,
        "issued_on": letter.issued_on,
        "abstract": letter.abstract,
        "urgency": "ordinary",
        "circulation": "internal",
    }
    return clerk.client.call("POST", "/documents", json=body, expect=(201, _TAKEN))


def _rendered(clerk: Person, document_id: str) -> dict[str, Any] | None:
    """Return the version once it is ready; TourError when its file could not be rendered."""
    version: dict[str, Any] = clerk.client.get(f"/documents/{document_id}/versions")["items"][0]
    if version["state"] == "failed":
        raise TourError(f"Không dàn trang được {version['file']['name']}: {version['failure']}")
    return version if version["state"] == "ready" else None


def open_campaign(stage: Stage, committee: Person, documents: Sequence[Published]) -> str:
    """Let the committee open a study of the documents and wait for its list; return its id."""
    deadline = _evening(_STUDY_DAYS, hour=17)
    campaign = committee.client.post(
        "/campaigns",
        {
            "unit_id": committee.unit_id,
            "title": f"Học tập, quán triệt văn bản mới ({clock.local(clock.now()):%d/%m %H:%M})",
            "document_ids": [one.id for one in documents],
            "requires_read": True,
            "requires_acknowledgement": True,
            "deadline": deadline.isoformat(),
        },
    )
    path = f"/campaigns/{campaign['id']}"
    committee.client.post(f"{path}/issuance", {"audience": below(committee.unit_id)})

    def issued() -> dict[str, Any] | None:
        found: dict[str, Any] = committee.client.get(path)
        return found if found["state"] == "issued" else None

    found = stage.wait(issued, "Chốt danh sách đảng viên phải học")
    stage.say(f"{found['title']} – hạn {clock.local(deadline):%H:%M ngày %d/%m/%Y}")
    return str(found["id"])


def call_meeting(stage: Stage, secretary: Person, document: Published) -> str:
    """Let the secretary call the cell to a meeting with a document as its paper; return its id."""
    start = _evening(_MEETING_DAYS, hour=19)
    meeting = secretary.client.post(
        "/meetings",
        {
            "unit_id": secretary.unit_id,
            "kind": "regular",
            "title": "Sinh hoạt chi bộ thường kỳ",
            "starts_at": start.isoformat(),
            "minutes_planned": 90,
            "place": "Nhà văn hóa thôn",
            "chair_id": secretary.member_id,
            "agenda": [
                {"title": "Kiểm điểm nhiệm vụ tháng trước", "minutes": 30},
                {"title": "Nghiên cứu văn bản mới, thảo luận", "minutes": 45},
                {"title": "Kết luận, thông qua nghị quyết", "minutes": 15},
            ],
            "material_ids": [document.id],
        },
    )
    called = secretary.client.post(f"/meetings/{meeting['id']}/invitations", {})
    stage.say(
        f"{called['title']} của {secretary.unit_name}, {clock.local(start):%H:%M ngày %d/%m/%Y}, "
        f"{called['place']}"
    )
    for warning in called["warnings"]:
        stage.say(f"Lưu ý: {warning['text']}")
    invited = called["reply_counts"]["invited"]
    stage.check(invited, f"mời {invited} đảng viên, tài liệu: {_short(document.abstract)}")
    return str(called["id"])


def _evening(days: int, *, hour: int) -> datetime:
    """Return an hour of the Vietnamese day so many days from today."""
    day = clock.today() + timedelta(days=days)
    return clock.local(clock.start_of_day(day) + timedelta(hours=hour))


def _short(line: str) -> str:
    return line if len(line) <= _SHOWN else f"{line[: _SHOWN - 1]}…"
