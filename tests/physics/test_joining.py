"""Several cameras, one person: joined by place and time, clocks found, ids that end with the visit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.model import BadInput, ConfigError, TooMuch
from tocsin.physics.joining import Joiner, Joining

SPREAD = np.eye(2)[None] * 0.02


def way(at, person=0):
    """Where a person walks: each on a line and in a wave of one's own."""
    return np.array([1.3 * at - 5 * person, 4.0 * person + 0.8 * np.sin(at + person)])


def told(joiner, *, cameras=2, persons=2, steps=80, skews=(0.0, 0.0, 0.0, 0.0), chance=None, start=0.0):
    """Let cameras see walkers at 5 Hz, each by its clock; what was told last, per camera."""
    said = {}
    for at in start + np.arange(steps) / 5:
        for number in range(cameras):
            noise = np.zeros((persons, 2)) if chance is None else chance.normal(0, 0.1, (persons, 2))
            points = np.array([way(at, one) for one in range(persons)]) + noise
            ids = [10 * number + one for one in range(persons)]
            said[number] = joiner.update(at + skews[number], f"c{number}", ids, points, SPREAD.repeat(persons, axis=0))
    return said[cameras - 1]


def members(joined):
    return [[own for _, own in one.members] for one in sorted(joined, key=lambda one: one.members)]


def test_two_cameras_see_one_person_once():
    joined = told(Joiner(), chance=np.random.default_rng(1))
    assert members(joined) == [[0, 10], [1, 11]]
    assert len({one.id for one in joined}) == 2


@pytest.mark.parametrize("skew_s", [-1.4, 0.6, 1.8])
def test_a_clock_that_is_wrong_is_found(skew_s):
    joiner = Joiner()
    joined = told(joiner, skews=(0.0, skew_s), chance=np.random.default_rng(2), steps=150)
    assert joiner.clock_s("c1") == pytest.approx(skew_s, abs=0.1)
    assert members(joined) == [[0, 10], [1, 11]]


def test_nothing_is_said_of_a_clock_that_nobody_walked_past():
    joiner = Joiner()
    for step in range(60):
        for camera in ("a", "b"):
            joiner.update(step / 5, camera, [1], [[3.0, 4.0]], SPREAD)
    assert joiner.clock_s("b") is None


def test_the_joined_place_is_nearer_than_each_camera_says():
    chance, joiner, off, alone = np.random.default_rng(4), Joiner(), [], []
    for at in np.arange(150) / 5:
        true = way(at)
        seen = true + chance.normal(0, 0.14, (4, 2))
        for number in range(4):
            joined = joiner.update(at, f"c{number}", [number], seen[number][None], SPREAD)
        if at > 10:
            off.append(np.linalg.norm(joined[0].point_m - true))
            alone.append(np.linalg.norm(seen - true, axis=1).mean())
    assert np.mean(off) < 0.7 * np.mean(alone)


def test_tracks_of_one_camera_are_never_one_person():
    joiner = Joiner()
    for step in range(40):
        joined = joiner.update(step / 5, "a", [1, 2], [[0.0, 0.0], [0.05, 0.0]], SPREAD.repeat(2, axis=0))
    assert members(joined) == [[1], [2]]


def test_an_id_ends_with_the_visit():
    joiner = Joiner(Joining(memory_s=2.0))
    first = told(joiner, cameras=1, persons=1)[0].id
    gone = joiner.update(25.0, "c0", [], np.zeros((0, 2)), np.zeros((0, 2, 2)))
    again = told(joiner, cameras=1, persons=1, start=26.0)[0].id
    assert (gone, again > first) == ([], True)


def test_a_track_that_runs_on_under_a_new_number_is_the_same_person():
    joiner = Joiner()
    for step in range(60):
        own = 1 if step < 30 else 2
        joined = joiner.update(step / 5, "a", [own], [way(step / 5)], SPREAD)
        if step == 29:
            before = joined[0].id
    assert [one.id for one in joined] == [before]


@settings(max_examples=15, deadline=None)
@given(st.permutations([0, 1, 2]))
def test_the_order_of_tracks_does_not_matter(order):
    one, other = Joiner(), Joiner()
    for at in np.arange(30) / 5:
        points = np.array([way(at, person) for person in range(3)])
        a = one.update(at, "a", [0, 1, 2], points, SPREAD.repeat(3, axis=0))
        b = other.update(at, "a", order, points[order], SPREAD.repeat(3, axis=0))
    assert members(a) == members(b)


def test_what_is_no_place_is_dropped_and_counted():
    joiner = Joiner()
    joiner.update(0.0, "a", [1, 2], [[np.nan, 0.0], [1.0, 1.0]], SPREAD.repeat(2, axis=0))
    assert joiner.dropped == 1
    with pytest.raises(BadInput, match="finite time"):
        joiner.update(float("nan"), "a", [], np.zeros((0, 2)), np.zeros((0, 2, 2)))
    with pytest.raises(BadInput, match="one id"):
        joiner.update(0.0, "a", [1], np.zeros((0, 2)), np.zeros((0, 2, 2)))


def test_a_clock_that_is_set_back_begins_its_camera_anew():
    joiner = Joiner()
    told(joiner, cameras=1, persons=1)
    assert joiner.update(-1000.0, "c0", [0], [[0.0, 0.0]], SPREAD) == []


@pytest.mark.parametrize(("camera", "leap_s"), [("c1", 86_400.0), ("c0", 3_600.0), ("c1", -500.0)])
def test_a_clock_that_leaps_takes_no_other_cameras_persons_with_it(camera, leap_s):
    joiner = Joiner()
    before = {one.id for one in told(joiner, chance=np.random.default_rng(6))}
    skews = [leap_s if camera == f"c{number}" else 0.0 for number in range(2)]
    joined = told(joiner, chance=np.random.default_rng(7), start=16.0, skews=skews, steps=120)
    assert {one.id for one in joined} == before
    assert members(joined) == [[0, 10], [1, 11]]


def test_a_track_that_comes_back_after_it_was_replaced_is_looked_at_anew():
    joiner = Joiner()
    for step in range(40):
        joiner.update(step / 5, "a", [1 if step < 15 else 2], [way(step / 5)], SPREAD)
    for step in range(40, 60):
        points = np.array([way(step / 5), way(step / 5) + 3])
        joined = joiner.update(step / 5, "a", [2, 1], points, SPREAD.repeat(2, axis=0))
    assert members(joined) == [[1], [2]]


def test_more_cameras_than_the_limit_are_refused():
    joiner = Joiner(Joining(cameras_max=1))
    joiner.update(0.0, "a", [1], [[0.0, 0.0]], SPREAD)
    with pytest.raises(TooMuch, match="cameras_max"):
        joiner.update(0.0, "b", [1], [[0.0, 0.0]], SPREAD)


@pytest.mark.parametrize("wrong", [{"watch_s": 3.0, "watch_s_max": 1.0}, {"gate": 0.0}])
def test_joining_that_cannot_be_is_refused(wrong):
    with pytest.raises(ConfigError, match="Joining needs"):
        Joining(**wrong)
