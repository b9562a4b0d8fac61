"""Overlap of boxes, and keeping only the best of those that mean the same thing."""

import numpy as np
from numpy.typing import NDArray

from tocsin.inference.detected import Detected, Floats, Numbers

CANDIDATES_MAX = 1_000
"""Most boxes of one picture that are compared with one another; the surest ones."""

_LEAST = np.float32(1e-9)
"""In place of an area of nothing."""


def overlaps(left: Floats, right: Floats) -> tuple[Floats, Floats]:
    """Intersection over union of each pair, and intersection over the area of the right one.

    >>> overlaps(np.float32([[0, 0, 2, 2]]), np.float32([[0, 0, 2, 1], [4, 4, 5, 5]]))[0].tolist()
    [[0.5, 0.0]]
    """
    shared = _shared(left, right, 0) * _shared(left, right, 1)
    of_left, of_right = _area(left)[:, None], _area(right)[None, :]
    union = np.maximum(of_left + of_right - shared, _LEAST)
    return np.divide(shared, union, dtype=np.float32), np.divide(shared, of_right + _LEAST, dtype=np.float32)


def _shared(left: Floats, right: Floats, axis: int) -> Floats:
    """Length that each pair shares along an axis; two axes apart are five times as fast as both at once."""
    ends: Floats = np.minimum(left[:, None, axis + 2], right[None, :, axis + 2])
    ends -= np.maximum(left[:, None, axis], right[None, :, axis])
    return np.maximum(ends, 0, out=ends)


def _area(boxes: Floats) -> Floats:
    sides = np.maximum(boxes[:, 2:] - boxes[:, :2], 0)
    area: Floats = sides[:, 0] * sides[:, 1]
    return area


def survivors(boxes: Floats, scores: Floats, classes: Numbers, iou_max: float) -> Numbers:
    """Numbers of the boxes that overlap no surer box of their class by more than `iou_max`, the surest first."""
    order = np.argsort(-scores, kind="stable")[:CANDIDATES_MAX]
    iou, _ = overlaps(boxes[order], boxes[order])
    alike = classes[order][:, None] == classes[order][None, :]
    return order[_kept((iou > iou_max) & alike)]


def suppressed(found: Detected, iou_max: float) -> Detected:
    """Only the survivors."""
    return found.where(survivors(found.boxes, found.scores, found.classes, iou_max))


def without_cut_doubles(found: Detected, cut: NDArray[np.bool_], share_min: float, iou_max: float) -> Detected:
    """As `suppressed`; besides, a box cut off at a tile's edge yields to a whole one that holds most of it."""
    order = np.argsort(-found.scores, kind="stable")[:CANDIDATES_MAX]
    order = order[np.argsort(cut[order], kind="stable")]
    ordered, parts = found.where(order), cut[order]
    iou, share = overlaps(ordered.boxes, ordered.boxes)
    rivals = (iou > iou_max) | ((share > share_min) & parts[None, :])
    kept = ordered.where(_kept(rivals & (ordered.classes[:, None] == ordered.classes[None, :])))
    return kept.where(np.argsort(-kept.scores, kind="stable"))


def _kept(rivals: NDArray[np.bool_]) -> Numbers:
    """Greedy from the first: each that stays strikes out its rivals behind it."""
    alive = np.ones(len(rivals), np.bool_)
    for number, row in enumerate(rivals):
        if alive[number]:
            alive[number + 1 :] &= ~row[number + 1 :]
    return np.flatnonzero(alive)
