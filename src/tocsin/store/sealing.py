"""Bytes at rest: compressed (zstd), then sealed (AES-256-GCM) with the key of a retention class and hour."""

import os
import threading
from typing import Protocol

import zstandard
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tocsin.model import Tampered

NONCE_BYTES = 12
VERSION = b"\x01"
"""First byte of everything sealed: what follows is nonce, ciphertext, tag (NIST SP 800-38D)."""

PLAIN = b"\x02"
"""The same, of content that was not compressed."""

SHORT_BYTES = 512
"""Shorter content is sealed as it is: compressing the small state of a sensor costs more than it saves."""


class Keys(Protocol):
    """Where the data keys come from; the gate's key ring is one."""

    def key(self, cls: str, hour: int) -> bytes:
        """32 bytes for a retention class and an hour (hours since 1970); StoreError once dropped."""
        ...

    def drop_before(self, cls: str, hour: int) -> int:
        """Destroy all keys of the class for hours before `hour`; how many there were."""
        ...


def hour_of(at: float) -> int:
    """The hour since 1970 in which a moment lies."""
    return int(at // 3600)


class Sealer:
    """Seals and opens; safe to use from several threads.

    The name of a row is bound to its content, so rows cannot be swapped. Nonces are random:
    at most 2**32 rows an hour and class stay far within the bound of SP 800-38D.
    """

    def __init__(self, keys: Keys) -> None:
        self.keys = keys
        self._local = threading.local()

    def seal(self, cls: str, hour: int, name: str, plain: bytes) -> bytes:
        """Compress and encrypt; raises StoreError where the key was dropped."""
        nonce = os.urandom(NONCE_BYTES)
        cipher = self._cipher(self.keys.key(cls, hour))
        short = len(plain) < SHORT_BYTES
        packed = plain if short else self._compressor().compress(plain)
        return (PLAIN if short else VERSION) + nonce + cipher.encrypt(nonce, packed, _bound(cls, hour, name, short))

    def unseal(self, cls: str, hour: int, name: str, sealed: bytes) -> bytes:
        """What was sealed; raises Tampered naming the row, or StoreError where the key was dropped."""
        cipher = self._cipher(self.keys.key(cls, hour))
        start = len(VERSION) + NONCE_BYTES
        short = sealed[:1] == PLAIN
        try:
            if not short and sealed[:1] != VERSION:
                raise InvalidTag
            packed = cipher.decrypt(sealed[1:start], sealed[start:], _bound(cls, hour, name, short))
        except (InvalidTag, ValueError) as error:
            message = (
                f"Row {name!r} does not match its seal: it was altered, or the key ring is not the one of this folder."
            )
            raise Tampered(message) from error
        return packed if short else self._unpacked(packed, name)

    def _unpacked(self, packed: bytes, name: str) -> bytes:
        try:
            return zstandard.ZstdDecompressor().decompress(packed)
        except zstandard.ZstdError as error:
            message = f"Row {name!r} is sealed but cannot be unpacked ({error}): restore it from a backup."
            raise Tampered(message) from error

    def _cipher(self, key: bytes) -> AESGCM:
        """The cipher of this key: the last one of this thread, since many rows in a row share a key."""
        last: tuple[bytes, AESGCM] | None = getattr(self._local, "cipher", None)
        if last is None or last[0] != key:
            last = self._local.cipher = (key, AESGCM(key))
        return last[1]

    def _compressor(self) -> zstandard.ZstdCompressor:
        found: zstandard.ZstdCompressor | None = getattr(self._local, "compressor", None)
        if found is None:
            found = self._local.compressor = zstandard.ZstdCompressor(level=1)
        return found


def _bound(cls: str, hour: int, name: str, short: bool) -> bytes:  # noqa: FBT001
    """What is bound to the content; of which form it is, too."""
    return f"tocsin/{2 if short else 1}\x1f{cls}\x1f{hour}\x1f{name}".encode()
