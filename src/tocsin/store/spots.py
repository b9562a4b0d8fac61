"""In which rows of the log an observation lies: a coarse index, written once for many facts."""

import sqlite3
import threading
from collections.abc import Iterator

import msgspec

Range = list[int]
"""Lowest and highest sequence number of a stream in one row."""

_TRIPLES = msgspec.msgpack.Decoder(list[int])


class Spots:
    """Per stream: which numbers lie in which row.

    One index entry per fact would cost more than the log itself, so entries are gathered in
    memory and written as one row per stream every `facts_max` facts; what is not yet written
    is rebuilt from the tail of the log when it is opened.
    """

    def __init__(self, facts_max: int) -> None:
        self._facts_max = facts_max
        self._pending: dict[int, list[int]] = {}
        self._flushed: dict[int, list[int]] = {}
        self._guard = threading.Lock()
        self._facts = 0

    def note(self, row: int, ranges: dict[int, Range], facts: int) -> None:
        """Remember a row that is on disk and which numbers it holds."""
        with self._guard:
            self._facts += facts
            for stream, (lo, hi) in ranges.items():
                self._pending.setdefault(stream, []).extend((row, lo, hi))

    def is_due(self) -> bool:
        """Whether enough was gathered to be written."""
        return self._facts >= self._facts_max

    def write(self, connection: sqlite3.Connection, indexed: int) -> None:
        """Write all that was gathered; it covers the log up to position `indexed`."""
        if self._flushed:
            return  # once in a transaction is enough
        with self._guard:
            self._flushed = dict(self._pending)
        connection.executemany("INSERT INTO spot VALUES (?, ?, ?, ?, ?)", map(_entry, self._flushed.items()))
        connection.execute("UPDATE position SET indexed = ?", (indexed,))

    def committed(self) -> None:
        """What was written is on disk: memory need not hold it."""
        with self._guard:
            if self._flushed:
                self._pending.clear()
                self._facts = 0
                self._flushed = {}

    def rolled_back(self) -> None:
        """What was written is not on disk: memory keeps it."""
        self._flushed = {}

    def rows(self, connection: sqlite3.Connection, stream: int, seq: int) -> Iterator[int]:
        """Rows that may hold that number, newest first."""
        with self._guard:
            fresh = list(self._pending.get(stream, ()))
        yield from _holding(fresh, seq)
        found = connection.execute(
            "SELECT hi, rows FROM spot WHERE stream = ? AND lo <= ? ORDER BY lo DESC", (stream, seq)
        )
        for hi, rows in found:
            if seq <= hi:
                yield from _holding(_TRIPLES.decode(rows), seq)


def _entry(pending: tuple[int, list[int]]) -> tuple[int, int, int, int, bytes]:
    stream, triples = pending
    return stream, min(triples[1::3]), max(triples[2::3]), max(triples[::3]), msgspec.msgpack.encode(triples)


def _holding(triples: list[int], seq: int) -> Iterator[int]:
    for row, lo, hi in zip(triples[::3], triples[1::3], triples[2::3], strict=True):
        if lo <= seq <= hi:
            yield row
