"""Devices: who may enrol on one that others have."""

import uuid
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from handbook.accounts import devices
from handbook.errors import Conflict
from models import Account, Device, DeviceAccount
from tests.support import build


def given(device: Device, address: str | None, **more: Any) -> dict[str, Any]:
    kind = "token" if address else None
    whole = {"id": device.id, "platform": "android", "app_version": None}
    return {**whole, "kind": kind, "address": address, **more}


def enrolled(db: Session, device: Device) -> set[uuid.UUID]:
    of = DeviceAccount.device_id == device.id
    return set(db.scalars(select(DeviceAccount.account_id).where(of)))


@pytest.fixture
def stranger(db: Session) -> Account:
    return build.account(build.member())


def test_only_who_has_the_device_at_hand_enrols_on_it_too(db: Session, stranger: Account) -> None:
    owner = build.member()
    device = build.device(owner, "address-1")
    for address in ("address-2", None):
        with pytest.raises(Conflict, match="device_taken"):
            devices.enrol(stranger, given(device, address))
    db.refresh(device)
    assert device.address == "address-1"
    assert enrolled(db, device) == {build.account(owner).id}
    devices.enrol(stranger, given(device, "address-1"))
    assert enrolled(db, device) == {build.account(owner).id, stranger.id}


def test_the_owner_and_the_next_owner_bring_a_new_address(db: Session, stranger: Account) -> None:
    owner = build.member()
    device = build.device(owner, "address-1")
    devices.enrol(build.account(owner), given(device, "address-2"))
    devices.unlink([(device.id, build.account(owner).id)])
    devices.enrol(stranger, given(device, "address-3"))
    db.refresh(device)
    assert device.address == "address-3"
    assert enrolled(db, device) == {stranger.id}
