"""What happens to facts within a transaction: duplicates refused, positions given, rows sealed and written."""

import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from struct import pack
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import force_setattr

from tocsin.contract.bodies import LogEvents
from tocsin.model import Decision, Fact, Observation
from tocsin.model.wire import encode
from tocsin.store.limits import LogLimits
from tocsin.store.retention import RetentionClass
from tocsin.store.sealing import Sealer, hour_of
from tocsin.store.spans import Verdict
from tocsin.store.spots import Range, Spots
from tocsin.store.streams import INTEGER_MAX, SAY, Streams

AT_MAX = 253_402_300_800.0
"""The year 10000: no fact is that late, and an hour beyond it would outlive every retention."""

DUPLICATE = ""
"""The verdict on a fact that is there already."""

RESUME_CLASS = "snapshot"
"""The keys of resume points and snapshots (hour 0): replaced, deleted, never expired by the clock."""


class Committed(Struct, frozen=True, kw_only=True):
    """What became of a submission, once it is on disk.

    `facts` are those accepted, with positions `first` to `last` stamped in order (`last` is
    `first - 1` where none was); `duplicates` were there already; `refused` come back with the reason.
    """

    first: int
    last: int
    facts: tuple[Fact, ...]
    duplicates: int
    refused: tuple[tuple[Fact, str], ...]


@dataclass(slots=True)
class Row:
    """Facts of one retention class, encoded one after the other, and the numbers that they cover."""

    cls: str
    first: int
    last: int = 0
    size: int = 0
    parts: list[bytes] = field(default_factory=list)
    ranges: dict[int, Range] = field(default_factory=dict)

    def add(self, pos: int, raw: bytes) -> None:
        """Append an encoded fact."""
        self.parts.append(raw)
        self.last = pos
        self.size += len(raw)

    def cover(self, stream: int, lo: int, hi: int) -> None:
        """Remember that numbers of a stream are in this row."""
        known = self.ranges.setdefault(stream, [lo, hi])
        known[0] = min(known[0], lo)
        known[1] = max(known[1], hi)

    def content(self) -> bytes:
        """One msgpack array (array 32) of all facts."""
        return b"".join((pack(">BI", 0xDD, len(self.parts)), *self.parts))


def row_name(batch: int, first: int, last: int, count: int) -> str:
    """The name that is bound to a row's content."""
    return f"log {batch}: {count} of {first}-{last}"


def weight_of(fact: Fact) -> int:
    """How many facts a fact counts for: a batch of log lines as many as it has rows."""
    if isinstance(fact, Observation) and fact.seq_end != -1 and isinstance(fact.body, LogEvents):
        return max(1, len(fact.body.rows))
    return 1


@dataclass(slots=True)
class Start:
    """Where the log stands when it is opened: last position, hour of its newest fact, first hours kept."""

    pos: int
    hour: int
    kept: dict[str, int]


