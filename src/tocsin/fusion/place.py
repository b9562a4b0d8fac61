"""Where an event is, from the places of its findings."""

from math import exp, sqrt

from msgspec.structs import replace

from tocsin.city.context import City
from tocsin.fusion.state import Hypothesis
from tocsin.fusion.tables import Hazard
from tocsin.model import Finding, Place, moved, offset_m

RADIUS_M_MIN = 30.0
"""No event is placed better than this by fixed sensors."""

LOCATING = frozenset({"region", "ellipse"})
"""Extents that say where something comes from, not where it was noticed."""

LATER_S = 30.0
"""A place that noticed so much later weighs a factor e less."""


def settled(hypothesis: Hypothesis, hazard: Hazard, city: City | None) -> Place | None:
    """The mean of the places of its findings, weighted by what each measured and how early.

    Where it was noticed first is nearest to where it began: each `LATER_S` of delay takes a
    factor e from the weight. The radius is that of the 95 % circle: twice the spread of the
    places about the mean, at least that of the best of them. What does not happen in space
    (`gate_m` 0: networks, devices) is where its subject stands, not where it was noticed. A finding that locates
    the source itself is believed before any mean.
    """
    held = [one for one in hypothesis.held.values() if one.place is not None]
    if not held or not hazard.gate_m:
        return _of_subjects(hypothesis, city)
    located = _located(held)
    if located is not None:
        return located
    first = min(began(one) for one in held)
    weights = [_strength(one) * exp((first - began(one)) / LATER_S) for one in held]
    origin = min(held, key=lambda one: (began(one), one.id)).place or Place(lon=0.0, lat=0.0)
    offsets = [offset_m(origin, one.place or origin) for one in held]
    total = sum(weights)
    east = sum(x * w for (x, _), w in zip(offsets, weights, strict=True)) / total
    north = sum(y * w for (_, y), w in zip(offsets, weights, strict=True)) / total
    squares = sum(w * ((x - east) ** 2 + (y - north) ** 2) for (x, y), w in zip(offsets, weights, strict=True))
    best = min((one.place.radius_m for one in held if one.place is not None), default=RADIUS_M_MIN)
    return _named(moved(origin, east, north, max(RADIUS_M_MIN, best, 2.0 * sqrt(squares / total))), origin)


def _located(held: list[Finding]) -> Place | None:
    """Where a finding says that the source is: the surest of those that draw a region or an ellipse around it."""
    known = [one for one in held if any(extent.kind in LOCATING for extent in one.extents)]
    best = min(known, key=lambda one: (one.place.radius_m if one.place is not None else 0.0, one.id), default=None)
    return None if best is None else best.place


def began(finding: Finding) -> float:
    """When what a finding tells began, as far as it says so."""
    return finding.since if finding.since is not None else finding.at


def _strength(finding: Finding) -> float:
    return sqrt(finding.measure) if finding.measure is not None and finding.measure > 0 else 1.0


def _of_subjects(hypothesis: Hypothesis, city: City | None) -> Place | None:
    if city is None:
        return None
    assets = [city.assets.get(name) for name in hypothesis.assets]
    return next((asset.place for asset in assets if asset is not None and asset.place is not None), None)


def _named(place: Place, first: Place) -> Place:
    if place.radius_m > 2 * RADIUS_M_MIN + first.radius_m:
        return place
    return replace(place, name=first.name, zone=first.zone, building=first.building, floor=first.floor)
