"""Where to measure in a laboratory: an area across the stream, a line through it, and the floor that people used."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tocsin.suites.crowd.trajectories import Trajectories

Floats = NDArray[np.float64]

LENGTH_M = 2.0
"""How long the area is along the stream."""

WALL_M = 0.3
"""How far beyond the outermost way the wall is taken to be."""

SLICE_M = 0.25
"""How finely the narrowest place is looked for."""

MOST = 0.7
"""A line is laid only where at least this share of people pass it."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The rings of floor and area, and the ends of the line, in metres; `along` is the direction of the stream."""

    floor: Floats
    area: Floats
    line: Floats
    along: Floats


def planned(of: Trajectories) -> Plan:
    """An area of `LENGTH_M` across all ways where most people are in the middle of their way, and a line.

    The direction of the stream is the axis along which people move most, whichever way they go. The line lies
    across it where the stream is narrowest: at a door, if there is one.
    """
    import shapely

    along = _axis(of)
    across = np.array([-along[1], along[0]])
    far, aside = of.places @ along, of.places @ across
    middle = float(np.median(far))
    left, right = _sides(far, aside, middle, LENGTH_M / 2)
    ends = [(middle + d * LENGTH_M / 2, side) for d, side in ((-1, left), (1, left), (1, right), (-1, right))]
    floor = shapely.buffer(shapely.convex_hull(shapely.MultiPoint(of.places)), WALL_M, join_style="mitre")
    door = _narrowest(of, far, aside, middle)
    return Plan(
        floor=shapely.get_coordinates(floor)[:-1],
        area=np.array([along * a + across * b for a, b in ends]),
        line=np.array([along * door + across * side for side in _sides(far, aside, door, SLICE_M / 2)]),
        along=along,
    )


def _sides(far: Floats, aside: Floats, where: float, reach: float) -> tuple[float, float]:
    """How far to both sides people come at a place along the stream, walls included."""
    near = np.abs(far - where) <= reach
    return float(aside[near].min()) - WALL_M, float(aside[near].max()) + WALL_M


def _narrowest(of: Trajectories, far: Floats, aside: Floats, middle: float) -> float:
    """Where along the stream, of all places that most people pass, it is narrowest; the middle if that is as good."""
    low, high = (_extreme(of.ids, far, which) for which in (np.minimum, np.maximum))
    places = [middle, *np.arange(far.min() + SLICE_M, far.max() - SLICE_M, SLICE_M)]
    passed = [place for place in places if np.mean((low < place - SLICE_M) & (high > place + SLICE_M)) >= MOST]
    widths = {place: np.subtract(*_sides(far, aside, place, SLICE_M / 2)[::-1]) for place in passed or [middle]}
    least = min(widths.values())
    good = [place for place, width in widths.items() if width <= 1.1 * least]
    return float(min(good, key=lambda place: abs(place - middle)))


def _extreme(ids: NDArray[np.int64], values: Floats, which: np.ufunc) -> Floats:
    """The least or greatest value of each person."""
    order = np.argsort(ids, kind="stable")
    starts = np.flatnonzero(np.diff(ids[order], prepend=ids[order][0] - 1))
    found: Floats = which.reduceat(values[order], starts)
    return found


def _axis(of: Trajectories) -> Floats:
    """The axis of movement: directions doubled, so that both ways along it count alike."""
    order = np.lexsort((of.frames, of.ids))
    step = np.diff(of.places[order], axis=0)[np.diff(of.ids[order]) == 0]
    twice = (step[:, 0] + 1j * step[:, 1]) ** 2
    weighted = twice / np.maximum(np.abs(twice), 1e-12) ** 0.5
    angle = np.angle(weighted.sum()) / 2
    return np.array([np.cos(angle), np.sin(angle)])
