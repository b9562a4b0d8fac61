"""What was seen of every numbering (source, boot): sequence ranges in memory, written with each batch."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field

from tocsin.store.spans import Spans, Verdict


@dataclass(slots=True)
class Stream:
    """One numbering of one source, and the numbers seen of it."""

    id: int
    spans: Spans
    touched: bool = field(default=False)


class Streams:
    """All streams, loaded when first asked for; at most `cached_max` stay in memory between batches."""

    def __init__(self, gaps_max: int, cached_max: int) -> None:
        self._gaps_max = gaps_max
        self._cached_max = cached_max
        self._cache: dict[tuple[str, str], Stream] = {}
        self._touched: list[Stream] = []
        self.gaps_closed = 0

    def get(self, connection: sqlite3.Connection, source: str, boot: str) -> Stream:
        """The stream of a source and boot, new where it is unknown."""
        stream = self._cache.get((source, boot))
        if stream is None:
            stream = self._cache[source, boot] = _load(connection, source, boot)
        return stream

    def take(self, stream: Stream, lo: int, hi: int) -> None:
        """Count lo..hi as seen, to be written by `write`."""
        stream.spans.add(lo, hi)
        if not stream.touched:
            stream.touched = True
            self._touched.append(stream)

    def write(self, connection: sqlite3.Connection) -> None:
        """Write what changed since the last batch, within its transaction."""
        self._close_gaps(connection)
        gone = [(stream.id, lo) for stream in self._touched for lo in stream.spans.gone]
        if gone:
            connection.executemany("DELETE FROM seen WHERE stream = ? AND lo = ?", gone)
        connection.executemany(_UPSERT, self._changed())

    def _close_gaps(self, connection: sqlite3.Connection) -> None:
        """Of streams with too many gaps the oldest are taken for seen."""
        for stream in self._touched:
            if len(stream.spans) > self._gaps_max + 1:
                self.gaps_closed += stream.spans.close_gaps(self._gaps_max)
                closed = (stream.spans.closed_to, stream.id)
                connection.execute("UPDATE stream SET closed_to = ? WHERE id = ?", closed)

    def committed(self) -> None:
        """The transaction is on disk."""
        for stream in self._touched:
            stream.touched = False
            stream.spans.written()
        self._touched.clear()
        while len(self._cache) > self._cached_max:
            del self._cache[next(iter(self._cache))]

    def rolled_back(self) -> None:
        """The transaction did not happen: what memory knows is no longer what the disk knows."""
        self._cache.clear()
        self._touched.clear()

    def _changed(self) -> list[tuple[int, int, int]]:
        return [(stream.id, lo, stream.spans.value_at(lo)) for stream in self._touched for lo in stream.spans.changed]


_UPSERT = "INSERT INTO seen VALUES (?, ?, ?) ON CONFLICT (stream, lo) DO UPDATE SET hi = excluded.hi"


def _load(connection: sqlite3.Connection, source: str, boot: str) -> Stream:
    known = "SELECT id, closed_to FROM stream WHERE source = ? AND boot = ?"
    row = connection.execute(known, (source, boot)).fetchone()
    if row is None:
        added = connection.execute("INSERT INTO stream (source, boot) VALUES (?, ?)", (source, boot))
        return Stream(int(added.lastrowid or 0), Spans())
    intervals = connection.execute("SELECT lo, hi FROM seen WHERE stream = ?", (row[0],)).fetchall()
    return Stream(row[0], Spans(intervals, row[1]))


INTEGER_MAX = 2**63 - 1
"""The largest number that SQLite keeps."""

SAY: dict[Verdict, Callable[[str], str]] = {
    Verdict.OVERLAPPING: lambda which: (
        f"{which} was seen in part: send exact repeats or what is new, not both at once."
    ),
    Verdict.TOO_OLD: lambda which: f"{which} is older than what is remembered of this source: a repeat, or too late.",
}
"""The sentence with which a fact is given back."""
