"""A world with one object of each kind, made over HTTP in a commune, and rights next door."""

import io
import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from handbook import clock, database
from handbook.documents import due as documents
from handbook.http import Handbook
from handbook.studies import due as studies
from models import Member, Unit
from push.work import Work
from tests.support import build
from tests.support.phone import Phone

POSTS = ("secretary", "clerk", "organisation_officer", "propaganda_officer", "administrator")
IN_TIME = timedelta(days=30)


@dataclass(frozen=True)
class World:
    """``boss`` holds every right in the commune, ``reader`` is a member there without a post.

    ``foreign`` holds every right in the commune next door and ``stranger`` is a member there.
    ``things`` are the values of path and query parameters that name something of the commune.
    """

    boss: Phone
    reader: Phone
    foreign: Phone
    stranger: Phone
    things: dict[str, Any]
    audience: dict[str, Any]

    def named(self, value: Any, name: str = "") -> Any:
        """Return a sample with the ids of the world in the fields that ask for one."""
        if isinstance(value, dict):
            told = {key: self.named(inner, key) for key, inner in value.items()}
            return told | ({"audience": self.audience} if "audience" in told else {})
        if isinstance(value, list):
            return [self.named(inner, name.removesuffix("s")) for inner in value]
        return str(self.things[name]) if name.endswith("_id") and name in self.things else value


def _boss(app: Handbook, commune: Unit, name: str) -> tuple[Phone, Member]:
    member = build.member(build.unit(commune), name)
    for role in POSTS:
        build.position(member, commune, role)
    return Phone(app, member), member


def make(app: Handbook) -> World:
    """Return the world, all of it written into the current transaction."""
    root = build.unit(kind="province", name="Đảng bộ tỉnh")
    here, there = build.unit(root, "commune"), build.unit(root, "commune")
    cell = build.unit(here, name="Chi bộ thôn Đông")
    boss, chief = _boss(app, here, "Trần Thị Bình")
    foreign, _ = _boss(app, there, "Lê Văn Cường")
    who = build.member(cell, "Phạm Thị Dung")
    reader = Phone(app, who, build.device(who, "address of the reader"))
    stranger = Phone(app, build.member(build.unit(there), "Đỗ Văn Em"))
    document_id, version_id = _publish(boss, here)
    session = reader.session
    assert session
    things = {
        "unit_id": cell.id,
        "member_id": who.id,
        "chair_id": chief.id,
        "document_id": document_id,
        "version_id": version_id,
        "material_id": document_id,
        "campaign_id": _study(boss, here, document_id),
        "meeting_id": _meet(boss, cell, document_id),
        "notice_id": next(
            one["id"]
            for one in reader.get("/inbox").json["items"]
            if one["object_id"] == str(document_id)
        ),
        "session_id": session.id,
        "device_id": session.device_id,
        "position_id": build.position(build.member(cell), cell, "note_taker").id,
        "number": 1,
    }
    record = f"/campaigns/{things['campaign_id']}/members/{who.id}/record"
    day = clock.today().isoformat()
    _made(boss.put(record, {"form": "paper", "studied_on": day}))
    return World(boss, reader, foreign, stranger, things, _audience(here))


def _audience(unit: Unit) -> dict[str, Any]:
    return {"include": [{"unit_id": str(unit.id), "reach": "below", "role": "everyone"}]}


def _made(answer: Any) -> dict[str, Any]:
    assert answer.status_code in {200, 201, 202}, answer.json
    found: dict[str, Any] = answer.json
    return found


def _publish(boss: Phone, unit: Unit) -> tuple[uuid.UUID, uuid.UUID]:
    draft = {
        "unit_id": str(unit.id),
        "secrecy": "none",
        "type_code": "report",
        "abstract": "Kết quả học tập quý III",
        "urgency": "ordinary",
        "circulation": "internal",
    }
    found = _made(boss.post("/documents", draft))["id"]
    file = (io.BytesIO("Phần một.\n\nPhần hai.".encode()), "a.txt")
    version = _made(boss.post(f"/documents/{found}/versions", data={"file": file}))["id"]
    work(documents.WORKS[0])
    publication = {"audience": _audience(unit), "attestation": True}
    _made(boss.post(f"/documents/{found}/publication", publication))
    return uuid.UUID(found), uuid.UUID(version)


def _study(boss: Phone, unit: Unit, document_id: uuid.UUID) -> uuid.UUID:
    draft = {
        "unit_id": str(unit.id),
        "title": "Học tập nghị quyết",
        "document_ids": [str(document_id)],
        "deadline": clock.local(clock.now() + IN_TIME).isoformat(),
    }
    found = _made(boss.post("/campaigns", draft))["id"]
    _made(boss.post(f"/campaigns/{found}/issuance", {"audience": _audience(unit)}))
    for one in studies.WORKS:
        while work(one):
            pass
    return uuid.UUID(found)


def _meet(boss: Phone, unit: Unit, document_id: uuid.UUID) -> uuid.UUID:
    draft = {
        "unit_id": str(unit.id),
        "kind": "regular",
        "title": "Sinh hoạt thường kỳ",
        "starts_at": clock.local(clock.now() + IN_TIME).isoformat(),
        "minutes_planned": 90,
        "place": "Nhà văn hóa thôn",
        "material_ids": [str(document_id)],
    }
    found = _made(boss.post("/meetings", draft))["id"]
    _made(boss.post(f"/meetings/{found}/invitations", {}))
    return uuid.UUID(found)


def work(wanted: Work) -> int:
    """Do one round of a work in the current session; return how many rows were claimed."""
    session = database.session()
    claimed = wanted.claim(session)
    if claimed:
        done = wanted.do(claimed) if wanted.do else None
        wanted.settle(session, claimed, done)
        session.flush()
    return len(claimed)
