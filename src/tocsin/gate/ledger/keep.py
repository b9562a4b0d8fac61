"""What a ledger needs to be opened: its lock, its signing key, its last checkpoint."""

import fcntl
import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tocsin.gate.durable import create_secret, make_private_folder, read_secret, replace_file, sync_folder
from tocsin.gate.ledger import note, tree
from tocsin.gate.ledger.note import Checkpoint, PublicKey
from tocsin.model.errors import ConfigError, StoreError, Tampered

CHECKPOINT = "checkpoint"
PUBLIC = "key.pub"
PRIVATE = "ledger.key"
RESERVE = "reserve"
LOCK = "ledger.lock"


def lock(private_folder: Path) -> int:
    """Hold the ledger for one writer; raises StoreError where another process writes."""
    make_private_folder(private_folder)
    handle = os.open(private_folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(handle)
        raise StoreError("Another process writes this ledger: stop it first, or use `tocsin ledger verify`.") from error
    return handle


def signing_key(folder: Path, private_folder: Path, origin: str) -> Ed25519PrivateKey:
    """The log's private key, made with the ledger; the public half is laid beside the log."""
    private = _private_key(folder, private_folder)
    public = note.public_key(origin, private).text + "\n"
    path = folder / PUBLIC
    if not path.exists():
        replace_file(path, public.encode())
        sync_folder(folder)
    elif path.read_text(errors="replace") != public:
        raise ConfigError(
            f"This ledger belongs to another origin or key than {origin!r}: its {PUBLIC} differs. "
            "Use the origin and private folder that it was made with."
        )
    return private


def read_public_key(folder: Path) -> PublicKey:
    """The key beside the log; raises Tampered where it is missing or changed."""
    path = folder / PUBLIC
    if not path.exists():
        raise Tampered(f"{PUBLIC} is missing: put it back, or give the public key that you were handed.")
    text = path.read_bytes()
    key = note.parse_key(text.decode(errors="replace"))
    if key.text.encode() + b"\n" != text:
        raise Tampered(f"{PUBLIC} is not written as a key with one line end: it was changed.")
    return key


def last_checkpoint(folder: Path, private: Ed25519PrivateKey, origin: str) -> Checkpoint:
    """The signed state of the log, a first one for a new log; raises Tampered where it was taken away."""
    path = folder / CHECKPOINT
    if not path.exists():
        if any((folder / name).exists() for name in ("tile", "bodies")):
            raise Tampered(f"The ledger has entries but no {CHECKPOINT}: it was taken away. Restore it from a copy.")
        stage(folder, Checkpoint(origin, 0, tree.EMPTY_ROOT), private)
        publish(folder)
    return note.open_checkpoint(path.read_bytes(), note.public_key(origin, private))


def stage(folder: Path, point: Checkpoint, private: Ed25519PrivateKey) -> None:
    """Put a newly signed checkpoint in place of the last, not yet flushed in its folder."""
    replace_file(folder / CHECKPOINT, note.sign(point.text, point.origin, private))


def publish(folder: Path) -> None:
    """Make the checkpoint's name durable."""
    sync_folder(folder)


def _private_key(folder: Path, private_folder: Path) -> Ed25519PrivateKey:
    path = private_folder / PRIVATE
    if path.exists():
        return Ed25519PrivateKey.from_private_bytes(read_secret(path))
    if (folder / CHECKPOINT).exists():
        raise StoreError(f"The ledger's private key {PRIVATE} is missing: restore it, or begin a new ledger elsewhere.")
    private = Ed25519PrivateKey.generate()
    create_secret(path, private.private_bytes_raw())
    return private
