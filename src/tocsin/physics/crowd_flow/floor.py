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

BITS = 20
PEOPLE_MAX = (1 << BITS) - 1
"""Most people on one floor, and how finely distances are told apart."""


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
    >>> floor = Floor.over(square, floor=square)
    >>> round(floor.density([(1, 1), (3, 1), (1, 3), (3, 3)]), 2)
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
        inside = within(np.stack([x, y], axis=-1), ring)
        ground = np.ones_like(inside) if floor is None else within(np.stack([x, y], axis=-1), floor)
        return cls(origin, step, ground | inside, inside)

    def around(self, points: ArrayLike, radius_m: float) -> Flags:
        """The spots within a radius of anybody."""
        where = np.asarray(points, dtype=np.float64).reshape(-1, 2)
        flags = np.zeros(self.area.shape, dtype=np.bool_)
        flags.reshape(-1)[self._pairs(where, radius_m)[0]] = True
        return flags

    def on(self, ground: Flags) -> "Floor":
        """The same floor where only these spots can be stood on."""
        return Floor(self.origin, self.step_m, ground, self.area)

    @property
    def area_m2(self) -> float:
        """How large the measured area is."""
        return float(self.area.sum()) * self.step_m**2

    def shares(self, points: ArrayLike, cutoff_m: float = 1.0) -> Shares:
        """Whose the floor is: each spot that of the nearest person within reach."""
        where = np.asarray(points, dtype=np.float64).reshape(-1, 2)
        keys = np.sort(self._reached(where, cutoff_m))
        spots = keys >> (2 * BITS)
        nearest = np.ones(len(keys), dtype=np.bool_)
        nearest[1:] = spots[1:] != spots[:-1]
        owner, held = keys[nearest] & PEOPLE_MAX, spots[nearest]
        inside = self.area.reshape(-1)[held]
        return Shares(np.bincount(owner, minlength=len(where)), np.bincount(owner[inside], minlength=len(where)))

    def _reached(self, where: Floats, cutoff_m: float) -> NDArray[np.int64]:
        """Every pair of spot and person within reach, as one number that sorts by spot, then by distance."""
        spot, who, apart = self._pairs(where, cutoff_m)
        far = (apart / cutoff_m**2 * PEOPLE_MAX).astype(np.int64)
        keys: NDArray[np.int64] = ((spot << (2 * BITS)) | (far << BITS) | who)[self.ground.reshape(-1)[spot]]
        return keys

    def _pairs(self, where: Floats, radius_m: float) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
        """Spots within a radius of people: the spot, who it is, and the square of the distance."""
        span = int(np.ceil(radius_m / self.step_m))
        steps = np.arange(-span, span + 1)
        x, y = ((np.round((where[:, n] - self.origin[n]) / self.step_m))[:, None] + steps for n in (0, 1))
        apart_x, apart_y = (
            (self.origin[n] + self.step_m * at - where[:, n : n + 1]) ** 2 for n, at in ((0, x), (1, y))
        )
        wide, deep = self.area.shape
        apart = apart_x[:, :, None] + apart_y[:, None, :]
        on = (apart <= radius_m**2) & _on(x, wide)[:, :, None] & _on(y, deep)[:, None, :]
        who, across, along = np.nonzero(on)
        return (x[who, across] * deep + y[who, along]).astype(np.int64), who, apart[on]

    def density(self, points: ArrayLike, cutoff_m: float = 1.0) -> float:
        """Persons per square metre in the area."""
        return self.shares(points, cutoff_m).persons / max(self.area_m2, self.step_m**2)


def _on(index: Floats, count: int) -> Flags:
    """Which places of a row are on the floor."""
    return (index >= 0) & (index < count)


def within(points: ArrayLike, ring: ArrayLike) -> Flags:
    """Which points (…, 2) lie in a ring (even-odd rule).

    >>> within([(1, 1), (3, 1)], [(0, 0), (2, 0), (2, 2), (0, 2)]).tolist()
    [True, False]
    """
    where, corners = np.asarray(points, dtype=np.float64), np.asarray(ring, dtype=np.float64)
    x, y = where[..., 0], where[..., 1]
    inside = np.zeros(x.shape, dtype=np.bool_)
    for (x1, y1), (x2, y2) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        if y1 != y2:
            inside ^= ((y1 > y) != (y2 > y)) & (x < x1 + (y - y1) / (y2 - y1) * (x2 - x1))
    return inside
