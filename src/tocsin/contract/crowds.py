"""What detectors of crowds say of the areas and lines of a camera: what people call them, and where they are."""

from typing import Any

from msgspec.structs import replace

from tocsin.contract.camera_views import CameraView
from tocsin.contract.pictures import Point
from tocsin.model import Observation, Place


def name_of(view: CameraView, id: str) -> str:
    """What people call an area or a line of a camera.

    >>> name_of(CameraView("cam-1"), "picture")
    'the whole picture'
    """
    known = {area.id: area.name or area.id for area in view.camera.areas}
    known |= {line.id: line.name or line.id for line in view.camera.lines}
    return known.get(id, "the whole picture" if id == "picture" else id)


def place_of(view: CameraView, fact: Observation[Any], id: str) -> Place | None:
    """Where an area or a line is: its middle on the ground and how far it reaches, else where its camera is."""
    points = _points(view, id)
    if view.ground is None or fact.place is None or not points:
        return fact.place
    import numpy as np

    metres = np.asarray(view.metres(points))
    if not np.isfinite(metres).all():
        return fact.place
    east_m, north_m = (float(one) for one in (metres.min(axis=0) + metres.max(axis=0)) / 2)
    reach_m = float(np.hypot(*(metres.max(axis=0) - metres.min(axis=0)))) / 2
    place = view.at(east_m, north_m, reach_m)
    return replace(place, name=name_of(view, id), building=fact.place.building, floor=fact.place.floor)


def _points(view: CameraView, id: str) -> list[Point]:
    rings = [area.ring for area in view.camera.areas if area.id == id]
    ends = [(line.a, line.b) for line in view.camera.lines if line.id == id]
    return [point for part in (*rings, *ends) for point in part]
