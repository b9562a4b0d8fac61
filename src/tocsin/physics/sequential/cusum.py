"""CUSUM: how long it runs until an alarm, with and without a change, and the threshold for a wanted run length.

S grows by what exceeds the reference, never below zero, and rings at the threshold. It is the quickest test of
all that ring falsely no more often (Lorden 1971, Moustakides 1986).

References: E. S. Page (1954), Biometrika 41, 100-115; D. Brook and D. A. Evans (1972), An approach to the probability
distribution of CUSUM run length, Biometrika 59, 539-549; D. Siegmund (1985), Sequential Analysis, eq. 2.57;
J. M. Lucas (1985), Counted data CUSUMs, Technometrics 27, 129-144.
"""

from dataclasses import dataclass
from math import ceil, erfc, exp, inf, log, sqrt

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

STATES_MAX = 400
"""Most states of the chain that run lengths of counts are computed with."""

OVERSHOOT = 1.166
"""Twice Siegmund's mean excess over the boundary of normal steps (0.583 standard deviations at each end)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CountCusum:
    """CUSUM of Poisson counts with mean `mean` per step: reference and threshold in counts.

    References are rounded to `parts` of a count, so that S lives on a lattice and its run length is exact.
    """

    mean: float
    reference: float
    threshold: float
    parts: int = 1

    def step(self, sum: float, counts: float) -> float:
        """The sum after one more count; it rings at `threshold`."""
        return max(0.0, sum + counts - self.reference)

    def run_length(self, ratio: float = 1.0) -> float:
        """Mean number of steps until it rings, from zero, while the mean is `ratio` times the background (exact)."""
        return float(_run_lengths(self._chain(ratio * self.mean))[0])

    def _chain(self, mean: float) -> Floats:
        states = max(1, ceil(round(self.threshold * self.parts, 6)))
        drift = round(self.reference * self.parts)
        return _lattice_chain(mean, states, drift, self.parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class NormalCusum:
    """CUSUM of normal noise of variance 1: reference and threshold in standard deviations."""

    reference: float
    threshold: float

    def step(self, sum: float, value: float) -> float:
        """The sum after one more value; it rings at `threshold`."""
        return max(0.0, sum + value - self.reference)

    def run_length(self, shift: float = 0.0, cells: int = 200) -> float:
        """Mean number of steps until it rings while the mean is `shift`: Brook and Evans, extrapolated in the cells."""
        coarse, fine = (float(_run_lengths(self._chain(shift, n))[0]) for n in (cells // 2, cells))
        return fine + (fine - coarse) / 3.0

    def _chain(self, shift: float, cells: int) -> Floats:
        width = 2.0 * self.threshold / (2 * cells - 1)
        away = np.arange(-cells, cells)  # cells from one state to another
        below = _normal_cdf(np.asarray((away + 0.5) * width - (shift - self.reference), np.float64))
        steps = np.arange(cells)[None, :] - np.arange(cells)[:, None] + cells
        chances: Floats = below[steps] - below[steps - 1]
        chances[:, 0] = below[steps[:, 0]]
        return chances


def cusum_for_counts(mean: float, ratio: float, run_length: float) -> CountCusum:
    """The quickest test for a rise to `ratio` times the background that rings falsely once in `run_length` steps.

    The reference is that of the likelihood ratio, m (r - 1) / ln r; the threshold is found in the exact run length.
    Noise rings no more often than that. Where it is out of reach of the lattice, Wald's bound ln(run length) / ln r
    is taken: it rings less often.
    """
    parts = max(1, min(50, ceil(5.0 / max(mean, 1e-9)))) if mean < 5.0 else 1
    reference = max(1, round(mean * (ratio - 1.0) / log(ratio) * parts)) / parts
    bound = max(1.0, log(run_length) / log(ratio))
    test = CountCusum(mean=mean, reference=reference, threshold=bound, parts=parts)
    if bound * parts > STATES_MAX:
        return test
    return _least(test, run_length, ceil(bound * parts))


def _least(test: CountCusum, run_length: float, highest: int) -> CountCusum:
    """The least threshold on the lattice that keeps the run length, by halving; `highest` where none below does."""
    low, high = 1, highest + 1
    while low < high:
        middle = (low + high) // 2
        if _at(test, middle).run_length() >= run_length:
            high = middle
        else:
            low = middle + 1
    return _at(test, min(high, highest + 1))


def _at(test: CountCusum, states: int) -> CountCusum:
    return CountCusum(mean=test.mean, reference=test.reference, threshold=states / test.parts, parts=test.parts)


def siegmund_run_length(reference: float, threshold: float, shift: float = 0.0) -> float:
    """Siegmund's closed form of the run length of normal noise, corrected for the excess over the threshold.

    >>> round(siegmund_run_length(0.5, 5.0), -1)
    940.0
    """
    drift, reach = shift - reference, threshold + OVERSHOOT
    if abs(drift) < 1e-9:
        return reach * reach
    return (exp(-2.0 * drift * reach) + 2.0 * drift * reach - 1.0) / (2.0 * drift * drift)


def _run_lengths(chain: Floats) -> Floats:
    """Mean steps until the chain is left, from each of its states."""
    size = len(chain)
    try:
        found: Floats = np.asarray(np.linalg.solve(np.eye(size) - chain, np.ones(size)), np.float64)
    except np.linalg.LinAlgError:
        return np.full(size, inf)
    return np.where(found > 0.0, found, inf)  # so long that the arithmetic no longer tells it from for ever


def _lattice_chain(mean: float, states: int, drift: int, parts: int) -> Floats:
    """Chances to go from each state to each other one that does not ring; below zero counts as zero."""
    moves = np.arange(drift - states + 1, drift + states)  # parts of counts that take one state to another
    alone = np.where((moves % parts == 0) & (moves >= 0), poisson_chances(moves // parts, mean), 0.0)
    steps = np.arange(states)[None, :] - np.arange(states)[:, None]
    chances: Floats = alone[steps + states - 1]
    chances[:, 0] = _at_most((drift - np.arange(states)) // parts, mean)
    return chances


def poisson_chances(counts: NDArray[np.int64], mean: float) -> Floats:
    """The chance of each number of counts; 0 for negative ones."""
    logs = _log_factorials(int(max(counts.max(), 0)))
    n = np.maximum(counts, 0)
    chances: Floats = np.exp(n * log(max(mean, 1e-300)) - mean - logs[n])
    return np.where(counts >= 0, chances, 0.0)


def _at_most(counts: NDArray[np.int64], mean: float) -> Floats:
    """The chance of at most so many counts."""
    top = int(max(counts.max(), 0))
    below = np.cumsum(poisson_chances(np.arange(top + 1), mean))
    return np.where(counts >= 0, np.minimum(1.0, below[np.maximum(counts, 0)]), 0.0)


def _log_factorials(top: int) -> Floats:
    return np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, top + 1, dtype=np.float64)))])


def _normal_cdf(values: Floats) -> Floats:
    found: Floats = 0.5 * np.vectorize(erfc, otypes=[np.float64])(-values / sqrt(2.0))
    return found
