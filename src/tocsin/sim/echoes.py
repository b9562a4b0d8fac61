"""Sound among houses: the straight way, and ways by one wall each (image sources); which of them houses cut off.

Another model than the one that locates sounds: it knows walls, a wind that grows with height, and gusts.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np
from msgspec import Struct

from tocsin.city.citymap import CityMap, Polygon
from tocsin.model import Place, offset_m
from tocsin.sim.chance import Floats

WALL_M_MIN = 4.0
"""Shorter walls scatter sound more than they reflect it."""

FAR_M = 1_600.0
"""Longest way that is followed."""

CANDIDATES = 12
"""How many of the shortest ways by a wall are checked for houses in between, per microphone."""

_LEG_M = 0.5
"""So much of each end of a way is not checked: it begins and ends at walls."""


class Way(Struct, frozen=True):
    """One way of a sound: how long it is, by a wall or straight, and whether a house stands in it."""

    length_m: float
    echo: bool
    blocked: bool


class Walls:
    """Walls as segments on a local plane, rows of east and north of both ends (W, 4), metres."""

    def __init__(self, segments: Floats) -> None:
        kept = np.hypot(segments[:, 2] - segments[:, 0], segments[:, 3] - segments[:, 1]) >= WALL_M_MIN
        self._all = segments
        self._mirrors = segments[kept]

    @classmethod
    def of_map(cls, city_map: CityMap, centre: Place) -> "Walls":
        """The outer walls of a city's buildings."""
        shapes = [
            one.geometry.coordinates[0] for one in city_map.buildings.features if isinstance(one.geometry, Polygon)
        ]
        return cls.of_rings([[offset_m(centre, Place(lon=lon, lat=lat)) for lon, lat in ring] for ring in shapes])

    @classmethod
    def of_rings(cls, rings: Iterable[Sequence[tuple[float, float]]]) -> "Walls":
        """Walls along closed rings of east and north."""
        segments = [(*a, *b) for ring in rings for a, b in pairwise(ring)]
        return cls(np.array(segments, float).reshape(-1, 4))

    def ways(self, source: Floats, spot: Floats) -> list[Way]:
        """The straight way first, then those by one wall that nothing cuts off, the shortest first."""
        straight = float(np.hypot(*(spot - source)))
        found = [Way(straight, echo=False, blocked=self._cut(source, spot))]
        if not len(self._mirrors):
            return found
        points, lengths = self._reflected(source, spot)
        for index in np.argsort(lengths, kind="stable")[:CANDIDATES]:
            if lengths[index] >= FAR_M:
                break
            if not (self._cut(source, points[index]) or self._cut(points[index], spot)):
                found.append(Way(float(lengths[index]), echo=True, blocked=False))
        return found

    def _reflected(self, source: Floats, spot: Floats) -> tuple[Floats, Floats]:
        """Where each wall would reflect the sound, and how long that way is (infinite where it does not)."""
        begin, along = self._mirrors[:, :2], self._mirrors[:, 2:] - self._mirrors[:, :2]
        normal = np.column_stack([-along[:, 1], along[:, 0]]) / np.hypot(*along.T)[:, None]
        here, there = ((source - begin) * normal).sum(axis=1), ((spot - begin) * normal).sum(axis=1)
        image = source - 2.0 * here[:, None] * normal
        share = here / np.where(np.abs(here + there) < 1e-9, np.inf, here + there)
        points = image + (spot - image) * share[:, None]
        on_wall = ((points - begin) * along).sum(axis=1) / (along**2).sum(axis=1)
        valid = (here * there > 1e-6) & (on_wall >= 0.0) & (on_wall <= 1.0)
        lengths = np.where(valid, np.hypot(*(spot - image).T), np.inf)
        return points, lengths

    def _cut(self, begin: Floats, end: Floats) -> bool:
        """Whether any wall stands between two points."""
        way = end - begin
        far = float(np.hypot(*way))
        if far <= 2.0 * _LEG_M or not len(self._all):
            return False
        near = begin + way * (_LEG_M / far)
        reach = way * (1.0 - 2.0 * _LEG_M / far)
        wall = self._all[:, 2:] - self._all[:, :2]
        off = self._all[:, :2] - near
        cross = reach[0] * wall[:, 1] - reach[1] * wall[:, 0]
        cross = np.where(np.abs(cross) < 1e-12, 1e-12, cross)
        along = (off[:, 0] * wall[:, 1] - off[:, 1] * wall[:, 0]) / cross
        across = (off[:, 0] * reach[1] - off[:, 1] * reach[0]) / cross
        return bool(((along > 0.0) & (along < 1.0) & (across >= 0.0) & (across <= 1.0)).any())


class Air(Struct, frozen=True):
    """The air that the sound really goes through: its temperature, and a wind at 10 m that grows with height."""

    temperature_c: float
    east_m_s: float
    north_m_s: float
    gust_share: float = 0.2
    height_m: float = 6.0
    roughness_m: float = 0.5

    def travel_s(self, chance: np.random.Generator, source: Floats, spot: Floats, length_m: float) -> float:
        """How long the sound takes: the wind at the height of its way (log profile), with a gust of its own.

        A way by a wall is taken to feel the wind of the straight line, for its whole length.
        """
        speed = 331.3 * float(np.sqrt(1.0 + self.temperature_c / 273.15))
        rise_m = self.height_m + min(0.02 * length_m, 15.0)  # sound over a distance runs above the heads
        profile = float(np.log(rise_m / self.roughness_m) / np.log(10.0 / self.roughness_m))
        way = (spot - source) / max(float(np.hypot(*(spot - source))), 1.0)
        along = profile * (way[0] * self.east_m_s + way[1] * self.north_m_s)
        gusts = self.gust_share * float(np.hypot(self.east_m_s, self.north_m_s)) * float(chance.normal())
        steady = float(np.sqrt(min(1.0, 100.0 / max(length_m, 1.0))))  # gusts even out on a long way
        return float(length_m / (speed + along + gusts * steady))
