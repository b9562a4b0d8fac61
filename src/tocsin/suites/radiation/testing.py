"""Run lengths and sample numbers, simulated and by their closed forms."""

from collections.abc import Callable
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tocsin.physics.sequential import (
    CountCusum,
    CountSprt,
    NormalCusum,
    NormalSprt,
    cusum_for_counts,
    siegmund_run_length,
)

Floats = NDArray[np.float64]
Draw = Callable[[int], Floats]

RATIO = 1.5
RUN_LENGTH = 20_000.0
BACKGROUND = 100.0
"""Counts per reading, the rise that is looked for, and readings between false alarms, when two tests are compared."""


def _error(simulated: float, expected: float) -> float:
    return abs(simulated / expected - 1.0)


def run_length(test: NormalCusum | CountCusum, draw: Draw, runs: int) -> float:
    """Mean steps of so many runs until the test rings."""
    sums, steps, left = np.zeros(runs), np.zeros(runs), np.arange(runs)
    while len(left):
        sums[left] = np.maximum(0.0, sums[left] + draw(len(left)) - test.reference)
        steps[left] += 1
        left = left[sums[left] < test.threshold]
    return float(steps.mean())


def _normal(mean: float, chance: np.random.Generator) -> Draw:
    return lambda count: chance.normal(mean, 1.0, count)


def _counts(mean: float, chance: np.random.Generator) -> Draw:
    return lambda count: chance.poisson(mean, count).astype(np.float64)


def cusums(runs: int, chance: np.random.Generator) -> list[dict[str, Any]]:
    """Each test, without and with the change that it is made for."""
    rows = []
    for reference, threshold in ((0.25, 6.0), (0.5, 4.0), (0.5, 5.0)):
        test = NormalCusum(reference=reference, threshold=threshold)
        for shift in (0.0, 2.0 * reference):
            told = run_length(test, _normal(shift, chance), runs)
            closed = siegmund_run_length(reference, threshold, shift)
            row = {"test": f"normal, k {reference}, h {threshold}, shift {shift}", "simulated": told}
            rows.append(row | {"siegmund": closed, "chain": test.run_length(shift), "error": _error(told, closed)})
    for mean, ratio in ((2.0, 2.0), (30.0, 1.4), (500.0, 1.2)):
        counting = cusum_for_counts(mean, ratio, 800.0)
        for factor in (1.0, ratio):
            told = run_length(counting, _counts(factor * mean, chance), runs)
            exact = counting.run_length(factor)
            row = {"test": f"counts, mean {mean}, for {ratio}, at {factor}", "simulated": told}
            rows.append(row | {"chain": exact, "error": _error(told, exact)})
    return rows


def _samples(test: NormalSprt | CountSprt, draw: Draw, runs: int) -> tuple[float, float]:
    """Share of yes and mean samples of so many runs."""
    walk, steps, left = np.zeros(runs), np.zeros(runs), np.arange(runs)
    while len(left):
        drawn = draw(len(left))
        walk[left] += np.array([test.nats(0.0)]) + drawn * (test.nats(1.0) - test.nats(0.0))
        steps[left] += 1
        left = left[(walk[left] < test.bounds.upper) & (walk[left] > test.bounds.lower)]
    return float((walk >= test.bounds.upper).mean()), float(steps.mean())


def sprts(runs: int, chance: np.random.Generator) -> list[dict[str, Any]]:
    """Each test under both of its hypotheses."""
    rows = []
    for shift in (0.2, 0.5, 1.0):
        test = NormalSprt(shift=shift)
        for mean in (0.0, shift):
            yes, samples = _samples(test, _normal(mean, chance), runs)
            rows.append(_row(f"normal, shift {shift}, mean {mean}", yes, samples, test.expected(mean)))
    for background, ratio in ((4.0, 1.3), (50.0, 1.1)):
        counting = CountSprt(background=background, ratio=ratio)
        for factor in (1.0, ratio):
            yes, samples = _samples(counting, _counts(factor * background, chance), runs)
            name = f"counts, {background}, for {ratio}, at {factor}"
            rows.append(_row(name, yes, samples, counting.expected(factor)))
    return rows


def _row(name: str, yes: float, samples: float, expected: Any) -> dict[str, Any]:  # noqa: ANN401  # Outcome
    told = {"test": name, "samples": samples, "expected": expected.samples, "yes": yes, "yes_expected": expected.yes}
    return told | {"error": _error(samples, expected.samples)}


def quickness(runs: int, chance: np.random.Generator) -> tuple[dict[str, float], dict[str, float]]:
    """Readings until a small lasting rise is told, by CUSUM and by one reading above k sigma, equally often false."""
    rise = 1.2
    test = cusum_for_counts(BACKGROUND, 1.2, RUN_LENGTH)
    told = run_length(test, _counts(rise * BACKGROUND, chance), runs)
    highest = float(np.quantile(chance.poisson(BACKGROUND, 4_000_000), 1.0 - 1.0 / RUN_LENGTH))
    sigmas = (highest - BACKGROUND) / sqrt(BACKGROUND)
    above = float((chance.poisson(rise * BACKGROUND, 2_000_000) > highest).mean())
    name = "readings_to_a_rise_of_a_fifth"
    return {name: told, "false_alarm_readings": test.run_length()}, {name: 1.0 / above, "k_sigma": sigmas}
