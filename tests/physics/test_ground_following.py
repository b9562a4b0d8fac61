"""Metres: what is upright, what sizes tell, what a lens bends, and how sure a track on the ground is."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.model import BadInput, ConfigError
from tocsin.physics.ground import Ground
from tocsin.physics.ground.following import Following, GroundTracker, inside_90
from tocsin.physics.ground.known_sizes import from_known_sizes
from tocsin.physics.ground.tsai import Tsai
from tocsin.physics.ground.upright import Upright

POSES = st.tuples(st.floats(3.0, 20.0), st.floats(12.0, 60.0), st.floats(40.0, 90.0), st.floats(0.0, 359.0))
LENS = {"focal": 5.0, "cx": 320.0, "cy": 240.0, "sx": 1.0, "dpx": 0.01, "dpy": 0.01, "tx": 0.0, "ty": 0.0}
PLACED = {"tz": 20_000.0, "rx": 2.0, "ry": 0.3, "rz": -0.2}


def people(camera, spots, tall_m=1.72):
    """Boxes of people who stand at these places."""
    feet = np.column_stack([spots, np.zeros(len(spots))])
    low, high = camera.to_picture(feet), camera.to_picture(feet + np.array([0, 0, tall_m]))
    return np.column_stack([low[:, 0] - 8, high[:, 1], low[:, 0] + 8, low[:, 1]])


@given(POSES)
def test_a_plane_tells_the_camera_that_sees_it(pose):
    height_m, tilt, field, _ = pose
    camera = Upright.of(Ground.from_pose(*pose, 1280, 720), 1280, 720)
    assert camera.place == pytest.approx([0, 0, height_m], abs=1e-4 * height_m)
    assert (camera.tilt_deg, camera.field_deg) == pytest.approx((tilt, field), abs=0.01)


def test_a_person_has_fewer_pixels_per_metre_from_above_than_the_ground_has():
    ground = Ground.from_pose(10.0, 60.0, 60.0, 0.0, 1280, 720)
    feet = [[640.0, 420.0]]
    assert Upright.of(ground, 1280, 720).pixels_per_m(ground, feet)[0] < ground.pixels_per_m(feet)[0]


def test_a_camera_that_looks_straight_down_must_be_told_its_field_of_view():
    ground = Ground.from_pose(10.0, 90.0 - 1e-9, 60.0, 0.0, 1280, 720)
    with pytest.raises(BadInput, match="field of view"):
        Upright.of(ground, 1280, 720)
    assert Upright.of(ground, 1280, 720, field_deg=60.0).place[2] == pytest.approx(10.0, rel=1e-3)


def test_a_mirrored_plane_is_refused():
    ground = Ground.from_pose(6.0, 30.0, 60.0, 0.0, 1280, 720)
    mirrored = Ground(np.diag([-1.0, 1.0, 1.0]) @ ground.matrix, ground.sign)
    with pytest.raises(BadInput, match="mirrored"):
        Upright.of(mirrored, 1280, 720)


def test_sizes_of_people_tell_height_tilt_and_field():
    chance = np.random.default_rng(3)
    camera = Upright.of(Ground.from_pose(7.0, 28.0, 62.0, 0.0, 1280, 720), 1280, 720)
    boxes = people(camera, chance.uniform([-4, 8], [4, 30], (80, 2))) + chance.normal(0, 1.5, (80, 4))
    found = from_known_sizes(boxes, 1280, 720, field_deg=62.0)
    assert (found.height_m, found.tilt_deg) == pytest.approx((7.0, 28.0), rel=0.04)
    sitting = people(camera, chance.uniform([-4, 8], [4, 30], (12, 2)), tall_m=1.2)
    robust = from_known_sizes(np.vstack([boxes, sitting]), 1280, 720, field_deg=62.0)
    assert robust.height_m == pytest.approx(7.0, rel=0.06)


@pytest.mark.parametrize(("tilt", "field"), [(15.0, 80.0), (28.0, 62.0), (45.0, 50.0)])
def test_sizes_of_people_tell_the_field_of_view_too(tilt, field):
    chance = np.random.default_rng(0)
    camera = Upright.of(Ground.from_pose(7.0, tilt, field, 0.0, 1280, 720), 1280, 720)
    boxes = people(camera, chance.uniform([-4, 3], [4, 30], (200, 2))) + chance.normal(0, 0.7, (200, 4))
    found = from_known_sizes(boxes, 1280, 720)
    assert abs(found.field_deg / field - 1) < max(0.05, 3 * found.field_sd)
    assert found.height_m == pytest.approx(7.0, rel=0.1)


def test_sizes_that_tell_nothing_are_refused():
    camera = Upright.of(Ground.from_pose(7.0, 28.0, 62.0, 0.0, 1280, 720), 1280, 720)
    spots = np.column_stack([np.linspace(-3, 3, 20), np.full(20, 12.0)])
    with pytest.raises(BadInput, match="one height"):
        from_known_sizes(people(camera, spots), 1280, 720)
    with pytest.raises(BadInput, match="too few"):
        from_known_sizes(np.full((3, 4), np.nan), 1280, 720)


@settings(max_examples=50)
@given(st.floats(-0.02, 0.04), st.floats(0, 640), st.floats(100, 480))
def test_a_bent_lens_is_straightened_and_bent_again(kappa, x, y):
    lens = Tsai(**LENS, **PLACED, kappa1=kappa)
    metres = lens.to_ground([[x, y]])
    if np.isfinite(metres).all():
        assert lens.to_picture(metres)[0] == pytest.approx([x, y], abs=1e-3)


def test_where_a_lens_folds_there_is_no_ground():
    assert np.isnan(Tsai(**LENS, **PLACED, kappa1=-0.3).to_ground([[0.0, 0.0]])).all()


def test_a_sd_may_differ_between_rows_and_columns():
    ground = Ground.from_pose(6.0, 30.0, 60.0, 0.0, 1280, 720)
    _, even = ground.to_ground([[640.0, 500.0]], 2.0)
    _, same = ground.to_ground([[640.0, 500.0]], [[2.0, 2.0]])
    _, narrow = ground.to_ground([[640.0, 500.0]], [[1.0, 2.0]])
    assert np.allclose(even, same)
    assert (narrow[0, 0, 0] < even[0, 0, 0], narrow[0, 1, 1] == pytest.approx(even[0, 1, 1])) == (True, True)


def walked(chance, tracker, *, share=0.6, lasting_s=0.6, steps=60):
    """One walk with errors that last, followed; whether the truth lay in the ellipse, at each step."""
    place, speed, lasting = np.zeros(2), chance.normal(0, 1, 2), chance.normal(0, 1, 2)
    fade, inside = np.exp(-0.1 / lasting_s), []
    for step in range(steps):
        speed = speed + chance.normal(0, 0.5 * 0.1**0.5, 2)
        place = place + 0.1 * speed
        lasting = fade * lasting + (1 - fade**2) ** 0.5 * chance.normal(0, 1, 2)
        off = 0.3 * (share**0.5 * lasting + (1 - share) ** 0.5 * chance.normal(0, 1, 2))
        followed = tracker.update(step / 10, [place + off], np.eye(2)[None] * 0.09, [1])
        inside.append(bool(inside_90(followed.points_m, followed.covariances, place[None])[0]))
    return inside


def test_the_stated_ellipse_holds_what_it_states():
    chance = np.random.default_rng(5)
    inside = [one for _ in range(60) for one in walked(chance, GroundTracker())[5:]]
    assert 0.85 <= np.mean(inside) <= 0.95


def test_without_lasting_errors_in_mind_a_track_would_boast():
    chance = np.random.default_rng(5)
    naive = Following(lasting_share=0.0)
    assert np.mean([one for _ in range(30) for one in walked(chance, GroundTracker(naive))[5:]]) < 0.8


def test_a_following_keeps_its_ids_and_drops_what_is_no_place():
    tracker, spread = GroundTracker(), np.eye(2)[None].repeat(3, axis=0) * 0.01
    for step in range(10):
        points = [[step * 0.1, 0.0], [5.0, step * 0.1], [np.nan, 0.0]]
        followed = tracker.update(step / 10, points, spread)
    assert (followed.ids.tolist(), followed.dropped) == ([1, 2], 1)
    assert followed.velocities_m_s.round(0).tolist() == [[1, 0], [0, 1]]
    assert tracker.coast(1.1).points_m[0, 0] == pytest.approx(1.1, abs=0.05)


def test_a_following_ends_and_a_jump_of_time_begins_anew():
    tracker, spread = GroundTracker(Following(memory_s=0.5)), np.eye(2)[None] * 0.01
    assert tracker.update(0.0, [[0.0, 0.0]], spread).ids.tolist() == [1]
    assert len(tracker.update(1.0, np.zeros((0, 2)), np.zeros((0, 2, 2)))) == 0
    assert tracker.update(1.1, [[0.0, 0.0]], spread).ids.tolist() == [2]
    assert tracker.update(-50.0, [[0.0, 0.0]], spread).ids.tolist() == [3]


@pytest.mark.parametrize("wrong", [{"lasting_share": 1.0}, {"memory_s": 0.0}])
def test_a_following_that_cannot_be_is_refused(wrong):
    with pytest.raises(ConfigError, match="Following needs"):
        Following(**wrong)


def test_points_and_covariances_must_fit():
    with pytest.raises(BadInput, match="one covariance"):
        GroundTracker().update(0.0, [[0.0, 0.0]], np.zeros((2, 2, 2)))
