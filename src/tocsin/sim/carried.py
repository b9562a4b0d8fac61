"""A radiation source that somebody carries through the city: where it is, and what of it reaches a counter.

Between source and counter stand walls (each lets a share through, more with the scattered rays that come along) and
people, who come and go. Detectors know of neither.
"""

import numpy as np

from tocsin.city.citymap import CityMap, Polygon
from tocsin.city.context import City
from tocsin.model import Place, moved, offset_m
from tocsin.sim.chance import Floats, Wander, draw
from tocsin.sim.scenario import Carried
from tocsin.sim.truth import TruthEvent, TruthStage

WALL = 0.25
"""What a wall lets through: 20 cm of concrete at 662 keV, with what it scatters forward (an assumption)."""

HEIGHT_M = 2.2
"""How far above what is carried counters hang."""

AIR_PER_M = 0.007
"""Attenuation of air, less what is scattered forward."""

BODIES = (0.25, 0.3)
"""People in between: the mean of the attenuation in nats, and how much it varies."""

NOTICEABLE = 0.3
"""A counter was reached that has so much more than its background from the source."""

BACKGROUND = 100.0


class Walls:
    """Outlines of buildings in metres from the centre of the city."""

    def __init__(self, city_map: CityMap, centre: Place) -> None:
        import shapely

        shapes = [f.geometry.coordinates for f in city_map.buildings.features if isinstance(f.geometry, Polygon)]
        rings = [[offset_m(centre, Place(lon=lon, lat=lat)) for lon, lat in outline[0]] for outline in shapes]
        self._lines = [shapely.LineString(ring) for ring in rings]
        self._tree = shapely.STRtree(self._lines)

    def between(self, a: tuple[float, float], b: tuple[float, float]) -> int:
        """How many walls a straight line crosses."""
        import shapely

        line = shapely.LineString([a, b])
        crossed = (self._lines[row].intersection(line) for row in self._tree.query(line, predicate="intersects"))
        return sum(len(getattr(one, "geoms", (one,))) for one in crossed)


class Carrying:
    """One drawn walk with a source."""

    def __init__(self, chance: np.random.Generator, plan: Carried, city: City, counters: dict[str, Place]) -> None:
        self.plan = plan
        self.at = round(draw(chance, plan.at_s), 3)
        self.strength_per_s = draw(chance, plan.strength_per_s)
        self._centre = city.centre
        points = np.array([offset_m(city.centre, Place(lon=lon, lat=lat)) for lon, lat in plan.path])
        self._points = points + chance.normal(0.0, 1.5, points.shape)
        legs = np.hypot(*np.diff(self._points, axis=0).T)
        self._ends = np.concatenate([[0.0], np.cumsum(legs / draw(chance, plan.speed_m_s))])
        self._sway = Wander(chance, 0.8, 6.0, 2)
        self._walls = Walls(city.map, city.centre)
        self._counters = {name: offset_m(city.centre, place) for name, place in counters.items()}
        self._bodies = {name: Wander(chance, BODIES[1], 20.0) for name in counters}
        self.path: list[tuple[float, float, float]] = []
        self.reached: dict[str, float] = {}

    @property
    def until(self) -> float:
        """When it has gone."""
        return self.at + float(self._ends[-1])

    def step(self, second: int) -> dict[str, float]:
        """Let one second pass: what the source adds to each counter, counts/s; nothing before and after."""
        if not self.at <= second < self.until:
            return {}
        east, north = (float(one) for one in self._where(second))
        place = moved(self._centre, east, north)
        self.path.append((second, round(place.lon, 7), round(place.lat, 7)))
        added = {name: self._reaches(name, (east, north)) for name in self._counters}
        for name, rate in added.items():
            if rate >= NOTICEABLE * BACKGROUND:
                self.reached.setdefault(name, float(second))
        return added

    def _where(self, second: float) -> Floats:
        after = second - self.at
        place = np.array([np.interp(after, self._ends, self._points[:, axis]) for axis in range(2)])
        found: Floats = place + self._sway.step()
        return found

    def _reaches(self, name: str, place: tuple[float, float]) -> float:
        there = self._counters[name]
        bodies = BODIES[0] + float(self._bodies[name].step()[0])
        square = (there[0] - place[0]) ** 2 + (there[1] - place[1]) ** 2 + HEIGHT_M**2
        if square > 150.0**2:
            return 0.0
        shielded = WALL ** self._walls.between(place, there) * float(np.exp(-max(0.0, bodies)))
        return self.strength_per_s * shielded * float(np.exp(-AIR_PER_M * square**0.5)) / square

    def truth(self, start_at: float) -> TruthEvent:
        """The event, placed where the source was in the middle of its way."""
        middle = self.path[len(self.path) // 2] if self.path else (0.0, *self.plan.path[0])
        return TruthEvent(
            id=self.plan.id,
            hazard="radiation",
            at=start_at + self.at,
            until=start_at + self.until,
            place=Place(lon=middle[1], lat=middle[2], radius_m=5.0),
            stages=(TruthStage(hazard="radiation", at=start_at + self.at),),
            first_reaches={name: start_at + second for name, second in sorted(self.reached.items())},
            detail={"strength_per_s": round(self.strength_per_s, 1)},
            path=tuple((start_at + second, lon, lat) for second, lon, lat in self.path),
            names=(self.plan.nuclide,),
        )
