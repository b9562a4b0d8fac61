"""A hypothesis about a release as a row of seven numbers, and what is believed before any reading."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import NamedTuple

import numpy as np

from tocsin.physics.dispersion.air import Floats


class Part(IntEnum):
    """The columns of a hypothesis."""

    EAST = 0
    """Metres east of the origin."""
    NORTH = 1
    LOG_RATE = 2
    """Natural logarithm of kg/s."""
    BEGIN = 3
    """Seconds on the clock of the readings."""
    LOG_LASTS = 4
    """Natural logarithm of the duration in seconds."""
    TURN = 5
    """By how much the wind truly turns from what is measured, radians, clockwise."""
    LOG_PACE = 6
    """Natural logarithm of the true over the assumed speed of the air."""


PARTS = len(Part)


class Span(NamedTuple):
    """What is believed of one column: evenly between low and high, or normal where `sd` is given."""

    low: float
    high: float
    mean: float = 0.0
    sd: float = 0.0


def fixed(value: float) -> Span:
    """A column that is known."""
    return Span(value, value)


def normal(mean: float, sd: float) -> Span:
    """A column that is about this, within four standard deviations."""
    return Span(mean - 4.0 * sd, mean + 4.0 * sd, mean, sd)


@dataclass(frozen=True, slots=True)
class Prior:
    """One span per column."""

    spans: Sequence[Span]
    _low: Floats = field(init=False)
    _high: Floats = field(init=False)
    _mean: Floats = field(init=False)
    _sd: Floats = field(init=False)

    def __post_init__(self) -> None:
        """Keep the spans as arrays."""
        for name, row in zip(("_low", "_high", "_mean", "_sd"), np.array(self.spans, float).T, strict=True):
            object.__setattr__(self, name, row)

    @property
    def open(self) -> Floats:
        """Which columns are not known (1.0) and which are (0.0)."""
        return np.asarray((self._high > self._low).astype(float))

    def drawn(self, chance: np.random.Generator, count: int) -> Floats:
        """Hypotheses as they are believed beforehand, one per row."""
        even = chance.uniform(self._low, self._high, (count, PARTS))
        bell = np.clip(self._mean + self._sd * chance.standard_normal((count, PARTS)), self._low, self._high)
        return np.where(self._sd > 0.0, bell, even)

    def log_density(self, rows: Floats) -> Floats:
        """Up to a constant; -inf outside."""
        inside = ((rows >= self._low) & (rows <= self._high)).all(axis=1)
        away = np.where(self._sd > 0.0, (rows - self._mean) / np.where(self._sd > 0.0, self._sd, 1.0), 0.0)
        return np.where(inside, -0.5 * (away**2).sum(axis=1), -np.inf)
