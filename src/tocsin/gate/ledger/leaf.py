"""What a leaf holds: the receipt's pseudonymous id and a salted hash. What was said lies elsewhere, erasable."""

from collections.abc import Callable
from hashlib import sha256

import msgspec
from msgspec import Struct

from tocsin.model import BadInput, Receipt, Tampered

SALT = 16
"""Bytes of salt: without them a leaf cannot be matched to a guessed receipt."""
ID_BYTES_MAX = 120
BODY_BYTES_MAX = 16_384
VERSION = b"\x01"
_encoder = msgspec.json.Encoder(order="deterministic")
_decoder = msgspec.json.Decoder(Receipt)


class Sealed(Struct, frozen=True):
    """A receipt ready for the ledger: its salt, its bytes, its leaf."""

    salt: bytes
    body: bytes
    entry: bytes


def entry_of(receipt_id: str, salt: bytes, body: bytes) -> bytes:
    """The leaf data: a version byte, SHA-256 over salt and body, the id."""
    return VERSION + sha256(salt + body).digest() + receipt_id.encode()


def seal(receipt: Receipt, salt_of: Callable[[int], bytes]) -> Sealed:
    """Encode and salt a receipt; raises BadInput for one that is too long to be a receipt."""
    body, salt = _encoder.encode(receipt), salt_of(SALT)
    if len(body) > BODY_BYTES_MAX or not 0 < len(receipt.id.encode()) <= ID_BYTES_MAX:
        raise BadInput(f"A receipt has an id of 1 to {ID_BYTES_MAX} bytes and a body of at most {BODY_BYTES_MAX}.")
    return Sealed(salt, body, entry_of(receipt.id, salt, body))


def opened(body: bytes) -> Receipt:
    """The receipt in these bytes; raises Tampered where they are none."""
    try:
        return _decoder.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Tampered(f"The body is not a receipt: {error}.") from error


def resealed(salt: bytes, body: bytes) -> bytes:
    """The leaf data of a stored body; raises Tampered where it holds no receipt."""
    return entry_of(opened(body).id, salt, body)
