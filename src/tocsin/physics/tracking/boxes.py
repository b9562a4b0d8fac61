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
        return np.asarray(within & (boxes[:, 2:] - boxes[:, :2] > 1e-3).all(axis=1))


def overlaps(a: Floats, b: Floats) -> Floats:
    """Intersection over union of every box of `a` with every box of `b`.

    >>> overlaps(np.array([[0.0, 0, 2, 2]]), np.array([[1.0, 0, 3, 2], [5, 5, 6, 6]])).round(3).tolist()
    [[0.333, 0.0]]
    """
    shared = intersections(a, b)
    return np.asarray(shared / (areas(a)[:, None] + areas(b)[None, :] - shared))


def reaching_overlaps(a: Floats, b: Floats, reach: Floats) -> Floats:
    """As `overlaps`, with both boxes of a pair widened on every side by the share `reach` of their size.

    >>> far = np.array([[0.0, 0, 2, 2]]), np.array([[3.0, 0, 5, 2]])
    >>> reaching_overlaps(*far, np.array([0.5])).round(3).tolist()
    [[0.143]]
    """
    grow = 1 + 2 * reach[:, None]
    middle_a, middle_b = (a[:, None, :2] + a[:, None, 2:]) / 2, (b[None, :, :2] + b[None, :, 2:]) / 2
    half_a, half_b = (a[:, 2:] - a[:, :2])[:, None] / 2, (b[:, 2:] - b[:, :2])[None] / 2
    room = (half_a + half_b) * grow[..., None] - np.abs(middle_a - middle_b)
    within = np.minimum(half_a, half_b) * (2 * grow[..., None])
    shared = np.minimum(np.maximum(room, 0.0), within).prod(axis=2)
    return np.asarray(shared / ((areas(a)[:, None] + areas(b)[None, :]) * grow**2 - shared))


def height_overlaps(a: Floats, b: Floats) -> Floats:
    """Overlap of the vertical extents alone, over their union: people at one place stand equally high.

    >>> height_overlaps(np.array([[0.0, 0, 1, 10]]), np.array([[7.0, 5, 8, 10]])).tolist()
    [[0.5]]
    """
    top_a, top_b, foot_a, foot_b = a[:, 1, None], b[None, :, 1], a[:, 3, None], b[None, :, 3]
    shared = np.minimum(foot_a, foot_b) - np.maximum(top_a, top_b)
    return np.asarray(np.maximum(shared, 0.0) / (np.maximum(foot_a, foot_b) - np.minimum(top_a, top_b)))


def intersections(a: Floats, b: Floats) -> Floats:
    """Shared area of every box of `a` with every box of `b`."""
    sides = np.minimum(a[:, None, 2:], b[None, :, 2:]) - np.maximum(a[:, None, :2], b[None, :, :2])
    return np.asarray(np.maximum(sides, 0.0).prod(axis=2))


def areas(boxes: Floats) -> Floats:
    """Area of every box."""
    return np.asarray((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]))


def centred(boxes: Floats) -> Floats:
    """As centre x, centre y, width, height."""
    turned = np.empty_like(boxes)
    turned[:, :2] = (boxes[:, :2] + boxes[:, 2:]) / 2
    turned[:, 2:] = boxes[:, 2:] - boxes[:, :2]
    return turned


def cornered(centres: Floats) -> Floats:
    """As x1, y1, x2, y2."""
    turned = np.empty_like(centres)
    half = centres[:, 2:] / 2
    turned[:, :2] = centres[:, :2] - half
    turned[:, 2:] = centres[:, :2] + half
    return turned


def hidden_shares(boxes: Floats, in_front: Bools) -> Floats:
    """The share of every box that lies behind the one box that hides most of it; in front is whose foot is lower.

    `in_front` says which boxes may hide others at all.

    >>> hidden_shares(np.array([[0.0, 0, 4, 10], [2, 1, 6, 12]]), np.array([True, True])).round(2).tolist()
    [0.45, 0.0]
    """
    if len(boxes) < 2 or not in_front.any():
        return np.zeros(len(boxes))
    front = boxes[in_front]
    nearer = front[None, :, 3] > boxes[:, 3, None]
    return np.asarray(np.where(nearer, intersections(boxes, front), 0.0).max(axis=1) / areas(boxes))
