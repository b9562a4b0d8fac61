"""What is usual of a few numbers: the least freshness, and where a picture rests that sways."""

from collections import deque
from dataclasses import dataclass, field
from math import hypot

import numpy as np

from tocsin.perceivers.tamper.moving import Moved
from tocsin.perceivers.tamper.small import Floats

KNOWN_MIN = 6
"""Fewest values from which the least usual one can be told."""

KNOWN_MAX = 1_200
"""Most values that are kept: ten minutes at two a second."""

SWAYS = 3.0
"""How many times its usual sway a picture may lie from its rest without having been moved."""

LIE_S = 1.5
"""How long a picture must lie elsewhere for most of the way to count: a mast swings."""


@dataclass(slots=True)
class Least:
    """The least that is usual of a number: one in twenty lies below it."""

    values: deque[float] = field(default_factory=lambda: deque(maxlen=KNOWN_MAX))

    def learn(self, value: float) -> None:
        """One more value that was as it should be."""
        self.values.append(value)

    @property
    def value(self) -> float | None:
        """The least usual value; None while too few are known."""
        return float(np.quantile(self.values, 0.05)) if len(self.values) >= KNOWN_MIN else None


@dataclass(frozen=True, slots=True)
class Beyond:
    """How far a picture lies beyond its usual sway: share of the width, degrees, how much larger it is."""

    shift: float = 0.0
    turn_deg: float = 0.0
    size: float = 1.0


@dataclass(slots=True)
class Rest:
    """Where a picture usually lies against its reference, and how far it sways around that.

    `lies` and `rest` are right and down (shares of the width), turn (degrees) and size: over the last moments, and
    usually.
    """

    rest: Floats = field(default_factory=lambda: np.array([0.0, 0.0, 0.0, 1.0]))
    lies: Floats = field(default_factory=lambda: np.array([0.0, 0.0, 0.0, 1.0]))
    sway: float = 0.0
    turns_deg: float = 0.0

    def beyond(self, motion: Moved, every_s: float) -> Beyond:
        """Take one more motion in; gives how far the picture lies beyond its usual sway."""
        now = np.array([motion.right, motion.down, motion.turn_deg, motion.size])
        self.lies = self.lies + min(1.0, every_s / LIE_S) * (now - self.lies)
        apart, turned = self._apart()
        shift = max(0.0, apart - SWAYS * self.sway)
        return Beyond(shift, max(0.0, turned - SWAYS * self.turns_deg), 1.0 + float(self.lies[3] - self.rest[3]))

    def learn(self, part: float) -> None:
        """Take `part` of where it lies now into what is usual."""
        apart, turned = self._apart()
        self.sway += part * (apart - self.sway)
        self.turns_deg += part * (turned - self.turns_deg)
        self.rest = self.rest + part * (self.lies - self.rest)

    def _apart(self) -> tuple[float, float]:
        right, down, turned, _ = (float(one) for one in self.lies - self.rest)
        return hypot(right, down), abs(turned)
