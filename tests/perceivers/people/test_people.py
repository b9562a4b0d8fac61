"""People in a picture become a scene and tracks: one id per visit, classes apart, nothing without its model."""

from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from tests.perceivers.blobs import picture, rough
from tests.perceivers.people.filming import Film, frames, walk
from tocsin.city.cameras import Pose
from tocsin.contract import checks
from tocsin.contract.camera_cases import CAMERA, city_with
from tocsin.contract.declared import Sample
from tocsin.contract.pictures import CameraLoad, Frame, Scene, Tracks
from tocsin.contract.raster import Raster
from tocsin.contract.resources import Resources
from tocsin.model import ConfigError
from tocsin.perceivers.people import People

ROOT = Path(__file__).resolve().parents[3]
FEW = ("person", "car")
ALARM = frames(walk(4))


@pytest.fixture
def people(blobs):
    return People(model=blobs, labels=FEW)


@pytest.fixture
def run(people):
    return lambda readings: Film(people).show(readings)


@pytest.mark.parametrize("check", checks.ALL, ids=lambda check: check.__name__)
def test_contract(check, people):
    check(people, Sample(alarm=ALARM), ROOT)


def test_a_walker_keeps_one_id_for_the_visit(run):
    said = [one[Tracks].tracks for one in run(frames(walk(10)))]
    assert {track.id for tracks in said for track in tracks} == {1}
    assert [len(tracks) for tracks in said] == [0, *[1] * 9]


def test_a_walker_moves_in_picture_heights_per_second(run):
    track = run(frames(walk(10)))[-1][Tracks].tracks[0]
    assert track.speed_east == pytest.approx(20 / 270, rel=0.1)
    assert track.speed_north == pytest.approx(0.0, abs=0.01)


def test_a_person_is_found_at_native_size_where_the_whole_picture_shows_none(run):
    box = run(frames(walk(3)))[-1][Scene].boxes_px.array[0]
    assert np.abs(box - [153, 120, 165, 150]).max() <= 2


def test_a_walker_who_is_small_in_a_big_picture_is_followed(run):
    big = [picture([(151 + 4 * n, 135)], size=(540, 960)) for n in range(20)]
    said = [one[Tracks].tracks for one in run(frames(big))]
    assert [len(tracks) for tracks in said[1:]] == [1] * 19
    assert {track.id for tracks in said for track in tracks} == {1}


def test_where_the_camera_is_calibrated_tracks_are_in_metres(people):
    pose = Pose(height_m=6.0, tilt_deg=40.0, field_deg=60.0)
    film = Film(people, city_with(pose=pose))
    tracks = [one[Tracks] for one in film.show(frames(walk(12), source=CAMERA))]
    first, last = tracks[2].tracks[0], tracks[-1].tracks[0]
    assert tracks[-1].calibrated
    assert last.speed_east == pytest.approx((last.east_m - first.east_m) / (9 * 0.2), rel=0.1)
    assert abs(last.speed_north) < 0.2
    assert 3.0 < last.north_m < 20.0
    assert last.covariance_m2[0] > 0
    assert last.covariance_m2[2] > 0


def test_persons_and_cars_are_followed_apart(run):
    both = [picture([(150, 135)], cars=[(150 + 2 * n, 138)]) for n in range(6)]
    assert sorted(track.label for track in run(frames(both))[-1][Tracks].tracks) == ["car", "person"]


def test_a_visit_that_is_over_is_told_once(run):
    said = run(frames([*walk(5), *[picture()] * 25]))
    assert [one[Tracks].ended for one in said if one[Tracks].ended] == [(1,)]


def test_the_load_is_told_now_and_then(run):
    loads = [one[CameraLoad] for one in run(frames([picture()] * 60)) if CameraLoad in one]
    assert [round(load.frames_per_s) for load in loads] == [5]
    assert (loads[0].width, loads[0].height, loads[0].budget) == (480, 270, 1.0)


def test_another_resolution_begins_anew(run):
    smaller = [picture([(150, 135)], size=(210, 300))] * 3
    said = run(frames([*walk(3), *smaller]))
    assert said[3][Tracks].ended == (1,)
    assert [track.id for track in said[-1][Tracks].tracks] == [4]


def test_a_camera_that_is_shaken_loses_nobody(run):
    still = picture([(150, 135), (300, 100)], ground=rough())
    shaken = [np.roll(still, shift, axis=(0, 1)) for shift in ((0, 0), (0, 0), (6, 24), (6, 24), (-4, 10), (-4, 10))]
    said = run(frames(shaken))
    assert [{track.id for track in one[Tracks].tracks} for one in said[1:]] == [{1, 4}] * 5
    assert said[2][Scene].motion.array[:, 2] == pytest.approx([24, 6], abs=2)


def test_a_picture_that_stands_has_no_motion(run):
    assert not run(frames(walk(4)))[-1][Scene].motion.array.size


def test_what_is_no_picture_is_given_back_with_the_reason(people):
    odd = replace(ALARM[0], body=Frame(picture=Raster.of(np.zeros((4, 4), np.uint8)), number=0))
    perceived = people.start(Resources()).look(None, odd)[1]
    assert not perceived.readings
    assert "height × width × 3" in perceived.rejected[0][1]


@pytest.mark.parametrize("size", [(1, 1), (3, 700), (270, 16)])
def test_pictures_of_odd_shapes_are_borne(run, size):
    said = run(frames([np.full((*size, 3), 90, np.uint8)] * 3))
    assert [one[Tracks].tracks for one in said] == [()] * 3


def test_a_time_that_jumps_begins_anew_and_nothing_breaks(run):
    later = [replace(one, at=one.at + 1e6) for one in frames(walk(4))]
    said = run([*frames(walk(4)), *later, *frames(walk(4))])
    assert [len(one[Tracks].tracks) for one in said] == [0, 1, 1, 1] * 3


def test_without_the_model_it_does_not_start(tmp_path, monkeypatch):
    monkeypatch.setenv("TOCSIN_MODELS", str(tmp_path))
    with pytest.raises(ConfigError, match="tocsin models fetch"):
        People().start(Resources())


def test_a_class_that_the_model_does_not_know_is_refused(blobs):
    with pytest.raises(ConfigError, match="'unicorn'"):
        People(model=blobs, labels=("unicorn",)).start(Resources())


@pytest.mark.parametrize("wrong", [{"score_min": 0.5}, {"detections_per_s": 0.0}, {"runs_per_s_max": -1.0}])
def test_parameters_that_cannot_work_are_refused(wrong):
    with pytest.raises(ConfigError, match=r"vision\.people"):
        People(**wrong)
