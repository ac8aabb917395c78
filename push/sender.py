"""What a sender of push messages is given, what it answers, and what may be relied on.

A push is a wake-up, never the truth: it carries a generic title, no names and no document
content. The inbox holds the notice itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol
from uuid import UUID

AddressKind = Literal["token", "fid"]
Kind = Literal["accepted", "retry", "dead", "invalid", "throttled", "misconfigured"]


@dataclass(frozen=True, slots=True)
class Message:
    """One wake-up for one device.

    ``id`` is the outbox row. ``address`` is what the push service calls the device, of kind
    ``address_kind``. ``collapse_key`` (at most 64 bytes) lets a newer message replace an older one
    that still waits. ``ttl_seconds`` is how long the service may keep trying; ``urgent`` asks it
    to wake a sleeping device.
    """

    id: UUID
    address_kind: AddressKind
    address: str
    title: str
    body: str
    data: Mapping[str, str]
    collapse_key: str | None
    ttl_seconds: int
    urgent: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one message; ``id`` is the message's.

    - ``accepted``: the service took it; ``provider_id`` is its name there.
    - ``retry``: try again later; it was perhaps delivered (a time-out, a broken connection).
    - ``dead``: the address will never work again.
    - ``invalid``: this message will never be taken; says nothing certain about the device.
    - ``throttled``: stop sending anything; ``retry_after_seconds`` if the service named a time.
    - ``misconfigured``: keys or rights of this installation are wrong; somebody must look.

    ``reason`` is a stable code for logs and counts, never text from the service.
    ``retry_after_seconds`` may also come with ``retry``; it lies within 0 and one day.
    """

    id: UUID
    kind: Kind
    reason: str
    provider_id: str | None = None
    retry_after_seconds: float | None = None


class Sender(Protocol):
    """Sends messages to devices; blocks until each one's fate is known or timed out."""

    def send(self, messages: Sequence[Message]) -> list[Outcome]:
        """Send ``messages``; return one outcome for each, in the same order.

        An empty list gives an empty list. Nothing is sent twice within one call, and a fault of
        the service or the network is an outcome, never an exception.
        """
        ...
