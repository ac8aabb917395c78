"""The tour: the main job from the office to a member's phone and back into a report."""

import zipfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import orjson

from handbook import clock
from handbook.demo.accounts import CLERK, COMMITTEE, MEMBER, SECRETARY
from handbook.tour import office, reading
from handbook.tour.client import TourError
from handbook.tour.letters import Letter
from handbook.tour.office import Published
from handbook.tour.phone import Phone
from handbook.tour.stage import Person, Stage

PLAYERS: Final = (CLERK, COMMITTEE, SECRETARY, MEMBER)
_WAITING: Final = {"queued", "retry"}
_ROWS: Final = 8
_FATES: Final = {
    "queued": "chờ gửi",
    "retry": "chờ gửi lại",
    "accepted": "đã chuyển",
    "dead": "máy không còn dùng",
    "expired": "quá hạn",
    "suppressed": "không cần gửi",
    "failed": "không gửi được",
}


@dataclass(frozen=True)
class Venue:
    """Where the tour is played: the server, who may sign in, and the log of pushes if there is one.

    ``pushes_wait`` says that pushes may be held back now (quiet hours), so nobody waits for them.
    """

    base_url: str
    passwords: Mapping[str, str]
    push_log: Path | None = None
    pushes_wait: bool = False


class Play:
    """Plays the steps in order; each ends with checks that stop the tour when they fail."""

    def __init__(self, venue: Venue, letters: Sequence[Letter], stage: Stage) -> None:
        """Play ``letters`` at ``venue`` on ``stage``."""
        self._venue = venue
        self._letters = letters
        self._stage = stage

    def run(self) -> None:
        """Play everything; TourError names the step that failed."""
        people = self._sign_in()
        clerk, committee, secretary, member = (people[handle] for handle in PLAYERS)
        documents, mistaken = self._publish(clerk)
        self._stage.step("Cấp ủy mở đợt học tập có thời hạn")
        campaign = office.open_campaign(self._stage, committee, documents)
        self._stage.step("Bí thư chi bộ mời họp, kèm tài liệu")
        meeting = office.call_meeting(self._stage, secretary, documents[0])
        self._stage.step("Báo cáo của cấp ủy trước khi đảng viên học")
        before = self._report(committee, campaign)
        phone = self._read(member, secretary, [*documents, mistaken], campaign, meeting)
        self._record(secretary, campaign)
        self._compare(committee, campaign, before)
        self._pushes(committee, member, [*documents, mistaken], campaign, meeting)
        self._recall(clerk, member, phone, mistaken)
        for person in people.values():
            person.sign_out()
        self._stage.console.print("\n[bold green]Đã đi hết một vòng, mọi bước đều đúng.[/]")

    def _sign_in(self) -> dict[str, Person]:
        self._stage.step("Bốn người đăng nhập")
        people = {
            handle: Person(self._venue.base_url, handle, self._venue.passwords[handle])
            for handle in PLAYERS
        }
        rows = [(one.handle, one.full_name, one.unit_name) for one in people.values()]
        self._stage.table(("Tên đăng nhập", "Họ và tên", "Nơi công tác"), rows)
        reading.register(self._stage, people[MEMBER])
        return people

    def _publish(self, clerk: Person) -> tuple[list[Published], Published]:
        """Publish the letters, and the first of them once more by mistake."""
        self._stage.step("Văn thư soạn, đính tệp và ban hành văn bản")
        copy = replace(self._letters[0].unnumbered(), symbol=None)
        mistaken = replace(copy, abstract=f"(Gửi nhầm) {copy.abstract}")
        published = office.publish(self._stage, clerk, [*self._letters, mistaken])
        return published[:-1], published[-1]

    def _report(self, committee: Person, campaign: str) -> dict[str, Any]:
        """Show the report once everything known has been counted in, and return it."""
        query = {"campaign_id": campaign, "unit_id": committee.unit_id}

        def settled() -> dict[str, Any] | None:
            found: dict[str, Any] = committee.client.get("/reports/completion", **query)
            return None if found["pending_marks"] else found

        report = self._stage.wait(settled, "Tổng hợp số liệu")
        total = report["total"]
        self._stage.say(f"Mẫu số: {report['denominator']['label']} ({total['targets']} đảng viên)")
        as_of = clock.local(datetime.fromisoformat(report["as_of"]))
        self._stage.say(f"Số liệu tính đến {as_of:%H:%M:%S ngày %d/%m/%Y}")
        rows = sorted(report["rows"], key=lambda row: -row["completed"])[:_ROWS]
        self._stage.table(
            ("Đơn vị", "Phải học", "Đã học", "Đang học", "Chưa học", "%", "Không có máy", "Ghi hộ"),
            [_figures(row["name"], row) for row in [*rows, {**total, "name": "Tổng cộng"}]],
        )
        summed = sum(row["targets"] for row in report["rows"])
        self._stage.check(summed == total["targets"], "các dòng cộng lại đúng bằng tổng")
        return report

    def _read(
        self,
        member: Person,
        secretary: Person,
        documents: Sequence[Published],
        campaign: str,
        meeting: str,
    ) -> Phone:
        self._stage.step("Điện thoại của đảng viên đồng bộ")
        phone = reading.first_sync(self._stage, member, documents, campaign, meeting)
        self._stage.step("Đảng viên đọc trực tuyến và ngoại tuyến")
        studied = documents[:-1]
        reading.read_online(self._stage, member, phone, studied[0])
        member.client.get(f"/documents/{documents[-1].id}/parts/1")
        reading.read_offline(self._stage, member, phone, studied)
        self._stage.step("Đảng viên xác nhận đã học, trả lời giấy mời")
        reading.acknowledge(self._stage, member, phone, studied)
        reading.reply(self._stage, member, secretary, meeting)
        progress = member.client.get(f"/campaigns/{campaign}/progress")
        done = f"{progress['documents_done']}/{progress['documents_total']}"
        self._stage.check(progress["state"] == "completed", f"đã hoàn thành {done} văn bản của đợt")
        return phone

    def _record(self, secretary: Person, campaign: str) -> None:
        """Let the secretary record the study of a member without a phone."""
        self._stage.step("Bí thư ghi nhận việc học của đảng viên không có điện thoại")
        query = {"campaign_id": campaign, "unit_id": secretary.unit_id, "state": "pending"}
        listed = secretary.client.pages("/reports/completion/members", **query)
        without = [one for one in listed if not one["has_device"]]
        if not without:
            raise TourError("Chi bộ không còn đảng viên nào chưa có điện thoại để ghi nhận.")
        body = {"form": "read_aloud", "studied_on": clock.today().isoformat()}
        path = f"/campaigns/{campaign}/members/{without[0]['member_id']}/record"
        entry = secretary.client.put(path, body)
        told = f"{without[0]['full_name']} nghe đọc tại chi bộ {clock.today():%d/%m/%Y}"
        self._stage.check(not entry["has_device"], told)

    def _compare(self, committee: Person, campaign: str, before: Mapping[str, Any]) -> None:
        self._stage.step("Báo cáo của cấp ủy sau khi đảng viên học")
        after = self._report(committee, campaign)
        old, new = before["total"], after["total"]
        self._stage.check(
            new["completed"] >= old["completed"] + 2,
            f"đã học: {old['completed']} → {new['completed']}",
        )
        self._stage.check(
            new["entered_by_secretary"] > old["entered_by_secretary"], "thấy rõ số ghi hộ"
        )
        self._stage.check(new["targets"] == old["targets"], "mẫu số không đổi")
        query = {"campaign_id": campaign, "unit_id": committee.unit_id}
        book = committee.client.call("GET", "/reports/completion.xlsx", query=query).body
        sheets = [name for name in _names(book) if name.startswith("xl/worksheets/sheet")]
        self._stage.check(sheets, f"tải báo cáo XLSX: {len(book):,} byte, {len(sheets)} trang tính")

    def _pushes(
        self,
        committee: Person,
        member: Person,
        documents: Sequence[Published],
        campaign: str,
        meeting: str,
    ) -> None:
        """Show what went out for each notice, and that the member's phone was among them."""
        self._stage.step("Thông báo đẩy đã gửi")
        about = {campaign: "đợt học tập", meeting: "giấy mời họp"}
        about |= {document.id: "văn bản mới" for document in documents}
        inbox = member.client.get("/inbox", limit=200)["items"]
        notices = [one for one in inbox if one["object_id"] in about]
        self._stage.check(
            len(notices) == len(about), f"hộp thư của đảng viên có đúng {len(about)} thông báo mới"
        )
        rows = []
        reached = 0
        for notice in notices:
            lines = self._deliveries(committee, notice["id"])
            own = [line for line in lines if line["member_id"] == member.member_id]
            reached += bool(own)
            states = Counter(line["state"] for line in lines)
            told = ", ".join(
                f"{_FATES[state]} {number}" for state, number in sorted(states.items())
            )
            rows.append((about[notice["object_id"]], len(lines), told))
        self._stage.table(("Thông báo", "Thiết bị", "Kết quả"), rows)
        self._stage.check(
            reached == len(notices), "điện thoại của đảng viên có trong danh sách của mọi thông báo"
        )
        self._show_push_log()

    def _deliveries(self, committee: Person, notice_id: str) -> list[dict[str, Any]]:
        """Return the fate of each push of a notice, once none waits any more."""

        def settled() -> list[dict[str, Any]] | None:
            lines = committee.client.pages(f"/notices/{notice_id}/deliveries")
            waits = not lines or any(line["state"] in _WAITING for line in lines)
            return None if waits and not self._venue.pushes_wait else lines

        return self._stage.wait(settled, "Gửi thông báo đẩy")

    def _show_push_log(self) -> None:
        log = self._venue.push_log
        if log is not None and log.is_file():
            with log.open("rb") as file:
                file.seek(max(0, log.stat().st_size - 20_000))
                whole = [line for line in file if line.startswith(b"{") and line.endswith(b"}\n")]
            for last in map(orjson.loads, whole[-1:]):
                self._stage.say(f"Lời trên màn hình khóa: «{last['title']}: {last['body']}»")

    def _recall(self, clerk: Person, member: Person, phone: Phone, mistaken: Published) -> None:
        self._stage.step("Thu hồi văn bản gửi nhầm")
        path = f"/documents/{mistaken.id}"
        clerk.client.post(f"{path}/recall", {"reason": "Gửi nhầm, văn bản đã có bản chính."})
        reading.show_changes(self._stage, phone.sync())
        self._stage.check(
            phone.find("document", mistaken.id) is None, "lần đồng bộ sau, văn bản rời điện thoại"
        )
        gone = member.client.call("GET", f"{path}/parts/1", expect=(200, 404)).status
        self._stage.check(gone == 404, "máy chủ không cho đọc nữa")  # noqa: PLR2004 - HTTP's number
        phone.sync()
        holders = clerk.client.pages(f"{path}/holders")
        own = [one for one in holders if one["device_id"] == str(member.device_id)]
        self._stage.check(
            own and own[0]["removed_at"],
            f"biết {len(holders)} thiết bị đã có văn bản; điện thoại này đã gỡ",
        )


def _figures(name: str, row: Mapping[str, Any]) -> tuple[object, ...]:
    percent = "" if row["percent"] is None else f"{row['percent']:.1f}"
    done = row["completed"] + row["completed_late"]
    kept = (row["targets"], done, row["started"], row["pending"])
    return (name, *kept, percent, row["no_device"], row["entered_by_secretary"])


def _names(book: bytes) -> list[str]:
    """Return the names inside a workbook; none when it is not one."""
    try:
        return zipfile.ZipFile(BytesIO(book)).namelist()
    except zipfile.BadZipFile:
        return []
