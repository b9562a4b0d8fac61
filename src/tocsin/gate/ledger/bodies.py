"""Erasable storage: what each receipt says, with its salt, in segments of 256 that lie beside the log.

A record is its kind (one byte), its length (uint16) and salt + body. An erased record keeps
its length and holds zeros, so a body is overwritten where it lies and nothing moves. Every
byte is covered: by the hash in the leaf, or by being zero.
"""

import os
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path

from msgspec import Struct

from tocsin.gate.durable import make_folder, sync_folder
from tocsin.gate.ledger.leaf import SALT, Sealed
from tocsin.gate.ledger.tiles import WIDTH, number_path
from tocsin.model.errors import NotFound, Tampered

KEPT, ERASED = 1, 0
HEAD = 3


class Record(Struct, frozen=True):
    """One stored body: where its payload begins in the segment, and salt + body (zeros when erased)."""

    at: int
    kind: int
    payload: bytes

    @property
    def erased(self) -> bool:
        """Say whether the body was taken away."""
        return self.kind == ERASED

    @property
    def salt(self) -> bytes:
        """The salt of the leaf's hash."""
        return self.payload[:SALT]

    @property
    def body(self) -> bytes:
        """The receipt as it was written."""
        return self.payload[SALT:]


def segment_path(segment: int) -> str:
    """The relative path of a segment."""
    return f"bodies/{number_path(segment)}"


def records_in(raw: bytes) -> Iterator[Record]:
    """The whole records of a segment in order; stops at a torn or unreadable one."""
    at = 0
    while at + HEAD <= len(raw) and raw[at] in {KEPT, ERASED}:
        end = at + HEAD + int.from_bytes(raw[at + 1 : at + HEAD], "big")
        if end > len(raw):
            return
        yield Record(at, raw[at], raw[at + HEAD : end])
        at = end


def read_segment(folder: Path, segment: int) -> tuple[list[Record], int]:
    """The records of a segment and how many bytes behind them cannot be read; empty where it is missing."""
    path = folder / segment_path(segment)
    raw = path.read_bytes() if path.exists() else b""
    records = list(records_in(raw))
    return records, len(raw) - _end(records)


class Bodies:
    """The bodies of one ledger. One writer; readers see what was written."""

    def __init__(self, folder: Path, size: int) -> None:
        """Open with `size` leaves signed; bodies beyond are counted, a torn tail is cut off."""
        self._folder = folder
        self.count = self._counted(size)
        if self.count < size:
            raise Tampered(f"{size - self.count} receipts have no body: run `tocsin ledger verify`.")

    def append(self, sealed: list[Sealed]) -> None:
        """Write bodies behind the last, flushed to the disk. On OSError the caller must call `cut`."""
        ends = [_record(one) for one in sealed]
        for segment, group in groupby(enumerate(ends, self.count), key=lambda pair: pair[0] // WIDTH):
            self._extend(segment, b"".join(record for _, record in group))
        self.count += len(ends)

    def cut(self, count: int) -> None:
        """Take back bodies beyond `count`, which no checkpoint covers yet."""
        segment, keep = divmod(count, WIDTH)
        if keep:
            records, _ = read_segment(self._folder, segment)
            _truncate(self._folder / segment_path(segment), _end(records[:keep]))
            segment += 1
        while (path := self._folder / segment_path(segment)).exists():
            path.unlink()
            segment += 1
        self.count = count

    def get(self, index: int) -> Record:
        """The record of a leaf; raises NotFound beyond the end."""
        return next(record for _, record in self.many([index]))

    def many(self, indices: Iterable[int]) -> Iterator[tuple[int, Record]]:
        """The records of leaves in the order asked for; neighbours are read together."""
        for segment, group in groupby(indices, key=lambda index: index // WIDTH):
            records, _ = read_segment(self._folder, segment)
            for index in group:
                yield index, self._one(records, index)

    def erase(self, index: int) -> None:
        """Overwrite a body with zeros where it lies. Doing it again changes nothing."""
        record = self.get(index)
        handle = os.open(self._folder / segment_path(index // WIDTH), os.O_WRONLY)
        try:
            os.pwrite(handle, bytes(len(record.payload)), record.at + HEAD)
            os.fsync(handle)
            os.pwrite(handle, bytes([ERASED]), record.at)
            os.fsync(handle)
        finally:
            os.close(handle)

    def _one(self, records: list[Record], index: int) -> Record:
        if not 0 <= index < self.count:
            raise NotFound(f"There is no receipt {index}: the ledger holds {self.count}.")
        if index % WIDTH >= len(records):
            raise Tampered(f"The body of receipt {index} is missing: run `tocsin ledger verify`.")
        return records[index % WIDTH]

    def _counted(self, size: int) -> int:
        segment = size // WIDTH
        while True:
            records, torn = read_segment(self._folder, segment)
            if torn:
                self._cut_tail(segment, torn)
            if len(records) < WIDTH:
                return segment * WIDTH + len(records)
            segment += 1

    def _cut_tail(self, segment: int, torn: int) -> None:
        path = self._folder / segment_path(segment)
        _truncate(path, path.stat().st_size - torn)

    def _extend(self, segment: int, content: bytes) -> None:
        path = self._folder / segment_path(segment)
        fresh = not path.exists()
        make_folder(path.parent)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            left = memoryview(content)
            while left:
                left = left[os.write(handle, left) :]
            os.fsync(handle)
        finally:
            os.close(handle)
        if fresh:
            sync_folder(path.parent)


def _end(records: list[Record]) -> int:
    """Where the last of these ends in its segment."""
    return records[-1].at + HEAD + len(records[-1].payload) if records else 0


def _record(sealed: Sealed) -> bytes:
    payload = sealed.salt + sealed.body
    return bytes([KEPT]) + len(payload).to_bytes(2, "big") + payload


def _truncate(path: Path, size: int) -> None:
    with path.open("r+b") as file:
        file.truncate(size)
        os.fsync(file.fileno())
