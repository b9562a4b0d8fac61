"""The mask of one frame, and the picture in which everything under it is one colour with thin lines."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tocsin.inference.sessions import needed
from tocsin.model import BadInput

Picture = NDArray[np.uint8]
Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]
Colour = tuple[int, int, int]

LIGHTER = 40
"""How much lighter than the fill its lines are: strong lines on a dark fill are faces to some detectors."""

HOLE_SHARE_MAX = 0.01
"""A larger open part, as a share of the picture, is left open."""

JOINT_SURE = 0.3
"""A joint less sure is not drawn."""

BONES = (
    (0, 5), (0, 6), (5, 6), (5, 7), (7, 9), (6, 8), (8, 10),
    (5, 11), (6, 12), (11, 12), (11, 13), (13, 15), (12, 14), (14, 16),
)  # fmt: skip
"""Which of the 17 joints (COCO's order) are joined by a line; of a head only the nose is drawn, to the shoulders."""


@dataclass(frozen=True, slots=True, eq=False)
class Mask:
    """What is filled in the frame of this number: 255 where it is."""

    of: int
    filled: Picture

    @classmethod
    def empty(cls, of: int, size: Sequence[int]) -> "Mask":
        """Nothing yet, for a frame of this height and width."""
        return cls(of, np.zeros((size[0], size[1]), np.uint8))

    @property
    def share(self) -> float:
        """How much of the picture is filled."""
        return float(np.count_nonzero(self.filled)) / self.filled.size

    def add_boxes(self, boxes: Floats) -> None:
        """Fill every pixel that a box touches."""
        for left, top, right, bottom in whole_px(boxes, self.filled.shape).tolist():
            self.filled[top:bottom, left:right] = 255

    def add_cells(self, cells: Bools) -> None:
        """Fill the cells of a coarse grid over the whole picture, and half a cell around each."""
        if not cells.any():
            return
        (top, bottom), (left, right) = (
            _ends(number, count, side)
            for number, count, side in zip(np.nonzero(cells), cells.shape, self.filled.shape, strict=True)
        )
        # A cell is +1 from its first pixel on and -1 after its last, down and across: sums tell how many hold a pixel.
        steps = np.zeros((self.filled.shape[0] + 1, self.filled.shape[1] + 1), np.int32)
        for rows, columns, step in ((top, left, 1), (bottom, right, 1), (top, right, -1), (bottom, left, -1)):
            np.add.at(steps, (rows, columns), step)
        self.filled[steps.cumsum(0).cumsum(1)[:-1, :-1] > 0] = 255

    def add_rings(self, rings: Sequence[Sequence[tuple[float, float]]]) -> None:
        """Fill areas given as shares of width and height."""
        cv2: Any = needed("cv2")
        height, width = self.filled.shape
        for ring in rings:
            points = np.round(np.array(ring, np.float64) * (width, height)).astype(np.int32)
            cv2.fillPoly(self.filled, [points], 255)
            cv2.polylines(self.filled, [points], isClosed=True, color=255, thickness=3)

    def close_holes(self) -> None:
        """Fill small parts that lie open inside of what is filled: the middle of a coat of one colour does not move."""
        cv2: Any = needed("cv2")
        _, parts, stats, _ = cv2.connectedComponentsWithStats((self.filled == 0).astype(np.uint8), connectivity=4)
        height, width = self.filled.shape
        left, top = stats[:, cv2.CC_STAT_LEFT], stats[:, cv2.CC_STAT_TOP]
        right, bottom = left + stats[:, cv2.CC_STAT_WIDTH], top + stats[:, cv2.CC_STAT_HEIGHT]
        inside = (left > 0) & (top > 0) & (right < width) & (bottom < height)
        small = stats[:, cv2.CC_STAT_AREA] <= HOLE_SHARE_MAX * self.filled.size
        self.filled[(inside & small)[parts]] = 255


def _ends(number: NDArray[np.int64], count: int, side: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The first pixel of cells with half a cell of room, and the one after their last, along one side of a picture."""
    first = np.clip(((number - 0.5) * side / count).astype(np.int64), 0, side)
    return first, np.clip(((number + 1.5) * side / count).astype(np.int64) + 1, 0, side)


def whole_px(boxes: Floats, size: Sequence[int]) -> NDArray[np.int64]:
    """Boxes in whole pixels, rounded outward and cut at the picture's edges.

    >>> whole_px(np.float32([[0.2, -3, 4.1, 5]]), (4, 10)).tolist()
    [[0, 0, 5, 4]]
    """
    found = np.empty(boxes.shape, np.int64)
    found[:, :2], found[:, 2:] = np.floor(boxes[:, :2]), np.ceil(boxes[:, 2:])
    cut: NDArray[np.int64] = np.clip(found, 0, (size[1], size[0], size[1], size[0]))
    return cut


def painted(
    picture: Picture,
    number: int,
    mask: Mask,
    *,
    colour: Colour,
    outlined: Floats,
    figures: Sequence[NDArray[Any]] = (),
) -> Picture:
    """The picture with its mask filled; lines around people and stick figures are drawn inside the mask only.

    Raises BadInput where the mask is not of this very frame: number and size must be the same.
    """
    if mask.of != number or mask.filled.shape != picture.shape[:2]:
        raise BadInput(f"The mask of frame {mask.of} is not the mask of frame {number}: no picture is made.")
    cv2: Any = needed("cv2")
    layer = np.empty_like(picture)
    layer[:] = colour
    lines = tuple(min(255, one + LIGHTER) for one in colour)
    for left, top, right, bottom in whole_px(outlined, picture.shape).tolist():
        cv2.rectangle(layer, (left, top), (right - 1, bottom - 1), lines, 1)
    for figure in figures:
        _draw(cv2, layer, figure, lines)
    return np.asarray(cv2.copyTo(layer, mask.filled, picture.copy()))


def _draw(cv2: Any, layer: Picture, figure: NDArray[Any], lines: tuple[int, ...]) -> None:  # noqa: ANN401  # a module
    for first, second in BONES:
        if min(figure[first, 2], figure[second, 2]) >= JOINT_SURE:
            ends = [tuple(round(float(value)) for value in figure[one, :2]) for one in (first, second)]
            cv2.line(layer, ends[0], ends[1], lines, 2)


def encoded(picture: Picture, quality: int) -> bytes:
    """As JPEG."""
    cv2: Any = needed("cv2")
    good, content = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not good:
        raise BadInput("The masked picture could not be encoded.")
    return bytes(content)
