"""The event log: facts in order, acknowledged once on disk, sealed per retention class and hour."""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from tocsin.model import Fact, Observation, StoreError, Tampered
from tocsin.model.wire import decode_batch, unsealed
from tocsin.store.database import LOG_SETTINGS, Lock, bring_up_to_date, connect, make_private, reading
from tocsin.store.limits import LogLimits, LogStats
from tocsin.store.retention import RetentionClass, class_of, first_kept_hour
from tocsin.store.scribe import RESUME_CLASS, Committed, Row, Scribe, Start, row_name, weight_of
from tocsin.store.sealing import Keys, Sealer, hour_of
from tocsin.store.search import Search
from tocsin.store.spots import Spots
from tocsin.store.writer import Entry, Job, Writer

T = TypeVar("T")

FILE = "tocsin.db"
ROWS_DELETED_AT_ONCE = 2000
"""Retention deletes in steps of so many rows, so that nobody waits long behind it."""

NO_SNAPSHOTS: Mapping[str, bytes] = {}

_COLUMNS = "SELECT first, last, count, batch, batch_last, class, hour, sealed FROM log"
LogRow = tuple[int, int, int, int, int, str, int, bytes]


class EventLog:
    """One folder, one writer thread, many readers.

    `submit` and `read` are its two doors; `write`, `post` and `reading` let the other stores
    (snapshots, cases, outbox, quarantine) share its file, its transactions and its seals.

    The key of a row is that of its class and of the hour of *log time* (the newest `at`
    logged so far), which is the hour of arrival without a clock: a late fact is kept as long
    as its neighbours, and never needs a key that was dropped. The engine therefore bounds how
    far `at` may lie ahead.
    """

    def __init__(
        self, path: Path, connection: sqlite3.Connection, lock: Lock, sealer: Sealer, limits: LogLimits
    ) -> None:
        """Use `open`."""
        self.path = path
        self.sealer = sealer
        self.limits = limits
        self._lock = lock
        self._connection = connection
        self._spots = Spots(limits.index_facts_max)
        self._rows_unreadable = 0

    @classmethod
    def open(
        cls, folder: Path, keys: Keys, *, limits: LogLimits | None = None, retention_class: RetentionClass = class_of
    ) -> Self:
        """Open or create the log in a folder.

        Raises StoreError when another process writes there, when the settings of SQLite
        cannot be had, or when the file is damaged or was written by a newer Tocsin.
        """
        path = make_private(folder, FILE)
        with ExitStack() as undo:
            lock = Lock.take(folder)
            undo.callback(lock.free)
            bring_up_to_date(path, "log")
            connection = connect(path, LOG_SETTINGS)
            undo.callback(connection.close)
            log = cls(path, connection, lock, Sealer(keys), limits or LogLimits())
            log._begin(retention_class)
            undo.pop_all()
        return log

    def submit(
        self,
        facts: Sequence[Fact],
        *,
        snapshots: Mapping[str, bytes] = NO_SNAPSHOTS,
        done: Callable[[Committed], None] | None = None,
        urgent: bool = False,
    ) -> "Future[Committed]":
        """Write facts, and the resume points of their sources, in one transaction.

        The future resolves, and `done` is called (on the writer's thread: be quick, and do not
        wait for the log), once all of it is on disk. `pos` of an accepted fact is stamped in
        place. Raises TooMuch when `queued_facts_max` wait already; `urgent` facts overtake
        and have room of their own. One call is never split over two transactions.
        """
        weight = sum(map(weight_of, facts))
        entry = Entry(lambda connection: self._scribe.take(connection, facts, snapshots), weight)
        if done is not None:
            entry.future.add_done_callback(lambda future: None if future.exception() else done(future.result()))
        return self._writer.put(entry, urgent=urgent)

    def read(self, after: int = 0, *, until: int | None = None) -> Iterator[Fact]:
        """Facts with `after` < pos ≤ `until` (by default all that is there now), in order, bodies sealed.

        Rows whose key was dropped are left out and counted; a row that was altered raises Tampered.
        """
        end = self.last_pos if until is None else min(until, self.last_pos)
        with self.reading() as connection:
            cursor = _batch_at(connection, after + 1)
            while cursor <= end:
                rows = _batch(connection, cursor)
                if not rows:
                    return
                cursor = rows[0][4] + 1
                yield from (fact for fact in self._in_order(rows) if after < fact.pos <= end)

    def _in_order(self, rows: list[LogRow]) -> list[Fact]:
        return sorted((fact for row in rows for fact in self._opened(row)), key=_pos)

    def find(self, ids: Iterable[str]) -> dict[str, Fact]:
        """Observations by evidence id (`Observation.id`, or `<id>+<offset>` of a row in it), bodies decoded.

        What was never logged or is not kept any more is absent.
        """
        with self.reading() as connection:
            found = Search(connection, self._spots, self._row_at).find(ids)
        return {key: unsealed(fact) for key, fact in found.items()}

    def resume_point(self, source: str) -> bytes:
        """The last snapshot that was submitted for a source; empty where there is none."""
        with self.reading() as connection:
            row = connection.execute("SELECT sealed FROM resume WHERE source = ?", (source,)).fetchone()
        return self.sealer.unseal(RESUME_CLASS, 0, f"resume {source}", row[0]) if row else b""

    def retain(self, now: float, hours_by_class: Mapping[str, float]) -> int:
        """Delete what is older than its class allows, then drop its keys; how many rows went.

        No fact outlives its hours; it may go up to one hour earlier, since keys are by the hour.
        """
        gone = 0
        for name, hours in hours_by_class.items():
            first = first_kept_hour(now, hours)
            hour = self.write(partial(self.keep_from, cls=name, hour=first))
            while deleted := self.write(_deleting(name, hour)):
                gone += deleted
            self.sealer.keys.drop_before(name, hour)
        if gone:
            self.write(_forget_spots)
        return gone

    @property
    def last_pos(self) -> int:
        """The position of the newest fact on disk; 0 in an empty log."""
        return self._scribe.pos

    def stats(self) -> LogStats:
        """Depth of the queue, counts, size, and how long commits take."""
        counts = self._scribe.counts
        files = (self.path, self.path.with_name(FILE + "-wal"))
        return LogStats(
            pos=self.last_pos,
            queue=self._writer.queued,
            facts=counts["facts"],
            duplicates=counts["duplicates"],
            overlapping=counts["overlapping"],
            too_old=counts["too_old"],
            unwritable=counts["unwritable"],
            gaps_closed=self._scribe.streams.gaps_closed,
            rows_unreadable=self._rows_unreadable,
            bytes=sum(file.stat().st_size for file in files if file.exists()),
            commits=self._writer.commits,
            commit_ms_p50=self._writer.commit_ms(0.5),
            commit_ms_p99=self._writer.commit_ms(0.99),
        )

    def write(self, job: Job[T]) -> T:
        """Run a write in a transaction of the log and wait until it is on disk; raises what the job raises."""
        return self._writer.done(job)

    def post(self, job: Job[T], *, urgent: bool = False) -> "Future[T]":
        """Queue a write; the future resolves once it is on disk. Raises TooMuch when `jobs_max` wait."""
        return self._writer.do(job, urgent=urgent)

    def hour(self, cls: str, at: float) -> int:
        """The hour whose key seals something of that moment: never one that was dropped. Within a job only."""
        return max(hour_of(at), self._scribe.kept.get(cls, 0))

    def keep_from(self, connection: sqlite3.Connection, cls: str, hour: int) -> int:
        """Seal nothing of this class under an earlier hour any more, so that its keys can be dropped.

        Returns the hour that holds: it never goes back. Within a job only.
        """
        kept = self._scribe.kept[cls] = max(self._scribe.kept.get(cls, 0), hour)
        connection.execute(_KEEP, (cls, kept))
        return kept

    def reading(self) -> AbstractContextManager[sqlite3.Connection]:
        """A connection of one's own that can only read."""
        return reading(self.path)

    def close(self) -> None:
        """Write what waits, then give the folder back."""
        self._writer.close(lambda connection: self._spots.write(connection, self._scribe.pos))
        self._connection.close()
        self._lock.free()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _begin(self, retention_class: RetentionClass) -> None:
        start, indexed = _start(self._connection)
        self._scribe = Scribe(start, self.sealer, self._spots, self.limits, retention_class)
        self._index_tail(indexed)
        self._writer = Writer(self._connection, self._scribe, self.limits)

    def _index_tail(self, indexed: int) -> None:
        """Gather the index of what was logged after it was last written (at most `index_facts_max` facts)."""
        tail = self._connection.execute(_COLUMNS + " WHERE first > ? ORDER BY first", (indexed,)).fetchall()
        for stored in tail:
            try:
                facts = self._opened(stored)
            except Tampered:  # whoever reads the row is told; the city must start all the same
                self._rows_unreadable += 1
                continue
            self._index_row(Row(stored[5], stored[0]), facts)

    def _index_row(self, row: Row, facts: list[Fact]) -> None:
        for fact in facts:
            if isinstance(fact, Observation):
                stream = self._scribe.streams.get(self._connection, fact.source, fact.boot)
                row.cover(stream.id, fact.seq, max(fact.seq, fact.seq_end))
        self._spots.note(row.first, row.ranges, len(facts))

    def _row_at(self, connection: sqlite3.Connection, first: int) -> list[Fact]:
        row = connection.execute(_COLUMNS + " WHERE first = ?", (first,)).fetchone()
        return self._opened(row) if row else []

    def _opened(self, row: LogRow) -> list[Fact]:
        """The facts of a row; none where its key was dropped."""
        first, last, count, batch, _, name, hour, sealed = row
        try:
            return decode_batch(self.sealer.unseal(name, hour, row_name(batch, first, last, count), sealed))
        except StoreError:
            self._rows_unreadable += 1
            return []


