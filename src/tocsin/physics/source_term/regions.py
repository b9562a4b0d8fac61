"""What a cloud of hypotheses says in few words: the likeliest place, regions that hold a share of them, intervals."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tocsin.physics.dispersion.air import Floats

CELLS = 48
BANDWIDTH = 0.9
"""Of Silverman's rule: a little narrower than for a normal distribution."""

RING_POINTS_MAX = 72
RINGS_MAX = 6

Outline = tuple[tuple[float, float], ...]
"""A closed line of (east, north) in metres."""


@dataclass(frozen=True, slots=True, eq=False)
class Density:
    """Density of places on a grid: `share` of all hypotheses per cell, rows by `east_m`, columns by `north_m`."""

    east_m: Floats
    north_m: Floats
    share: Floats

    @property
    def best(self) -> tuple[float, float]:
        """The middle of the densest cell."""
        east, north = np.unravel_index(int(self.share.argmax()), self.share.shape)
        return float(self.east_m[east]), float(self.north_m[north])

    def level(self, probability: float) -> float:
        """The density from which on the cells hold so much probability: the edge of the smallest such region."""
        ordered = np.sort(self.share.ravel())[::-1]
        last = int(np.searchsorted(np.cumsum(ordered), probability * ordered.sum()))
        return float(ordered[min(last, len(ordered) - 1)])

    def holds(self, probability: float, east_m: float, north_m: float) -> bool:
        """Whether the region of this probability contains a place."""
        cell = []
        for axis, value in ((self.east_m, east_m), (self.north_m, north_m)):
            step = float(axis[1] - axis[0])
            index = round((value - float(axis[0])) / step)
            if not 0 <= index < len(axis):
                return False
            cell.append(index)
        return bool(self.share[cell[0], cell[1]] >= self.level(probability))


def density(places: Floats, least_m: float = 1.0) -> Density:
    """Kernel density of places (rows of east, north in metres), smoothed by at least `least_m`."""
    low, high = np.quantile(places, 0.002, axis=0), np.quantile(places, 0.998, axis=0)
    spread = np.maximum(places.std(axis=0), least_m)
    width = np.maximum(BANDWIDTH * spread * len(places) ** (-1.0 / 6.0), least_m)
    low, high = low - 3.0 * width, high + 3.0 * width
    edges = [np.linspace(low[k], high[k], CELLS + 1) for k in range(2)]
    counts, _, _ = np.histogram2d(places[:, 0], places[:, 1], bins=edges)
    middles = [0.5 * (edge[1:] + edge[:-1]) for edge in edges]
    blur = [np.exp(-0.5 * ((m[:, None] - m[None, :]) / width[k]) ** 2) for k, m in enumerate(middles)]
    blur = [row / row.sum(axis=0, keepdims=True) for row in blur]
    share = blur[0] @ counts @ blur[1].T
    return Density(middles[0], middles[1], share / share.sum())


def outlines(east_m: Floats, north_m: Floats, inside: NDArray[np.bool_]) -> tuple[Outline, ...]:
    """Closed lines around the cells that are inside (a truth per cell), largest first; holes are left out."""
    import shapely

    chosen = np.argwhere(inside)
    if not len(chosen):
        return ()
    half_e, half_n = 0.5 * (east_m[1] - east_m[0]), 0.5 * (north_m[1] - north_m[0])
    e, n = east_m[chosen[:, 0]], north_m[chosen[:, 1]]
    whole = shapely.union_all(shapely.box(e - half_e, n - half_n, e + half_e, n + half_n))
    soft = float(min(half_e, half_n))
    whole = whole.buffer(soft).buffer(-soft).simplify(0.7 * soft)
    parts = sorted(shapely.get_parts(whole), key=lambda part: -part.area)[:RINGS_MAX]
    return tuple(_thinned(part) for part in parts if part.area > 0.0)


def _thinned(part: object) -> Outline:
    """The outline with few enough points."""
    import shapely

    shape, tolerance = part, 0.5
    while len(shapely.get_coordinates(shapely.get_exterior_ring(shape))) > RING_POINTS_MAX:
        tolerance *= 2.0
        shape = shapely.simplify(part, tolerance)
    return tuple((float(e), float(n)) for e, n in shapely.get_coordinates(shapely.get_exterior_ring(shape)))


def interval(values: Floats, probability: float = 0.9) -> tuple[float, float, float]:
    """Low, middle and high of what holds this probability."""
    tail = 0.5 * (1.0 - probability)
    low, middle, high = np.quantile(values, [tail, 0.5, 1.0 - tail])
    return float(low), float(middle), float(high)
