"""GeoJSON (RFC 7946): places and areas as features that any map can show."""

from collections.abc import Iterable
from typing import Any

from tocsin.model import BadInput, Extent, Place

DIGITS = 6
"""Decimals of a degree that are written: 11 cm, finer than anything known here."""

Feature = dict[str, Any]


def feature(place: Place, **properties: object) -> Feature:
    """A place as a feature: its area as a polygon where it has one, else its point; `radius_m` beside it.

    >>> feature(Place(lon=24.9384, lat=60.1699), id="gas-07")["geometry"]
    {'type': 'Point', 'coordinates': [24.9384, 60.1699]}
    """
    geometry = polygon(place.area) if place.area else {"type": "Point", "coordinates": _position(place.lon, place.lat)}
    said: dict[str, object] = {"radius_m": place.radius_m}
    said.update({name: value for name in ("name", "zone", "building") if (value := getattr(place, name))})
    if place.floor is not None:
        said["floor"] = place.floor
    return {"type": "Feature", "geometry": geometry, "properties": {**said, **properties}}


def extent_feature(extent: Extent) -> Feature:
    """A region of a finding (a plume, a footprint, a path …) as a feature with all that is said of it.

    >>> line = Extent(kind="path", label="way", rings=(((24.9, 60.1), (24.8, 60.2)),))
    >>> extent_feature(line)["geometry"]["type"]
    'MultiLineString'
    """
    if extent.kind == "path":
        lines = [[_position(lon, lat) for lon, lat in ring] for ring in extent.rings]
        geometry: dict[str, Any] = {"type": "MultiLineString", "coordinates": lines}
    else:
        outlines = [polygon(ring)["coordinates"] for ring in extent.rings]
        geometry = {"type": "MultiPolygon", "coordinates": outlines}
    names = ("kind", "label", "at", "probability", "measure", "unit", "people")
    said = {name: value for name in names if (value := getattr(extent, name)) not in (None, "")}
    return {"type": "Feature", "geometry": geometry, "properties": said}


def polygon(ring: Iterable[tuple[float, float]]) -> dict[str, Any]:
    """A ring of (lon, lat) as a polygon: closed and counterclockwise, as RFC 7946 section 3.1.6 asks.

    Raises BadInput for fewer than three corners.
    """
    corners = [tuple(_position(lon, lat)) for lon, lat in ring]
    if len(corners) > 1 and corners[0] == corners[-1]:
        corners.pop()
    if len(corners) < 3:
        raise BadInput("An area needs three corners or more.")
    if _signed_area(corners) < 0:
        corners.reverse()
    return {"type": "Polygon", "coordinates": [[list(corner) for corner in (*corners, corners[0])]]}


def collection(features: Iterable[Feature]) -> dict[str, Any]:
    """Features as one collection."""
    return {"type": "FeatureCollection", "features": list(features)}


def _position(lon: float, lat: float) -> list[float]:
    return [round(lon, DIGITS), round(lat, DIGITS)]


def _signed_area(corners: list[tuple[float, ...]]) -> float:
    """Twice the area in square degrees; positive when counterclockwise."""
    following = [*corners[1:], corners[0]]
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(corners, following, strict=True))
