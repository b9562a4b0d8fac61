"""The inside of encrypted frames: AES in CBC mode with an initial vector of zeros, as hexadecimal digits."""

from typing import Any

from tocsin.model import BadInput, ConfigError

BLOCK_BYTES = 16
"""Size of an AES block: what is sealed is padded to a multiple of it."""

_PADDING = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-"


def key_of(text: str) -> bytes:
    """A key written as 32, 48 or 64 hexadecimal digits (AES-128, -192, -256); raises ConfigError without repeating it.

    >>> len(key_of("00112233445566778899AABBCCDDEEFF"))
    16
    """
    try:
        key = bytes.fromhex(text.strip())
    except ValueError:
        key = b""
    if len(key) not in (16, 24, 32):
        raise ConfigError("A DC-09 key is 32, 48 or 64 hexadecimal digits (AES-128, -192 or -256).")
    return key


def padding(length: int, noise: bytes) -> str:
    """Characters that fill a content of `length` bytes to whole blocks; a whole block where it is one already.

    They are drawn from `noise` (16 random bytes) and never hold a bracket or a bar (DC-09 section 5.4.4).
    """
    count = BLOCK_BYTES - length % BLOCK_BYTES
    return "".join(_PADDING[byte % len(_PADDING)] for byte in noise[:count].ljust(count, b"\x00"))


def seal(content: bytes, key: bytes) -> bytes:
    """Padded content as hexadecimal digits."""
    encryptor = _cipher(key).encryptor()
    sealed: bytes = encryptor.update(content) + encryptor.finalize()
    return sealed.hex().upper().encode()


def unseal(digits: bytes, key: bytes) -> bytes:
    """Content with its padding; raises BadInput for what is not whole blocks of hexadecimal digits."""
    try:
        sealed = bytes.fromhex(digits.decode("ascii"))
    except ValueError:
        raise BadInput("The encrypted part of this frame is not hexadecimal digits.") from None
    if not sealed or len(sealed) % BLOCK_BYTES:
        raise BadInput(f"The encrypted part of this frame is not whole blocks of {BLOCK_BYTES} bytes.")
    decryptor = _cipher(key).decryptor()
    content: bytes = decryptor.update(sealed) + decryptor.finalize()
    return content


def _cipher(key: bytes) -> Any:  # noqa: ANN401  # cryptography's class, imported lazily
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    return Cipher(algorithms.AES(key), modes.CBC(bytes(BLOCK_BYTES)))
