"""Tiles cover a picture, overlap as said, and know which boxes they cut."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tocsin.inference.tiling import Tile, tiles
from tocsin.model import ConfigError


@given(st.integers(1, 900), st.integers(1, 900), st.integers(128, 300), st.floats(0, 0.5))
def test_every_pixel_is_in_a_tile_and_tiles_stay_inside(height, width, tile_px, overlap):
    assume(max(height, width) > tile_px)
    seen = np.zeros((height, width), bool)
    for one in tiles((height, width), tile_px, overlap):
        assert one.of(seen).shape == (one.height, one.width)
        one.of(seen)[:] = True
        assert one.inner == (one.left > 0, one.top > 0, one.left + one.width < width, one.top + one.height < height)
    assert seen.all()


@given(st.integers(301, 900), st.floats(0, 0.6))
def test_neighbours_share_what_was_asked_for(width, overlap):
    lefts = sorted({one.left for one in tiles((100, width), 300, overlap)})
    assert (300 - np.diff(lefts) >= int(300 * overlap)).all()


def test_a_box_at_an_inner_edge_is_cut_and_one_at_the_pictures_edge_is_not():
    tile = Tile(0, 0, 100, 100, (False, False, True, True))
    boxes = np.float32([[0, 0, 50, 50], [60, 60, 99, 80], [10, 60, 20, 100], [10, 10, 20, 20]])
    assert tile.cuts(boxes).tolist() == [False, True, True, False]


def test_a_small_picture_has_no_tiles():
    assert tiles((100, 100), 100, 0.2) == []


@pytest.mark.parametrize(("tile_px", "overlap"), [(5, 0.2), (100, 0.95), (100, -0.1), (32, 0.8)])
def test_absurd_tiles_are_told(tile_px, overlap):
    with pytest.raises(ConfigError, match=r"tiles|Tiles"):
        tiles((4_000, 4_000), tile_px, overlap)
