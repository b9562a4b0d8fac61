"""The ground plane: what goes there comes back, nothing above the horizon, and no plane from points on a line."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.model import BadInput
from tocsin.physics.ground import Ground

POSES = st.tuples(st.floats(2.5, 40.0), st.floats(10.0, 80.0), st.floats(30.0, 100.0), st.floats(0.0, 359.0))
SHARES = st.tuples(st.floats(0.02, 0.98), st.floats(0.02, 0.98))


def posed(pose=(6.0, 30.0, 70.0, 40.0)):
    return Ground.from_pose(*pose, 1280, 720)


@given(POSES, st.lists(SHARES, min_size=1, max_size=20))
def test_what_lies_on_the_ground_comes_back_to_its_pixel(pose, shares):
    points = np.array(shares) * (1280, 720)
    metres, _ = posed(pose).to_ground(points, 0.0)
    seen = np.isfinite(metres).all(axis=1)
    assert np.abs(posed(pose).to_picture(metres[seen]) - points[seen]).max(initial=0.0) < 0.1


@given(POSES)
def test_four_pairs_give_the_plane_that_made_them(pose):
    made = posed(pose)
    points = np.array([[200.0, 700.0], [1000.0, 690.0], [900.0, 560.0], [350.0, 540.0]])
    metres, _ = made.to_ground(points, 0.0)
    if np.isfinite(metres).all():
        fitted = Ground.fit(points, metres)
        asked = np.array([[640.0, 620.0]])
        assert fitted.to_ground(asked, 0.0)[0] == pytest.approx(made.to_ground(asked, 0.0)[0], rel=1e-4, abs=1e-4)
        assert fitted.residual_px < 1e-3


def test_above_the_horizon_there_is_no_ground():
    metres, covariance = posed((6.0, 10.0, 60.0, 0.0)).to_ground([[640.0, 10.0], [640.0, 700.0]], 1.0)
    assert np.isnan(metres[0]).all()
    assert np.isfinite(metres[1]).all()
    assert np.isnan(posed((6.0, 10.0, 60.0, 0.0)).pixels_per_m([[640.0, 10.0]])).all()
    assert covariance.shape == (2, 2, 2)


def test_a_metre_has_fewer_pixels_far_away_and_as_many_as_the_lens_gives():
    ground = Ground.from_pose(10.0, 90.0 - 1e-6, 90.0, 0.0, 1000, 1000)
    assert ground.pixels_per_m([[500.0, 500.0]])[0] == pytest.approx(50.0, rel=1e-3)
    near, far = posed().pixels_per_m([[640.0, 700.0], [640.0, 300.0]])
    assert near > far


def test_the_spread_of_a_pixel_grows_with_distance():
    _, (near, far) = posed().to_ground([[640.0, 700.0], [640.0, 250.0]], 2.0)
    assert np.linalg.det(far) > np.linalg.det(near) > 0


def test_the_stated_spread_holds_what_noise_does():
    ground, point = posed(), np.array([[700.0, 500.0]])
    _, [covariance] = ground.to_ground(point, 2.0)
    noise = np.random.default_rng(1).normal(0.0, 2.0, (4000, 2))
    off = ground.to_ground(point + noise, 0.0)[0] - ground.to_ground(point, 0.0)[0]
    inside = np.einsum("ni,ij,nj->n", off, np.linalg.inv(covariance), off) < 4.605
    assert inside.mean() == pytest.approx(0.9, abs=0.02)


SQUARE = [[0, 0], [100, 0], [100, 100], [0, 100]]


@pytest.mark.parametrize(
    ("picture", "ground", "why"),
    [
        (SQUARE[:3], SQUARE[:3], "4 or more"),
        (SQUARE, [[0, 0], [1, 0], [2, 0], [3, 0]], "one line in the map"),
        ([[0, 0], [1, 1], [2, 2], [3, 3]], SQUARE, "one line in the picture"),
        (SQUARE, [[0, 0], [10, 10], [10, 0], [0, 10]], "no one plane"),
        (SQUARE, [[0, 0], [np.nan, 0], [1, 1], [0, 1]], "no number"),
    ],
)
def test_points_that_place_nothing_are_refused(picture, ground, why):
    with pytest.raises(BadInput, match=why):
        Ground.fit(picture, ground)
