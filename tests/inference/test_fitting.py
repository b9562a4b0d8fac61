"""A picture of any size becomes the tensor, and boxes come back to where they were."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tocsin.inference.cards import Input
from tocsin.inference.fitting import fitted
from tocsin.model import BadInput

SIDES = st.integers(1, 700)
INPUT = Input(width=96, height=64, mean=(10.0, 20.0, 30.0), std=(1.0, 2.0, 4.0), fill=0)


@settings(max_examples=40)
@given(width=SIDES, height=SIDES, fit=st.sampled_from(["centre", "corner", "stretch", "flexible"]))
def test_the_corners_of_the_picture_come_back(width, height, fit):
    made = fitted(np.zeros((height, width, 3), np.uint8), replace(INPUT, fit=fit))
    rows, columns = made.tensor.shape[1:]
    assert (rows, columns) == (64, 96) or fit == "flexible"
    left, top = made.shift
    drawn = np.float32([[left, top, left + width * made.scale[0], top + height * made.scale[1]]])
    assert made.back(drawn)[0] == pytest.approx([0, 0, width, height], abs=0.01)
    assert drawn.min() >= 0
    assert (drawn[0, 2:] <= (columns + 0.01, rows + 0.01)).all()


def test_colours_are_ordered_and_scaled():
    picture = np.zeros((64, 96, 3), np.uint8)
    picture[:] = 12, 24, 38
    assert fitted(picture, INPUT).tensor[:, 0, 0].tolist() == [2, 2, 2]
    assert fitted(picture, replace(INPUT, colour="rgb")).tensor[:, 0, 0].tolist() == [28, 2, -4.5]


def test_the_margin_is_filled():
    white = np.full((64, 64, 3), 255, np.uint8)
    tensor = fitted(white, replace(INPUT, mean=(0, 0, 0), std=(1, 1, 1), fill=7)).tensor
    assert (tensor[:, :, :16] == 7).all()
    assert (tensor[:, :, 16:80] == 255).all()


@pytest.mark.parametrize("shape", [(0, 5, 3), (5, 5), (5, 5, 4), (40_000, 1, 3)])
def test_what_is_no_picture_is_told(shape):
    with pytest.raises(BadInput):
        fitted(np.zeros(shape, np.uint8), INPUT)


def test_a_picture_of_floats_is_told():
    with pytest.raises(BadInput):
        fitted(np.zeros((5, 5, 3)), INPUT)
