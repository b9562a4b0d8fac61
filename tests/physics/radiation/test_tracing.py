"""A source is found where it is, as well as theory allows; weather moves all counters alike."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.physics.radiation import Counters, Track, bound, common_factor, rates, trace
from tocsin.physics.radiation.field import slopes
from tocsin.physics.radiation.tracing import Readings

HALL = Counters(np.array([[0.0, 0], [20, 0], [40, 0], [0, 25], [20, 25], [40, 25]]), np.full(6, 100.0))


def readings(truth, seconds=30, seed=1):
    at = np.repeat(np.arange(-seconds + 1.0, 1.0), 6)
    rows = np.tile(np.arange(6), seconds)
    expected = rates(HALL.chosen(rows), truth.place_m + at[:, None] * truth.velocity_m_s, truth.strength_per_s)
    return Readings(rows, at, np.random.default_rng(seed).poisson(expected).astype(float), np.ones(len(at)))


@pytest.mark.parametrize("seed", range(4))
def test_a_walking_source_is_found_within_its_own_uncertainty(seed):
    truth = Track(np.array([25.0, 9.0]), np.array([0.8, 0.3]), 2e4, np.eye(5), 0.0)
    told = readings(truth, seed=seed)
    found = trace(HALL, told)
    sigma = np.sqrt(np.trace(bound(HALL, told, truth)[:2, :2]))
    assert np.linalg.norm(found.place_m - truth.place_m) < 4.0 * sigma
    assert found.strength_per_s == pytest.approx(2e4, rel=0.2)
    assert found.nats > 50.0


def test_background_alone_has_little_to_say_for_a_source():
    nothing = Track(np.array([20.0, 12.0]), np.zeros(2), 1e-6, np.eye(5), 0.0)
    assert max(trace(HALL, readings(nothing, seed=seed)).nats for seed in range(5)) < 15.0


def test_slopes_are_those_of_the_rates():
    at, strength, step = np.array([7.0, 5.0]), 3e4, 1e-5
    _, by_place, _ = slopes(HALL, at, strength)
    moved = rates(HALL, at + np.array([step, 0.0]), strength) - rates(HALL, at - np.array([step, 0.0]), strength)
    assert by_place[:, 0] == pytest.approx(moved / (2 * step), rel=1e-4)


@given(st.lists(st.floats(0.9, 1.1), min_size=5, max_size=9), st.floats(2.0, 50.0))
def test_one_source_does_not_move_what_all_share(shares, source):
    assert 0.9 <= common_factor([*shares, source]) <= 1.1
    assert common_factor(shares[:2]) == 1.0
