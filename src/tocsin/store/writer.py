"""The one thread that writes: gathers what waits, runs it in one transaction, answers when it is on disk."""

import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from tocsin.model import StoreError, TocsinError, TooMuch
from tocsin.store.limits import LogLimits

T = TypeVar("T")
Job = Callable[[sqlite3.Connection], T]
"""Something to be written: runs inside a transaction, on the writer's thread."""

COMMITS_REMEMBERED = 1000


@dataclass(slots=True)
class Entry(Generic[T]):
    """One job that waits; `weight` is in facts (0: no facts), `settle` is called with what it gave."""

    job: Job[T]
    weight: int = 0
    future: "Future[T]" = field(default_factory=Future)


class Partner(Protocol):
    """What takes part in every transaction beside the jobs."""

    def finish(self, connection: sqlite3.Connection) -> None:
        """Write what the jobs have gathered."""
        ...

    def committed(self) -> None:
        """It is on disk."""
        ...

    def rolled_back(self) -> None:
        """It did not happen."""
        ...


class Writer:
    """A bounded queue with a fast lane, and the thread that empties it by group commit."""

    def __init__(self, connection: sqlite3.Connection, partner: Partner, limits: LogLimits) -> None:
        self._connection = connection
        self._partner = partner
        self._limits = limits
        self._urgent: deque[Entry[Any]] = deque()
        self._normal: deque[Entry[Any]] = deque()
        self._wake = threading.Condition()
        self._queued = 0
        self._oldest_at = 0.0
        self._closing = False
        self.commits = 0
        self._commit_ms: deque[float] = deque(maxlen=COMMITS_REMEMBERED)
        self._thread = threading.Thread(target=self._run, name="tocsin-log-writer", daemon=True)
        self._thread.start()

    @property
    def queued(self) -> int:
        """The weight of the facts that wait."""
        return self._queued

    def commit_ms(self, share: float) -> float:
        """A quantile of the last commits, from the first write to the sync, in milliseconds."""
        with self._wake:
            ordered = sorted(self._commit_ms)
        return ordered[round(share * (len(ordered) - 1))] if ordered else 0.0

    def put(self, entry: Entry[T], *, urgent: bool = False) -> "Future[T]":
        """Queue an entry; raises TooMuch when the queue is full, StoreError when closed."""
        entry.future.set_running_or_notify_cancel()  # from here on it cannot be cancelled, only answered
        with self._wake:
            self._assert_room(entry.weight, urgent=urgent)
            was_idle = not self._urgent and not self._normal
            if was_idle:
                self._oldest_at = time.monotonic()
            (self._urgent if urgent else self._normal).append(entry)
            self._queued += entry.weight
            if was_idle or self._is_due():  # waking the writer for every fact would cost more than writing it
                self._wake.notify()
        return entry.future

    def do(self, job: Job[T], *, urgent: bool = True) -> "Future[T]":
        """Queue a write that is no fact; its error undoes this job alone."""
        return self.put(Entry(_alone(job)), urgent=urgent)

    def done(self, job: Job[T]) -> T:
        """Write now: returns what the job gives once it is on disk."""
        if threading.current_thread() is self._thread:
            message = "A commit callback must not wait for the writer that runs it: hand the work to another thread."
            raise StoreError(message)
        return self.do(job).result()

    def close(self, last: Job[None]) -> None:
        """Write what waits, then `last`, then stop; closing twice is no error."""
        with self._wake:
            if not self._closing:
                self._normal.append(Entry(_alone(last)))
            self._closing = True
            self._wake.notify()
        self._thread.join()

    def _assert_room(self, weight: int, *, urgent: bool) -> None:
        if self._closing:
            raise StoreError("The log is closed: nothing can be written any more.")
        if weight:
            self._assert_facts_fit(weight, urgent=urgent)
        elif len(self._urgent) + len(self._normal) >= self._limits.jobs_max:
            message = f"{self._limits.jobs_max} writes wait (jobs_max): try again later."
            raise TooMuch(message, retry_after_s=1.0)

    def _assert_facts_fit(self, weight: int, *, urgent: bool) -> None:
        room = self._limits.queued_facts_max + (self._limits.urgent_facts_max if urgent else 0)
        if self._queued and self._queued + weight > room:
            message = f"{self._queued} facts wait to be written (queued_facts_max is {room}): send again later."
            raise TooMuch(message, retry_after_s=self._drain_s())

    def _drain_s(self) -> float:
        """How long what waits will take, by the mean of the last commits."""
        mean_ms = sum(self._commit_ms) / len(self._commit_ms) if self._commit_ms else 10.0
        return max(0.1, self._queued / self._limits.batch_facts_max * mean_ms / 1000)

    def _run(self) -> None:
        while batch := self._next_batch():
            self._write(batch)

    def _next_batch(self) -> list[Entry[Any]]:
        """Wait until a batch is full, old enough or urgent; empty when closed and drained."""
        with self._wake:
            while not self._is_due():
                self._wake.wait(self._wait_s())
            batch: list[Entry[Any]] = []
            weight = 0
            for lane in (self._urgent, self._normal):
                while lane and weight < self._limits.batch_facts_max and len(batch) < self._limits.batch_facts_max:
                    batch.append(lane.popleft())
                    weight += batch[-1].weight
            self._queued -= weight
            return batch

    def _is_due(self) -> bool:
        if self._closing or self._urgent:
            return True
        return bool(self._normal) and (self._queued >= self._limits.batch_facts_max or self._wait_s() == 0.0)

    def _wait_s(self) -> float | None:
        if not self._normal:
            return None
        return max(0.0, self._oldest_at + self._limits.batch_wait_s_max - time.monotonic())

    def _write_each(self, batch: list[Entry[Any]], error: Exception) -> None:
        """Of a batch that failed, each alone; one that was alone is told why."""
        if len(batch) == 1:
            batch[0].future.set_exception(_explained(error))
            return
        for entry in batch:
            self._write([entry])

    def _write(self, batch: list[Entry[Any]]) -> None:
        """One transaction. Where it fails each entry is tried alone, so that only the guilty one is told."""
        began = time.perf_counter()
        try:
            results = self._transact(batch)
        except Exception as error:  # noqa: BLE001  # a boundary: whatever it is, it goes to who waits for it
            self._undo()
            self._write_each(batch, error)
            return
        with self._wake:
            self.commits += 1
            self._commit_ms.append((time.perf_counter() - began) * 1000)
        for entry, (result, failure) in zip(batch, results, strict=True):
            if failure is None:
                entry.future.set_result(result)
            else:
                entry.future.set_exception(failure)

    def _transact(self, batch: list[Entry[Any]]) -> list[tuple[Any, TocsinError | None]]:
        self._connection.execute("BEGIN IMMEDIATE")
        results = [_outcome(entry, self._connection) for entry in batch]
        self._partner.finish(self._connection)
        self._connection.execute("COMMIT")
        self._partner.committed()
        return results

    def _undo(self) -> None:
        self._partner.rolled_back()
        try:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        except sqlite3.Error:
            self._closing = True  # the file is lost: what waits is told so, one by one, and nothing new is taken


def _alone(job: Job[T]) -> Job[T]:
    """The same job in a savepoint, so that its failure leaves the others of the transaction alone."""

    def run(connection: sqlite3.Connection) -> T:
        connection.execute("SAVEPOINT job")
        try:
            result = job(connection)
        except TocsinError:
            connection.execute("ROLLBACK TO job")
            raise
        finally:
            if connection.in_transaction:
                connection.execute("RELEASE job")
        return result

    return run


def _outcome(entry: Entry[Any], connection: sqlite3.Connection) -> tuple[Any, TocsinError | None]:
    try:
        return entry.job(connection), None
    except TocsinError as error:
        return None, error


def _explained(error: Exception) -> Exception:
    if not isinstance(error, sqlite3.Error):
        return error
    explained = StoreError(
        f"Nothing was written: {error}. Free space on the disk or restore the file, then send again."
    )
    explained.__cause__ = error
    return explained
