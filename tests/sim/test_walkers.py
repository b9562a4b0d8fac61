"""Walkers arrive, keep apart, flee and fall; a camera without faults sees just them, one with faults less."""

import numpy as np
import pytest

from tocsin.city.cameras import Camera, Pose
from tocsin.contract.camera_cases import CAMERA, city_with
from tocsin.contract.camera_views import views
from tocsin.physics.ground import Ground
from tocsin.sim.lookout import Faults, Lens, Lookout, hidden_shares
from tocsin.sim.walkers import Flight, Leg, Walker, Walkers
from tocsin.sim.walkers import Pose as Posture

HANGS = Pose(height_m=6.0, tilt_deg=30.0, field_deg=75.0, bearing_deg=35.0)


def moved(walkers, lasting_s=20.0, seed=1):
    return Walkers(walkers, np.random.default_rng(seed)).run(lasting_s)


def two(east_m=0.3):
    return [
        Walker(start=(0.0, 5.0), legs=(Leg((0.0, 15.0)),)),
        Walker(start=(east_m, 15.0), legs=(Leg((east_m, 5.0)),)),
    ]


def test_who_arrives_is_gone():
    moments = moved([Walker(start=(0.0, 5.0), legs=(Leg((0.0, 15.0)),))])
    assert [len(one.who) for one in moments][:40:39] == [1, 0] or len(moments[-1].who) == 0


def test_people_who_meet_keep_apart():
    apart = [np.linalg.norm(one.places[0] - one.places[1]) for one in moved(two()) if len(one.who) == 2]
    assert min(apart) > 0.4


@pytest.mark.parametrize("seed", [1, 2])
def test_the_same_seed_is_the_same_run(seed):
    first, second = (moved(two(), seed=seed) for _ in range(2))
    assert all(np.array_equal(a.places, b.places) for a, b in zip(first, second, strict=True))


def test_who_flees_gets_away_from_the_spot():
    waiting = Walker(start=(1.0, 10.0), legs=(Leg((1.0, 10.0), 1.0, 99.0),))
    last = moved([waiting.flees(Flight(5.0, (0.0, 10.0)))], 12.0)[-1]
    assert last.places[0, 0] > 10.0


def test_who_falls_lies_and_stays():
    falls = Walker(start=(0.0, 8.0), legs=(Leg((0.0, 12.0), 1.0, 99.0),), poses=(Posture(3.0, 1.0),))
    late = [one for one in moved([falls]) if one.at_s > 5.0]
    assert {float(one.down[0]) for one in late} == {1.0}
    assert np.ptp([one.places[0, 1] for one in late]) == 0.0


def test_a_lens_sees_the_ground_as_the_ground_plane_does():
    spots = np.array([(2.0, 8.0), (-3.0, 14.0), (0.0, 10.0)])
    lens, camera = Lens(HANGS), Camera(pose=HANGS)
    plane = Ground.from_pose(HANGS.height_m, HANGS.tilt_deg, HANGS.field_deg, HANGS.bearing_deg, *camera.picture)
    seen, _ = lens.project(np.column_stack([spots, np.zeros(3)]))
    assert np.abs(seen - plane.to_picture(spots)).max() < 1e-6


def tracks_of(walkers, faults, pose=None):
    """The tracks of each frame."""
    view = views(city_with(pose=pose)).of(CAMERA)
    lookout = Lookout(view, Lens(Pose(height_m=6.0, tilt_deg=30.0, field_deg=75.0)), np.random.default_rng(3), faults)
    return [one.body.tracks for one in lookout.watch(moved(walkers), walkers, 1e9)]


def test_without_faults_everybody_in_the_picture_is_one_track():
    seen = [one for frame in tracks_of(two(4.0), Faults.none()) for one in frame if not one.held]
    assert len({one.id for one in seen}) == 2
    assert len(seen) > 60


def test_with_faults_some_are_missed_and_some_are_none():
    seen = tracks_of([], Faults(false_per_s=1.0))
    assert any(seen)
    held = [one.held for frame in tracks_of(two(4.0), Faults(missed=0.5)) for one in frame]
    assert 0.1 < np.mean(held) < 0.9


def test_a_placed_camera_tells_metres():
    pose = Pose(height_m=6.0, tilt_deg=30.0, field_deg=75.0)
    frame = tracks_of([two(4.0)[0]], Faults.none(), pose)[10]
    assert frame[0].north_m == pytest.approx(5.0 + 1.34 * 2.0, abs=1.0)
    assert frame[0].covariance_m2 is not None


def test_who_stands_behind_is_hidden():
    boxes = np.array([(0.0, 0.0, 10.0, 20.0), (0.0, 0.0, 10.0, 10.0), (50.0, 0.0, 60.0, 20.0)])
    assert hidden_shares(boxes, np.array([9.0, 5.0, 7.0])).tolist() == [0.5, 0.0, 0.0]
