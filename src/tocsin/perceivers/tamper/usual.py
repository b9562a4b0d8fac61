"""What is usual of a few numbers: the least freshness, and where a picture rests that sways."""

from collections import deque
from dataclasses import dataclass, field
from math import hypot

import numpy as np

from tocsin.perceivers.tamper.moving import Moved

KNOWN_MIN = 8
"""Fewest values from which the least usual one can be told."""

KNOWN_MAX = 1_200
"""Most values that are kept: ten minutes at two a second."""

SWAYS = 3.0
"""How many times its usual sway a picture may lie from its rest without having been moved."""


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


@dataclass(slots=True)
class Rest:
    """Where a picture usually lies against its reference, and how far it sways around that (shares of the width)."""

    right: float = 0.0
    down: float = 0.0
    sway: float = 0.0
    turn_deg: float = 0.0
    turns_deg: float = 0.0

    def learn(self, motion: Moved, part: float) -> None:
        """Take `part` of one more motion in."""
        self.sway += part * (self._apart(motion) - self.sway)
        self.turns_deg += part * (abs(motion.turn_deg - self.turn_deg) - self.turns_deg)
        self.right += part * (motion.right - self.right)
        self.down += part * (motion.down - self.down)
        self.turn_deg += part * (motion.turn_deg - self.turn_deg)

    def beyond(self, motion: Moved) -> tuple[float, float]:
        """How far it lies (share of the width) and is turned (degrees) beyond its usual sway."""
        shift = max(0.0, self._apart(motion) - SWAYS * self.sway)
        return shift, max(0.0, abs(motion.turn_deg - self.turn_deg) - SWAYS * self.turns_deg)

    def _apart(self, motion: Moved) -> float:
        return hypot(motion.right - self.right, motion.down - self.down)
