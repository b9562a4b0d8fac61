"""Where the detector looks in one frame: few windows that hold most of what it is time to look at."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tocsin.inference.tiling import Tile, tiles

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

TILES_MAX = 24
"""A bigger picture is swept in bigger tiles."""

HEIGHTS_PX = (0.0, 28.0, 36.0, 44.0, 160.0, 300.0, 416.0)
FOUND = (0.0, 0.5, 0.8, 1.0, 1.0, 0.7, 0.5)
"""How well somebody is found who is so many pixels high in the model's input, relative to the best height."""

LOOKED = 0.75
"""From this on a place counts as looked at."""

LOW, TALL = 9.0, 2.6
"""A window is at most and at least so many times as high as whoever it is for."""

WORTH = 3.0
"""Most that one place counts for when windows are compared: the longest overdue does not outweigh all others."""

MARGIN = 0.06
"""Room between a box and an inner edge of the window that holds it, in shares of the box's height."""

RIPE = 0.5
"""From this share of its time on, a place is looked at along with others."""

OPENS, OPENS_SHARE, LATE = 5.0, 0.3, 2.5
"""Least worth for which a window is opened: waiting for others pays where many are; whatever waited too long goes."""

FIRST_MAX = 16
"""Windows are placed around so many of the most urgent places."""


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """What may be looked at: boxes in pixels, how high a person is there, and how urgent each is (1: it is time)."""

    boxes: Floats
    heights: Floats
    urgency: Floats


def window(left: float, top: float, side: tuple[int, int], size: tuple[int, int]) -> Tile:
    """A window of a size (high, wide) as near to a corner as the picture allows."""
    high, wide = min(side[0], size[0]), min(side[1], size[1])
    x, y = round(min(max(left, 0), size[1] - wide)), round(min(max(top, 0), size[0] - high))
    return Tile(x, y, wide, high, (x > 0, y > 0, x + wide < size[1], y + high < size[0]))


def whole(size: tuple[int, int]) -> Tile:
    """The picture as one window.

    >>> whole((720, 1280)).inner
    (False, False, False, False)
    """
    return window(0, 0, size, size)


def sweep(size: tuple[int, int], side_px: int, overlap: float) -> list[Tile]:
    """The whole picture and its tiles, which grow where they would be too many."""
    while len(found := tiles(size, side_px, overlap)) > TILES_MAX:
        side_px = int(side_px * 1.25)
    return [whole(size), *found]


def held(looks: Sequence[Tile], boxes: Floats) -> Bools:
    """Which window (row) holds which box, with some room to its inner edges; beyond the picture there is nothing."""
    corners = np.array([[one.left, one.top, one.left + one.width, one.top + one.height] for one in looks], np.float64)
    ends, inner = corners.reshape(-1, 1, 4), np.array([one.inner for one in looks], np.bool_).reshape(-1, 1, 4)
    room = MARGIN * (boxes[:, 3] - boxes[:, 1])[None, :, None]
    within = (((boxes[None] - ends) * np.array([1.0, 1.0, -1.0, -1.0]) >= room) | ~inner).all(axis=2)
    meets = (boxes[None, :, :2] < ends[..., 2:]).all(axis=2) & (boxes[None, :, 2:] > ends[..., :2]).all(axis=2)
    return np.asarray(within & meets)


def shown(looks: Sequence[Tile], boxes: Floats, heights: Floats, side_px: int) -> Floats:
    """How well each window (row) shows each box, from 0 to 1: a window that is not shrunk shows all there is."""
    shrunk = np.array([max(one.width, one.height) / side_px for one in looks], np.float64).reshape(-1, 1)
    found = np.where(shrunk <= 1.0, 1.0, np.interp(heights[None, :] / shrunk, HEIGHTS_PX, FOUND))
    return np.asarray(held(looks, boxes) * found)


def looked_at(looks: Sequence[Tile], boxes: Floats, side_px: int) -> Bools:
    """Which boxes the windows hold, big enough to be found."""
    if not looks or not len(boxes):
        return np.zeros(len(boxes), np.bool_)
    return np.asarray((shown(looks, boxes, boxes[:, 3] - boxes[:, 1], side_px) >= LOOKED).any(axis=0))


def chosen(places: Places, size: tuple[int, int], side_px: int, count_max: int) -> list[Tile]:
    """At most so many windows, those first that show most of what is due; what is due alone waits for others."""
    urgency = places.urgency.copy()
    first = np.argsort(-urgency, kind="stable")[:FIRST_MAX]
    due = [int(row) for row in first if urgency[row] >= 1.0]
    options = [one for row in due for one in _options(places.boxes[row], float(places.heights[row]), size, side_px)]
    if not options:
        return []
    shows = shown(options, places.boxes, places.heights, side_px)
    best_shown, opens = shows.max(axis=0), min(OPENS, OPENS_SHARE * len(urgency))
    made: list[Tile] = []
    while len(made) < count_max:
        worth = np.where(urgency >= RIPE, np.minimum(urgency, WORTH), 0.0) + np.where(urgency >= LATE, opens, 0.0)
        gains = shows @ worth
        best = int(gains.argmax())
        if gains[best] < opens:
            break
        made.append(options[best])
        urgency[(shows[best] > 0) & (shows[best] >= np.minimum(best_shown, LOOKED))] = 0.0
    return made


def _options(box: Floats, height: float, size: tuple[int, int], side_px: int) -> Sequence[Tile]:
    """Windows of some sizes that hold a box at their left, middle, right, top and bottom."""
    least = max(TALL * height, 1.2 * (box[3] - box[1]), 1.2 * (box[2] - box[0]), side_px)
    most = max(least, min(LOW * height, 2.0 * side_px))
    sides = sorted({round(least), round((least * most) ** 0.5), round(most)})
    found: dict[tuple[int, int, int], Tile] = {}
    for side in sides:
        room = 2 * MARGIN * (box[3] - box[1])
        lefts = {box[0] - room, (box[0] + box[2] - side) / 2, box[2] + room - side}
        tops = {box[1] - room, (box[1] + box[3] - side) / 2, box[3] + room - side}
        for one in (window(x, y, (side, side), size) for x in sorted(lefts) for y in sorted(tops)):
            found[one.left, one.top, one.width] = one
    return tuple(found.values())
