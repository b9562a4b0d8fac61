"""Voronoi density, exactly: the floor that is nearest to each person, cut off by a circle and by the walls.

References: B. Steffen, A. Seyfried (2010), Methods for measuring pedestrian density, flow, speed and
direction with minimal scatter, Physica A 389.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

CUTOFF_M = 1.0
"""Radius beyond which floor is nobody's: without it one person alone would fill a square."""

QUARTER = 3
"""Straight pieces per quarter of the circle; a twelve-sided one is what PedPy cuts off with."""

SAME_M = 1e-3
"""Two people nearer than this stand on one point and share its floor."""


def cells(points: ArrayLike, floor: ArrayLike, cutoff_m: float = CUTOFF_M) -> NDArray[Any]:
    """The polygon of each person, by row of `points`; empty for one who stands off the floor or on another's point.

    `floor` is the ring of where people can be. Of a cell that walls part in two, the part in which the
    person stands counts.
    """
    import shapely

    where = np.asarray(points, dtype=np.float64).reshape(-1, 2)
    made = np.full(len(where), shapely.Polygon(), dtype=object)
    ground = shapely.Polygon(np.asarray(floor, dtype=np.float64))
    _, first = np.unique(np.round(where / SAME_M), axis=0, return_index=True)
    if not len(first):
        return made
    alone = where[first]
    whole = shapely.get_parts(shapely.voronoi_polygons(shapely.MultiPoint(alone), extend_to=ground, ordered=True))
    spots = shapely.points(alone)
    reach = shapely.buffer(spots, cutoff_m, quad_segs=QUARTER)
    cut = shapely.intersection(shapely.intersection(whole, ground), reach)
    made[first] = [_own(cell, spot) for cell, spot in zip(cut, spots, strict=True)]
    return made


def _own(cell: Any, spot: Any) -> Any:  # noqa: ANN401  # shapely's geometries, and shapely is imported only where used
    """The part of a cell in which its person stands."""
    import shapely

    parts = [part for part in shapely.get_parts(cell) if shapely.covers(part, spot)]
    return parts[0] if parts else shapely.Polygon()


def voronoi_density(points: ArrayLike, area: ArrayLike, floor: ArrayLike, cutoff_m: float = CUTOFF_M) -> float:
    """Persons per square metre in an area: of each person the share of the own cell that lies in it.

    People outside count by what of their cells reaches in, so nobody makes it jump by a step over its edge.
    """
    import shapely

    ring = shapely.Polygon(np.asarray(area, dtype=np.float64))
    made = cells(points, floor, cutoff_m)
    sizes = shapely.area(made)
    within = shapely.area(shapely.intersection(made, ring))
    return float(np.sum(within[sizes > 0] / sizes[sizes > 0]) / ring.area)
