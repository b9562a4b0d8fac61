"""Where masks would fill the picture the last clean background is shown, and nobody is ever in it."""

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.perceivers.scenes import PLAIN, SIZE, city, decoded, magenta_px, pictures, run, scene, street
from tocsin.contract.raster import Raster
from tocsin.contract.resources import Resources
from tocsin.perceivers.masking.backdrop import EVERY_S, VOTES_MIN, Backdrop

OFTEN = replace(PLAIN, pictures_per_s=1.0)
EVERYWHERE = [(0, 0, 160, 120)]
COLOUR = PLAIN.colour


def learned(steps, size=SIZE):
    """A background that saw these (picture, people) one after the other."""
    backdrop = Backdrop.of(size)
    for number, (picture, rows) in enumerate(steps):
        filled = np.zeros(size, np.uint8)
        for left, top, right, bottom in rows:
            filled[top:bottom, left:right] = 255
        backdrop.learn(picture, filled, number * EVERY_S)
    return backdrop.shown(COLOUR)


def test_a_full_picture_shows_the_background_instead():
    empty = [scene([], number=n, every_s=2.0) for n in range(6)]
    crowd = scene(EVERYWHERE, number=6, every_s=2.0)
    body = pictures(run([*empty, crowd], OFTEN))[-1]
    assert (body.kind, body.of, body.outlines) == ("background", 6, ())
    assert body.filled == 1.0
    assert abs(decoded(body).astype(int) - street()).mean() < 12


def test_what_was_never_seen_open_is_the_colour_of_masks():
    [body] = pictures(run([scene(EVERYWHERE)]))
    assert (abs(decoded(body).astype(int) - COLOUR) <= 3).all(axis=2).mean() > 0.99


def test_private_areas_are_filled_in_the_background_too():
    resources = Resources(city=city(private=(((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)),)))
    window = street([(0, 0, 80, 120)])
    frames = [scene([], number=n, every_s=2.0, picture=window) for n in range(6)]
    crowd = scene(EVERYWHERE, number=6, every_s=2.0)
    body = pictures(run([*frames, crowd], OFTEN, resources))[-1]
    assert body.kind == "background"
    assert magenta_px(decoded(body)) == 0


@st.composite
def walks(draw):
    """People who walk, stand, come and go over some pictures."""
    steps = []
    for seed in range(draw(st.integers(1, 14))):
        rows = []
        for _ in range(draw(st.integers(0, 4))):
            left, top = draw(st.integers(0, 150)), draw(st.integers(0, 110))
            rows.append((left, top, draw(st.integers(left + 1, 160)), draw(st.integers(top + 1, 120))))
        steps.append((street(rows, seed=seed), rows))
    return steps


@given(walks())
@settings(deadline=None, max_examples=60)
def test_nobody_who_was_masked_is_ever_in_it(steps):
    assert magenta_px(learned(steps)) == 0


@given(st.integers(0, 11))
def test_one_missed_in_a_single_picture_is_outvoted(when):
    missed = [(40, 20, 80, 100)]
    steps = [(street(missed if number == when else ()), []) for number in range(12)]
    assert magenta_px(learned(steps)) == 0


def test_nothing_is_shown_before_it_was_seen_often_enough():
    clear = [(street(), [])]
    assert (learned(clear * (VOTES_MIN - 1)) == COLOUR).all()
    assert (learned(clear * VOTES_MIN) == street()).all()


def test_a_camera_that_turns_forgets():
    turned = Raster.of(np.float32([[1, 0, 30], [0, 1, 0]]))
    empty = [scene([], number=n, every_s=2.0) for n in range(6)]
    crowd = scene(EVERYWHERE, number=6, every_s=2.0, motion=turned)
    body = pictures(run([*empty, crowd], OFTEN))[-1]
    assert (abs(decoded(body).astype(int) - COLOUR) <= 3).all(axis=2).mean() > 0.99


def test_slow_light_is_followed():
    dusk = [(np.clip(street().astype(int) - 2 * n, 0, 255).astype(np.uint8), []) for n in range(30)]
    assert abs(learned(dusk).astype(int) - dusk[-1][0]).max() <= 8
