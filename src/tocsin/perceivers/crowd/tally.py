"""What adds up between two reports of one area, and what is told of it: never of fewer people than the fewest."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tocsin.contract.pictures import AreaFlow
from tocsin.perceivers.crowd.layout import Measured
from tocsin.perceivers.crowd.parameters import Measuring
from tocsin.physics.crowd_flow import bearing_deg, local_pressure, order

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

DIRECTED = 0.3
"""Below this order a crowd has no direction worth telling."""

TREAD_M = 0.4
"""So far around people the floor is taken as one that people walk on."""

AHEAD_S = 1.0
"""So far ahead of people the floor is one as well: nobody walks into a wall."""

SLOWEST = 0.1
"""Slower than this (m/s, or picture heights per second) somebody has no direction."""


@dataclass(frozen=True, slots=True)
class People:
    """The people of one frame: places in the picture and on the plan, velocities and their noise.

    `calm` are the velocities of the slow taken in company, from which speeds are told.
    """

    ids: Ints
    spots: Floats
    plan: Floats
    velocity: Floats
    calm: Floats
    noise: float

    def only(self, chosen: NDArray[np.bool_]) -> "People":
        """Some of them."""
        velocity, calm = self.velocity[chosen], self.calm[chosen]
        return People(self.ids[chosen], self.spots[chosen], self.plan[chosen], velocity, calm, self.noise)


@dataclass(slots=True)
class Sums:
    """Sums over the measures since the last report, of those that had movement to tell, and per cell."""

    measures: int = 0
    persons: float = 0.0
    moving: int = 0
    weight: float = 0.0
    speed: float = 0.0
    heading: Floats = field(default_factory=lambda: np.zeros(2))
    order: float = 0.0
    variance: float = 0.0
    pressure: float = 0.0
    cells: dict[int, "Cell"] = field(default_factory=dict)


@dataclass(slots=True)
class Cell:
    """One arrow: who was in the cell, how often, and where to."""

    ids: set[int] = field(default_factory=set)
    count: int = 0
    heading: Floats = field(default_factory=lambda: np.zeros(2))


@dataclass(slots=True)
class Tally:
    """The sums of one area, and where on its surroundings people were ever seen to walk."""

    area: Measured
    trodden: NDArray[np.bool_] | None = None
    sums: Sums = field(default_factory=Sums)

    def measure(self, people: People, what: Measuring) -> None:
        """Take the people of one frame."""
        weights = self._weights(people, what.cutoff_m)
        self.sums.measures += 1
        self.sums.persons += float(weights.sum())
        known = (weights > 0) & np.isfinite(people.velocity[:, 0])
        if known.sum() >= what.persons_min:
            self._move(people.only(known), weights[known])
            if self.area.floor is not None:
                self._fill_cells(people.only(known & self.area.holds(people.spots)))

    def tell(self, what: Measuring) -> AreaFlow:
        """What the sums say."""
        sums, measures = self.sums, max(self.sums.measures, 1)
        persons = sums.persons / measures / what.tracked_share
        if self.area.floor is None:
            told = AreaFlow(self.area.id, round(persons, 2))
        else:
            m2 = self.area.floor.area_m2
            told = AreaFlow(self.area.id, round(persons, 2), round(m2, 2), round(persons / m2, 4))
        # most of the time there were enough of them
        return self._with_movement(told, what) if 2 * sums.moving > measures else told

    def _weights(self, people: People, cutoff_m: float) -> Floats:
        """How much of each person is in the area."""
        floor = self.area.floor
        if floor is None:
            return self.area.holds(people.spots).astype(np.float64)
        if self.trodden is None:
            self.trodden = floor.area.copy()
        known = np.isfinite(people.calm[:, 0])
        ahead = people.plan[known] + AHEAD_S * people.calm[known]
        self.trodden |= floor.around(np.concatenate([people.plan, ahead]), TREAD_M) & floor.ground
        return floor.on(self.trodden).shares(people.plan, cutoff_m).of_person

    def _move(self, people: People, weights: Floats) -> None:
        sums, speed = self.sums, np.linalg.norm(people.calm, axis=1)
        sums.moving += 1
        sums.weight += float(weights.sum())
        sums.speed += float((weights * speed).sum())
        sums.heading += weights @ people.velocity
        sums.order += order(people.velocity, SLOWEST)
        if self.area.floor is not None:
            density, pressure = local_pressure(people.plan, people.velocity, people.noise)
            sums.variance += float((weights * pressure / density).sum() / weights.sum())
            sums.pressure += float((weights * pressure).sum() / weights.sum())

    def _fill_cells(self, people: People) -> None:
        for one, cell, velocity in zip(people.ids, self.area.cell_of(people.spots), people.velocity, strict=True):
            filled = self.sums.cells.setdefault(int(cell), Cell())
            filled.ids.add(int(one))
            filled.count += 1
            filled.heading += velocity

    def _with_movement(self, told: AreaFlow, what: Measuring) -> AreaFlow:
        sums = self.sums
        same_way = sums.order / sums.moving
        if self.area.floor is None:
            return AreaFlow(told.area, told.persons, order=round(same_way, 3))
        return AreaFlow(
            told.area,
            told.persons,
            told.area_m2,
            told.persons_per_m2,
            speed_m_s=round(sums.speed / sums.weight, 3),
            velocity_variance=round(sums.variance / sums.moving, 5),
            pressure_s2=round(sums.pressure / sums.moving / what.tracked_share, 5),
            toward_deg=round(bearing_deg(*sums.heading), 1) if same_way >= DIRECTED else None,
            order=round(same_way, 3),
            cells=tuple(self._arrows(what)),
        )

    def _arrows(self, what: Measuring) -> list[tuple[float, float, float, float, float]]:
        arrows = []
        for n, cell in sorted(self.sums.cells.items()):
            m2 = float(self.area.cells_m2[n])
            if len(cell.ids) >= what.persons_min and m2 > 0:
                x, y = self.area.centre(n)
                east, north = cell.heading / cell.count
                density = cell.count / self.sums.moving / m2 / what.tracked_share
                arrows.append(
                    (round(x, 4), round(y, 4), round(float(east), 2), round(float(north), 2), round(density, 3))
                )
        return arrows
