"""The detector looks where it is worth it: seldom at what stands, soon at what moves, and evenly when time is short."""

import numpy as np
import pytest

from tests.perceivers.blobs import picture
from tests.perceivers.people.filming import Film, frames, walk
from tocsin.contract.examples import START_AT
from tocsin.contract.pictures import CameraLoad, Scene, Tracks
from tocsin.contract.protocols import Wanted
from tocsin.contract.resources import Resources
from tocsin.model import Level
from tocsin.perceivers.people import People

SWEEP = 7
"""Windows of a whole sweep of these pictures: the whole, and six tiles."""


@pytest.fixture
def people(blobs):
    def made(**parameters):
        return People(model=blobs, labels=("person",), **parameters)

    return made


def test_a_still_picture_is_swept_at_the_floor_rate_alone(people):
    film = Film(people(sweep_s=5.0))
    film.show(frames([picture()] * 60))
    assert film.runs[0] == SWEEP
    assert sum(film.runs[1:]) == 2 * SWEEP


def test_a_person_who_stands_still_is_not_lost(people):
    film = Film(people())
    said = film.show(frames([picture([(150, 135)])] * 200))
    assert {tuple(track.id for track in one[Tracks].tracks) for one in said[1:]} == {(1,)}
    assert sum(film.runs[1:]) < 60


def test_a_walker_costs_less_than_two_runs_a_second(people):
    film = Film(people(sweep_s=100.0))
    said = film.show(frames(walk(50)))
    assert all(len(one[Tracks].tracks) == 1 for one in said[1:])
    assert sum(film.runs[1:]) < 20


def test_between_looks_of_the_detector_a_walker_is_found_again_to_the_pixel(people):
    film = Film(people())
    said = film.show(frames(walk(30)))
    middles = [one[Scene].boxes_px.array[0][[0, 2]].mean() for one in said]
    assert np.abs(np.array(middles) - (151 + 4 * np.arange(30))).max() <= 2
    assert [one[Scene].seen for one in said] == [(True,)] * 30


def test_somebody_new_is_told_within_a_second(people):
    film = Film(people())
    said = film.show(frames([*[picture()] * 20, *walk(10)]))
    assert [len(one[Tracks].tracks) for one in said].index(1) <= 25


def test_a_scene_says_whether_everybody_was_looked_at_in_this_very_frame(people):
    film = Film(people())
    said = film.show(frames(walk(30)))
    detected = [one[Scene].detected for one in said]
    assert detected[0]
    assert any(detected[1:])
    assert not any(yes for yes, runs in zip(detected, film.runs, strict=True) if not runs)


def test_what_moves_is_told_with_every_scene(people):
    moving = Film(people()).show(frames(walk(8)))[-1][Scene].moving.array
    rows, columns = np.nonzero(moving)
    of = 480 / moving.shape[1]
    assert rows.mean() * of == pytest.approx(135, abs=12)
    assert columns.max() * of == pytest.approx(185, abs=12)


def test_frames_between_the_analysed_ones_are_passed_over_and_counted(people):
    film = Film(people())
    said = film.show(frames([picture()] * 260, every_s=0.04))
    assert sum(Tracks in one for one in said) == 52
    loads = [one[CameraLoad] for one in said if CameraLoad in one]
    assert loads[0].dropped == pytest.approx(200, abs=4)


def test_always_looks_at_everything(people):
    film = Film(people(always=True))
    film.show(frames(walk(4)))
    assert film.runs == [SWEEP] * 4


def test_more_is_looked_at_where_fusion_hopes_for_more(people):
    usual, wanted = Film(people()), Film(people())
    wanted.stage.heed(Wanted(source="cam-1", level=Level.ANONYMOUS, until=START_AT + 99, interest=1.0))
    usual.show(frames(walk(50)))
    wanted.show(frames(walk(50)))
    assert sum(wanted.runs) > 1.4 * sum(usual.runs)


def test_interest_that_is_over_changes_nothing(people):
    usual, wanted = Film(people()), Film(people())
    wanted.stage.heed(Wanted(source="cam-1", level=Level.ANONYMOUS, until=START_AT - 1, interest=1.0))
    usual.show(frames(walk(20)))
    wanted.show(frames(walk(20)))
    assert wanted.runs == usual.runs


def busy(source, count=60):
    """A camera that sees people walk at several places."""
    return frames(
        [picture([(60 + 3 * n, 60), (400 - 3 * n, 200), (100, 40 + 3 * n)]) for n in range(count)], source=source
    )


def test_when_computing_is_short_all_cameras_get_less_and_say_so(people):
    stage = people(runs_per_s_max=2.0, load_every_s=5.0).start(Resources())
    loads, memories = {}, {"a": None, "b": None}
    for turn in zip(busy("a"), busy("b"), strict=True):
        seen = [(memories[one.source], one) for one in turn]
        for one, (memory, perceived) in zip(turn, stage.look_at(seen), strict=True):
            memories[one.source] = memory
            loads |= {made.source: made.body for made in perceived.readings if isinstance(made.body, CameraLoad)}
    assert loads["a"].budget == pytest.approx(loads["b"].budget, abs=0.02)
    assert loads["a"].budget < 0.8
    assert "2 cameras share 2 runs" in loads["b"].problem


def test_the_process_around_it_can_slow_it_down(people):
    full, half = Film(people(runs_per_s_max=4.0)), Film(people(runs_per_s_max=4.0))
    half.stage.pace(0.25)
    full.show(busy("a"))
    half.show(busy("a"))
    assert sum(half.runs) < 0.75 * sum(full.runs)


def test_several_cameras_together_are_as_one_by_one(people):
    films = {name: busy(name, 8) for name in "ab"}
    together = people().start(Resources())
    memories = dict.fromkeys("ab")
    for turn in zip(*films.values(), strict=True):
        looked = together.look_at([(memories[one.source], one) for one in turn])
        memories |= {one.source: memory for one, (memory, _) in zip(turn, looked, strict=True)}
        last = {one.source: perceived for one, (_, perceived) in zip(turn, looked, strict=True)}
    alone = {name: Film(people()).show(film)[-1] for name, film in films.items()}
    for name, perceived in last.items():
        assert [one.body for one in perceived.readings if isinstance(one.body, Tracks)] == [alone[name][Tracks]]
