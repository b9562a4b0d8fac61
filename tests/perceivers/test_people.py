"""People in a picture become a scene and tracks: one id per visit, classes apart, nothing without its model."""

from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from tests.perceivers.blobs import picture
from tocsin.contract import checks
from tocsin.contract.declared import Sample
from tocsin.contract.examples import START_AT
from tocsin.contract.pictures import CameraLoad, Frame, Scene, Tracks
from tocsin.contract.raster import Raster
from tocsin.contract.resources import Resources
from tocsin.model import ConfigError, Origin, Reading
from tocsin.perceivers.people import People

ROOT = Path(__file__).resolve().parents[2]
FEW = ("person", "car")


def frames(pictures, every_s=0.2, source="cam-1"):
    return [
        Reading(
            at=START_AT + every_s * number,
            origin=Origin.SIMULATED,
            source=source,
            seq=number,
            body=Frame(picture=Raster.of(one), number=number, every_s=every_s),
        )
        for number, one in enumerate(pictures)
    ]


def walk(count, *, start=(151, 135), step=(4, 0)):
    """One person walking."""
    return [picture([(start[0] + n * step[0], start[1] + n * step[1])]) for n in range(count)]


ALARM = frames(walk(4))


@pytest.fixture
def people(blobs):
    return People(model=blobs, labels=FEW)


@pytest.fixture
def run(people):
    """Look at readings one after the other; what was said of each."""

    def running(readings, member=people):
        stage, memory, said = member.start(Resources()), None, []
        for reading in readings:
            memory, perceived = stage.look(memory, reading)
            said.append({type(one.body): one.body for one in perceived.readings})
        return said

    return running


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


def test_persons_and_cars_are_followed_apart(run):
    both = [picture([(150, 135)], cars=[(150 + 2 * n, 138)]) for n in range(6)]
    assert sorted(track.label for track in run(frames(both))[-1][Tracks].tracks) == ["car", "person"]


def test_a_visit_that_is_over_is_told_once(run):
    said = run(frames([*walk(5), *[picture()] * 25]))
    assert [one[Tracks].ended for one in said if one[Tracks].ended] == [(1,)]


def test_the_load_is_told_now_and_then(run):
    loads = [one[CameraLoad] for one in run(frames([picture()] * 60)) if CameraLoad in one]
    assert [round(load.frames_per_s) for load in loads] == [5]
    assert (loads[0].width, loads[0].height) == (480, 270)


def test_another_resolution_begins_anew(run):
    smaller = [picture([(150, 135)], size=(210, 300))] * 3
    said = run(frames([*walk(3), *smaller]))
    assert said[3][Tracks].ended == (1,)
    assert [track.id for track in said[-1][Tracks].tracks] == [4]


def test_what_is_no_picture_is_given_back_with_the_reason(people):
    odd = replace(ALARM[0], body=Frame(picture=Raster.of(np.zeros((4, 4), np.uint8)), number=0))
    perceived = people.start(Resources()).look(None, odd)[1]
    assert not perceived.readings
    assert "height × width × 3" in perceived.rejected[0][1]


def test_without_the_model_it_does_not_start(tmp_path, monkeypatch):
    monkeypatch.setenv("TOCSIN_MODELS", str(tmp_path))
    with pytest.raises(ConfigError, match="tocsin models fetch"):
        People().start(Resources())


def test_a_class_that_the_model_does_not_know_is_refused(blobs):
    with pytest.raises(ConfigError, match="'unicorn'"):
        People(model=blobs, labels=("unicorn",)).start(Resources())
