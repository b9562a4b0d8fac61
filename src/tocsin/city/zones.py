"""Zones: named areas with a validity and how many people are usually there."""

from itertools import pairwise
from math import cos, radians

from msgspec import Struct

from tocsin.city.citymap import Position
from tocsin.model import Place, Validity, moved, offset_m
from tocsin.model.place import EARTH_RADIUS_M

HOURS = 24


class Zone(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A named area of the city: `ring` is a closed ring of (lon, lat).

    `people_by_hour` is the usual number of persons in it for each local hour of a weekday
    (24 numbers; empty where nobody knows), `people_basis` says how that is known.
    """

    id: str
    name: str
    ring: tuple[Position, ...]
    people_by_hour: tuple[float, ...] = ()
    people_basis: str = ""
    validity: Validity = Validity()

    def people(self, hour: float) -> float | None:
        """Usual number of persons at a local hour (0-24), linear between the full hours."""
        if len(self.people_by_hour) != HOURS:
            return None
        low = int(hour) % HOURS
        share = hour - int(hour)
        return self.people_by_hour[low] * (1 - share) + self.people_by_hour[(low + 1) % HOURS] * share

    def centre(self) -> Place:
        """The centre of its bounding box, with a radius that reaches its corners."""
        west, south, east, north = bounds_of(self.ring)
        middle = Place(lon=(west + east) / 2, lat=(south + north) / 2)
        half_x, half_y = offset_m(middle, Place(lon=east, lat=north))
        radius = (half_x**2 + half_y**2) ** 0.5
        return Place(lon=middle.lon, lat=middle.lat, radius_m=radius, name=self.name, zone=self.id)


def bounds_of(ring: tuple[Position, ...]) -> tuple[float, float, float, float]:
    """West, south, east, north of a ring."""
    lons = [lon for lon, _ in ring]
    lats = [lat for _, lat in ring]
    return min(lons), min(lats), max(lons), max(lats)


def square_around(centre: Place, half_m: float = 1000.0) -> tuple[float, float, float, float]:
    """West, south, east, north of a square `half_m` to each side of a place."""
    north = half_m / (radians(1.0) * EARTH_RADIUS_M)
    east = north / cos(radians(centre.lat))
    return centre.lon - east, centre.lat - north, centre.lon + east, centre.lat + north


def inside(lon: float, lat: float, ring: tuple[Position, ...]) -> bool:
    """Say whether the point lies within the closed ring (even-odd rule).

    >>> square = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0), (0.0, 0.0))
    >>> inside(0.5, 0.5, square), inside(1.5, 0.5, square)
    (True, False)
    """
    within = False
    for (x1, y1), (x2, y2) in pairwise(ring):
        if (y1 > lat) != (y2 > lat) and lon < x1 + (lat - y1) / (y2 - y1) * (x2 - x1):
            within = not within
    return within


def area_m2(ring: tuple[Position, ...]) -> float:
    """Area of a closed ring on the local plane, square metres (shoelace)."""
    origin = Place(lon=ring[0][0], lat=ring[0][1])
    flat = [offset_m(origin, Place(lon=lon, lat=lat)) for lon, lat in ring]
    return abs(sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in pairwise(flat))) / 2


def grid(ring: tuple[Position, ...], cells_max: int = 200) -> tuple[Position, ...]:
    """Evenly spaced points within the ring, at most about `cells_max`, at least one."""
    west, south, east, north = bounds_of(ring)
    corner = Place(lon=west, lat=south)
    width, height = offset_m(corner, Place(lon=east, lat=north))
    step = max(1.0, (width * height / cells_max) ** 0.5)
    found: list[Position] = []
    for row in range(int(height / step) + 1):
        for column in range(int(width / step) + 1):
            spot = moved(corner, (column + 0.5) * step, (row + 0.5) * step)
            if inside(spot.lon, spot.lat, ring):
                found.append((spot.lon, spot.lat))
    return tuple(found) or (((west + east) / 2, (south + north) / 2),)
