"""The flow itself, without threads: admit, log, fold, tell. Live engine and replay both drive it."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import structlog

from tocsin.contract.bodies import LogEvents
from tocsin.contract.protocols import Delivered
from tocsin.engine.doorway import Doorway
from tocsin.engine.graph import Graph
from tocsin.engine.patience import patiently
from tocsin.engine.reloading import Reloading
from tocsin.model import Body, Change, Fact, Observation, Origin, Tick
from tocsin.model.wire import unsealed
from tocsin.store.log import EventLog
from tocsin.store.quarantine import Quarantine, Rejected
from tocsin.store.scribe import Committed
from tocsin.store.snapshots import Snapshots

log = structlog.get_logger()


class Told(Protocol):
    """Who is told of facts as they happen: the view, the outbox, a printer."""

    def observed(self, fact: Observation[Any]) -> None:
        """An observation was logged."""
        ...

    def told(self, fact: Fact) -> None:
        """Something was concluded: a finding, health, an incident, a look, a proposal."""
        ...


Shown = Callable[[Observation[Any]], None]
"""Who is shown what passed the gate and is not kept in the log: pictures."""


@dataclass(slots=True)
class Counts:
    """What went through, so that nothing can go missing unseen."""

    deliveries: int = 0
    accepted: int = 0
    rejected: int = 0
    duplicates: int = 0
    staged: int = 0
    shown: int = 0
    folded: int = 0
    stored_pos: int = 0


def items_in(body: Body) -> int:
    """How many items of input a body stands for: the lines of a log batch, else one."""
    return len(body.rows) if isinstance(body, LogEvents) else 1


class Flow:
    """One city's flow. Call its methods from one thread, but `acknowledged` from any.

    `reloading` puts rules in force at the positions where the log says so.
    """

    def __init__(
        self,
        *,
        doorway: Doorway,
        graph: Graph,
        log: EventLog,
        snapshots: Snapshots,
        quarantine: Quarantine,
        told: Sequence[Told],
        origin: Origin,
        reloading: Reloading | None = None,
    ) -> None:
        self.doorway = doorway
        self.graph = graph
        self.log = log
        self.snapshots = snapshots
        self.quarantine = quarantine
        self.counts = Counts()
        self.origin = origin
        self.pos = 0
        self.problem = ""
        self._told = tuple(told)
        self._shown: tuple[Shown, ...] = ()
        self._reloading = reloading
        self._saved_pos = 0

    def listen(self, told: Told) -> None:
        """Have one more be told of every fact; before the flow runs."""
        self._told = (*self._told, told)

    def show(self, shown: Shown) -> None:
        """Have one more be shown what is not kept; before the flow runs."""
        self._shown = (*self._shown, shown)

    def admit(self, delivered: Delivered, via: str, now: float) -> list[Observation[Any]]:
        """What of a delivery may be observed and is kept; the rest is shown, quarantined, or counted as staged."""
        answer = self.doorway.admit(delivered, via, now)
        self.counts.deliveries += 1
        self.counts.staged += answer.staged
        self._quarantine(answer.rejected)
        for one in answer.observations:
            if not one.body.kept:
                self._show(one)
        return [one for one in answer.observations if one.body.kept]

    def _show(self, observation: Observation[Any]) -> None:
        self.counts.shown += 1
        for shown in self._shown:
            shown(observation)

    def submit(
        self,
        facts: Sequence[Fact],
        delivered: Delivered,
        *,
        resume: Mapping[str, bytes] | None = None,
        done: Callable[[Committed], None] | None = None,
    ) -> Future[Committed] | None:
        """Log what was admitted of a delivery, then acknowledge it; None where nothing was to be logged.

        Raises TooMuch while the log's queue is full: try again, nothing was taken.
        """
        if not facts and not resume:
            self.log.post(_nothing).add_done_callback(lambda _: _acknowledge(delivered))  # after its quarantine
            return None

        committed = partial(_committed, delivered, done)
        future = self.log.submit(facts, snapshots=resume or {}, done=committed, urgent=delivered.urgent)
        future.add_done_callback(self._watched)
        return future

    def _watched(self, future: Future[Committed]) -> None:
        """A write that failed is never acknowledged; that it failed must be seen, until one succeeds."""
        error = future.exception()
        self.problem = "" if error is None else str(error)
        if error is not None:
            log.error("log write failed", error=type(error).__name__)

    def tick(self, at: float, done: Callable[[Committed], None] | None = None) -> Future[Committed]:
        """Log that it is `at` now."""
        return self.log.submit([Tick(at=at, origin=self.origin)], done=done, urgent=True)

    def fold(self, committed: Committed) -> list[Fact]:
        """Fold what was committed; everything that follows, in order."""
        self.counts.duplicates += committed.duplicates
        self._quarantine([_refused(fact, why) for fact, why in committed.refused])
        out: list[Fact] = []
        for fact in committed.facts:
            if isinstance(fact, Observation):
                self.counts.accepted += items_in(fact.body)
            out.extend(self._fold(fact))
        return out

    def _fold(self, fact: Fact) -> list[Fact]:
        self.pos = max(self.pos, fact.pos)
        self.counts.folded += 1
        if isinstance(fact, Change) and self._reloading is not None:
            self._reloading.hear(fact)
        derived = self.graph.feed(fact)
        for told in self._told:
            if isinstance(fact, Observation):
                told.observed(fact)
            else:
                told.told(fact)
            for one in derived:
                told.told(one)
        return derived

    def save(self) -> None:
        """Save the states that changed, with the position that they stand for."""
        dirty = self.graph.take_dirty()
        if dirty or self.pos != self._saved_pos:
            self.snapshots.save(self.pos, dirty)
            self._saved_pos = self.pos

    def resume(self) -> int:
        """Load the last snapshot and fold the tail of the log anew; how many facts were refolded."""
        pos, states = self.snapshots.load()
        self.graph.restore(states)
        if self._reloading is not None:
            self._reloading.restore()
        self.pos = self._saved_pos = pos
        refolded = 0
        for fact in self.log.read(after=pos):
            self._fold(unsealed(fact))
            refolded += 1
        return refolded

    def _quarantine(self, rejected: Sequence[Rejected]) -> None:
        self.counts.rejected += len(rejected)
        if rejected:
            patiently(lambda: self.quarantine.put(rejected))


def _committed(delivered: Delivered, done: Callable[[Committed], None] | None, result: Committed) -> None:
    """What was delivered is on disk: its sender and who asked are told."""
    if delivered.repeated is not None:
        delivered.repeated(result.duplicates)
    _acknowledge(delivered)
    if done is not None:
        done(result)


def _acknowledge(delivered: Delivered) -> None:
    if delivered.acknowledge is not None:
        delivered.acknowledge()


def _nothing(_connection: object) -> None:
    """A write of nothing: done when everything before it is on disk."""


def _refused(fact: Fact, why: str) -> Rejected:
    return Rejected(at=fact.at, source=str(getattr(fact, "source", "")), reason=why, raw=b"")
