"""Voronoi density, quickly: a floor of square spots, each the spot of whoever stands nearest.

The cost follows the number of people, not the size of the floor: each looks only at the spots within reach.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

SPOTS_MAX = 250_000
"""Most spots of one floor: a larger one gets larger spots."""


@dataclass(frozen=True, slots=True)
class Shares:
    """What of the floor is whose: per person the spots held, and those of them in the measured area."""

    held: NDArray[np.int64]
    inside: NDArray[np.int64]

    @property
    def of_person(self) -> Floats:
        """How much of each person is in the area: 1 all, 0 nothing, or off the floor."""
        return self.inside / np.maximum(self.held, 1)

    @property
    def persons(self) -> float:
        """How many people are in the area; those at its edge in part."""
        return float(self.of_person.sum())


@dataclass(frozen=True, slots=True)
class Floor:
    """Spots `step_m` apart from `origin` on; which of them can be stood on, and which lie in the measured area.

    >>> square = [(0, 0), (4, 0), (4, 4), (0, 4)]
    >>> floor = Floor.over(square)
    >>> round(floor.density([(1, 1), (3, 1), (1, 3), (3, 3)], cutoff_m=2.0), 2)
    0.25
    """

    origin: Floats
    step_m: float
    ground: Flags
    area: Flags

    @classmethod
    def over(
        cls, area: ArrayLike, floor: ArrayLike | None = None, *, step_m: float = 0.1, margin_m: float = 1.0
    ) -> "Floor":
        """The floor of an area and of a margin around it, within the ring `floor` (None: open on all sides)."""
        ring = np.asarray(area, dtype=np.float64).reshape(-1, 2)
        low, high = ring.min(axis=0) - margin_m, ring.max(axis=0) + margin_m
        step = max(step_m, float(np.sqrt(np.prod(high - low) / SPOTS_MAX)))
        across, along = (int(n) for n in np.ceil((high - low) / step))
        origin = low + step / 2
        x, y = np.meshgrid(origin[0] + step * np.arange(across), origin[1] + step * np.arange(along), indexing="ij")
        inside = _within(x, y, ring)
        ground = np.ones_like(inside) if floor is None else _within(x, y, np.asarray(floor, dtype=np.float64))
        return cls(origin, step, ground | inside, inside)

    @property
    def area_m2(self) -> float:
        """How large the measured area is."""
        return float(self.area.sum()) * self.step_m**2

    def shares(self, points: ArrayLike, cutoff_m: float = 1.0) -> Shares:
        """Whose the floor is: each spot that of the nearest person within reach."""
        where = np.asarray(points, dtype=np.float64).reshape(-1, 2)
        who, spot, away = self._reached(where, cutoff_m)
        ordered = np.lexsort((who, away, spot))
        first = np.ones(len(ordered), dtype=np.bool_)
        first[1:] = spot[ordered][1:] != spot[ordered][:-1]
        owner, held = who[ordered][first], spot[ordered][first]
        inside = self.area.reshape(-1)[held]
        return Shares(np.bincount(owner, minlength=len(where)), np.bincount(owner[inside], minlength=len(where)))

    def _reached(self, where: Floats, cutoff_m: float) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
        """Every pair of person and spot within reach, and how far apart they are."""
        span = int(np.ceil(cutoff_m / self.step_m))
        steps = np.arange(-span, span + 1)
        offsets = np.stack(np.meshgrid(steps, steps, indexing="ij"), axis=-1).reshape(-1, 2)
        nearest = np.round((where - self.origin) / self.step_m).astype(np.int64)
        index = nearest[:, None, :] + offsets[None, :, :]
        away = np.linalg.norm(self.origin + index * self.step_m - where[:, None, :], axis=2)
        x, y = index[..., 0], index[..., 1]
        wide, deep = self.area.shape
        on = (away <= cutoff_m) & (x >= 0) & (y >= 0) & (x < wide) & (y < deep)
        on[on] = self.ground[x[on], y[on]]
        who = np.broadcast_to(np.arange(len(where))[:, None], on.shape)
        return who[on], (x * deep + y)[on], away[on]

    def density(self, points: ArrayLike, cutoff_m: float = 1.0) -> float:
        """Persons per square metre in the area."""
        return self.shares(points, cutoff_m).persons / max(self.area_m2, self.step_m**2)


def _within(x: Floats, y: Floats, ring: Floats) -> Flags:
    """Which points lie in a ring (even-odd rule)."""
    inside = np.zeros(x.shape, dtype=np.bool_)
    for (x1, y1), (x2, y2) in zip(ring, np.roll(ring, -1, axis=0), strict=True):
        if y1 != y2:
            inside ^= ((y1 > y) != (y2 > y)) & (x < x1 + (y - y1) / (y2 - y1) * (x2 - x1))
    return inside
