import io, uuid
import pytest
from handbook import database, clock, ids
from handbook.audiences import service as audiences
from handbook.access import Permission, load_actor
from tests.support import build, library, counting
from tests.support.phone import Phone
from datetime import timedelta


def test_upload_retry(app, db):
    scene = library.make()
    clerk = Phone(app, scene.clerk)
    draft = library.drafted(clerk, scene)
    key = build.key()
    out = []
    for _ in range(2):
        a = clerk.post(f"/documents/{draft['id']}/versions", data={"file": (io.BytesIO("Văn bản dài.\n".encode()*300), "a.txt")}, headers={"Idempotency-Key": key})
        out.append((a.status_code, a.headers.get("Idempotent-Replayed"), a.json))
    print(out)
    assert out[1][1] == "true", out


def test_delete_material(app, db):
    scene = library.make()
    clerk = Phone(app, scene.clerk)
    draft = library.drafted(clerk, scene)
    m = clerk.post("/meetings", {"unit_id": str(scene.commune.id), "kind": "regular", "title": "x", "starts_at": (clock.now()+timedelta(days=3)).isoformat(), "minutes_planned": 90, "place": "x", "material_ids": [draft["id"]]})
    assert m.status_code == 201, m.json
    a = clerk.delete(f"/documents/{draft['id']}", headers={"If-Match": '"1"'})
    assert a.status_code == 409, a.json


def test_terms(app, db):
    scene = library.make()
    units = [build.unit(scene.commune) for _ in range(60)]
    s = build.session_of(scene.clerk)
    actor = load_actor(db, s.id, s.account_id)
    with counting.statements() as found:
        audiences.address(actor, "document", {"include": [{"unit_id": u.id} for u in units]}, permission=Permission.DOCUMENT_PUBLISH)
    assert len(found) < 12, len(found)


def test_takeover(app, db):
    scene = library.make()
    dev = build.device(scene.reader, "victims")
    from handbook.accounts import devices
    acc = build.account(scene.other_reader)
    devices.enrol(acc, {"id": dev.id, "platform": "android", "kind": "token", "address": "attacker", "app_version": None})
    db.expire_all()
    assert dev.address == "victims"
