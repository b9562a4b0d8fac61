"""The ways that people went: samples of place over time, bounded, and what two of them have in common."""

from collections import deque

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

KEPT_S = 8.0
"""How far back a way is remembered."""

_SAMPLES_MAX = 120
_NEAR_M = 2.0
_EVERY_S = 0.08  # samples closer together add nothing


class Walk:
    """One way: times, places and their variances (one number each: the mean of both axes).

    >>> walk = Walk()
    >>> for step in range(5):
    ...     walk.add(step / 10, np.array([step / 10, 0.0]), 0.04)
    >>> walk.at(np.array([0.25, 9.0])).round(2).tolist()
    [[0.25, 0.0], [nan, nan]]
    """

    __slots__ = ("_rows", "_table")

    def __init__(self) -> None:
        self._rows: deque[tuple[float, float, float, float]] = deque(maxlen=_SAMPLES_MAX)
        self._table: Floats | None = None

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, at: float, place: Floats, variance: float) -> None:
        """One more sample; what goes back in time or follows at once is left out, what is old is forgotten."""
        if self._rows and at - self._rows[-1][0] < _EVERY_S:
            return
        self._rows.append((at, float(place[0]), float(place[1]), variance))
        while at - self._rows[0][0] > KEPT_S:
            self._rows.popleft()
        self._table = None

    @property
    def table(self) -> Floats:
        """The samples as rows of time, east, north, variance."""
        if self._table is None:
            self._table = np.array(self._rows, dtype=float).reshape(-1, 4)
        return self._table

    @property
    def bounds(self) -> tuple[Floats, Floats]:
        """The least and the greatest of both coordinates."""
        return self.table[:, 1:3].min(axis=0), self.table[:, 1:3].max(axis=0)

    @property
    def last(self) -> float:
        """The time of the last sample."""
        return self._rows[-1][0] if self._rows else -np.inf

    def at(self, times: Floats) -> Floats:
        """Where the way was at these times (N, 2), NaN outside it."""
        rows = self.table
        if len(rows) < 2:
            return np.full((*times.shape, 2), np.nan)
        inside = (times >= rows[0, 0]) & (times <= rows[-1, 0])
        places = np.stack([np.interp(times, rows[:, 0], rows[:, axis]) for axis in (1, 2)], axis=-1)
        places[~inside] = np.nan
        return places

    def variance_at(self, times: Floats) -> Floats:
        """The variance there."""
        rows = self.table
        return np.asarray(np.interp(times, rows[:, 0], rows[:, 3]))


def near(one: Walk, other: Walk) -> bool:
    """Whether two ways come within a few metres of each other at all, whenever that was."""
    if len(one) < 2 or len(other) < 2:
        return False
    (low, high), (low_other, high_other) = one.bounds, other.bounds
    return bool((low - _NEAR_M <= high_other).all() and (low_other - _NEAR_M <= high).all())


def apart(one: Walk, other: Walk, shifts_s: Floats, floor: float) -> tuple[Floats, Floats]:
    """Mean squared deviations between two ways if the clock of `one` is ahead by each of `shifts_s`, and on how long.

    The length counts samples of `one` at which both ways are known; where there are none the distance is infinite.
    """
    rows = one.table
    if not len(rows) or len(other) < 2:
        return np.full(len(shifts_s), np.inf), np.zeros(len(shifts_s))
    times = rows[None, :, 0] - shifts_s[:, None]
    away = ((other.at(times) - rows[None, :, 1:3]) ** 2).sum(axis=2)
    spread = rows[None, :, 3] + other.variance_at(times) + floor
    known = np.isfinite(away)
    count = known.sum(axis=1)
    total = np.where(known, away / spread, 0.0).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(count > 0, total / count, np.inf)
    seconds = count * float(rows[-1, 0] - rows[0, 0]) / (len(rows) - 1) if len(rows) > 1 else count * 0.0
    return np.asarray(mean), np.asarray(seconds, dtype=float)
