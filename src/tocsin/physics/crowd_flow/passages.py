"""Who passes a line: both directions, counted once however much a place trembles on it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Sides = NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Crossings:
    """Per row: the side of the line now (-1 left, 1 right, 0 not known yet), and how it passed (1, -1, 0 not)."""

    side: Sides
    passed: Sides

    @property
    def forward(self) -> int:
        """How many went from left to right, looking from the line's beginning to its end."""
        return int((self.passed > 0).sum())

    @property
    def backward(self) -> int:
        """How many went the other way."""
        return int((self.passed < 0).sum())


def crossings(before: Floats, now: Floats, side: Sides, line: ArrayLike, band: ArrayLike = 0.0) -> Crossings:
    """Follow rows over a line (its two ends); y is north here (for a picture, whose y is down, turn it first).

    `before` are the places where each was last clear of the line, `side` which side that was. A side changes
    only once somebody is further than `band` from the line, so that trembling on it counts nothing; and a
    change counts only where the way from the one to the other goes through the line, not past its ends.

    >>> went = crossings(np.array([[-1.0, 0.5]]), np.array([[1.0, 0.5]]), np.array([-1]), [(0, 0), (0, 1)])
    >>> went.forward, went.backward
    (1, 0)
    """
    start, end = np.asarray(line, dtype=np.float64)
    along = (end - start) / np.linalg.norm(end - start)
    right = np.array([along[1], -along[0]])
    distance = (now - start) @ right
    clear = np.where(np.abs(distance) > band, np.sign(distance), 0.0).astype(np.int8)
    changed = (side != 0) & (clear != 0) & (clear != side)
    through = changed & _between(before, now, start, end, right)
    return Crossings(np.where(clear != 0, clear, side), np.where(through, clear, 0).astype(np.int8))


def _between(before: Floats, now: Floats, start: Floats, end: Floats, right: Floats) -> NDArray[np.bool_]:
    """Whether the way from one place to another goes through the line, not past its ends."""
    was, is_now = (before - start) @ right, (now - start) @ right
    step = is_now - was
    share = np.where(step != 0, -was / np.where(step != 0, step, 1.0), 0.5)
    length = np.linalg.norm(end - start)
    where = (before + share[:, None] * (now - before) - start) @ ((end - start) / length)
    return (where >= 0) & (where <= length)
