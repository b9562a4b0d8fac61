"""A live camera: a thread of its own reads it and keeps the newest picture only; a lost one is tried again."""

import threading
import time
from dataclasses import replace
from pathlib import Path

from tocsin.contract.protocols import Delivered
from tocsin.contract.streams import BREAKS, LiveClock
from tocsin.model import SourceLost
from tocsin.sources.video.address import Address, files_of
from tocsin.sources.video.decoding import Counts, Decoded, Painter, decoded
from tocsin.sources.video.opening import Plan, Stream, opened
from tocsin.sources.video.pictures import Declared, Marks, Taken, reading_of
from tocsin.sources.video.timing import Every, Thinning

WARM_S_MAX = 2.0
"""Longest time after connecting in which pictures that a camera had in store are passed over."""

AHEAD_S_MAX = 10.0
"""How far a stream that comes in pieces, or a file, may be off its own pace before it is paced anew."""

CLOSE_S_MAX = 2.0
"""How long closing waits for the reading thread; it ends by itself after the next answer of the camera."""


class RunningCamera:
    """A camera at work. `finished` where it was a file that has ended."""

    def __init__(self, declared: Declared, address: Address) -> None:
        self._declared = declared
        self._address = address
        self._called = (
            [str(path) for path in files_of(Path(address.called))] if address.way == "folder" else [address.called]
        )
        self._boot = f"{time.time_ns() // 1_000_000:x}"
        self._painter = Painter(declared.width_max)
        self._clock = LiveClock()
        self._every = Every(None)
        self._at = 0.0
        self._thinning = Thinning(declared.frames_per_s_max)
        self._software = False
        self._newest: Taken | None = None
        self._changed = threading.Condition()
        self._closed = threading.Event()
        self._problem, self._since = "not connected yet", time.time()
        self.counts = Counts()
        self._marks = Marks(self.counts)
        self.finished = False
        self._thread = threading.Thread(target=self._run, name=f"video-{declared.source}", daemon=True)
        self._thread.start()

    def next_batch(self, wait_s: float) -> Delivered | None:
        """The newest picture; None when none came within `wait_s`."""
        with self._changed:
            self._changed.wait_for(lambda: self._newest is not None or self._closed.is_set(), wait_s)
            taken, self._newest = self._newest, None
        if taken is None or self._closed.is_set():
            return None
        self.counts.given += 1
        return Delivered((reading_of(self._declared, taken, self._painter, self._boot),))

    def snapshot(self) -> bytes:
        """Nothing: what a camera showed is gone."""
        return b""

    def problem(self) -> str:
        """Why no pictures come, and since when; empty while they do."""
        if not self._problem:
            return ""
        since = time.strftime("%H:%M:%S", time.gmtime(self._since))
        return f"Camera at {self._address.shown}, since {since} UTC: {self._problem}. Trying again by itself."

    def close(self) -> None:
        """Stop reading."""
        self._closed.set()
        with self._changed:
            self._changed.notify_all()
        self._thread.join(timeout=CLOSE_S_MAX)

    def _run(self) -> None:
        pause_s = self._declared.retry_s
        while not self._closed.is_set() and not self.finished:
            decoded_before, opened_before = self.counts.decoded, self.counts.connections
            try:
                self._watch()
                continue
            except SourceLost as error:
                self._trouble(str(error))
            except BREAKS as error:
                self._trouble(f"what it sends breaks the reader ({type(error).__name__})")
            if self.counts.decoded > decoded_before:
                pause_s = self._declared.retry_s
            elif self.counts.connections > opened_before and self._declared.hardware == "auto":
                self._software = True  # a decoder of the hardware that gives nothing is not tried again
            self._closed.wait(pause_s)
            pause_s = min(2 * pause_s, self._declared.retry_s_max)

    def _watch(self) -> None:
        """Read until the stream ends; raises SourceLost, but for files that are over or begin again."""
        for called in self._called:
            with opened(called, self._plan()) as stream:
                self.counts.connections += 1
                self._clock.restart()
                self._every = Every(stream.every_s)
                self._read(stream)
        if self._closed.is_set():
            return
        if not self._address.recorded:
            raise SourceLost("it ended the stream")
        self.finished = not self._declared.loop
        self._marks.begin_again()
        self._closed.wait(0.0 if self.finished else self._every.s)

    def _plan(self) -> Plan:
        declared = self._declared
        return Plan(
            way=self._address.way,
            transport=declared.transport,
            stall_s=declared.stall_s,
            hardware="off" if self._software else declared.hardware,
            ca_file=declared.ca_file,
            pictures_per_s=declared.pictures_per_s,
        )

    def _read(self, stream: Stream) -> None:
        paced = stream.bursts or self._address.recorded
        pace, warming = _Pace(stream.every_s, self._closed), _Warming()
        for one in decoded(stream, self.counts, patient=self._address.recorded):
            if paced:
                pace.wait(one.told)
            if self._closed.is_set():
                return
            now = time.time()
            if paced or not stream.timed or not warming.passes_over(now, self._every.s):
                self._take(one, now)

    def _take(self, one: Decoded, now: float) -> None:
        at, jumped = self._clock.at(one.told, now, one.wall)
        self._every.heed(at - self._at)
        self._at = at
        self._trouble("")
        with self._changed:
            self._marks.note(one, jumped=jumped)
            if self._thinning.takes(at):
                self._lay(one, at)
                self._changed.notify_all()

    def _lay(self, one: Decoded, at: float) -> None:
        """Put a picture in place of the one that nobody took, whose marks live on."""
        passed_over, dropped = self._newest, 0
        if passed_over is not None:
            self.counts.dropped += 1
            self._marks.keep(passed_over)
            dropped = passed_over.dropped + 1
        self._newest = replace(self._marks.taken(one, at, self._every.s), dropped=dropped)

    def _trouble(self, words: str) -> None:
        if words and not self._problem:
            self._since = time.time()
        self._problem = words


class _Pace:
    """Shows pictures that come faster than life (files, pieces of a stream) when they are due."""

    def __init__(self, every_s: float, closed: threading.Event) -> None:
        self._every_s = every_s or 0.04
        self._closed = closed
        self._due = 0.0
        self._told: float | None = None

    def wait(self, told: float | None) -> None:
        """Wait until this picture is due."""
        step = self._every_s if told is None or self._told is None else told - self._told
        self._told = told
        now = time.monotonic()
        self._due = self._due + step if self._due else now
        if not -AHEAD_S_MAX <= self._due - now <= AHEAD_S_MAX:
            self._due = now  # its times jumped, or we fell behind
        self._closed.wait(max(0.0, self._due - now))


class _Warming:
    """Knows pictures that a camera had in store when we came: they arrive faster than it takes them."""

    def __init__(self) -> None:
        self._began = self._last = time.time()
        self._over = False

    def passes_over(self, now: float, every_s: float) -> bool:
        """Whether this picture is an old one."""
        self._over = self._over or now - self._last >= every_s / 2 or now - self._began > WARM_S_MAX
        self._last = now
        return not self._over
