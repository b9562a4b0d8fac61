"""Geometry of boxes as arrays of x1, y1, x2, y2."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

SIDE_MAX_PX = 1e5


def usable(boxes: Floats, scores: Floats) -> Bools:
    """Which rows are boxes at all: finite, not empty, not absurdly large.

    >>> usable(np.array([[0.0, 0, 2, 4], [0, 0, np.nan, 4], [5, 0, 2, 4]]), np.ones(3)).tolist()
    [True, False, False]
    """
    with np.errstate(invalid="ignore"):
        within = (np.abs(boxes) < SIDE_MAX_PX).all(axis=1) & np.isfinite(scores)
        return np.asarray(within & (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1]))


def overlaps(a: Floats, b: Floats) -> Floats:
    """Intersection over union of every box of `a` with every box of `b`.

    >>> overlaps(np.array([[0.0, 0, 2, 2]]), np.array([[1.0, 0, 3, 2], [5, 5, 6, 6]])).round(3).tolist()
    [[0.333, 0.0]]
    """
    lows = np.maximum(a[:, None, :2], b[None, :, :2])
    highs = np.minimum(a[:, None, 2:], b[None, :, 2:])
    shared = np.clip(highs - lows, 0.0, None).prod(axis=2)
    return np.asarray(shared / (areas(a)[:, None] + areas(b)[None, :] - shared))


def areas(boxes: Floats) -> Floats:
    """Area of every box."""
    return np.asarray((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]))


def centred(boxes: Floats) -> Floats:
    """As centre x, centre y, width, height."""
    return np.column_stack([(boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]])


def cornered(centres: Floats) -> Floats:
    """As x1, y1, x2, y2."""
    half = centres[:, 2:] / 2
    return np.column_stack([centres[:, :2] - half, centres[:, :2] + half])
