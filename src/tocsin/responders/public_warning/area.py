"""The warned area: a ring around a place, and the circle around a ring."""

from math import cos, pi, sin

from tocsin.model import Place, distance_m, moved

Ring = tuple[tuple[float, float], ...]

CORNERS = 24
"""A circle becomes a polygon of so many corners."""

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
