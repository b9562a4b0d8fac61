"""Where: a point on the WGS 84 globe with its uncertainty, and distances between points."""

from math import asin, cos, radians, sin, sqrt

from msgspec import Struct

EARTH_RADIUS_M = 6_371_008.8
"""Mean radius (IUGG)."""


class Place(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A point with the radius of its 95 % circle, and the floor where it is known.

    `lon`, `lat` in degrees (WGS 84); `radius_m` horizontal and `height_sd_m` vertical
    uncertainty; `height_m` above local ground; `area` an optional closed ring of (lon, lat).
    """

    lon: float
    lat: float
    radius_m: float = 10.0
    name: str = ""
    zone: str = ""
    building: str = ""
    floor: float | None = None
    height_m: float | None = None
    height_sd_m: float | None = None
    area: tuple[tuple[float, float], ...] = ()


class Validity(Struct, frozen=True, omit_defaults=True):
    """From when until when a statement about the city holds (seconds UTC; None is open)."""

    since: float | None = None
    until: float | None = None

    def holds(self, at: float) -> bool:
        """Say whether the statement holds at that moment (until is exclusive)."""
        return (self.since is None or at >= self.since) and (self.until is None or at < self.until)


def distance_m(a: Place, b: Place) -> float:
    """Great-circle distance in metres (haversine), heights ignored.

    >>> round(distance_m(Place(lon=24.94, lat=60.17), Place(lon=24.95, lat=60.17)))
    553
    """
    lat_a, lat_b = radians(a.lat), radians(b.lat)
    h = sin((lat_b - lat_a) / 2) ** 2 + cos(lat_a) * cos(lat_b) * sin(radians(b.lon - a.lon) / 2) ** 2
    return 2 * EARTH_RADIUS_M * asin(sqrt(min(1.0, h)))


def offset_m(origin: Place, place: Place) -> tuple[float, float]:
    """East and north of `place` from `origin` in metres (local plane, good to 0.1 % within 20 km)."""
    scale = radians(1.0) * EARTH_RADIUS_M
    return (place.lon - origin.lon) * scale * cos(radians(origin.lat)), (place.lat - origin.lat) * scale


def moved(origin: Place, east_m: float, north_m: float, radius_m: float | None = None) -> Place:
    """The place that lies so many metres east and north of `origin`.

    >>> start = Place(lon=24.94, lat=60.17)
    >>> [round(metres, 6) for metres in offset_m(start, moved(start, 30.0, 40.0))]
    [30.0, 40.0]
    """
    scale = radians(1.0) * EARTH_RADIUS_M
    return Place(
        lon=origin.lon + east_m / (scale * cos(radians(origin.lat))),
        lat=origin.lat + north_m / scale,
        radius_m=origin.radius_m if radius_m is None else radius_m,
    )


def same_floor(a: Place, b: Place) -> bool:
    """False only where both floors of one building are known and differ."""
    if not a.building or a.building != b.building or a.floor is None or b.floor is None:
        return True
    return a.floor == b.floor
