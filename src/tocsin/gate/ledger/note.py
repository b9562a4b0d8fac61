"""Checkpoints as C2SP signed notes: text, Ed25519 signatures of log and witness, keys as text."""

import re
from base64 import b64decode, b64encode
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from msgspec import Struct

from tocsin.model.errors import ConfigError, Tampered

LOG_KEY = 0x01
"""Signature type of a log: Ed25519 over the note's text (C2SP signed-note)."""
WITNESS_KEY = 0x04
"""Signature type of a witness: timestamped Ed25519 (C2SP tlog-cosignature)."""
_NAME = re.compile(r"[^\s+]+")
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")
_DASH = "\N{EM DASH}"


class Checkpoint(Struct, frozen=True):
    """What a log says of itself: whose log, how many leaves, which root."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """Three lines, as they are signed (C2SP tlog-checkpoint)."""
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n"


class PublicKey(Struct, frozen=True):
    """A name with an Ed25519 public key and what kind of signature it makes."""

    name: str
    raw: bytes
    kind: int = LOG_KEY

    @property
    def id(self) -> bytes:
        """Four bytes that signatures carry: SHA-256 over name, newline, kind and key."""
        return sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.raw).digest()[:4]

    @property
    def text(self) -> str:
        """The key as `name+id+base64`, the form in which verifier keys are handed on."""
        return f"{self.name}+{self.id.hex()}+{b64encode(bytes([self.kind]) + self.raw).decode()}"

    def check(self, signature: bytes, message: bytes) -> bool:
        """Say whether the signature is this key's over the message."""
        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, message)
        except InvalidSignature:
            return False
        return True


class Signature(Struct, frozen=True):
    """One signature line of a note: whose, by which key, the bytes behind the key id."""

    name: str
    key_id: bytes
    content: bytes

    @property
    def line(self) -> str:
        """The line as it stands in the note, with its newline."""
        return f"{_DASH} {self.name} {b64encode(self.key_id + self.content).decode()}\n"


def check_name(name: str) -> str:
    """The name, if it can name a key; raises ConfigError for blanks and plus signs."""
    if not _NAME.fullmatch(name):
        raise ConfigError(f"{name!r} cannot name a ledger: use a host-like name without blanks and `+`.")
    return name


def public_key(name: str, private: Ed25519PrivateKey, kind: int = LOG_KEY) -> PublicKey:
    """The public half under a name."""
    return PublicKey(check_name(name), private.public_key().public_bytes_raw(), kind)


def parse_key(text: str) -> PublicKey:
    """Read `name+id+base64`; raises Tampered where its parts do not fit together."""
    name, _, rest = text.strip().partition("+")
    raw = _decoded(rest.partition("+")[2])
    if len(raw) != 1 + 32:
        raise Tampered("This is not a public key: its form is name+id+base64.")
    key = PublicKey(name, raw[1:], raw[0])
    if key.text != text.strip():
        raise Tampered("The public key does not fit its own id: it was changed.")
    return key


def sign(text: str, name: str, private: Ed25519PrivateKey) -> bytes:
    """A note: the text, an empty line, the signature line of a log."""
    signature = Signature(name, public_key(name, private).id, private.sign(text.encode()))
    return f"{text}\n{signature.line}".encode()


def cosign(text: str, name: str, private: Ed25519PrivateKey, at: int) -> Signature:
    """A witness's signature over the same text with the time in seconds."""
    content = at.to_bytes(8, "big") + private.sign(_cosigned(text, at))
    return Signature(name, public_key(name, private, WITNESS_KEY).id, content)


def parse_note(raw: bytes) -> tuple[str, tuple[Signature, ...]]:
    """Text and signature lines of a note; raises Tampered where it is not written in the one right way."""
    try:
        text, empty, rest = raw.decode().rpartition("\n\n")
    except UnicodeDecodeError as error:
        raise Tampered("The checkpoint is not text: it was changed.") from error
    signatures = tuple(map(_signature, rest.splitlines()))
    note = text + "\n"
    if not empty or f"{note}\n{''.join(signature.line for signature in signatures)}".encode() != raw:
        raise Tampered("The checkpoint is not written as a signed note: it was changed.")
    return note, signatures


def parse_checkpoint(text: str) -> Checkpoint:
    """Read the text of a note; raises Tampered where it is no checkpoint."""
    lines = text.split("\n")
    if len(lines) != 4 or not _SIZE.fullmatch(lines[1]):  # three lines and the end of the last
        raise Tampered("The checkpoint is not three lines of origin, size and root: it was changed.")
    point = Checkpoint(lines[0], int(lines[1]), _decoded(lines[2]))
    if point.text != text:
        raise Tampered("The root in the checkpoint is not written as base64: it was changed.")
    return point


def is_signed(text: str, signatures: tuple[Signature, ...], key: PublicKey) -> bool:
    """Say whether one of the signatures is a valid one of this key (log or witness)."""
    mine = [signature.content for signature in signatures if (signature.name, signature.key_id) == (key.name, key.id)]
    if key.kind == WITNESS_KEY:
        return any(key.check(content[8:], _cosigned(text, int.from_bytes(content[:8], "big"))) for content in mine)
    return any(key.check(content, text.encode()) for content in mine)


def open_checkpoint(raw: bytes, key: PublicKey) -> Checkpoint:
    """The checkpoint in a note signed by this log's key; raises Tampered for any other."""
    text, signatures = parse_note(raw)
    if not is_signed(text, signatures, key):
        raise Tampered(f"The checkpoint carries no valid signature of {key.name}: it was changed, or the key was.")
    return parse_checkpoint(text)


def _signature(line: str) -> Signature:
    dash, _, rest = line.partition(" ")
    name, _, encoded = rest.partition(" ")
    raw = _decoded(encoded)
    if dash != _DASH or len(raw) <= 4:  # the key id alone is no signature
        raise Tampered("A signature line of the checkpoint cannot be read: it was changed.")
    return Signature(name, raw[:4], raw[4:])


def _cosigned(text: str, at: int) -> bytes:
    return f"cosignature/v1\ntime {at}\n{text}".encode()


def _decoded(encoded: str) -> bytes:
    """Bytes of canonical base64; nothing for anything else, which no comparison accepts."""
    try:
        return b64decode(encoded, validate=True)
    except ValueError:
        return b""