_KEEP = "INSERT INTO kept VALUES (?, ?) ON CONFLICT (class) DO UPDATE SET hour_min = excluded.hour_min"
_DELETE = "DELETE FROM log WHERE first IN (SELECT first FROM log WHERE class = ? AND hour < ? LIMIT ?)"


def _deleting(name: str, hour: int) -> Job[int]:
    return lambda connection: connection.execute(_DELETE, (name, hour, ROWS_DELETED_AT_ONCE)).rowcount


def _forget_spots(connection: sqlite3.Connection) -> None:
    """Delete index entries of rows that are all gone (those of decisions have none)."""
    connection.execute(
        "DELETE FROM spot WHERE last < "
        "(SELECT coalesce(min(first), 9223372036854775807) FROM log WHERE class != 'record')"
    )


def _start(connection: sqlite3.Connection) -> tuple[Start, int]:
    pos, indexed = connection.execute("SELECT last, indexed FROM position").fetchone()
    newest = connection.execute("SELECT hour FROM log ORDER BY first DESC LIMIT 1").fetchone()
    kept = dict(connection.execute("SELECT class, hour_min FROM kept").fetchall())
    return Start(pos, newest[0] if newest else 0, kept), indexed


def _batch_at(connection: sqlite3.Connection, pos: int) -> int:
    """Where the batch begins that holds a position; the position itself where none does."""
    row = connection.execute(
        "SELECT batch, batch_last FROM log WHERE first <= ? ORDER BY first DESC LIMIT 1", (pos,)
    ).fetchone()
    return int(row[0]) if row and row[1] >= pos else pos


def _batch(connection: sqlite3.Connection, cursor: int) -> list[LogRow]:
    """All rows of the first batch at or after a position."""
    head = "SELECT batch_last FROM log WHERE first >= ? ORDER BY first LIMIT 1"
    row = connection.execute(head, (cursor,)).fetchone()
    if row is None:
        return []
    return connection.execute(_COLUMNS + " WHERE first BETWEEN ? AND ? ORDER BY first", (cursor, row[0])).fetchall()


def _pos(fact: Fact) -> int:
    return fact.pos
