"""Crowds on lattices whose density, speed, pressure and passages are known in closed form."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.physics.crowd_flow import (
    Floor,
    bearing_deg,
    cells,
    crossings,
    local_pressure,
    order,
    slopes,
    velocity_variance,
    voronoi_density,
)

SQUARE = [(2.0, 2.0), (6.0, 2.0), (6.0, 6.0), (2.0, 6.0)]
FLOOR = [(0.0, 0.0), (8.0, 0.0), (8.0, 8.0), (0.0, 8.0)]


def lattice(spacing_m, side_m=8.0):
    steps = np.arange(spacing_m / 2, side_m, spacing_m)
    return np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)


@pytest.mark.parametrize("spacing_m", [0.4, 0.5, 0.8, 1.0])
def test_a_lattice_has_one_person_per_square_of_its_spacing(spacing_m):
    points = lattice(spacing_m)
    assert voronoi_density(points, SQUARE, FLOOR) == pytest.approx(1 / spacing_m**2, rel=1e-6)
    assert Floor.over(SQUARE, FLOOR).density(points) == pytest.approx(1 / spacing_m**2, rel=0.02)


def test_a_hexagonal_lattice_too():
    rows = [(x + 0.25 * (n % 2), y) for n, y in enumerate(np.arange(0, 8, 0.4)) for x in np.arange(0, 8, 0.5)]
    assert voronoi_density(rows, SQUARE, FLOOR) == pytest.approx(1 / 0.2, rel=1e-6)
    assert Floor.over(SQUARE, FLOOR).density(rows) == pytest.approx(1 / 0.2, rel=0.02)


def test_one_person_alone_fills_no_more_than_a_circle():
    dodecagon = 3.0  # of radius 1
    import shapely

    assert shapely.area(cells([(4, 4)], FLOOR)[0]) == pytest.approx(dodecagon)
    assert voronoi_density([(4, 4)], SQUARE, FLOOR) == pytest.approx(1 / 16)
    assert Floor.over(SQUARE).density([(4.02, 4.03)]) == pytest.approx(1 / 16)


@pytest.mark.parametrize("points", [[], [(4.0, 4.0), (4.0, 4.0), (5.0, 4.0)], [(1.0, 4.0), (4.0, 4.0), (7.0, 4.0)]])
def test_nobody_people_on_one_point_and_people_in_a_row_are_no_trouble(points):
    assert 0.0 <= voronoi_density(points, SQUARE, FLOOR) <= 3 / 16
    assert 0.0 <= Floor.over(SQUARE, FLOOR).density(points) <= 3 / 16


def test_who_stands_off_the_floor_counts_nothing():
    assert voronoi_density([(-5.0, 4.0)], SQUARE, FLOOR) == 0.0
    assert Floor.over(SQUARE, FLOOR).density([(-5.0, 4.0), (1e6, -1e6)]) == 0.0


@given(st.integers(0, 2**32 - 1), st.integers(1, 60))
def test_the_quick_measure_agrees_with_the_exact_one(seed, count):
    points = np.random.default_rng(seed).uniform(0, 8, (count, 2))
    exact = voronoi_density(points, SQUARE, FLOOR)
    assert Floor.over(SQUARE, FLOOR).density(points) == pytest.approx(exact, rel=0.05, abs=0.03)


def test_a_huge_floor_gets_larger_spots():
    ring = np.asarray(SQUARE) * 1e4
    assert Floor.over(ring).area.size <= 300_000


def test_velocities_are_the_slopes_of_places():
    times = [0.0, 0.1, 0.3, 0.6]
    straight = np.array([[(1.0 + 2.0 * t, -0.5 * t) for t in times]])
    found = slopes(straight, times)
    assert found.velocity[0] == pytest.approx([2.0, -0.5])
    assert found.variance[0] == pytest.approx(0.0, abs=1e-12)


def test_too_few_places_give_no_velocity():
    places = np.full((2, 4, 2), np.nan)
    places[0, :2] = 1.0
    places[1, 1] = places[1, 2] = places[1, 3] = (1.0, 2.0)
    assert slopes(places, [0.0, 0.1, 0.2, 0.3]).known.tolist() == [False, True]


def test_the_noise_of_places_is_told_apart_from_unrest():
    rng, times = np.random.default_rng(1), np.arange(8) / 5
    places = rng.normal(0.0, 0.1, (4000, 8, 2)) + times[None, :, None] * (1.0, 0.0)
    found = slopes(places, times)
    noise = float(found.variance.mean())
    assert noise == pytest.approx(0.01 / np.sum((times - times.mean()) ** 2), rel=0.05)
    assert velocity_variance(found.velocity, noise) == pytest.approx(0.0, abs=0.002)


def test_a_crowd_of_two_speeds_has_the_variance_of_two_speeds():
    assert velocity_variance([(1.0, 0.0), (-1.0, 0.0)] * 500) == pytest.approx(1.0, rel=0.01)
    assert velocity_variance([(1.0, 1.0)]) == 0.0


def test_the_pressure_of_a_lattice_is_density_times_variance():
    points = lattice(0.4)
    velocity = np.random.default_rng(2).normal(0.0, 0.1, points.shape)
    middle = (np.abs(points - 4.0) < 1.5).all(axis=1)
    density, pressure = local_pressure(points, velocity)
    assert density[middle] == pytest.approx(1 / 0.16, rel=1e-3)
    assert pressure[middle].mean() == pytest.approx(0.02 / 0.16, rel=0.1)


def test_a_crowd_that_moves_as_one_has_no_pressure():
    points = lattice(0.4)
    assert local_pressure(points, np.full(points.shape, 0.7))[1].max() == pytest.approx(0.0, abs=1e-9)
    assert local_pressure([(0.0, 0.0)], [(1.0, 0.0)])[1].tolist() == [0.0]


def test_order_and_bearing():
    assert order([(0.0, 0.0)]) == 0.0
    assert order([(1.0, 0.0), (0.0, 1.0)]) == pytest.approx(2**-0.5)
    assert bearing_deg(-1.0, 0.0) == pytest.approx(270.0)


LINE = ((0.0, 0.0), (0.0, 2.0))


def walked(ways, band=0.2):
    """Follow rows of places over the line; (forward, backward)."""
    at = np.array(ways, dtype=float)
    before, side = at[:, 0], np.zeros(len(at), dtype=np.int8)
    forward = backward = 0
    for step in range(at.shape[1]):
        now = at[:, step]
        seen = crossings(before, now, side, LINE, band)
        clear = np.abs(now[:, 0]) > band
        before, side = np.where(clear[:, None], now, before), seen.side
        forward, backward = forward + seen.forward, backward + seen.backward
    return forward, backward


def test_each_direction_is_counted():
    assert walked([[(-1, 1), (1, 1)], [(-1, 1.5), (1, 1.5)], [(1, 1), (-1, 1)]]) == (2, 1)


def test_past_its_ends_is_not_over_the_line():
    assert walked([[(-1, 3), (1, 3)], [(-1, -1), (1, -0.5)]]) == (0, 0)


@given(st.lists(st.floats(-0.2, 0.2), min_size=1, max_size=40))
def test_trembling_on_the_line_counts_once_or_not_at_all(tremble):
    assert walked([[(-1, 1), *((x, 1) for x in tremble), (1, 1)]]) == (1, 0)
    assert walked([[(-1, 1), *((x, 1) for x in tremble), (-1, 1)]]) == (0, 0)
