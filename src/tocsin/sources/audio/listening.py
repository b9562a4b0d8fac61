"""A live microphone: a thread of its own reads it; blocks that nobody took in time are counted and leave a gap."""

import threading
import time
from collections import deque

from tocsin.contract.protocols import Delivered
from tocsin.contract.sounds import AudioBlock
from tocsin.contract.streams import BREAKS, LiveClock
from tocsin.model import Reading, SourceLost
from tocsin.sources.audio.opening import Declared, Place, blocks, reading_of

WAITING_MAX = 32
"""Most blocks that wait to be taken; then the oldest is dropped."""

CLOSE_S_MAX = 2.0


class LiveAudio:
    """A microphone at work. `dropped` counts blocks that nobody took in time."""

    def __init__(self, declared: Declared, place: Place) -> None:
        self._declared, self._place = declared, place
        self._boot = f"{time.time_ns() // 1_000_000:x}"
        self._clock = LiveClock()
        self._waiting: deque[Reading[AudioBlock]] = deque()
        self._changed = threading.Condition()
        self._closed = threading.Event()
        self._problem = "not connected yet"
        self._first, self._gap = 0, False
        self.dropped = self.connections = 0
        self.finished = False
        self._thread = threading.Thread(target=self._run, name=f"audio-{declared.source}", daemon=True)
        self._thread.start()

    def next_batch(self, wait_s: float) -> Delivered | None:
        """All blocks that came; None when none did within `wait_s`."""
        with self._changed:
            self._changed.wait_for(lambda: bool(self._waiting) or self._closed.is_set(), wait_s)
            taken = tuple(self._waiting)
            self._waiting.clear()
        return Delivered(taken) if taken and not self._closed.is_set() else None

    def snapshot(self) -> bytes:
        """Nothing: what was heard is gone."""
        return b""

    def problem(self) -> str:
        """Why no sound comes; empty while it does."""
        return f"Microphone at {self._place.shown}: {self._problem}. Trying again by itself." if self._problem else ""

    def close(self) -> None:
        """Stop listening."""
        self._closed.set()
        with self._changed:
            self._changed.notify_all()
        self._thread.join(timeout=CLOSE_S_MAX)

    def _run(self) -> None:
        pause_s = self._declared.retry_s
        while not self._closed.is_set():
            before = self._first
            try:
                self._listen()
                self._problem = "it ended the stream"
            except SourceLost as error:
                self._problem = str(error)
            except BREAKS as error:
                self._problem = f"what it sends breaks the reader ({type(error).__name__})"
            pause_s = self._declared.retry_s if self._first > before else min(2 * pause_s, self._declared.retry_s_max)
            self._closed.wait(pause_s)

    def _listen(self) -> None:
        self._clock.restart()
        self._gap, told = self._first > 0, 0.0
        self.connections += 1
        for samples, rate in blocks(self._declared, self._place):
            if self._closed.is_set():
                return
            lasts_s = len(samples) / rate
            # the clock follows the stream's own count of samples: network delay does not shift a bang
            at, _ = self._clock.at(told, time.time() - lasts_s)
            told += lasts_s
            self._problem = ""
            self._put(reading_of(self._declared, (samples, rate), self._first, at, self._boot, gap=self._gap))
            self._first += len(samples)

    def _put(self, reading: Reading[AudioBlock]) -> None:
        with self._changed:
            self._gap = len(self._waiting) >= WAITING_MAX
            if self._gap:
                self._waiting.popleft()
                self.dropped += 1
            self._waiting.append(reading)
            self._changed.notify_all()
