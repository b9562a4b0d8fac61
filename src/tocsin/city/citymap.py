"""The map of a city as GeoJSON collections: what the console draws and what cuts a view."""

from pathlib import Path

import msgspec
from msgspec import Struct

from tocsin.model import ConfigError

Position = tuple[float, float]
"""Longitude and latitude in degrees, WGS 84."""

Property = str | float | bool | None
"""What a feature says about itself."""


class Point(Struct, frozen=True, tag="Point"):
    """A GeoJSON point."""

    coordinates: Position


class LineString(Struct, frozen=True, tag="LineString"):
    """A GeoJSON line."""

    coordinates: tuple[Position, ...]


class Polygon(Struct, frozen=True, tag="Polygon"):
    """A GeoJSON polygon: the outer ring, then holes; every ring closed."""

    coordinates: tuple[tuple[Position, ...], ...]


class Feature(Struct, frozen=True, tag="Feature"):
    """A GeoJSON feature."""

    geometry: Point | LineString | Polygon
    properties: dict[str, Property] = {}


class Collection(Struct, frozen=True, tag="FeatureCollection"):
    """A GeoJSON feature collection."""

    features: tuple[Feature, ...] = ()


class CityMap(Struct, frozen=True, kw_only=True):
    """All layers of one map (RFC 7946), with who must be named wherever it is shown.

    `bounds` are west, south, east, north. Properties: buildings `height_m`, `assumed`, `kind`;
    roads `class`, `pedestrian`; labels `name`, `rank` (1 first); cameras `id`, `direction`,
    `kind`; sites (schools, hospitals, stations) `name`, `kind`; trees are left out.
    """

    attribution: str
    bounds: tuple[float, float, float, float]
    buildings: Collection = Collection()
    water: Collection = Collection()
    parks: Collection = Collection()
    roads: Collection = Collection()
    rail: Collection = Collection()
    squares: Collection = Collection()
    labels: Collection = Collection()
    cameras: Collection = Collection()
    sites: Collection = Collection()


_decoder = msgspec.json.Decoder(CityMap)


def read_map(path: Path) -> CityMap:
    """A map file as written by `write_map`; raises ConfigError naming file and fault."""
    try:
        return _decoder.decode(path.read_bytes())
    except OSError as error:
        message = f"The map {path} cannot be read: {error.strerror}. Import one with `tocsin add map FILE.osm.pbf`."
        raise ConfigError(message) from error
    except msgspec.MsgspecError as error:
        message = f"The map {path} is damaged: {error}. Import it again with `tocsin add map FILE.osm.pbf`."
        raise ConfigError(message) from error


def write_map(path: Path, city_map: CityMap) -> int:
    """Write the map as one JSON file and give its size in bytes."""
    raw = msgspec.json.encode(city_map)
    path.write_bytes(raw)
    return len(raw)
