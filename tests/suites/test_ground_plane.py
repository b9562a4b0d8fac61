"""Calibrations and trajectories are read, measured people are followed in metres, and cameras joined."""

import os
from pathlib import Path

import numpy as np
import pytest

from tocsin.app.suites import Bench
from tocsin.model import ConfigError
from tocsin.physics.ground import Ground
from tocsin.suites import Order
from tocsin.suites.ground_plane import GroundPlane, Rehearsal, _right, follow
from tocsin.suites.ground_plane.sights import Camera, Noise, around, replayed, shaken
from tocsin.suites.ground_plane.worlds import Seen, lenses

VIEW = """<Camera name="View_001">
<Geometry width="768" height="576" dpx="5.0e-03" dpy="5.0e-03"/>
<Intrinsic focal="5.0" kappa1="0.005" cx="384" cy="288" sx="1.0"/>
<Extrinsic tx="0" ty="0" tz="25000" rx="2.0" ry="0" rz="0"/>
</Camera>"""


@pytest.fixture
def world():
    """Three people who walk their own ways for twenty seconds, seen by one camera."""
    at = np.tile(np.arange(0, 20, 0.2), 3)
    person = np.repeat([1, 2, 3], 100)
    place = np.column_stack([person * 2.0 - 4 + 0.1 * at, 8.0 + person + np.sin(at * 0.3 + person)])
    ground = Ground.from_pose(6.0, 30.0, 70.0, 0.0, 1280, 720)
    feet = ground.to_picture(place)
    tall = 1.75 * ground.pixels_per_m(feet)
    return Seen(name="made", at=at, person=person, place_m=place, feet_px=feet, tall_px=tall, ground=ground)


def test_calibrations_are_read(tmp_path):
    (tmp_path / "View_001.xml").write_text(VIEW)
    lens, width, height = lenses(tmp_path)["View_001"]
    assert (width, height, lens.focal) == (768, 576, 5.0)
    assert np.isfinite(lens.to_ground([[384.0, 500.0]])).all()


@pytest.mark.parametrize("text", ["<Camera/>", "<Camera>", VIEW.replace('focal="5.0"', 'focal="wide"')])
def test_a_calibration_that_is_none_is_named(tmp_path, text):
    (tmp_path / "View_001.xml").write_text(text)
    with pytest.raises(ConfigError, match=r"View_001\.xml"):
        lenses(tmp_path)


def test_it_says_what_is_missing(tmp_path):
    for data in (None, tmp_path):
        with pytest.raises(ConfigError, match="--data"):
            GroundPlane().run(Order(command="", data=data), Bench())


def test_followed_people_are_nearer_the_truth_than_bare_measurements(world):
    followed, bare = follow(world, GroundPlane().following, np.random.default_rng(1))
    assert followed["position_error_m"] < bare["position_error_m"]
    assert 0.8 < followed["inside_90"] <= 1


def test_cameras_stand_around_and_see_who_is_not_hidden(world):
    cameras = around(world, 4)
    assert len(cameras) == 4
    camera = Camera.looking(np.array([0.0, 0.0]), np.array([0.0, 10.0]), 6.0)
    some, boxes = camera.sees(np.array([[0.0, 10.0], [0.05, 10.3], [500.0, 10.0]]))
    assert some.tolist() == [0]
    assert camera.measured(boxes)[0][0] == pytest.approx([0.0, 10.0], abs=1e-6)


def test_errors_last_as_long_as_they_were_measured_to():
    noise, people = Noise(np.random.default_rng(2)), np.arange(4000)
    first, soon, late = noise.of(0.0, people), noise.of(0.05, people), noise.of(20.0, people)
    related = [np.corrcoef(first[:, 0], other[:, 0])[0, 1] for other in (soon, late)]
    assert related == pytest.approx([0.6 * np.exp(-0.05 / 0.4), 0.0], abs=0.06)
    assert shaken(np.array([[0.0, 0, 10, 100]]), np.zeros((1, 4))).tolist() == [[0, 0, 10, 100]]


def test_ways_are_replayed_at_a_steady_rate(world):
    moments = list(replayed(world, 10.0, 5.0))
    assert len(moments) == 50
    assert all(len(places) == 3 for _, _, places in moments)


def test_sightings_under_two_ids_count_for_one_only():
    assert _right({((1, 0), 7): 10, ((1, 0), 8): 4, ((2, 0), 8): 6, ((2, 0), 7): 1}) == 16


def test_two_cameras_keep_who_is_who(world):
    right, told, sightings, clock_s = Rehearsal(
        GroundPlane(), world, 2, np.random.default_rng(1), GroundPlane().joining
    ).run()
    assert right / told > 0.95
    assert told / sightings > 0.7
    assert clock_s < 0.2


@pytest.mark.nightly
def test_recorded_people_lie_in_the_ellipse_and_keep_their_identity():
    data = Path(os.environ.get("TOCSIN_DATA", "../shared/data")) / "opentraj"
    if not data.is_dir():
        missing = pytest.fail if os.environ.get("TOCSIN_REQUIRE_ALL") else pytest.skip
        missing(f"{data} is absent: set TOCSIN_DATA to the folder of recorded data")
    metrics = GroundPlane().run(Order(command="", data=data), Bench()).metrics
    assert metrics["round_trip_px_max"] < 1
    assert all(0.85 <= metrics[f"inside_90_{world}"] <= 0.95 for world in ("eth", "pets"))
    assert min(metrics["identity_kept_2"], metrics["identity_kept_4"]) >= 0.95
