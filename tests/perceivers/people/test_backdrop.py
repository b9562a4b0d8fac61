"""What is usual is learned: noise, slow light and ghosts are no motion, people are."""

import numpy as np
import pytest

from tocsin.perceivers.people.backdrop import Backdrop

QUIET = np.zeros((40, 60), np.bool_)


def ground(seed=0, level=100.0, noise=2.0):
    return np.clip(np.random.default_rng(seed).normal(level, noise, (40, 60)), 0, 255).astype(np.uint8)


def with_person(picture, column, row=10):
    made = picture.copy()
    made[row : row + 12, column : column + 5] = 220
    return made


@pytest.fixture
def learned():
    backdrop = Backdrop.of(ground(), 0.0)
    for n in range(1, 50):
        backdrop.take(ground(n), 0.2 * n, QUIET)
    return backdrop


def test_noise_is_no_motion(learned):
    assert not learned.moving.any()


def test_a_person_is_where_it_stands_and_nowhere_else(learned):
    learned.take(with_person(ground(99), 20), 10.0, QUIET)
    assert learned.moving[12:20, 21:24].all()
    assert learned.moving.sum() == pytest.approx(60, abs=15)


def test_who_stands_still_under_a_track_is_never_learned(learned):
    busy = QUIET.copy()
    busy[8:24, 18:27] = True
    for n in range(100):
        learned.take(with_person(ground(100 + n), 20), 10.0 + 0.2 * n, busy)
    assert learned.moving[12:20, 21:24].all()


def test_a_thing_that_is_nobody_is_forgotten_in_time(learned):
    for n in range(150):
        learned.take(with_person(ground(100 + n), 20), 30.0 + 0.2 * n, QUIET)
    assert not learned.moving.any()


def test_the_ghost_of_somebody_in_the_first_picture_fades(learned):
    backdrop = Backdrop.of(with_person(ground(), 20), 0.0)
    for n in range(1, 40):
        backdrop.take(ground(n), 0.2 * n, QUIET)
    assert not backdrop.moving.any()


def test_light_that_changes_everywhere_is_no_motion(learned):
    learned.take(ground(99, level=112.0), 10.0, QUIET)
    assert learned.moving.mean() < 0.02
    learned.take(ground(98, level=112.0), 10.2, QUIET)
    assert not learned.moving.any()
