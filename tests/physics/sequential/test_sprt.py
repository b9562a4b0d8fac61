"""The SPRT errs no more often than it was told to, and takes as many samples as theory says."""

import numpy as np
import pytest

from tocsin.physics.sequential import CountSprt, NormalSprt


def simulated(test, draw, runs=3000):
    walk, steps, left = np.zeros(runs), np.zeros(runs), np.ones(runs, bool)
    while left.any():
        walk[left] += test.nats(draw(left.sum()))
        steps[left] += 1
        left &= (walk < test.bounds.upper) & (walk > test.bounds.lower)
    return (walk >= test.bounds.upper).mean(), steps.mean()


@pytest.mark.parametrize("mean", [0.0, 0.1, 0.2])
def test_normal_noise_takes_the_samples_that_theory_says(mean):
    test, chance = NormalSprt(shift=0.2), np.random.default_rng(5)
    yes, samples = simulated(test, lambda n: chance.normal(mean, 1.0, n))
    assert samples == pytest.approx(test.expected(mean).samples, rel=0.06)
    assert yes == pytest.approx(test.expected(mean).yes, abs=0.03)


@pytest.mark.parametrize("ratio", [1.0, 1.2])
def test_counts_err_no_more_than_told(ratio):
    test, chance = CountSprt(background=20.0, ratio=1.2), np.random.default_rng(7)
    yes, samples = simulated(test, lambda n: chance.poisson(20.0 * ratio, n))
    assert samples == pytest.approx(test.expected(ratio).samples, rel=0.06)
    assert (yes if ratio == 1.0 else 1.0 - yes) <= 0.013
