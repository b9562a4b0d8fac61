"""Stick figures of people whose boxes are known: each is cut out, so that its joints are seen as large as possible."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tocsin.inference.detected import Floats, Picture, Posed
from tocsin.inference.detector import Poser
from tocsin.inference.suppression import overlaps

PEOPLE_MAX = 12
"""Most people of one picture whose joints are looked for; the biggest."""

ROOM = 0.12
"""How much of a box's size is cut out around it."""

SIDE_PX_MIN = 24
"""Smaller people have no joints that could be told apart."""

SCORE_MIN = 0.1
IOU_MIN = 0.3
"""A pose belongs to a box that it overlaps by this much."""


def figures(poser: Poser, picture: Picture, boxes: NDArray[np.floating]) -> list[Floats]:
    """17 joints (x, y in pixels, score) for each of the biggest boxes in which a person is seen to stand."""
    return [joints for _, joints in figures_of(poser, picture, boxes)]


def figures_of(poser: Poser, picture: Picture, boxes: NDArray[np.floating]) -> list[tuple[int, Floats]]:
    """The same, each with the number of its box."""
    chosen = _biggest(boxes)
    cuts = [_cut(boxes[number], picture.shape) for number in chosen]
    crops = [picture[top:bottom, left:right] for left, top, right, bottom in cuts]
    found = poser.poses(crops, score_min=SCORE_MIN) if crops else []
    best = [
        (number, _best(posed, boxes[number], cut[:2])) for number, cut, posed in zip(chosen, cuts, found, strict=True)
    ]
    return [(number, joints) for number, joints in best if joints is not None]


def _biggest(boxes: NDArray[np.floating]) -> list[int]:
    heights = boxes[:, 3] - boxes[:, 1]
    order = np.argsort(-heights, kind="stable")[:PEOPLE_MAX]
    return sorted(number for number in order.tolist() if heights[number] >= SIDE_PX_MIN)


def _cut(box: NDArray[np.floating], size: Sequence[int]) -> tuple[int, int, int, int]:
    """A box with room around it, in whole pixels inside the picture."""
    left, top, right, bottom = box.tolist()
    across, down = ROOM * (right - left), ROOM * (bottom - top)
    return (
        min(max(0, int(left - across)), size[1] - 1),
        min(max(0, int(top - down)), size[0] - 1),
        max(min(size[1], int(right + across) + 1), 1),
        max(min(size[0], int(bottom + down) + 1), 1),
    )


def _best(posed: Posed, box: NDArray[np.floating], corner: tuple[int, int]) -> Floats | None:
    """The pose that fills the box best, in pixels of the picture."""
    if not len(posed):
        return None
    shift = np.array([corner[0], corner[1]] * 2, np.float32)
    fits = overlaps((posed.boxes + shift).astype(np.float32), box[None].astype(np.float32))[0][:, 0]
    number = int(np.argmax(fits))
    if fits[number] < IOU_MIN:
        return None
    moved: Floats = posed.points[number] + np.array([corner[0], corner[1], 0], np.float32)
    return moved
