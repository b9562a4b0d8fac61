"""What an OpenStreetMap tag means for us: which layer, which label, which direction."""

from collections.abc import Mapping
from math import isfinite

from tocsin.city.citymap import Property

Tags = Mapping[str, str]

ROADS = frozenset(
    {
        "motorway",
        "trunk",
        "primary",
        "secondary",
        "tertiary",
        "motorway_link",
        "trunk_link",
        "primary_link",
        "secondary_link",
        "tertiary_link",
        "unclassified",
        "residential",
        "living_street",
        "service",
        "pedestrian",
        "footway",
        "cycleway",
        "path",
        "steps",
        "track",
    }
)
"""Values of `highway` that are ways people use; all others are left out."""

ON_FOOT = frozenset({"pedestrian", "footway", "path", "steps", "living_street"})
RAILS = frozenset({"rail", "tram", "light_rail", "subway"})

AREAS: tuple[tuple[str, frozenset[str], str], ...] = (
    ("natural", frozenset({"water"}), "water"),
    ("waterway", frozenset({"riverbank", "dock"}), "water"),
    ("landuse", frozenset({"basin", "reservoir", "pond"}), "water"),
    ("leisure", frozenset({"park", "garden"}), "parks"),
    ("landuse", frozenset({"grass", "forest", "cemetery", "village_green"}), "parks"),
    ("natural", frozenset({"wood", "scrub", "grassland"}), "parks"),
    ("place", frozenset({"square"}), "squares"),
    ("highway", frozenset({"pedestrian", "platform"}), "squares"),
    ("railway", frozenset({"platform"}), "squares"),
)
"""Tag, values and layer of areas, tried in order after buildings."""

SITES = frozenset(
    {
        "school",
        "kindergarten",
        "college",
        "university",
        "hospital",
        "clinic",
        "fire_station",
        "police",
        "theatre",
        "library",
    }
)
"""Values of `amenity` that name a place whose people need care in an emergency."""

LABEL_RANKS: tuple[tuple[str, str, int], ...] = (
    ("place", "city", 1),
    ("station", "subway", 3),
    ("railway", "station", 1),
    ("place", "square", 2),
    ("place", "suburb", 2),
    ("place", "quarter", 2),
    ("building", "train_station", 2),
    ("amenity", "hospital", 2),
    ("place", "neighbourhood", 3),
    ("leisure", "park", 3),
    ("amenity", "university", 4),
    ("amenity", "school", 4),
    ("amenity", "theatre", 4),
    ("amenity", "library", 4),
)
"""Tag, value and rank of what gets a label; rank 1 shows first."""

POINTS = ("N", "NNE", "NE", "ENE", "E", "ESE", "SE", "SSE", "S", "SSW", "SW", "WSW", "W", "WNW", "NW", "NNW")


def area_layer(tags: Tags) -> tuple[str, str] | None:
    """Layer and kind of an area; None for what the map leaves out."""
    building = tags.get("building", "no")
    if building != "no":
        return "buildings", building
    found = ((layer, tags[key]) for key, values, layer in AREAS if tags.get(key) in values)
    return next(found, None)


def line_layer(tags: Tags) -> str | None:
    """Layer of a line; what lies indoors or is being built is left out."""
    if tags.get("highway") in ROADS and tags.get("indoor") != "yes":
        return "roads"
    return "rail" if tags.get("railway") in RAILS else None


def line_properties(tags: Tags) -> dict[str, Property]:
    """Class, name and tunnel of a line, and whether a street is for people on foot."""
    way = tags.get("highway")
    properties: dict[str, Property] = {"class": way or tags.get("railway")}
    if way is not None:
        properties["pedestrian"] = way in ON_FOOT
    if tags.get("tunnel", "no") != "no":
        properties["tunnel"] = True
    if {"name", "highway"} <= tags.keys():
        properties["name"] = tags["name"]
    return properties


def street_rank(tags: Tags) -> int | None:
    """Rank of a street's name on the map; None where it gets none."""
    if "name" not in tags:
        return None
    way = tags.get("highway", "")
    if way in {"motorway", "trunk", "primary", "secondary"}:
        return 3
    return 4 if way in {"tertiary", "pedestrian"} else 5 if way in {"residential", "unclassified"} else None


def site_kind(tags: Tags) -> str | None:
    """School, hospital, station … or None."""
    if tags.get("railway") == "station":
        return "station"
    amenity = tags.get("amenity")
    return amenity if amenity in SITES else None


def bearing_of(text: str) -> float | None:
    """A direction tag in degrees from north: a number, a range or a point of the compass.

    >>> bearing_of("240"), bearing_of("NE"), bearing_of("350-10"), bearing_of("up")
    (240.0, 45.0, 0.0, None)
    """
    words = text.strip().upper()
    if words in POINTS:
        return POINTS.index(words) * 22.5
    first, _, second = words.partition("-")
    try:
        start = float(first)
        end = float(second) if second else start
    except ValueError:
        return None
    return _middle_deg(start, end) if isfinite(start + end) else None


def _middle_deg(start: float, end: float) -> float | None:
    middle = (start + ((end - start) % 360.0) / 2) % 360.0
    return middle if middle < 360.0 else None  # rounding may reach the whole circle
