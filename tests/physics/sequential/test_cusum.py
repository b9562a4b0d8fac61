"""Run lengths of CUSUM are what theory says, and its false alarms are set."""

from math import log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.physics.sequential import (
    CountCusum,
    NormalCusum,
    cusum_for_counts,
    siegmund_run_length,
)

TABLED = [(0.5, 4.0, 168.0), (0.5, 5.0, 465.0), (0.25, 8.0, 256.0)]


@pytest.mark.parametrize(("reference", "threshold", "known"), TABLED)
def test_normal_run_lengths_are_those_of_the_tables(reference, threshold, known):
    """One-sided: twice and more the two-sided values 168, 465 of Montgomery (k = 1/2), Table 9.3."""
    one_sided = NormalCusum(reference=reference, threshold=threshold).run_length()
    if reference == 0.5:
        assert one_sided == pytest.approx(2.0 * known, rel=0.01)
    assert one_sided == pytest.approx(siegmund_run_length(reference, threshold), rel=0.05)


def simulated(test, mean, chance, runs=1500):
    sums, left, steps = np.zeros(runs), np.ones(runs, bool), np.zeros(runs)
    while left.any():
        sums[left] = np.maximum(0.0, sums[left] + chance.poisson(mean, left.sum()) - test.reference)
        steps[left] += 1
        left &= sums < test.threshold
    return steps.mean()


@pytest.mark.parametrize("mean", [0.7, 6.0, 80.0])
def test_counts_run_as_long_as_computed(mean):
    test = cusum_for_counts(mean, 1.5, 400.0)
    chance = np.random.default_rng(3)
    assert simulated(test, mean, chance) == pytest.approx(test.run_length(), rel=0.08)
    assert simulated(test, 1.5 * mean, chance) == pytest.approx(test.run_length(1.5), rel=0.08)


@settings(max_examples=12, deadline=None)
@given(st.floats(0.5, 400.0), st.floats(1.3, 3.0), st.floats(100.0, 1e6))
def test_the_false_alarm_rate_is_kept_and_a_rise_is_found_sooner(mean, ratio, run_length):
    test = cusum_for_counts(mean, ratio, run_length)
    assert test.run_length() >= 0.999 * run_length
    assert test.run_length(1.2 * ratio) <= test.run_length(ratio) < test.run_length()


def test_a_threshold_beyond_the_lattice_is_that_of_wald():
    test = cusum_for_counts(0.5, 1.05, 1e9)
    assert test.threshold == pytest.approx(log(1e9) / log(1.05))


def test_the_sum_never_falls_below_zero():
    test = CountCusum(mean=10.0, reference=12.0, threshold=30.0)
    assert test.step(0.0, 3.0) == 0.0
    assert test.step(5.0, 20.0) == 13.0
