"""The thread that fetches from one ONVIF device, again and again, and what it lays ready for the engine."""

import threading
import time
from collections import deque
from collections.abc import Mapping
from typing import Any, Protocol
from zlib import crc32

from msgspec import Struct

from tocsin.contract.bodies import Alive, Contact, LogBatch
from tocsin.contract.protocols import Delivered
from tocsin.formats.onvif_events import Message, is_identifying, row_text, side_of
from tocsin.formats.onvif_events.sides import part_of
from tocsin.model import Body, Origin, Reading, SourceLost
from tocsin.sources.onvif_events.session import Session

BATCH_MAX = 500
"""Most readings of one delivery."""

BACKOFF_S = (1.0, 60.0)
"""Shortest and longest pause before the next attempt to connect; doubled in between."""

QUIET_S_MAX = 1.0
"""Longest pause after an empty answer that came at once: some devices do not wait, though they were told to."""

CLOSE_S_MAX = 1.0
"""How long closing waits for the answer that is awaited; the thread ends by itself after it."""

OLD_S_MAX = 7 * 86_400.0
"""How old an event may be by the device's clock; older, or ahead of ours, and the arrival counts."""

AHEAD_S_MAX = 5.0
"""How far ahead of us an event may be after the clocks were compared."""

SINCE_2020_S = 1_577_836_800
"""The second at which numbers of messages begin, so that they fit 64 bits for centuries."""


class Declared(Protocol):
    """What of the declaration is needed here."""

    @property
    def url(self) -> str: ...
    @property
    def source(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def parts(self) -> Mapping[str, str]: ...
    @property
    def pull_s(self) -> float: ...
    @property
    def lasts_s(self) -> float: ...
    @property
    def alive_s(self) -> float: ...
    @property
    def waiting_max(self) -> int: ...
    @property
    def origin(self) -> Origin: ...


class Counts(Struct):
    """What came; `passed_over` are messages about faces and number plates, which are never read."""

    connections: int = 0
    received: int = 0
    passed_over: int = 0
    unreadable: int = 0
    undated: int = 0


class Fetching:
    """Fetches until `close`; one thread."""

    def __init__(self, declared: Declared, session: Session) -> None:
        self._declared = declared
        self._session = session
        self._ready: deque[Reading[Any]] = deque()
        self._rejected: deque[tuple[bytes, str]] = deque(maxlen=100)
        self._changed = threading.Condition()
        self._closed = threading.Event()
        self._problem = "not connected yet"
        self._since = time.time()
        self._alive_at = 0.0
        self._thread = threading.Thread(target=self._run, name=f"onvif-{declared.source}", daemon=True)
        self.counts = Counts()

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def next_batch(self, wait_s: float, *, urgent: bool) -> Delivered | None:
        """What waits, in order."""
        with self._changed:
            self._changed.wait_for(lambda: bool(self._ready or self._rejected) or self._closed.is_set(), wait_s)
            readings = tuple(self._ready.popleft() for _ in range(min(BATCH_MAX, len(self._ready))))
            rejected = tuple(self._rejected)
            self._rejected.clear()
            self._changed.notify_all()
        return Delivered(readings, rejected, urgent=urgent) if readings or rejected else None

    def problem(self) -> str:
        """Why nothing comes, and since when; empty while the device answers."""
        if not self._problem:
            return ""
        since = time.strftime("%H:%M:%S", time.gmtime(self._since))
        return f"ONVIF device {self._declared.url}, since {since} UTC: {self._problem}. Trying again by itself."

    def close(self) -> None:
        """Stop after the answer that is awaited; unsubscribe."""
        with self._changed:
            self._closed.set()
            self._changed.notify_all()
        self._thread.join(timeout=CLOSE_S_MAX)

    def _run(self) -> None:
        pause = BACKOFF_S[0]
        while not self._closed.is_set():
            try:
                self._session.begin(self._declared.lasts_s)
                self.counts.connections += 1
                self._trouble("")
                pause = BACKOFF_S[0]
                self._fetch()
            except SourceLost as error:
                self._trouble(str(error))
            self._closed.wait(pause)
            pause = min(2 * pause, BACKOFF_S[1])
        self._session.close()

    def _fetch(self) -> None:
        renewed = time.monotonic()
        while not self._closed.is_set():
            asked = time.monotonic()
            messages, rejected = self._session.pull()
            self._lay(messages, rejected)
            if time.monotonic() - renewed > self._declared.lasts_s / 3:
                self._session.renew(self._declared.lasts_s)
                renewed = time.monotonic()
            if not messages and time.monotonic() - asked < self._declared.pull_s / 2:
                self._closed.wait(min(QUIET_S_MAX, self._declared.pull_s))
        self._session.end()

    def _trouble(self, words: str) -> None:
        if words and not self._problem:
            self._since = time.time()
        self._problem = words

    def _lay(self, messages: list[Message], rejected: list[tuple[bytes, str]]) -> None:
        now = time.time()
        readings = [reading for message in messages for reading in self._readings(message, now)]
        self.counts.received += len(messages)
        self.counts.unreadable += len(rejected)
        if now - self._alive_at >= self._declared.alive_s:
            self._alive_at = now
            readings.append(self._reading(self._declared.source, "alive", now, _number(now, b""), Alive(online=True)))
        with self._changed:
            self._rejected.extend(rejected)
            self._ready.extend(readings)
            self._changed.notify_all()
            self._changed.wait_for(lambda: len(self._ready) < self._declared.waiting_max or self._closed.is_set())

    def _readings(self, message: Message, now: float) -> list[Reading[Any]]:
        if is_identifying(message):
            self.counts.passed_over += 1
            return []
        declared = self._declared
        at, number = self._dated(message, now)
        batch = LogBatch(format="onvif", lines=(row_text(message, declared.source, at),), offsets=(0,))
        event = self._reading(declared.source, "events", at, number, batch)
        return [event, *self._side(message, event)]

    def _side(self, message: Message, event: Reading[Any]) -> list[Reading[Any]]:
        declared, side = self._declared, side_of(message)
        if side is None:
            return []
        sensor = declared.parts.get(part_of(message), declared.source)
        flags = ("initial",) if message.operation == "Initialized" else ()
        contact = Contact(name=side.name, active=side.active, flags=flags)
        return [self._reading(sensor, f"sides of {declared.source}", event.at, event.seq, contact)]

    def _dated(self, message: Message, now: float) -> tuple[float, int]:
        """When it happened by our clock, and its number.

        The number is made of the device's time and the content: what it tells again after a new pull point
        is no news. Where the device says no time, each message is one of its own.
        """
        told = message.at or 0.0
        at = told - self._session.clock_off_s
        if now - OLD_S_MAX <= at <= now + AHEAD_S_MAX:
            return at, _number(told, row_text(message, "", told))
        self.counts.undated += 1
        return now, _number(now, row_text(message, "", now) + str(self.counts.undated).encode())

    def _reading(self, source: str, boot: str, at: float, seq: int, body: Body) -> Reading[Any]:
        declared = self._declared
        return Reading(at=at, origin=declared.origin, source=source, seq=seq, boot=boot, body=body, via=declared.name)


def _number(at: float, content: bytes) -> int:
    return (int(at) - SINCE_2020_S) << 32 | crc32(content)
