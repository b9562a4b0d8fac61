"""The warned area: a ring around a place, the outline around several, and the circle around a ring."""

from collections.abc import Iterable
from math import cos, pi, sin
from typing import TYPE_CHECKING

from tocsin.model import Place, Ring, distance_m, moved, offset_m

if TYPE_CHECKING:
    from shapely import Polygon

CORNERS = 24
"""A circle becomes a polygon of so many corners."""

CORNERS_MAX = 60
"""An outline has no more: a cell broadcast must carry it, and a person should be able to read it aloud."""

SMOOTHED_M = 10.0
"""An outline lies so far outside of what it holds, and is as much simpler; more where it has too many corners."""

SHRUNK_SHARE = 0.5
"""An area that is still right, if too large, stands until what should be warned of is less than this share of it."""

_DIGITS = 5  # of a degree: about one metre


def ring_around(centre: Place, radius_m: float) -> Ring:
    """A closed ring of (lon, lat) that holds the whole circle: its corners lie a little outside."""
    reach_m = radius_m / cos(pi / CORNERS)
    turns = [2 * pi * corner / CORNERS for corner in range(CORNERS)]
    places = [moved(centre, reach_m * sin(turn), reach_m * cos(turn)) for turn in turns]
    points = [(round(place.lon, _DIGITS), round(place.lat, _DIGITS)) for place in places]
    return (*points, points[0])


def reach_m(place: Place) -> float:
    """How far from its point a place may extend: its uncertainty, or its own area where that is larger."""
    corners = [distance_m(place, Place(lon=lon, lat=lat)) for lon, lat in place.area]
    return max([place.radius_m, *corners])


def circle_around(ring: Ring) -> tuple[Place, float]:
    """The middle of a ring's corners and the distance to the farthest, in metres."""
    corners = ring[:-1] or ring
    lon = sum(point[0] for point in corners) / len(corners)
    lat = sum(point[1] for point in corners) / len(corners)
    middle = Place(lon=lon, lat=lat)
    return middle, max(distance_m(middle, Place(lon=x, lat=y)) for x, y in corners)


def box(bounds: tuple[float, float, float, float]) -> Ring:
    """A closed ring around bounds of west, south, east, north."""
    west, south, east, north = bounds
    return ((west, south), (east, south), (east, north), (west, north), (west, south))


def outline_around(rings: Iterable[Ring]) -> Ring:
    """One closed ring that holds all of these, without holes and with at most `CORNERS_MAX` corners.

    Where they lie apart it is their convex hull: people between two dangers are warned as well.
    """
    import shapely

    rings = list(rings)
    origin = circle_around(rings[0])[0]
    whole = shapely.union_all([shapely.make_valid(_flat(origin, ring)) for ring in rings])
    smoothed_m = SMOOTHED_M
    while True:
        grown = whole.buffer(1.1 * smoothed_m).simplify(smoothed_m)
        filled = shapely.Polygon(grown.exterior) if isinstance(grown, shapely.Polygon) else grown.convex_hull
        if len(filled.exterior.coords) <= CORNERS_MAX + 1:
            break
        smoothed_m *= 1.5
    places = [moved(origin, east_m, north_m) for east_m, north_m in filled.exterior.coords]
    return tuple((round(place.lon, _DIGITS), round(place.lat, _DIGITS)) for place in places)


def still_right(old: Ring, new: Ring, moved_m_min: float) -> bool:
    """Whether `new` sticks out of `old` by less than that, and has not shrunk to a part of it."""
    import shapely

    origin = circle_around(old)[0]
    was, now = (shapely.make_valid(_flat(origin, ring)) for ring in (old, new))
    return bool(was.buffer(moved_m_min).covers(now)) and now.area >= SHRUNK_SHARE * was.area


def _flat(origin: Place, ring: Ring) -> "Polygon":
    """The ring on the plane around `origin`, metres east and north."""
    import shapely

    return shapely.Polygon([offset_m(origin, Place(lon=lon, lat=lat)) for lon, lat in ring])
