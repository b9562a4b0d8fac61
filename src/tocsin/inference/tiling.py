"""A big picture as overlapping tiles."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tocsin.inference.detected import Floats, Picture
from tocsin.model import ConfigError

TILES_MAX = 256
"""Most tiles that one picture is cut into."""

EDGE_PX = 2.0
"""A box that ends this near to an inner edge of its tile may go on beyond it."""


@dataclass(frozen=True, slots=True)
class Tile:
    """A part of a picture; `inner` says which of its edges (left, top, right, bottom) are not the picture's own."""

    left: int
    top: int
    width: int
    height: int
    inner: tuple[bool, bool, bool, bool]

    def of(self, picture: Picture) -> Picture:
        """The pixels of the tile."""
        return picture[self.top : self.top + self.height, self.left : self.left + self.width]

    def cuts(self, boxes: Floats) -> NDArray[np.bool_]:
        """Which boxes (in the tile's pixels) end at an edge beyond which the picture goes on."""
        ends = np.array([0, 0, self.width, self.height], np.float32)
        touching: NDArray[np.bool_] = ((np.abs(boxes - ends) <= EDGE_PX) & np.array(self.inner)).any(1)
        return touching


def tiles(size: Sequence[int], tile_px: int, overlap: float) -> list[Tile]:
    """Square tiles that cover a picture of this height and width; none where it is no bigger than one.

    >>> [(one.left, one.width) for one in tiles((100, 250), 100, 0.2)]
    [(0, 100), (75, 100), (150, 100)]
    """
    if tile_px < 32 or not 0 <= overlap <= 0.8:
        raise ConfigError(f"Tiles are 32 pixels or more and overlap by 0 to 0.8, not {tile_px} and {overlap}.")
    height, width = size
    if max(height, width) <= tile_px:
        return []
    rows, columns = _starts(height, tile_px, overlap), _starts(width, tile_px, overlap)
    if len(rows) * len(columns) > TILES_MAX:
        raise ConfigError(f"{len(rows) * len(columns)} tiles are more than {TILES_MAX}: make them bigger.")
    high, wide = min(tile_px, height), min(tile_px, width)
    return [Tile(x, y, wide, high, (x > 0, y > 0, x + wide < width, y + high < height)) for y in rows for x in columns]


def _starts(length: int, tile_px: int, overlap: float) -> list[int]:
    """Evenly spaced, the first at 0, the last at the end."""
    if length <= tile_px:
        return [0]
    count = -(-(length - tile_px) // max(1, int(tile_px * (1 - overlap)))) + 1
    return [round(number * (length - tile_px) / (count - 1)) for number in range(count)]
