"""The outbox: deliveries that survive a restart, tried again with growing waits, given up after a bound."""

import sqlite3
from dataclasses import dataclass

import msgspec
from msgspec import Struct

from tocsin.model import Delivery, NotFound
from tocsin.store.log import EventLog
from tocsin.store.retention import first_kept_hour
from tocsin.store.writer import Job

CLASS = "outbox"
WHY_CHARS_MAX = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """After the n-th failure wait `first_s` times 2**(n-1), at most `wait_s_max`; give up after `attempts_max`.

    >>> [Backoff().wait_s(tries) for tries in (1, 2, 3, 99)]
    [2.0, 4.0, 8.0, 600.0]
    """

    first_s: float = 2.0
    wait_s_max: float = 600.0
    attempts_max: int = 60

    def wait_s(self, tries: int) -> float:
        """Seconds until the next try after so many failures."""
        return min(self.wait_s_max, self.first_s * 2.0 ** min(tries - 1, 60))


class Posted(Struct, frozen=True, kw_only=True):
    """Where a delivery stands: `state` is waiting, done or dead; `why` is the last failure."""

    id: str
    at: float
    state: str
    tries: int
    due_at: float
    why: str


class Outbox:
    """Deliveries on their way out. At least once: a crash after sending and before `done` sends again."""

    def __init__(self, log: EventLog, backoff: Backoff | None = None) -> None:
        self._log = log
        self._backoff = backoff or Backoff()

    def put(self, delivery: Delivery, at: float) -> bool:
        """Keep a delivery, due at once; on disk on return. False where its id is known (also when done)."""

        def job(connection: sqlite3.Connection) -> bool:
            hour = self._log.hour(CLASS, at)
            sealed = self._log.sealer.seal(CLASS, hour, _name(delivery.id), msgspec.msgpack.encode(delivery))
            row = (delivery.id, at, hour, at, sealed)
            return connection.execute(_PUT, row).rowcount == 1

        return self._log.write(job)

    def due(self, now: float, limit: int = 100) -> list[Delivery]:
        """Deliveries to try now, the longest due first."""
        with self._log.reading() as connection:
            rows = connection.execute(_DUE, (now, limit)).fetchall()
        unseal = self._log.sealer.unseal
        return [msgspec.msgpack.decode(unseal(CLASS, hour, _name(key), raw), type=Delivery) for key, hour, raw in rows]

    def done(self, id: str, at: float) -> None:
        """It was delivered: forget the content, remember the id. Raises NotFound."""
        values = (at, id)
        self._change(id, lambda connection: connection.execute(_DONE, values).rowcount)

    def failed(self, id: str, at: float, why: str) -> Posted:
        """It was not: try again later, or give up; where it stands now. Raises NotFound."""

        def job(connection: sqlite3.Connection) -> int:
            row = connection.execute("SELECT tries FROM outbox WHERE id = ? AND state = 'waiting'", (id,)).fetchone()
            tries = row[0] + 1 if row else 0
            state = "dead" if tries >= self._backoff.attempts_max else "waiting"
            values = (tries, state, at + self._backoff.wait_s(max(1, tries)), why[:WHY_CHARS_MAX], id)
            return connection.execute(_FAILED, values).rowcount

        return self._change(id, job)

    def give_up(self, id: str, why: str) -> Posted:
        """Never try it again, such as where the gate refuses it. Raises NotFound."""
        values = (why[:WHY_CHARS_MAX], id)
        return self._change(id, lambda connection: connection.execute(_GIVE_UP, values).rowcount)

    def retry(self, id: str, at: float) -> Posted:
        """A person wants a dead delivery to be tried again from now on. Raises NotFound."""
        return self._change(id, lambda connection: connection.execute(_RETRY, (at, id)).rowcount)

    def state(self, id: str) -> Posted:
        """Where a delivery stands; raises NotFound."""
        with self._log.reading() as connection:
            row = connection.execute(_STATE + " WHERE id = ?", (id,)).fetchone()
        if row is None:
            raise NotFound(_missing(id))
        return _posted(row)

    def dead(self, limit: int = 100) -> list[Posted]:
        """Deliveries that were given up, newest first."""
        with self._log.reading() as connection:
            rows = connection.execute(_STATE + " WHERE state = 'dead' ORDER BY at DESC LIMIT ?", (limit,)).fetchall()
        return [_posted(row) for row in rows]

    def counts(self) -> dict[str, int]:
        """How many are waiting, done and dead."""
        with self._log.reading() as connection:
            found = connection.execute("SELECT state, count(*) FROM outbox GROUP BY state").fetchall()
        return {"waiting": 0, "done": 0, "dead": 0} | dict(found)

    def retain(self, now: float, hours: float) -> int:
        """Forget what was done or given up so long ago, and drop keys that nothing waiting needs."""
        first = first_kept_hour(now, hours)

        def job(connection: sqlite3.Connection) -> tuple[int, int]:
            gone = connection.execute("DELETE FROM outbox WHERE hour < ? AND state != 'waiting'", (first,)).rowcount
            needed = connection.execute("SELECT coalesce(min(hour), ?) FROM outbox", (first,)).fetchone()[0]
            return gone, self._log.keep_from(connection, CLASS, min(first, needed))

        gone, hour = self._log.write(job)
        self._log.sealer.keys.drop_before(CLASS, hour)
        return gone

    def _change(self, id: str, job: Job[int]) -> Posted:
        if not self._log.write(job):
            raise NotFound(_missing(id))
        return self.state(id)


def _missing(id: str) -> str:
    return f"Delivery {id!r} is not in the outbox in that state: list what waits and what was given up."


def _name(id: str) -> str:
    return f"outbox {id}"


def _posted(row: tuple[str, float, str, int, float, str]) -> Posted:
    key, at, state, tries, due_at, why = row
    return Posted(id=key, at=at, state=state, tries=tries, due_at=due_at, why=why)


_PUT = "INSERT INTO outbox VALUES (?, ?, ?, 'waiting', 0, ?, '', ?) ON CONFLICT (id) DO NOTHING"
_DUE = """SELECT id, hour, sealed FROM outbox WHERE state = 'waiting' AND due_at <= ?
    ORDER BY due_at, id LIMIT ?"""
_DONE = "UPDATE outbox SET state = 'done', due_at = ?, sealed = NULL, why = '' WHERE id = ?"
_FAILED = "UPDATE outbox SET tries = ?, state = ?, due_at = ?, why = ? WHERE id = ? AND state = 'waiting'"
_GIVE_UP = "UPDATE outbox SET state = 'dead', why = ? WHERE id = ? AND state = 'waiting'"
_RETRY = "UPDATE outbox SET state = 'waiting', tries = 0, due_at = ? WHERE id = ? AND state = 'dead'"
_STATE = "SELECT id, at, state, tries, due_at, why FROM outbox"
