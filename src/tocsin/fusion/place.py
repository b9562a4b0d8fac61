"""Where an event is, from the places of its findings."""

from math import sqrt

from msgspec.structs import replace

from tocsin.city.context import City
from tocsin.fusion.state import Hypothesis
from tocsin.model import Place, moved, offset_m

RADIUS_M_MIN = 30.0
"""No event is placed better than this by fixed sensors."""


def settled(hypothesis: Hypothesis, city: City | None) -> Place | None:
    """The mean of the places of its findings, weighted by what each measured.

    Findings without a place count where their subject stands. The radius is that of the 95 %
    circle: twice the spread of the places about the mean, at least that of the best of them.
    """
    spots = [
        (held.place, held.measure if held.measure and held.measure > 0 else 1.0)
        for held in hypothesis.held.values()
        if held.place is not None
    ]
    if not spots:
        return _of_subjects(hypothesis, city)
    origin = spots[0][0]
    total = sum(weight for _, weight in spots)
    points = [(*offset_m(origin, place), weight) for place, weight in spots]
    east = sum(x * w for x, _, w in points) / total
    north = sum(y * w for _, y, w in points) / total
    spread = sqrt(sum(w * ((x - east) ** 2 + (y - north) ** 2) for x, y, w in points) / total)
    best = min(place.radius_m for place, _ in spots)
    return _named(moved(origin, east, north, max(RADIUS_M_MIN, best, 2.0 * spread)), origin)


def _of_subjects(hypothesis: Hypothesis, city: City | None) -> Place | None:
    if city is None:
        return None
    assets = [city.assets.get(name) for name in hypothesis.assets]
    return next((asset.place for asset in assets if asset is not None and asset.place is not None), None)


def _named(place: Place, first: Place) -> Place:
    if place.radius_m > 2 * RADIUS_M_MIN + first.radius_m:
        return place
    return replace(place, name=first.name, zone=first.zone, building=first.building, floor=first.floor)
