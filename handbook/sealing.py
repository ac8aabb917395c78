"""Sealed fields: encrypted one by one, found by a blind index.

A sealed value is ``length of key id (1 byte) · key id · nonce (12) · AES-256-GCM text and tag``.
The key id and the place of the field are authenticated with it, so a value moved to another row or
column does not open.
"""

import hashlib
import hmac
import os
import re
from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_KEY_BYTES = 32
_NONCE_BYTES = 12
_TAG_BYTES = 16
_KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")


class SealBroken(Exception):
    """A sealed value does not open: altered, cut short, moved, or its key is not at hand."""


def derive(secret: bytes, purpose: str) -> bytes:
    """Return the 32-byte key for one purpose (HKDF-SHA256, RFC 5869); same input, same key."""
    return HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=purpose.encode()).derive(
        secret
    )


class Sealer:
    """Seals and opens fields with one current key; older keys still open what they sealed."""

    def __init__(self, keys: Mapping[str, bytes], current: str, blind_key: bytes) -> None:
        """Take keys of 32 bytes by id, the id that seals, and the index key (32 bytes or more).

        ValueError if a key has the wrong length, an id is not 1–32 letters, digits, ``-`` or ``_``,
        or the current id is not among them.
        """
        if any(not _KEY_ID.fullmatch(name) for name in keys):
            message = "a key id is 1 to 32 letters, digits, hyphens or underscores"
            raise ValueError(message)
        if any(len(secret) != _KEY_BYTES for secret in keys.values()):
            message = "a sealing key has exactly 32 bytes"
            raise ValueError(message)
        if current not in keys:
            message = "the current sealing key is not among the keys"
            raise ValueError(message)
        if len(blind_key) < _KEY_BYTES:
            message = "the blind index key has at least 32 bytes"
            raise ValueError(message)
        self._ciphers = {name: AESGCM(secret) for name, secret in keys.items()}
        self._current = current
        self._blind_key = blind_key

    def seal(self, plain: str, *, bind: str) -> bytes:
        """Encrypt a text for one place, named ``table.column:row``; never the same bytes twice."""
        header = _header(self._current)
        nonce = os.urandom(_NONCE_BYTES)
        cipher = self._ciphers[self._current]
        return header + nonce + cipher.encrypt(nonce, plain.encode(), header + bind.encode())

    def open(self, sealed: bytes, *, bind: str) -> str:
        """Return the text sealed for this place; SealBroken if it cannot be trusted or read."""
        header, nonce, body = _split(sealed)
        cipher = self._ciphers.get(header[1:].decode("ascii", "replace"))
        if cipher is None:
            message = "the value was sealed with a key that is not at hand"
            raise SealBroken(message)
        try:
            return cipher.decrypt(nonce, body, header + bind.encode()).decode()
        except InvalidTag:
            message = "the sealed value was altered or belongs elsewhere"
            raise SealBroken(message) from None

    def blind(self, value: str, *, purpose: str) -> bytes:
        """Return the 32-byte blind index of a value: equal values of one purpose, equal bytes.

        The caller brings the value into its one form first (digits of a phone number, upper case).
        """
        key = hmac.digest(self._blind_key, purpose.encode(), hashlib.sha256)
        return hmac.digest(key, value.encode(), hashlib.sha256)


def _header(key_id: str) -> bytes:
    """Return the bytes that name a key at the head of a sealed value."""
    return bytes([len(key_id)]) + key_id.encode("ascii")


def _split(sealed: bytes) -> tuple[bytes, bytes, bytes]:
    """Cut a sealed value into header, nonce and body; SealBroken if it is too short."""
    end = 1 + sealed[0] if sealed else 1
    if len(sealed) < end + _NONCE_BYTES + _TAG_BYTES:
        message = "the sealed value is cut short"
        raise SealBroken(message)
    return sealed[:end], sealed[end : end + _NONCE_BYTES], sealed[end + _NONCE_BYTES :]
