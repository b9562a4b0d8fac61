"""Lines of sight between buildings: which wall cuts a view first."""

from math import cos, radians

import numpy as np
from numpy.typing import NDArray

from tocsin.city.citymap import Collection, Polygon, Position
from tocsin.city.zones import inside
from tocsin.model import Place, moved
from tocsin.model.place import EARTH_RADIUS_M

WALL_DEPTH_M = 4.0
"""A camera drawn at most this deep inside a footprint hangs on the wall and looks outwards."""

OPEN_KINDS = frozenset({"roof", "canopy"})
"""Buildings without walls: they cut nothing."""


class Walls:
    """The walls of all buildings as segments on a local plane around `origin` (metres)."""

    def __init__(self, origin: Place, buildings: Collection) -> None:
        self._origin = origin
        self._scale = (radians(1.0) * EARTH_RADIUS_M * cos(radians(origin.lat)), radians(1.0) * EARTH_RADIUS_M)
        self._rings = [ring for polygon in _polygons(buildings) for ring in polygon.coordinates]
        flat = [self._flat(ring) for ring in self._rings]
        owners = [np.full(len(ring) - 1, index) for index, ring in enumerate(self._rings)]
        self._starts = _stack([ring[:-1] for ring in flat])
        self._ends = _stack([ring[1:] for ring in flat])
        self._owners: NDArray[np.int64] = np.concatenate(owners) if owners else np.zeros(0, dtype=np.int64)

    def _flat(self, ring: tuple[Position, ...]) -> NDArray[np.float64]:
        return (np.asarray(ring, dtype=np.float64) - (self._origin.lon, self._origin.lat)) * self._scale

    def _near(self, eye: NDArray[np.float64], range_m: float) -> NDArray[np.bool_]:
        low = np.minimum(self._starts, self._ends)
        high = np.maximum(self._starts, self._ends)
        close: NDArray[np.bool_] = (high >= eye - range_m) & (low <= eye + range_m)
        return close[:, 0] & close[:, 1]

    def eye(self, place: Place) -> NDArray[np.float64]:
        """The point that looks: a place just inside a wall is moved just outside it."""
        spot: NDArray[np.float64] = self._flat(((place.lon, place.lat),))[0]
        around = self._near(spot, WALL_DEPTH_M)
        holders = {i for i in set(self._owners[around].tolist()) if inside(place.lon, place.lat, self._rings[i])}
        mine = around & np.isin(self._owners, list(holders))
        if not mine.any():
            return spot
        nearest = _nearest_on(spot, self._starts[mine], self._ends[mine])
        gap = nearest - spot
        away = float(np.hypot(*gap))
        if away > WALL_DEPTH_M:
            return spot
        return nearest + gap / away * 0.5 if away > 0 else nearest

    def reach(self, eye: NDArray[np.float64], bearings_deg: NDArray[np.float64], range_m: float) -> NDArray[np.float64]:
        """How far each ray from `eye` goes before a wall, at most `range_m` (metres)."""
        near = self._near(eye, range_m)
        start, end = self._starts[near] - eye, self._ends[near] - eye
        angle = np.radians(bearings_deg)
        ray = np.stack([np.sin(angle), np.cos(angle)], axis=1)
        side = end - start
        across = ray[:, :1] * side[:, 1] - ray[:, 1:] * side[:, 0]
        with np.errstate(divide="ignore", invalid="ignore"):
            along = (start[:, 0] * side[:, 1] - start[:, 1] * side[:, 0]) / across
            share = (start[:, 0] * ray[:, 1:] - start[:, 1] * ray[:, :1]) / across
        hit = (across != 0) & (along > 0) & (share >= 0) & (share <= 1)
        result: NDArray[np.float64] = np.where(hit, along, range_m).min(axis=1, initial=range_m)
        return result

    def visible(self, viewer: Place, target: Place) -> bool:
        """Say whether no wall stands between the two places."""
        eye = self.eye(viewer)
        east, north = self._flat(((target.lon, target.lat),))[0] - eye
        away = float(np.hypot(east, north))
        if away == 0.0:
            return True
        bearing = np.degrees(np.arctan2(east, north))
        return bool(self.reach(eye, np.array([bearing]), away)[0] >= away - 1e-6)

    def ring(self, viewer: Place, bearing_deg: float | None, field_deg: float, range_m: float) -> tuple[Position, ...]:
        """What can be seen from a place as a closed ring of (lon, lat); a sector includes its apex."""
        eye = self.eye(viewer)
        whole = bearing_deg is None or field_deg >= 360.0
        field = 360.0 if whole else field_deg
        middle = 0.0 if bearing_deg is None else bearing_deg
        bearings = middle - field / 2 + np.linspace(0.0, field, max(3, round(field / 2)) + 1)
        far = self.reach(eye, bearings, range_m)
        angle = np.radians(bearings)
        points = np.stack([np.sin(angle) * far, np.cos(angle) * far], axis=1) + eye
        rows = points[:-1] if whole else np.vstack([eye, points])
        places = [moved(self._origin, float(east), float(north)) for east, north in rows]
        ring = tuple((round(place.lon, 6), round(place.lat, 6)) for place in places)
        return (*ring, ring[0])


def _polygons(buildings: Collection) -> list[Polygon]:
    walled = (f for f in buildings.features if f.properties.get("kind") not in OPEN_KINDS)
    return [feature.geometry for feature in walled if isinstance(feature.geometry, Polygon)]


def _stack(parts: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    return np.concatenate(parts) if parts else np.zeros((0, 2))


def _nearest_on(
    point: NDArray[np.float64], starts: NDArray[np.float64], ends: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The point on any of the segments that is nearest to `point`."""
    side = ends - starts
    length = np.maximum((side**2).sum(axis=1), 1e-12)
    share = np.clip(((point - starts) * side).sum(axis=1) / length, 0.0, 1.0)
    foot = starts + side * share[:, None]
    result: NDArray[np.float64] = foot[((foot - point) ** 2).sum(axis=1).argmin()]
    return result
