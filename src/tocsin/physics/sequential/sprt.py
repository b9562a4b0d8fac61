"""SPRT: Wald's test between two hypotheses, its chances of error and how many samples it takes.

References: A. Wald (1947), Sequential Analysis; D. Siegmund (1985), Sequential Analysis, ch. 3.1 (the excess over
the boundaries, 0.583 standard deviations of a normal step); G. H. Jongeling (1987), Nucl. Instrum. Meth. A 256, for
counters.
"""

from dataclasses import dataclass
from math import exp, log

EXCESS = 0.583
"""Mean excess of a normal walk over a boundary, in standard deviations of its step (Siegmund)."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a test comes to on average: the chance that it says yes, and the samples it takes."""

    yes: float
    samples: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bounds:
    """Wald's boundaries of the log-likelihood ratio, in nats: `miss` and `false_alarm` are the wanted chances."""

    false_alarm: float
    miss: float

    @property
    def upper(self) -> float:
        """At or above: yes."""
        return log((1.0 - self.miss) / self.false_alarm)

    @property
    def lower(self) -> float:
        """At or below: no."""
        return log(self.miss / (1.0 - self.false_alarm))


@dataclass(frozen=True, slots=True, kw_only=True)
class NormalSprt:
    """Whether normal noise of variance 1 has the mean 0 or `shift`."""

    shift: float
    false_alarm: float = 0.01
    miss: float = 0.01

    @property
    def bounds(self) -> _Bounds:
        """Boundaries in nats."""
        return _Bounds(false_alarm=self.false_alarm, miss=self.miss)

    def nats(self, value: float) -> float:
        """What one value says for the shift."""
        return self.shift * (value - self.shift / 2.0)

    def expected(self, mean: float) -> Outcome:
        """Chance of yes and mean samples while the true mean is `mean`, with the excess over the boundaries."""
        return _expected(self.bounds, self.shift * (mean - self.shift / 2.0), self.shift)


@dataclass(frozen=True, slots=True, kw_only=True)
class CountSprt:
    """Whether counts have the mean `background` per step, or `ratio` times that."""

    background: float
    ratio: float
    false_alarm: float = 0.01
    miss: float = 0.01

    @property
    def bounds(self) -> _Bounds:
        """Boundaries in nats."""
        return _Bounds(false_alarm=self.false_alarm, miss=self.miss)

    def nats(self, counts: float) -> float:
        """What the counts of one step say for the rise."""
        return counts * log(self.ratio) - self.background * (self.ratio - 1.0)

    def expected(self, ratio: float) -> Outcome:
        """Chance of yes and mean samples while the true mean is `ratio` times the background.

        A step of the walk is nearly normal where ratio and counts make it small against the boundaries.
        """
        mean = self.background * ratio
        return _expected(self.bounds, self.nats(mean), log(self.ratio) * mean**0.5)


def _expected(bounds: _Bounds, drift: float, deviation: float) -> Outcome:
    """Mean samples of a nearly normal walk between two boundaries that lie an excess farther out than they seem."""
    upper, lower = bounds.upper + EXCESS * deviation, bounds.lower - EXCESS * deviation
    if abs(drift) < 1e-9 * deviation:
        return Outcome(-lower / (upper - lower), -upper * lower / deviation**2)
    tilt = -2.0 * drift / deviation**2
    yes = (1.0 - exp(tilt * lower)) / (exp(tilt * upper) - exp(tilt * lower))
    return Outcome(yes, (yes * upper + (1.0 - yes) * lower) / drift)
