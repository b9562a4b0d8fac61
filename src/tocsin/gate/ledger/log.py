"""The ledger: receipts go in, durable and signed before `append` returns, and never change."""

import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from threading import RLock
from typing import Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tocsin.gate.durable import make_folder, write_files
from tocsin.gate.ledger import keep, leaf, note, tree
from tocsin.gate.ledger.bodies import Bodies
from tocsin.gate.ledger.edge import Edge
from tocsin.gate.ledger.erasure import ERASURE, covered, erasure
from tocsin.gate.ledger.note import Checkpoint, PublicKey
from tocsin.gate.ledger.reserve import FULL, RESERVE_BYTES, Reserve
from tocsin.gate.ledger.subjects import Subjects
from tocsin.gate.ledger.tiles import TileReader
from tocsin.model import BadInput, Conflict, NotFound, Receipt, StoreError, Tampered


class Ledger:
    """An RFC 9162 log in C2SP tlog-tiles files with erasable bodies beside it. One writer; thread-safe.

    Bodies are flushed first, then entries and tiles, then the signed checkpoint; a crash in
    between is mended by `open`, which takes in the bodies that no checkpoint covers yet.
    """

    def __init__(self, folder: Path, origin: str, private: Ed25519PrivateKey, lock: int) -> None:
        """Use `Ledger.open`."""
        self._folder = folder
        self._origin = origin
        self._private = private
        self._lock_handle = lock
        self._lock = RLock()
        self._broken = ""

    @classmethod
    def open(
        cls,
        folder: Path,
        private_folder: Path,
        origin: str,
        *,
        reserve_bytes: int = RESERVE_BYTES,
        salt_of: Callable[[int], bytes] = os.urandom,
    ) -> Self:
        """Open or begin a ledger; `origin` names it, its private key lies in `private_folder` (0600).

        Raises Tampered where log and checkpoint do not agree, ConfigError for another's
        ledger, StoreError where another process writes or the key is missing.
        """
        note.check_name(origin)
        make_folder(folder)
        handle = keep.lock(private_folder)
        with ExitStack() as undo:
            undo.callback(os.close, handle)
            ledger = cls(folder, origin, keep.signing_key(folder, private_folder, origin), handle)
            ledger._recover(salt_of, reserve_bytes)
            undo.pop_all()
        return ledger

    @property
    def size(self) -> int:
        """How many receipts were ever written."""
        return self._edge.size

    @property
    def public_key(self) -> PublicKey:
        """The key to hand to auditors and witnesses."""
        return note.public_key(self._origin, self._private)

    def root(self) -> bytes:
        """The root hash over all receipts (32 bytes)."""
        return self._edge.root()

    def checkpoint(self) -> bytes:
        """The signed note that stands for the whole ledger now."""
        return (self._folder / keep.CHECKPOINT).read_bytes()

    def append(self, receipt: Receipt, *, life: bool = False) -> int:
        """Write one receipt; its index comes back once it is on disk and signed."""
        return self.append_many([receipt], life=life)[0]

    def append_many(self, receipts: Sequence[Receipt], *, life: bool = False) -> list[int]:
        """Write receipts together (a handful of flushes for all of them).

        `life` marks receipts of life-safety acts: on a full disk they may use the reserve.
        Raises StoreError where the disk does not take them: then the act must not happen.
        """
        if any(receipt.act == ERASURE for receipt in receipts):
            raise BadInput("Erasures write their own receipt: call `erase_many`.")
        return self._append(receipts, life=life)

    def receipts(self, subject: str | None = None, limit: int = 1000) -> list[tuple[int, Receipt | None]]:
        """The newest receipts in order of writing, at most `limit`; None for an erased body.

        `subject` keeps those about it, or about the incident it names. What was erased is
        about nobody any more, and is left out then.
        """
        with self._lock:
            wanted: Sequence[int] = range(self.size) if subject is None else self._subjects.of(subject, self._all)
            return list(self._opened(wanted[-limit:] if limit > 0 else []))

    def erase(self, index: int, *, at: float | None = None, by: str = "retention") -> int:
        """Take away what a receipt says; its leaf stays provable. Gives the index of the erasure's own receipt."""
        return self.erase_many([index], at=at, by=by)

    def erase_many(self, indices: Sequence[int], *, at: float | None = None, by: str = "retention") -> int:
        """Erase bodies under one receipt, written first (`at` defaults to the newest receipt's time).

        Raises NotFound beyond the end, Conflict for the receipt of an erasure, which proves
        that what is missing was not stolen.
        """
        with self._lock:
            for index, receipt in self._opened(sorted(set(indices))):
                if receipt is not None and receipt.act == ERASURE:
                    raise Conflict(f"Receipt {index} proves an erasure and stays.")
            receipt = erasure(indices, self._newest_at() if at is None else at, by, self.size)
            written = self._append([receipt], life=True)[0]  # erasing must work on a full disk
            self._take_away(receipt)
            return written

    def inclusion(self, index: int, size: int | None = None) -> list[bytes]:
        """The proof that receipt `index` is in the ledger of `size` (now: all of it)."""
        with self._lock:
            size = self._known_size(size)
            if not 0 <= index < size:
                raise NotFound(f"There is no receipt {index} in a ledger of {size}.")
            return tree.inclusion(index, size, TileReader(self._folder, self.size))

    def consistency(self, old: int, new: int | None = None) -> list[bytes]:
        """The proof that the ledger of `old` receipts is the beginning of that of `new` (now: all of it)."""
        with self._lock:
            new = self._known_size(new)
            if not 0 <= old <= new:
                raise NotFound(f"A ledger of {new} has no beginning of {old} receipts.")
            return tree.consistency(old, new, TileReader(self._folder, self.size))

    def root_at(self, size: int) -> bytes:
        """The root that the ledger had when it held `size` receipts."""
        with self._lock:
            return tree.root(self._known_size(size), TileReader(self._folder, self.size))

    def close(self) -> None:
        """Let another process write."""
        with self._lock:
            if not self._broken:
                self._broken = "it is closed"
            if self._lock_handle >= 0:
                os.close(self._lock_handle)
                self._lock_handle = -1

    def _append(self, receipts: Sequence[Receipt], *, life: bool) -> list[int]:
        with self._lock:
            self._usable()
            if not life:
                self._reserve.require()
            sealed = [leaf.seal(receipt, self._salt_of) for receipt in receipts]
            first = self.size
            if sealed:
                self._write_or_refuse(sealed, life=life)
                self._subjects.add(first, receipts)
            return list(range(first, self.size))

    def _recover(self, salt_of: Callable[[int], bytes], reserve_bytes: int) -> None:
        """Check the edge against the signature, then take in what a crash left beyond it."""
        point = keep.last_checkpoint(self._folder, self._private, self._origin)
        self._salt_of = salt_of
        self._edge = _edge(self._folder, point)
        self._bodies = Bodies(self._folder, point.size)
        self._subjects = Subjects()
        beyond = range(point.size, self._bodies.count)
        late = [leaf.resealed(one.salt, one.body) for _, one in self._bodies.many(beyond)]
        if late:
            edge, files = self._grown(late)
            self._settle(self._signed(edge, files))
        self._sweep()
        self._reserve = Reserve(self._folder / keep.RESERVE, reserve_bytes)
        self._finish_erasure()

    def _usable(self) -> None:
        if self._broken:
            raise StoreError(f"The ledger takes no receipts: {self._broken}. Open it again.")

    def _known_size(self, size: int | None) -> int:
        if size is not None and not 0 <= size <= self.size:
            raise NotFound(f"The ledger holds {self.size} receipts, not {size}.")
        return self.size if size is None else size

    def _write_or_refuse(self, sealed: list[leaf.Sealed], *, life: bool) -> None:
        try:
            self._write_or_undo(sealed)
        except OSError as error:
            if not (life and error.errno in FULL and self._reserve.held):
                raise StoreError(f"The receipt could not be written ({error.strerror}): free some disk.") from error
            self._reserve.release()
            self._write_or_refuse(sealed, life=life)

    def _write_or_undo(self, sealed: list[leaf.Sealed]) -> None:
        count = self._bodies.count
        edge, files = self._grown([one.entry for one in sealed])
        try:
            self._bodies.append(sealed)
            self._signed(edge, files)
        except OSError:
            for name in files:
                (self._folder / name).unlink(missing_ok=True)
            self._bodies.cut(count)
            raise
        self._settle(edge)

    def _grown(self, entries: list[bytes]) -> tuple[Edge, dict[str, bytes]]:
        """The next edge and the files that are new in it: a signed file is never written again."""
        edge, files = self._edge.grown(entries)
        signed = self._edge.partials()
        return edge, {name: content for name, content in files.items() if name not in signed}

    def _signed(self, edge: Edge, files: dict[str, bytes]) -> Edge:
        """Write bundles and tiles, then the checkpoint over them."""
        write_files(self._folder, files.items())
        keep.stage(self._folder, Checkpoint(self._origin, edge.size, edge.root()), self._private)
        return edge

    def _settle(self, edge: Edge) -> None:
        """Go on from the new checkpoint; partial files of the former one go."""
        former, self._edge = self._edge, edge
        try:
            keep.publish(self._folder)
        except OSError as error:
            self._broken = f"its checkpoint could not be flushed ({error.strerror})"
            raise StoreError(f"The ledger stops: {self._broken}. Check the disk and open it again.") from error
        for name in former.partials().keys() - edge.partials().keys():
            (self._folder / name).unlink(missing_ok=True)

    def _sweep(self) -> None:
        """Remove what a crash left behind: partial files of former sizes, unfinished replacements."""
        current = self._edge.partials()
        for folder in (self._folder / "tile").rglob("*.p"):
            for path in folder.iterdir():
                if path.relative_to(self._folder).as_posix() not in current:
                    path.unlink()
        for path in self._folder.glob("*.tmp"):
            path.unlink()

    def _opened(self, indices: Sequence[int]) -> list[tuple[int, Receipt | None]]:
        found = self._bodies.many(indices)
        return [(index, None if one.erased else leaf.opened(one.body)) for index, one in found]

    def _all(self) -> list[tuple[int, Receipt | None]]:
        return self._opened(range(self.size))

    def _newest_at(self) -> float:
        newest = self.receipts(limit=1)
        return newest[0][1].at if newest and newest[0][1] else 0.0

    def _take_away(self, receipt: Receipt) -> None:
        for index in covered(receipt):
            self._bodies.erase(index)
            self._subjects.drop(index)

    def _finish_erasure(self) -> None:
        """An erasure follows its receipt at once, so only the newest can have been cut short."""
        for _, receipt in self.receipts(limit=1):
            if receipt is not None and receipt.act == ERASURE:
                self._take_away(receipt)


def _is_signed(edge: Edge, point: Checkpoint) -> bool:
    hashes = edge.levels[0] if edge.levels else []
    return edge.root() == point.root and hashes == [tree.leaf_hash(entry) for entry in edge.bundle]


def _edge(folder: Path, point: Checkpoint) -> Edge:
    """The edge that the checkpoint signs; raises Tampered where files and signature disagree."""
    try:
        edge = Edge.load(folder, point.size)
    except FileNotFoundError as error:
        raise Tampered("A file at the edge of the ledger is missing: run `tocsin ledger verify`.") from error
    if not _is_signed(edge, point):
        raise Tampered("The ledger's files lead to another root than was signed: run `tocsin ledger verify`.")
    return edge
