"""Quarantine: input that could not be read, kept for a while with the reason, counted for ever, bounded."""

import sqlite3
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from msgspec import Struct

from tocsin.model import NotFound
from tocsin.store.log import EventLog
from tocsin.store.retention import first_kept_hour

CLASS = "quarantine"
OTHER = "other reasons (more than reasons_max)"


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantineLimits:
    """What is kept: so many items and bytes in all, so many bytes of one item, so many different reasons."""

    items_max: int = 10_000
    bytes_max: int = 64 * 2**20
    item_bytes_max: int = 64 * 2**10
    reasons_max: int = 1000
    reason_chars_max: int = 300


class Rejected(Struct, frozen=True, kw_only=True):
    """One input that could not be read: when, from which source, why, its raw bytes."""

    at: float
    source: str
    reason: str
    raw: bytes


class Held(Struct, frozen=True, kw_only=True):
    """One item of the list; `size` in bytes as it came, of which `item_bytes_max` at most are kept."""

    id: int
    at: float
    source: str
    reason: str
    size: int


class Quarantine:
    """Raw bytes are sealed, since they may be personal data, and go with the key of their hour."""

    def __init__(self, log: EventLog, limits: QuarantineLimits | None = None) -> None:
        self._log = log
        self._limits = limits or QuarantineLimits()

    def put(self, items: Sequence[Rejected]) -> "Future[None]":
        """Keep and count; the oldest give way, and are counted as dropped. Resolves once on disk."""

        def job(connection: sqlite3.Connection) -> None:
            connection.executemany(_INSERT, map(self._row, items))
            for item in items:
                self._count(connection, item.reason[: self._limits.reason_chars_max])
            self._trim(connection)

        return self._log.post(job)

    def list(self, limit: int = 100) -> "list[Held]":
        """The newest items first, without their bytes."""
        with self._log.reading() as connection:
            rows = connection.execute(_LIST, (limit,)).fetchall()
        return [Held(id=key, at=at, source=source, reason=why, size=size) for key, at, source, why, size in rows]

    def raw(self, id: int) -> bytes:
        """The bytes of one item; raises NotFound when it is not kept any more."""
        with self._log.reading() as connection:
            row = connection.execute("SELECT at, source, hour, sealed FROM quarantine WHERE id = ?", (id,)).fetchone()
        if row is None:
            message = f"Item {id} is not in quarantine (any more): list it to see what is."
            raise NotFound(message)
        at, source, hour, sealed = row
        return self._log.sealer.unseal(CLASS, hour, _name(at, source), sealed)

    def count_by_reason(self) -> dict[str, int]:
        """How many were ever quarantined, by reason, most frequent first."""
        with self._log.reading() as connection:
            found = connection.execute("SELECT reason, count FROM quarantine_count ORDER BY count DESC, reason")
            return dict(found.fetchall())

    def dropped(self) -> int:
        """How many went early to make room."""
        with self._log.reading() as connection:
            return int(connection.execute("SELECT count FROM quarantine_dropped").fetchone()[0])

    def retain(self, now: float, hours: float) -> int:
        """Delete what is older and drop its keys; how many items went."""
        hour = first_kept_hour(now, hours)

        def job(connection: sqlite3.Connection) -> int:
            self._log.keep_from(connection, CLASS, hour)
            return connection.execute("DELETE FROM quarantine WHERE hour < ?", (hour,)).rowcount

        gone = self._log.write(job)
        self._log.sealer.keys.drop_before(CLASS, hour)
        return gone

    def _row(self, item: Rejected) -> tuple[float, str, str, int, int, bytes]:
        raw, hour = item.raw[: self._limits.item_bytes_max], self._log.hour(CLASS, item.at)
        sealed = self._log.sealer.seal(CLASS, hour, _name(item.at, item.source), raw)
        return item.at, item.source, item.reason[: self._limits.reason_chars_max], len(item.raw), hour, sealed

    def _count(self, connection: sqlite3.Connection, reason: str) -> None:
        known = connection.execute("UPDATE quarantine_count SET count = count + 1 WHERE reason = ?", (reason,))
        if known.rowcount:
            return
        (reasons,) = connection.execute("SELECT count(*) FROM quarantine_count").fetchone()
        connection.execute(_COUNT, (reason if reasons < self._limits.reasons_max else OTHER,))

    def _trim(self, connection: sqlite3.Connection) -> None:
        kept, size = connection.execute("SELECT count(*), coalesce(sum(length(sealed)), 0) FROM quarantine").fetchone()
        limits = self._limits
        gone = 0
        while kept - gone > limits.items_max or size > limits.bytes_max:
            oldest = "DELETE FROM quarantine WHERE id = (SELECT min(id) FROM quarantine) RETURNING length(sealed)"
            size -= connection.execute(oldest).fetchall()[0][0]
            gone += 1
        if gone:
            connection.execute("UPDATE quarantine_dropped SET count = count + ?", (gone,))


def _name(at: float, source: str) -> str:
    return f"quarantine {at!r} {source}"


_INSERT = "INSERT INTO quarantine (at, source, reason, size, hour, sealed) VALUES (?, ?, ?, ?, ?, ?)"
_LIST = "SELECT id, at, source, reason, size FROM quarantine ORDER BY id DESC LIMIT ?"
_COUNT = "INSERT INTO quarantine_count VALUES (?, 1) ON CONFLICT (reason) DO UPDATE SET count = count + 1"
