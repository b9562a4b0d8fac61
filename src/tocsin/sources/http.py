"""Readings that are posted: NDJSON batches, answered when they are on disk and not before."""

import threading
from collections import deque
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from time import time
from typing import Any, ClassVar

from msgspec import Struct

from tocsin.contract.intake import Arrival, Taken, mapping_named, ndjson_taken
from tocsin.contract.protocols import Delivered
from tocsin.contract.resources import Resources
from tocsin.formats.mapping import Reader
from tocsin.model import BadInput, ConfigError, Level, Origin, TooMuch


class TooLarge(BadInput):
    """A posted batch is larger than the limit that the message names (HTTP 413)."""

    code = "too-large"


class Answer(Struct, frozen=True, kw_only=True):
    """What became of a batch: `rejected` pairs line numbers (from 1) with reasons.

    `accepted` counts lines that were read and are on disk; `duplicates` readings that were there before.
    """

    accepted: int
    rejected: tuple[tuple[int, str], ...] = ()
    duplicates: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpIngest:
    """Takes NDJSON batches from the web server's ingest route; senders hold API tokens.

    `mapping` reads lines with plain values (`mappings` are your own, others come from
    `content/mappings`); typed lines need none. A batch has `bytes_max` and `lines_max` at most,
    and `waiting_max` batches wait at most before senders are asked to come back later.
    `may_speak_for` lists per token name which sources it may speak for (`*` and `?` as in file
    names); while it is empty, any token may speak for any source. What an `urgent` input brings
    overtakes all others on its way in.

    >>> running = HttpIngest().start(Resources())
    >>> pending = running.submit(b'{"source":"g1","t":5,"n":1,"boot":"b","cl2_ppm":0.4}', "gateway")
    >>> running.next_batch(0.0).acknowledge()
    >>> pending.result(0.0).accepted
    1
    """

    kind: ClassVar[str] = "http"
    needs: ClassVar[Level] = Level.ANONYMOUS

    name: str = "http"
    mapping: str = "readings"
    mappings: dict[str, dict[str, Any]] = field(default_factory=dict)
    bytes_max: int = 1 << 20
    lines_max: int = 10_000
    waiting_max: int = 64
    urgent: bool = False
    may_speak_for: dict[str, tuple[str, ...]] = field(default_factory=dict)
    origin: Origin = Origin.LIVE

    def start(self, resources: Resources, resume: bytes = b"") -> "RunningHttp":
        """Ready to take batches; raises ConfigError for a mapping that cannot work."""
        del resume  # a sender that got no answer sends again
        if min(self.bytes_max, self.lines_max, self.waiting_max) < 1:
            raise ConfigError(f"{self.name}: bytes_max, lines_max and waiting_max are 1 or more.")
        return RunningHttp(self, mapping_named(self.mapping, self.mappings, resources))


@dataclass(slots=True)
class _Batch:
    """One posted batch on its way to the log."""

    taken: Taken
    answer: "Future[Answer]"
    accepted: int = 0
    rejected: tuple[tuple[int, str], ...] = ()
    duplicates: int = 0

    def repeated(self, count: int) -> None:
        self.duplicates += count

    def logged(self) -> None:
        if not self.answer.done():
            self.answer.set_result(Answer(accepted=self.accepted, rejected=self.rejected, duplicates=self.duplicates))


