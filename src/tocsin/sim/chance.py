"""Seeded chance: one independent stream per part of the world, so that parts do not disturb each other."""

from zlib import crc32

import numpy as np
from numpy.typing import NDArray

Range = tuple[float, float]
"""Lowest and highest value; the seed draws one in between."""

Floats = NDArray[np.float64]


def stream(seed: int, name: str) -> np.random.Generator:
    """The stream of random numbers for the part `name` under this seed."""
    return np.random.Generator(np.random.PCG64([seed, crc32(name.encode())]))


def draw(chance: np.random.Generator, span: Range) -> float:
    """One value of a range, uniformly."""
    return float(chance.uniform(span[0], span[1]))


class Wander:
    """Ornstein-Uhlenbeck processes around zero: values that wander and come back.

    `sd` is their standard deviation, `time_s` how long they remember (seconds).
    """

    def __init__(self, chance: np.random.Generator, sd: float | Floats, time_s: float, size: int = 1) -> None:
        self._chance = chance
        self._sd = sd
        self._time_s = time_s
        self.value: Floats = chance.normal(0.0, 1.0, size) * sd

    def step(self, dt_s: float = 1.0) -> Floats:
        """Let `dt_s` seconds pass; exact for any step."""
        keep = float(np.exp(-dt_s / self._time_s))
        kick = self._chance.normal(0.0, 1.0, self.value.size) * self._sd
        self.value = self.value * keep + kick * (1.0 - keep * keep) ** 0.5
        return self.value
