"""The ways that people went: samples of place over time, bounded, and how far apart two of them are."""

from collections import deque

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

KEPT_S = 8.0
"""How far back a way is remembered."""

_SAMPLES_MAX = 120
_EVERY_S = 0.08  # samples closer together add nothing
_NEAR_M = 2.0


class Walk:
    """One way: times, places and their covariances.

    >>> walk = Walk()
    >>> for step in range(5):
    ...     walk.add(step / 10, np.array([step / 10, 0.0]), np.eye(2) * 0.04)
    >>> walk.at(np.array([0.25, 9.0])).round(2).tolist()
    [[0.25, 0.0], [nan, nan]]
    """

    __slots__ = ("_rows", "_table")

    def __init__(self) -> None:
        self._rows: deque[tuple[float, ...]] = deque(maxlen=_SAMPLES_MAX)
        self._table: Floats | None = None

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, at: float, place: Floats, covariance: Floats) -> None:
        """One more sample; what goes back in time or follows at once is left out, what is old is forgotten."""
        if self._rows and at - self._rows[-1][0] < _EVERY_S:
            return
        spread = (float(covariance[0, 0]), float(covariance[0, 1]), float(covariance[1, 1]))
        self._rows.append((at, float(place[0]), float(place[1]), *spread))
        while at - self._rows[0][0] > KEPT_S:
            self._rows.popleft()
        self._table = None

    @property
    def table(self) -> Floats:
        """The samples as rows: time, east, north, and the covariance as its three numbers."""
        if self._table is None:
            self._table = np.array(self._rows, dtype=float).reshape(-1, 6)
        return self._table

    @property
    def last(self) -> float:
        """The time of the last sample."""
        return self._rows[-1][0] if self._rows else -np.inf

    def moved(self, shift_s: float, back_s: float = KEPT_S) -> "Walk":
        """The same way by a clock that is so much ahead, of the last so many seconds."""
        other = Walk()
        other._rows.extend((row[0] + shift_s, *row[1:]) for row in self._rows if row[0] >= self.last - back_s)
        return other

    def gap_s(self, back_s: float) -> float:
        """The longest time without a sample in the last so many seconds: when somebody else may have been followed."""
        times = self.table[:, 0]
        times = times[times >= times[-1] - back_s]
        return float(np.diff(times).max(initial=0.0))

    @property
    def bounds(self) -> tuple[Floats, Floats]:
        """The least and the greatest of both coordinates."""
        return self.table[:, 1:3].min(axis=0), self.table[:, 1:3].max(axis=0)

    def at(self, times: Floats) -> Floats:
        """Where the way was at these times (…, 2), NaN outside it."""
        rows = self.table
        if len(rows) < 2:
            return np.full((*times.shape, 2), np.nan)
        inside = (times >= rows[0, 0]) & (times <= rows[-1, 0])
        places = np.stack([np.interp(times, rows[:, 0], rows[:, axis]) for axis in (1, 2)], axis=-1)
        places[~inside] = np.nan
        return places

    def spread_at(self, times: Floats) -> Floats:
        """The covariance there, as its three numbers (…, 3); beyond the ends that of the end."""
        rows = self.table
        return np.stack([np.interp(times, rows[:, 0], rows[:, axis]) for axis in (3, 4, 5)], axis=-1)


def squared(away: Floats, spread: Floats, floor: float) -> Floats:
    """Squared deviations of differences (…, 2) under covariances (…, 3) and a floor.

    >>> float(squared(np.array([2.0, 0.0]), np.array([3.0, 0.0, 1.0]), 1.0))
    1.0
    """
    east, both, north = spread[..., 0] + floor, spread[..., 1], spread[..., 2] + floor
    x, y = away[..., 0], away[..., 1]
    return np.asarray((north * x**2 - 2 * both * x * y + east * y**2) / (east * north - both**2))


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
    away = other.at(times) - rows[None, :, 1:3]
    known = np.asarray(np.isfinite(away).all(axis=2))
    far = squared(np.where(known[..., None], away, 0.0), rows[None, :, 3:] + other.spread_at(times), floor)
    count = known.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(count > 0, np.where(known, far, 0.0).sum(axis=1) / count, np.inf)
    step_s = float(rows[-1, 0] - rows[0, 0]) / max(len(rows) - 1, 1)
    return np.asarray(mean), np.asarray(count * step_s, dtype=float)
