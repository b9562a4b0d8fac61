"""The embedded engine: one process, one thread that folds, one per source that waits for input."""

import gc
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import structlog

from tocsin.contract.protocols import RunningSource
from tocsin.engine.flow import Flow
from tocsin.engine.mailbox import Item, Letter, Mailbox
from tocsin.engine.patience import patiently
from tocsin.model import Fact, TocsinError, TooMuch
from tocsin.store.scribe import Committed

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Every bound of the embedded engine, by name.

    `letters_max` deliveries wait; `unfolded_max` committed facts wait for the folds before
    new deliveries are held back; `tick_s`, `snapshot_s` and `snapshot_facts` pace the rest.
    `young_objects` are made before Python looks for cycles among them: the states of thousands
    of sensors live long, and walking them often costs more than the facts.
    """

    letters_max: int = 256
    unfolded_max: int = 20_000
    tick_s: float = 1.0
    snapshot_s: float = 10.0
    snapshot_facts: int = 100_000
    young_objects: int = 10_000
    poll_s: float = 0.2
    pause_s_max: float = 30.0


@dataclass(slots=True)
class Line:
    """A source in service of the engine: its connection, what it brought, what is wrong."""

    name: str
    kind: str
    running: RunningSource
    received: int = 0
    rejected: int = 0
    last_at: float | None = None
    problem: str = ""


class Embedded:
    """Runs a flow over live sources. `start` it, `stop` it; `ask` it from any thread."""

    def __init__(
        self,
        flow: Flow,
        sources: Mapping[str, tuple[str, RunningSource]],
        *,
        clock: Callable[[], float] = time.time,
        limits: Limits | None = None,
    ) -> None:
        self.flow = flow
        self.limits = limits or Limits()
        self.lines = {name: Line(name, kind, running) for name, (kind, running) in sources.items()}
        self.started_at = clock()
        self._clock = clock
        self._mailbox = Mailbox(self.limits.letters_max)
        self._stopping = threading.Event()
        self.failures: list[str] = []
        self._threads: list[threading.Thread] = []
        self._saved_at = clock()
        self._saved_folded = 0
        self._after_tick: list[Callable[[float], None]] = []
        self._after_resume: list[Callable[[], None]] = []
        self.ticked_at = clock()

    def each_tick(self, call: Callable[[float], None]) -> None:
        """Have `call(now)` run in the engine's thread after every tick."""
        self._after_tick.append(call)

    def once_resumed(self, call: Callable[[], None]) -> None:
        """Have `call()` run when the states are back and no source has spoken yet."""
        self._after_resume.append(call)

    def start(self) -> int:
        """Resume from the last snapshot, then run; returns how many facts were folded anew."""
        gc.set_threshold(self.limits.young_objects, *gc.get_threshold()[1:])
        refolded = self.flow.resume()
        for call in self._after_resume:
            call()
        self._spawn("engine", self._run)
        for line in self.lines.values():
            self._spawn(f"source {line.name}", partial(self._pump, line))
        return refolded

    def add(self, name: str, kind: str, running: RunningSource) -> None:
        """Take one more source into service while running."""
        line = Line(name, kind, running)
        self.lines[name] = line
        self._spawn(f"source {name}", partial(self._pump, line))

    def stop(self) -> None:
        """Close the sources, fold what is committed, save a snapshot. Nothing acknowledged is lost."""
        self._stopping.set()
        for line in self.lines.values():
            line.running.close()
        self._mailbox.close()
        for thread in self._threads:
            thread.join(timeout=10.0)
        self.flow.save()

    def append(self, fact: Fact, wait_s: float = 10.0) -> list[Fact]:
        """Log a fact that people made and fold it; what followed from it. Blocks until both are done."""
        folded: list[list[Fact]] = []
        ready = threading.Event()

        def fold(committed: Committed) -> None:
            folded.append(self.flow.fold(committed))
            ready.set()

        self.flow.log.submit([fact], done=lambda committed: self._mailbox.put(lambda: fold(committed)), urgent=True)
        if not ready.wait(wait_s):
            message = f"The decision is not confirmed after {wait_s:.0f} s: see the System page, then try again."
            raise TooMuch(message, retry_after_s=wait_s)
        return folded[0]

    def post(self, fact: Fact) -> None:
        """Log and fold a fact without waiting for it."""
        self.flow.log.submit([fact], done=self._mailbox.put, urgent=True)

    @property
    def waiting(self) -> int:
        """Deliveries that wait for admission."""
        return self._mailbox.waiting

    def _spawn(self, name: str, target: Callable[[], None]) -> None:
        thread = threading.Thread(target=self._guarded, args=(name, target), name=f"tocsin {name}", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _guarded(self, name: str, target: Callable[[], None]) -> None:
        """A thread that ends by a fault says so: its silence must not look like calm."""
        try:
            target()
        except Exception as error:
            self.failures.append(f"{name} ended by a fault ({type(error).__name__}): restart Tocsin")
            log.exception("thread failed", thread=name)

    def _pump(self, line: Line) -> None:
        pause_s = 0.1
        while not self._stopping.is_set():
            try:
                delivered = line.running.next_batch(self.limits.poll_s)
                line.problem, pause_s = line.running.problem(), 0.1
            except TocsinError as error:
                line.problem = str(error)
                log.warning("source failed", source=line.name, code=error.code)
                self._stopping.wait(pause_s)
                pause_s = min(self.limits.pause_s_max, pause_s * 2)
                continue
            if delivered is not None:
                line.received += len(delivered.readings)
                line.rejected += len(delivered.rejected)
                line.last_at = self._clock()
                self._mailbox.post(Letter(line.name, delivered, line.running.snapshot()))

    def _run(self) -> None:
        next_tick = self._clock()
        while not self._stopping.is_set() or self._mailbox.unfolded:
            behind = self._mailbox.unfolded >= self.limits.unfolded_max
            self._do(self._mailbox.take(self._wait_s(next_tick), letters=not behind))
            now = self._clock()
            if now >= next_tick and not self._stopping.is_set():
                self._tick(now)
                next_tick = now + self.limits.tick_s

    def _do(self, item: Item | None) -> None:
        match item:
            case Letter():
                self._admit(item)
            case Committed():
                self.flow.fold(item)
            case None:
                pass
            case call:
                call()

    def _wait_s(self, next_tick: float) -> float:
        return max(0.0, min(self.limits.poll_s, next_tick - self._clock()))

    def _admit(self, letter: Letter) -> None:
        observations = self.flow.admit(letter.delivered, letter.via, self._clock())
        resume = {letter.via: letter.resume} if letter.resume else {}
        patiently(
            lambda: self.flow.submit(observations, letter.delivered, resume=resume, done=self._mailbox.put),
            self._stopping.is_set,
        )

    def _tick(self, now: float) -> None:
        self.ticked_at = now
        self.flow.tick(now, done=self._mailbox.put)
        for call in self._after_tick:
            call(now)
        folded = self.flow.counts.folded - self._saved_folded
        if now - self._saved_at >= self.limits.snapshot_s or folded >= self.limits.snapshot_facts:
            self.flow.save()
            self._saved_at, self._saved_folded = now, self.flow.counts.folded