class RunningHttp:
    """Between the web server's threads, which offer, and the engine, which takes and acknowledges."""

    def __init__(self, declared: HttpIngest, reader: Reader) -> None:
        self._declared = declared
        self._reader = reader
        self._waiting: deque[_Batch] = deque()
        self._changed = threading.Condition()
        self._closed = False

    def offer(self, body: bytes, token_name: str, source: str = "", wait_s: float = 10.0) -> Answer:
        """Take a batch and wait until it is on disk; from any thread.

        `source` speaks where a line names none. Raises TooLarge (413), TooMuch (429, with
        `retry_after_s`) when too many wait or the log is not done within `wait_s`. A batch that was
        not answered may be sent again: its readings are recognised by their numbers or times.
        """
        try:
            return self.submit(body, token_name, source).result(wait_s)
        except NotYet:
            raise TooMuch(
                f"Not on disk within {wait_s:g} s: send the batch again.", retry_after_s=max(1.0, wait_s / 2)
            ) from None

    def submit(self, body: bytes, token_name: str, source: str = "") -> "Future[Answer]":
        """As `offer`, without waiting: the future is done when the batch is on disk."""
        declared = self._declared
        if len(body) > declared.bytes_max:
            raise TooLarge(f"A batch has {declared.bytes_max} bytes at most, this one {len(body)}: send smaller ones.")
        with self._changed:
            self._check_room()
        batch = self._read(body, token_name, source)
        with self._changed:
            self._check_room()
            self._waiting.append(batch)
            self._changed.notify_all()
        return batch.answer

    def _check_room(self) -> None:
        if self._closed:
            raise TooMuch("Ingest is closing: send the batch again in a minute.", retry_after_s=60.0)
        if len(self._waiting) >= self._declared.waiting_max:
            raise TooMuch(f"{self._declared.waiting_max} batches wait already: send this one again.", retry_after_s=1.0)

    def _read(self, body: bytes, token_name: str, source: str) -> _Batch:
        if body.count(b"\n") >= self._declared.lines_max + 1:
            raise TooLarge(f"A batch has {self._declared.lines_max} lines at most: send smaller ones.")
        arrival = Arrival(at=time(), via=self._declared.name, origin=self._declared.origin)
        batch, rejected = _Batch(Taken(), Future()), []
        for number, taken in zip(_numbers(body), ndjson_taken(self._reader, body, arrival, source), strict=True):
            reason = self._reason(taken, token_name)
            if reason:
                rejected.append((number, reason))
            else:
                batch.accepted += 1
            batch.taken.readings.extend(taken.readings)
            batch.taken.rejected.extend(taken.rejected)
        batch.rejected = tuple(rejected)
        return batch

    def _reason(self, taken: Taken, token_name: str) -> str:
        """Why a line does not count as accepted; empty where all of it does."""
        if not all(self._may_speak(token_name, reading.source) for reading in taken.readings):
            taken.readings.clear()
            taken.rejected.clear()  # nothing of it is kept: it may be about somebody else's sensor
            return "This token may not speak for this source."
        return taken.rejected[0][1] if taken.rejected else ""

    def _may_speak(self, token_name: str, source: str) -> bool:
        table = self._declared.may_speak_for
        return not table or any(fnmatchcase(source, pattern) for pattern in table.get(token_name, ()))

    def next_batch(self, wait_s: float) -> Delivered | None:
        """The next posted batch, in the order of arrival."""
        with self._changed:
            self._changed.wait_for(lambda: bool(self._waiting) or self._closed, wait_s)
            if not self._waiting:
                return None
            batch = self._waiting.popleft()
        taken = batch.taken
        if not taken.readings and not taken.rejected:
            batch.logged()
            return None
        return Delivered(
            tuple(taken.readings),
            tuple(taken.rejected),
            acknowledge=batch.logged,
            repeated=batch.repeated,
            urgent=self._declared.urgent,
        )

    def snapshot(self) -> bytes:
        """Nothing: who got no answer sends again."""
        return b""

    def problem(self) -> str:
        """Nothing can be wrong with waiting for others."""
        return ""

    def close(self) -> None:
        """Take no more; who still waits is told to send again."""
        with self._changed:
            self._closed = True
            left, self._waiting = list(self._waiting), deque()
            self._changed.notify_all()
        for batch in left:
            batch.answer.set_exception(TooMuch("Ingest is closing: send the batch again.", retry_after_s=60.0))


def _numbers(body: bytes) -> list[int]:
    """Line numbers, from 1, of the lines that are not blank."""
    return [number for number, line in enumerate(body.split(b"\n"), 1) if line.strip()]
