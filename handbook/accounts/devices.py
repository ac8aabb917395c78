"""Devices: enrolled at sign-in, with the address push goes to, unlinked when a session ends."""

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import delete, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert

from handbook import clock, database
from handbook.access import Actor
from handbook.audit import service as audit
from handbook.errors import Conflict, NotFound
from models import Account, Device, DeviceAccount

_ALONE = text("SELECT pg_advisory_xact_lock(hashtextextended('device_address:' || :address, 0))")


def enrol(account: Account, given: Mapping[str, Any]) -> None:
    """Keep the device of a sign-in (``DeviceIn`` with its ``id``) and link it to the account.

    An address given is taken over from any other device; without one the known address stays.
    Raises Conflict ``device_taken`` for a device on which only others are enrolled, unless its
    address shows that it is at hand: its id alone would let anybody turn off their pushes.
    """
    _take_address(given["id"], given["address"])
    _demand_at_hand(account, given)
    fresh = {
        "platform": given["platform"],
        "app_version": given["app_version"],
        "refreshed_at": clock.now(),
    }
    if given["address"] is not None:
        fresh |= {"address": given["address"], "address_kind": given["kind"]}
    session = database.session()
    session.execute(
        insert(Device)
        .values(id=given["id"], **fresh)
        .on_conflict_do_update(index_elements=["id"], set_=fresh)
    )
    linked = session.execute(
        insert(DeviceAccount)
        .values(device_id=given["id"], account_id=account.id)
        .on_conflict_do_nothing()
        .returning(DeviceAccount.device_id)
    ).first()
    if linked is not None:
        _record(None, given["id"], account.id, account.member_id)


def refresh(actor: Actor, device_id: uuid.UUID, given: Mapping[str, Any]) -> Device:
    """Put what the actor's own device says of itself (``DeviceIn``); a null address ends push.

    Raises NotFound for any device but that of the session.
    """
    if device_id != actor.device_id:
        raise NotFound
    session = database.session()
    _take_address(device_id, given["address"])
    device = session.get_one(Device, device_id, with_for_update={"key_share": True})
    moved = (device.address, device.address_kind) != (given["address"], given["kind"])
    device.platform = given["platform"]
    device.address, device.address_kind = given["address"], given["kind"]
    device.app_version = given["app_version"]
    device.refreshed_at = clock.now()
    session.flush()
    if moved:
        _record(actor, device_id, actor.account_id, actor.member_id)
    return device


def unlink(pairs: Iterable[tuple[uuid.UUID, uuid.UUID]]) -> None:
    """Unlink (device, account) pairs: the account's notices are no longer pushed there."""
    key = tuple_(DeviceAccount.device_id, DeviceAccount.account_id)
    database.session().execute(delete(DeviceAccount).where(key.in_(list(pairs))))


def _demand_at_hand(account: Account, given: Mapping[str, Any]) -> None:
    linked = select(DeviceAccount.account_id).where(DeviceAccount.device_id == given["id"])
    session = database.session()
    enrolled = set(session.scalars(linked))
    if not enrolled or account.id in enrolled:
        return
    known = session.scalar(select(Device.address).where(Device.id == given["id"]))
    if known != given["address"]:
        raise Conflict("device_taken")


def _take_address(device_id: uuid.UUID, address: str | None) -> None:
    """Take an address from whichever device had it; two that want it at once come in turn."""
    if address is None:
        return
    session = database.session()
    session.execute(_ALONE, {"address": address})
    session.execute(
        update(Device)
        .where(Device.address == address, Device.id != device_id)
        .values(address=None, address_kind=None)
    )


def _record(
    actor: Actor | None, device_id: uuid.UUID, account_id: uuid.UUID, member_id: uuid.UUID
) -> None:
    audit.record(
        actor,
        "device.enrolled",
        "device",
        device_id,
        member_id=member_id,
        data={"account_id": str(account_id)},
    )
