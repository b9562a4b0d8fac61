"""An independent witness: remembers the last checkpoint of a log and cosigns only what continues it."""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tocsin.gate.durable import create_secret, make_folder, read_secret, replace_file, sync_folder
from tocsin.gate.ledger import note, tree
from tocsin.gate.ledger.note import WITNESS_KEY, Checkpoint, PublicKey
from tocsin.model.errors import Conflict, Tampered

PRIVATE = "witness.key"


class Witness:
    """Keeps what each log last showed; run it on another machine, under other hands."""

    def __init__(self, folder: Path, name: str, private: Ed25519PrivateKey) -> None:
        """Use `Witness.open`."""
        self._folder = folder
        self._name = note.check_name(name)
        self._private = private
        self._lock = Lock()

    @classmethod
    def open(cls, folder: Path, name: str) -> Self:
        """Open or begin a witness; its key (0600) and what it has seen lie in the folder."""
        path = folder / PRIVATE
        if not path.exists():
            create_secret(path, Ed25519PrivateKey.generate().private_bytes_raw())
        return cls(folder, name, Ed25519PrivateKey.from_private_bytes(read_secret(path)))

    @property
    def public_key(self) -> PublicKey:
        """The key by which the cosignatures are checked."""
        return note.public_key(self._name, self._private, WITNESS_KEY)

    def last(self, log: PublicKey) -> Checkpoint | None:
        """The newest checkpoint seen of a log; None before the first."""
        path = self._seen(log)
        return note.open_checkpoint(path.read_bytes(), log) if path.exists() else None

    def cosign(self, raw: bytes, log: PublicKey, proof: Sequence[bytes], now: float) -> bytes:
        """The checkpoint with the witness's signature, after `proof` from the last one seen to it.

        Raises Tampered for a note that the log did not sign and for a fork (both notes are
        kept as evidence), Conflict where the log has moved on: the message names the size to
        prove from (C2SP tlog-witness: 409).
        """
        with self._lock:
            point = note.open_checkpoint(raw, log)
            if point.origin != log.name:
                raise Tampered(f"The checkpoint is {point.origin}'s, but {log.name} signed it.")
            last = self.last(log)
            if last is not None:
                self._check(last, point, proof, raw, log)
            self._remember(raw, log)
            return raw + note.cosign(point.text, self._name, self._private, int(now)).line.encode()

    def _check(self, last: Checkpoint, point: Checkpoint, proof: Sequence[bytes], raw: bytes, log: PublicKey) -> None:
        if point.size < last.size:
            raise Conflict(f"The witness has already seen {last.size} receipts: prove consistency from that size.")
        if not tree.extends(last.size, point.size, last.root, point.root, proof):
            self._keep_evidence(raw, log, point)
            raise Tampered(
                f"{log.name} does not continue what it showed before ({last.size} receipts): it was forked, or the "
                "proof is wrong. Nothing is cosigned; both checkpoints are kept."
            )

    def _seen(self, log: PublicKey) -> Path:
        return self._folder / "seen" / sha256(log.text.encode()).hexdigest()

    def _remember(self, raw: bytes, log: PublicKey) -> None:
        """On disk before the signature leaves: a witness that forgets could sign both sides of a fork."""
        path = self._seen(log)
        make_folder(path.parent)
        replace_file(path, raw)
        sync_folder(path.parent)

    def _keep_evidence(self, raw: bytes, log: PublicKey, point: Checkpoint) -> None:
        name = f"{sha256(log.text.encode()).hexdigest()[:16]}-{point.size}-{point.root.hex()[:16]}"
        folder = self._folder / "forks" / name
        make_folder(folder)
        replace_file(folder / "shown-before", self._seen(log).read_bytes())
        replace_file(folder / "shown-now", raw)
        sync_folder(folder)
