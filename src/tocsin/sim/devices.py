"""Devices on the wire: when each one speaks, its sequence and boot, and when it is silent."""

from collections.abc import Iterator

import numpy as np
from msgspec import Struct

from tocsin.sim.chance import draw
from tocsin.sim.scenario import Outage


class Silence(Struct, frozen=True):
    """A device says nothing from `since` to `until` (seconds after the start); it restarts after."""

    since: float
    until: float


class Device:
    """One device that speaks every `every_s` seconds, with its own phase and a slightly uneven clock."""

    def __init__(self, name: str, every_s: int, chance: np.random.Generator) -> None:
        self.name = name
        self._every_s = every_s
        self._slot = int(chance.integers(every_s))
        self._phase = float(chance.uniform(0.0, 0.9))
        self._chance = chance
        self._boots = 1
        self._count = 0
        self._silences: list[Silence] = []
        self._down = False

    def silence(self, since: float, until: float) -> None:
        """Take the device off the air for a while."""
        self._silences.append(Silence(since, until))

    def silent(self, second: float) -> bool:
        """Whether it is off the air."""
        return any(gap.since <= second < gap.until for gap in self._silences)

    def speak(self, second: int) -> tuple[float, int, str] | None:
        """Time, sequence and boot of what it says within this second; None where it says nothing."""
        if self.silent(second):
            self._down = True
            return None
        if self._down:
            self._down, self._count, self._boots = False, 0, self._boots + 1
        if second % self._every_s != self._slot:
            return None
        self._count += 1
        jitter = float(self._chance.uniform(0.0, 0.09))
        return round(second + self._phase + jitter, 3), self._count, f"b{self._boots}"


def restarts(outages: tuple[Outage, ...], chance: np.random.Generator) -> Iterator[tuple[str, Silence]]:
    """When which sensor restarts, drawn from the plan."""
    for outage in outages:
        since = draw(chance, outage.at_s)
        yield outage.sensor, Silence(since, since + draw(chance, outage.duration_s))
