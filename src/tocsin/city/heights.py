"""How high a building is: tagged, counted from its storeys, or assumed by its kind and marked so."""

from collections.abc import Mapping, Sequence
from statistics import median

STOREY_M = 3.2
"""Height of one storey (assumed: Simple 3D Buildings leaves it to the renderer, usually 3 m)."""

TAGGED_MIN = 5
"""So many tagged buildings of a kind make their median better than the table."""

STOREYS_ASSUMED: Mapping[str, float] = {
    "apartments": 6,
    "office": 6,
    "hotel": 6,
    "commercial": 4,
    "hospital": 5,
    "university": 5,
    "public": 4,
    "train_station": 4,
    "school": 3,
    "retail": 2,
    "house": 2,
    "residential": 4,
    "church": 6,
    "cathedral": 10,
    "roof": 1.5,
    "kiosk": 1,
    "shed": 1,
    "garage": 1,
}
"""Storeys by the `building` tag: this project's estimate for an inner city, never measured."""

STOREYS_OTHER = 4.0
HEIGHT_MAX_M = 900.0
"""No building is higher; a larger tag is a slip and is not believed."""


def metres(text: str) -> float | None:
    """A length tag in metres; None where it says nothing usable.

    >>> metres("12.5 m"), metres("39 ft"), metres("high")
    (12.5, 11.8872, None)
    """
    words = text.strip().lower().replace(",", ".")
    factor = 0.3048 if words.endswith(("ft", "'")) else 1.0
    try:
        value = float(words.removesuffix("ft").removesuffix("'").removesuffix("m").strip()) * factor
    except ValueError:
        return None
    return round(value, 4) if 0 < value < HEIGHT_MAX_M else None


def known_height_m(tags: Mapping[str, str]) -> float | None:
    """Height from `height` or `building:levels`; None where neither says it."""
    tagged = metres(tags.get("height", ""))
    if tagged is not None:
        return tagged
    storeys = metres(tags.get("building:levels", ""))
    return None if storeys is None else round(storeys * STOREY_M, 1)


def _by_kind(known: Sequence[tuple[str, float]]) -> dict[str, list[float]]:
    by_kind: dict[str, list[float]] = {}
    for kind, height in known:
        by_kind.setdefault(kind, []).append(height)
    return by_kind


def assumed_heights_m(known: Sequence[tuple[str, float]]) -> dict[str, float]:
    """Height to assume per kind: the median of tagged buildings of that kind, else the table."""
    by_kind = _by_kind(known)
    table = {kind: storeys * STOREY_M for kind, storeys in STOREYS_ASSUMED.items()}
    medians = {kind: median(rows) for kind, rows in by_kind.items() if len(rows) >= TAGGED_MIN}
    other = median(height for _, height in known) if len(known) >= TAGGED_MIN else STOREYS_OTHER * STOREY_M
    return {**table, "": other, **medians}
