"""The picture as a grid of cells: when each was last looked at, and how often looking at motion was in vain."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tocsin.inference.sessions import needed
from tocsin.inference.tiling import Tile

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

PER_WINDOW = 8
"""A window of the model's own size is so many cells wide."""

VAIN_MAX = 5
"""How often the time to the next look is doubled where looking at motion was in vain (leaves, water, shadows)."""

SPECK = 16
"""Fewer places of the small picture are no motion of anybody."""

MOTIONS_MAX = 64
"""Most separate motions that are looked at in one frame, the biggest ones."""


@dataclass(slots=True)
class Cells:
    """One grid; times are those of frames. `examined` for people of the usual height, `swept` for small ones too."""

    size: tuple[int, int]
    examined: Floats
    swept: Floats
    vain: NDArray[np.int64]
    whole_at: float = -np.inf

    @classmethod
    def of(cls, size: tuple[int, int], side_px: int) -> "Cells":
        """Nothing was looked at yet."""
        px = side_px / PER_WINDOW
        shape = max(1, round(size[0] / px)), max(1, round(size[1] / px))
        return cls(size, np.full(shape, -np.inf), np.full(shape, -np.inf), np.zeros(shape, np.int64))

    @property
    def px(self) -> tuple[float, float]:
        """Height and width of a cell."""
        return self.size[0] / self.vain.shape[0], self.size[1] / self.vain.shape[1]

    def within(self, tile: Tile) -> Bools:
        """The cells whose middle lies in a window."""
        high, wide = self.px
        rows = (np.arange(self.vain.shape[0]) + 0.5) * high
        columns = (np.arange(self.vain.shape[1]) + 0.5) * wide
        down = (rows >= tile.top) & (rows <= tile.top + tile.height)
        across = (columns >= tile.left) & (columns <= tile.left + tile.width)
        return down[:, None] & across[None, :]

    def touched(self, boxes: Floats) -> Bools:
        """The cells that a box reaches into."""
        touched = np.zeros(self.vain.shape, np.bool_)
        for box in boxes:
            touched[self.part(box)] = True
        return touched

    def part(self, box: Floats) -> tuple[slice, slice]:
        """Rows and columns of the cells that a box reaches into."""
        high, wide = self.px
        x1, y1, x2, y2 = np.maximum(box, 0.0).tolist()
        last_row, last_column = self.vain.shape[0] - 1, self.vain.shape[1] - 1
        top, left = min(int(y1 / high), last_row), min(int(x1 / wide), last_column)
        return slice(top, min(int(y2 / high), last_row) + 1), slice(left, min(int(x2 / wide), last_column) + 1)

    def look(self, tile: Tile, at: float, found: Floats, moved: Floats, *, fine: bool) -> None:
        """A window was looked at: `found` are the boxes in it, `moved` the motions that it was to explain."""
        seen = self.within(tile)
        self.examined[seen] = at
        if fine:
            self.swept[seen] = at
        hit = self.touched(found)
        self.vain[seen & hit] = 0
        idle = seen & self.touched(moved) & ~hit
        self.vain[idle] = np.minimum(self.vain[idle] + 1, VAIN_MAX)


def covered(boxes: Floats, shape: tuple[int, int], of: float, room: float) -> Bools:
    """The places of a small picture under boxes (in pixels of the frame, `of` of them each), grown by a share."""
    under = np.zeros(shape, np.bool_)
    for x1, y1, x2, y2 in boxes.tolist():
        across, down = room * (x2 - x1), room * (y2 - y1)
        rows = slice(max(0, int((y1 - down) / of)), max(0, int(np.ceil((y2 + down) / of))))
        under[rows, max(0, int((x1 - across) / of)) : max(0, int(np.ceil((x2 + across) / of)))] = True
    return under


def motions(mask: Bools, of: float) -> Floats:
    """The connected parts of a small picture as boxes in pixels of the frame, the biggest first."""
    cv2 = needed("cv2")
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    parts = stats[1:][stats[1:, cv2.CC_STAT_AREA] >= SPECK]
    parts = parts[np.argsort(-parts[:, cv2.CC_STAT_AREA], kind="stable")][:MOTIONS_MAX]
    corners = parts[:, [cv2.CC_STAT_LEFT, cv2.CC_STAT_TOP]]
    return np.asarray(np.column_stack([corners, corners + parts[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]]]) * of)