class Scribe:
    """The state of the log that changes with every batch; lives on the writer's thread."""

    def __init__(self, start: Start, sealer: Sealer, spots: Spots, limits: LogLimits, class_of: RetentionClass) -> None:
        self.pos = start.pos
        self.counts: Counter[str] = Counter()
        self.streams = Streams(limits.gaps_max, limits.streams_cached_max)
        self._sealer = sealer
        self._spots = spots
        self._limits = limits
        self._class_of = class_of
        self.kept = start.kept
        self._newest = start.hour * 3600.0
        self._next = start.pos + 1
        self._rows: list[Row] = []
        self._open: dict[str, Row] = {}
        self._stamped: list[Fact] = []
        self._decided: dict[str, int] = {}
        self._resumes: dict[str, bytes] = {}
        self._counted: Counter[str] = Counter()

    def take(self, connection: sqlite3.Connection, facts: Sequence[Fact], snapshots: Mapping[str, bytes]) -> Committed:
        """Judge facts in order and gather those that are new for this transaction."""
        first = self._next
        accepted: list[Fact] = []
        refused: list[tuple[Fact, str]] = []
        for fact in facts:
            why = self._judge(connection, fact)
            if why is None:
                accepted.append(fact)
            elif why:
                refused.append((fact, why))
        duplicates = len(facts) - len(accepted) - len(refused)
        self._resumes.update(snapshots)
        self._counted.update(facts=len(accepted), duplicates=duplicates)
        return Committed(
            first=first, last=self._next - 1, facts=tuple(accepted), duplicates=duplicates, refused=tuple(refused)
        )

    def finish(self, connection: sqlite3.Connection) -> None:
        """Write rows, ranges, decisions, resume points, position."""
        if self._resumes:
            connection.executemany(_RESUME, map(self._resume_row, self._resumes.items()))
        if not self._rows:
            return
        connection.executemany("INSERT INTO log VALUES (?, ?, ?, ?, ?, ?, ?, ?)", map(self._log_row, self._rows))
        self.streams.write(connection)
        connection.executemany("INSERT INTO decided VALUES (?, ?)", self._decided.items())
        connection.execute("UPDATE position SET last = ?", (self._next - 1,))
        if self._spots.is_due():
            self._spots.write(connection, self.pos)

    def committed(self) -> None:
        """Memory follows the disk."""
        self.pos = self._next - 1
        self.streams.committed()
        self._spots.committed()
        for row in self._rows:
            self._spots.note(row.first, row.ranges, len(row.parts))
        self.counts.update(self._counted)
        self._clear()

    def rolled_back(self) -> None:
        """Nothing happened: positions are given back, memory is read anew."""
        for fact in self._stamped:
            force_setattr(fact, "pos", 0)
        self._next = self.pos + 1
        self.streams.rolled_back()
        self._spots.rolled_back()
        self._clear()

    def _clear(self) -> None:
        self._rows.clear()
        self._open.clear()
        self._stamped.clear()
        self._decided.clear()
        self._resumes.clear()
        self._counted.clear()

    def _judge(self, connection: sqlite3.Connection, fact: Fact) -> str | None:
        """None where the fact was gathered, DUPLICATE, or the reason for giving it back."""
        if not 0.0 <= fact.at < AT_MAX:
            return self._refuse("unwritable", f"The time {fact.at} is none: seconds since 1970 UTC are needed.")
        before = fact.pos
        self._stamped.append(fact)
        force_setattr(fact, "pos", self._next)
        raw = self._encoded(fact)
        why = self._gather(connection, fact, raw) if isinstance(raw, bytes) else self._refuse("unwritable", raw)
        if why is not None:
            force_setattr(fact, "pos", before)
        return why

    def _gather(self, connection: sqlite3.Connection, fact: Fact, raw: bytes) -> str | None:
        if isinstance(fact, Observation):
            return self._observe(connection, fact, raw)
        if isinstance(fact, Decision):
            if self._is_decided(connection, fact.id):
                return DUPLICATE
            self._decided[fact.id] = self._next
        self._append(fact, raw)
        return None

    def _observe(self, connection: sqlite3.Connection, fact: Observation[Any], raw: bytes) -> str | None:
        lo = fact.seq
        hi = lo if fact.seq_end == -1 else fact.seq_end
        if not -INTEGER_MAX <= lo <= hi <= INTEGER_MAX:
            return self._refuse("unwritable", f"{fact.id} to {hi} is no range of 64-bit sequence numbers.")
        stream = self.streams.get(connection, fact.source, fact.boot)
        verdict = stream.spans.verdict(lo, hi)
        if verdict is Verdict.NEW:
            self.streams.take(stream, lo, hi)
            self._append(fact, raw).cover(stream.id, lo, hi)
            return None
        return DUPLICATE if verdict is Verdict.DUPLICATE else self._refuse(verdict.name.lower(), SAY[verdict](fact.id))

    def _append(self, fact: Fact, raw: bytes) -> Row:
        cls = self._class_of(fact)
        row = self._open.get(cls)
        if row is None or row.size >= self._limits.row_bytes_max:
            row = self._open[cls] = Row(cls, self._next)
            self._rows.append(row)
        row.add(self._next, raw)
        self._next += 1
        self._newest = max(self._newest, fact.at)
        return row

    def _encoded(self, fact: Fact) -> bytes | str:
        """The fact as bytes, or why it cannot be written."""
        try:
            raw = encode(fact)
        except (TypeError, ValueError, OverflowError, RecursionError, msgspec.MsgspecError) as error:
            return f"This fact cannot be written: {error}."
        if len(raw) > self._limits.fact_bytes_max:
            return f"This fact has {len(raw)} bytes, at most {self._limits.fact_bytes_max} may be (fact_bytes_max)."
        return raw

    def _refuse(self, reason: str, why: str) -> str:
        self._counted[reason] += 1
        return why

    def _is_decided(self, connection: sqlite3.Connection, id: str) -> bool:
        if id in self._decided:
            return True
        return connection.execute("SELECT 1 FROM decided WHERE id = ?", (id,)).fetchone() is not None

    def _log_row(self, row: Row) -> tuple[int, int, int, int, int, str, int, bytes]:
        batch, count = self.pos + 1, len(row.parts)
        hour = max(hour_of(self._newest), self.kept.get(row.cls, 0))
        sealed = self._sealer.seal(row.cls, hour, row_name(batch, row.first, row.last, count), row.content())
        return row.first, row.last, count, batch, self._next - 1, row.cls, hour, sealed

    def _resume_row(self, resume: tuple[str, bytes]) -> tuple[str, bytes]:
        source, point = resume
        return source, self._sealer.seal(RESUME_CLASS, 0, f"resume {source}", point)


_RESUME = "INSERT INTO resume VALUES (?, ?) ON CONFLICT (source) DO UPDATE SET sealed = excluded.sealed"
