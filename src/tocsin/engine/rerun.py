"""Runs recorded input through the flow, as fast as it goes, on the clock of the recording."""

from collections.abc import Iterator
from typing import Any

from tocsin.contract.bodies import LogEvents
from tocsin.contract.protocols import Delivered, RunningSource
from tocsin.engine.flow import Flow
from tocsin.model import Fact, Observation, Tick

TICK_S = 1.0
"""Ticks of event time between deliveries, as in the live engine."""

TICKS_MAX = 3600
"""Most ticks written for one gap in a recording: beyond it the steps grow, so a pause of a year costs no more."""


class Rerun:
    """One recording, one flow. `run` gives every concluded fact in order.

    Time passes up to the oldest line of a delivery before it is folded: lines of a batch may
    span hours, and what they say must not find itself forgotten on arrival.
    """

    def __init__(self, flow: Flow, *, tick_s: float = TICK_S) -> None:
        self.flow = flow
        self.now = 0.0
        self._newest = 0.0
        self._tick_s = tick_s

    def run(self, source: RunningSource, via: str) -> Iterator[Fact]:
        """Deliver, log and fold until the recording ends."""
        while (delivered := source.next_batch(0.0)) is not None:
            self._newest = max((self._newest, *(reading.at for reading in delivered.readings)))
            observations = self.flow.admit(delivered, via, self._newest)
            self._newest = max((self._newest, *(one.at for one in observations)))
            ticks = self._ticks(min(map(_oldest, observations), default=self.now))
            yield from self._fold([*ticks, *observations], delivered)

    def settle(self, seconds: float) -> Iterator[Fact]:
        """Let so much event time pass after the end, for what is still deciding."""
        yield from self._fold(list(self._ticks(self._newest + seconds)), Delivered(()))

    def _fold(self, facts: list[Fact], delivered: Delivered) -> Iterator[Fact]:
        future = self.flow.submit(facts, delivered)
        if future is not None:
            yield from self.flow.fold(future.result())

    def _ticks(self, until: float) -> Iterator[Tick]:
        """Ticks from now to `until`, which becomes now; a recording begins with its first reading."""
        step = max(self._tick_s, (until - self.now) / TICKS_MAX) if self.now else float("inf")
        while self.now + step <= until:
            self.now += step
            yield Tick(at=self.now, origin=self.flow.origin)
        self.now = max(self.now, until)


def _oldest(fact: Observation[Any]) -> float:
    if isinstance(fact.body, LogEvents):
        return min((float(row["at"]) for row in fact.body.rows), default=fact.at)
    return fact.at
