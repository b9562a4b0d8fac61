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
        cipher = AESGCM(self.keys.key(cls, hour))
        return VERSION + nonce + cipher.encrypt(nonce, self._compressor().compress(plain), _bound(cls, hour, name))

    def unseal(self, cls: str, hour: int, name: str, sealed: bytes) -> bytes:
        """What was sealed; raises Tampered naming the row, or StoreError where the key was dropped."""
        cipher = AESGCM(self.keys.key(cls, hour))
        start = len(VERSION) + NONCE_BYTES
        try:
            if sealed[:1] != VERSION:
                raise InvalidTag
            packed = cipher.decrypt(sealed[1:start], sealed[start:], _bound(cls, hour, name))
        except (InvalidTag, ValueError) as error:
            message = (
                f"Row {name!r} does not match its seal: it was altered, or the key ring is not the one of this folder."
            )
            raise Tampered(message) from error
        return self._unpacked(packed, name)

    def _unpacked(self, packed: bytes, name: str) -> bytes:
        try:
            return zstandard.ZstdDecompressor().decompress(packed)
        except zstandard.ZstdError as error:
            message = f"Row {name!r} is sealed but cannot be unpacked ({error}): restore it from a backup."
            raise Tampered(message) from error

    def _compressor(self) -> zstandard.ZstdCompressor:
        found: zstandard.ZstdCompressor | None = getattr(self._local, "compressor", None)
        if found is None:
            found = self._local.compressor = zstandard.ZstdCompressor(level=1)
        return found


def _bound(cls: str, hour: int, name: str) -> bytes:
    return f"tocsin/1\x1f{cls}\x1f{hour}\x1f{name}".encode()
