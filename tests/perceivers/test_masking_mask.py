"""Every pixel of every box is filled, and what is filled says nothing of what was there."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.perceivers.scenes import PLAIN, SIZE, scene, street
from tocsin.contract.resources import Resources
from tocsin.perceivers.masking import regions
from tocsin.perceivers.masking.filling import Mask, painted

STAGE = PLAIN.start(Resources())


@st.composite
def boxes(draw):
    """Boxes of any size, also over the edges and outside of the picture."""
    rows = []
    for _ in range(draw(st.integers(0, 6))):
        left, top = draw(st.floats(-60, 200)), draw(st.floats(-60, 160))
        rows.append((left, top, left + draw(st.floats(0, 180)), top + draw(st.floats(0, 140))))
    return rows


def inside(rows, size=SIZE):
    """Which pixels lie in a box, even in part."""
    y, x = np.mgrid[: size[0], : size[1]]
    found = np.zeros(size, bool)
    for left, top, right, bottom in rows:
        found |= (x + 1 > left) & (x < right) & (y + 1 > top) & (y < bottom)
    return found


def masked(rows, picture=None, **more):
    memory, checked = STAGE.remembered(None, reading := scene(rows, picture=picture, **more))
    return STAGE.masked(memory, reading, checked)


@given(rows=boxes())
@settings(deadline=None, max_examples=60)
def test_every_pixel_of_every_box_is_filled(rows):
    made = masked(rows)
    assert made.mask.filled[inside(rows)].all()


@given(rows=boxes(), extra=boxes())
@settings(deadline=None, max_examples=40)
def test_what_is_filled_does_not_depend_on_what_was_there(rows, extra):
    one, other = (masked(rows, street(seed=seed), extra=extra) for seed in (1, 2))
    filled = one.mask.filled > 0
    assert (filled == (other.mask.filled > 0)).all()
    assert (one.picture[filled] == other.picture[filled]).all()


@given(rows=boxes())
@settings(deadline=None, max_examples=40)
def test_outside_of_the_mask_nothing_changes(rows):
    picture = street(rows)
    made = masked(rows, picture)
    open_ = made.mask.filled == 0
    assert (made.picture[open_] == picture[open_]).all()


@given(rows=boxes(), held=st.booleans(), late_s=st.floats(0, 1.9))
@settings(deadline=None, max_examples=40)
def test_a_held_box_is_never_smaller_than_a_seen_one(rows, held, late_s):
    memory, _ = STAGE.remembered(None, scene(rows))
    later = scene(rows, number=1, every_s=late_s, seen=(not held,) * len(rows))
    memory, checked = STAGE.remembered(memory, later)
    assert STAGE.masked(memory, later, checked).mask.filled[inside(rows)].all()


@given(st.integers(0, 2**32 - 1), st.floats(0.0, 1.0))
@settings(deadline=None, max_examples=30)
def test_every_moving_cell_is_filled(seed, share):
    cells = np.random.default_rng(seed).random((12, 16)) < share
    mask = Mask.empty(0, SIZE)
    mask.add_cells(cells)
    assert mask.filled[np.kron(cells, np.ones((10, 10), bool))].all()


def test_small_holes_are_closed_and_large_ones_and_the_outside_are_not():
    mask = Mask.empty(0, SIZE)
    mask.filled[20:100, 20:140] = 255
    mask.filled[30:38, 30:38] = mask.filled[50:90, 60:120] = 0
    mask.close_holes()
    assert mask.filled[20:48, 20:140].all()
    assert not mask.filled[50:90, 60:120].any()
    assert not mask.filled[:20].any()


def test_stick_figures_are_drawn_inside_the_mask_only():
    mask = Mask.empty(0, SIZE)
    mask.add_boxes(np.float32([[20, 20, 60, 100]]))
    figure = np.tile(np.float32([140, 60, 0.9]), (17, 1))
    figure[:9] = (40, 60, 0.9)
    nobody = np.zeros((0, 4), np.float32)
    shown = painted(street(), 0, mask, colour=(9, 9, 9), outlined=nobody, figures=[figure])
    assert (shown[:, 61:] == street()[:, 61:]).all()
    assert (shown[20:100, 20:60] > 9).any()


@pytest.mark.parametrize(("score", "body"), [(0.9, True), (0.5, False)])
def test_a_face_that_no_box_holds_is_given_a_body_if_it_is_surely_one(score, body):
    face, nobody = np.float32([[70, 10, 80, 20]]), np.zeros((0, 4), np.float32)
    found = regions.faced(face, np.float32([score]), nobody)
    assert bool(found[:, 3].max() > 80) is body
    assert (found[:, :2].min(0) <= (66, 6)).all()
    held = regions.faced(face, np.float32([score]), np.float32([[60, 5, 95, 100]]))
    assert len(held) == 1
