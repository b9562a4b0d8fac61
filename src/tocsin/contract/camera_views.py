"""Cameras as perceivers and detectors see them: what may run where, and where a point of the picture lies."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from tocsin.city.cameras import PIXELS_PER_M, Area, Camera, Line, Spot
from tocsin.city.context import City
from tocsin.city.processing import Processing
from tocsin.city.registry import Sensor
from tocsin.contract.pictures import Box, Point
from tocsin.contract.resources import Resources
from tocsin.model import Place, moved, offset_m

if TYPE_CHECKING:
    from tocsin.physics.ground import Ground

NOWHERE = Place(lon=0.0, lat=0.0)
UNKNOWN = Camera()
"""A camera that nobody set up: what is on by default runs on its whole picture."""


@dataclass(frozen=True)
class CameraView:
    """One camera with its set-up, its record of processing and its ground plane."""

    source: str
    camera: Camera = UNKNOWN
    place: Place = NOWHERE
    processing: Processing | None = None
    city: City | None = None

    def allows(self, kind: str, *, by_default: bool) -> bool:
        """Whether an analytic runs here: not forbidden at the place, and switched on for this camera.

        Where nobody chose (no set-up, or none switched on), what is on by default runs.
        """
        if self.processing is not None and not self.processing.allows(kind):
            return False
        return kind in self.camera.analytics if self.camera.analytics else by_default

    @property
    def missing(self) -> tuple[str, ...]:
        """What keeps the camera from starting, in plain words; empty where nothing does."""
        if not self.camera.processing:
            return ("It names no record of processing: `tocsin add camera` asks for purpose, legal basis and notice.",)
        if self.processing is None:
            return (
                f"Its record of processing {self.camera.processing!r} does not exist: write it in processing.yaml.",
            )
        return self.processing.faults

    def areas(self, kind: str) -> tuple[Area, ...]:
        """The areas in which this analytic is watched."""
        return tuple(area for area in self.camera.areas if not area.kinds or kind in area.kinds)

    @property
    def lines(self) -> tuple[Line, ...]:
        """The lines drawn in its picture."""
        return self.camera.lines

    @cached_property
    def ground(self) -> "Ground | None":
        """The plane on which people stand, in metres from the camera's place; None where it is not calibrated."""
        if not self.camera.calibrated:
            return None
        from tocsin.physics.ground import Ground

        width, height = self.camera.picture
        if self.camera.pose is not None and len(self.camera.pairs) < 4:
            pose = self.camera.pose
            return Ground.from_pose(pose.height_m, pose.tilt_deg, pose.field_deg, pose.bearing_deg, width, height)
        pairs = self.camera.pairs
        points = [(pair.x * width, pair.y * height) for pair in pairs]
        metres = [offset_m(self.place, Place(lon=pair.lon, lat=pair.lat)) for pair in pairs]
        return Ground.fit(points, metres)

    def metres(self, spots: Sequence[Spot]) -> Any:  # noqa: ANN401  # NDArray of (N, 2)
        """Points of the picture (shares) as metres east and north of the camera; needs `ground`."""
        import numpy as np

        assert self.ground is not None  # noqa: S101  # asked for only where it is calibrated
        points = np.asarray(spots, dtype=np.float64).reshape(-1, 2) * self.camera.picture
        return self.ground.to_ground(points, 0.0)[0]

    def at(self, east_m: float, north_m: float, radius_m: float = 2.0) -> Place:
        """The place so many metres from the camera."""
        return moved(self.place, east_m, north_m, radius_m)

    def hour(self, at: float) -> float:
        """The local hour of the day."""
        return self.city.local_hour(at) if self.city is not None else at / 3600.0 % 24.0


def views(resources: Resources) -> "Views":
    """The views of all cameras of the city."""
    return Views(resources.city)


class Views:
    """The view of each camera by source; one that nobody registered gets the view of an unknown camera."""

    def __init__(self, city: City | None) -> None:
        self._city = city
        self._known: dict[str, CameraView] = {}

    def of(self, source: str) -> CameraView:
        """The view of a source."""
        known = self._known.get(source)
        if known is None:
            known = self._known[source] = self._made(source)
        return known

    def _made(self, source: str) -> CameraView:
        sensor = None if self._city is None else self._city.sensors.get(source)
        if self._city is None or sensor is None:
            return CameraView(source)
        record = self._city.processing_of(source)
        return CameraView(source, sensor.camera or UNKNOWN, sensor.place, record, self._city)


RANGE_M_MAX = 200.0
"""Farther than this no camera is asked for anything, however high it hangs."""

OVERVIEW = PIXELS_PER_M["EN/IEC 62676-4:2025"]["overview"]
"""Fewest pixels per metre with which a place counts as seen."""


def seeing(sensor: Sensor) -> Sensor:
    """The same camera with the coverage that follows from its ground plane: nothing of it is assumed any more."""
    if sensor.camera is None or not sensor.camera.calibrated:
        return sensor
    import numpy as np

    ground = CameraView(sensor.id, sensor.camera, sensor.place).ground
    assert ground is not None  # noqa: S101  # it is calibrated
    width, height = sensor.camera.picture
    rows = np.linspace(1.0, 0.0, 41)
    edges = {x: _seen(ground, x * width, rows * height) for x in (0.0, 0.5, 1.0)}
    far = max((float(np.hypot(*points[-1])) for points in edges.values() if len(points)), default=0.0)
    if not all(len(points) for points in edges.values()):
        return sensor
    bearings = {x: float(np.degrees(np.arctan2(*points[-1]))) for x, points in edges.items()}
    left, right = ((bearings[x] - bearings[0.5] + 180.0) % 360.0 - 180.0 for x in (0.0, 1.0))
    kept = tuple(name for name in sensor.coverage.assumed if name not in {"bearing_deg", "field_deg", "range_m"})
    coverage = replace(
        sensor.coverage,
        range_m=round(min(far, RANGE_M_MAX), 1),
        bearing_deg=round(bearings[0.5] % 360.0, 1),
        field_deg=round(min(360.0, max(1.0, abs(right) + abs(left))), 1),
        assumed=kept,
    )
    return replace(sensor, coverage=coverage)


def _seen(ground: "Ground", x_px: float, rows_px: Any) -> Any:  # noqa: ANN401  # NDArrays
    """The points on the ground along one column of the picture, from below up, as far as they are seen well enough."""
    import numpy as np

    points_px = np.stack([np.full_like(rows_px, x_px), rows_px], axis=1)
    metres, _ = ground.to_ground(points_px, 0.0)
    enough = (ground.pixels_per_m(points_px) >= OVERVIEW) & np.isfinite(metres).all(axis=1)
    return metres[: int(np.argmin(enough)) if not enough.all() else len(enough)]


def foot(box: Box) -> Point:
    """Where the thing in a box stands: the middle of its lower edge."""
    return (box[0] + box[2]) / 2, box[3]


def within(spot: Point, ring: Sequence[Point]) -> bool:
    """Whether a point lies in a ring of the picture, closed or not (even-odd rule).

    >>> within((0.5, 0.5), ((0, 0), (1, 0), (1, 1), (0, 1)))
    True
    """
    x, y = spot
    inside = False
    for (x1, y1), (x2, y2) in zip(ring, (*ring[1:], ring[0]), strict=True):
        if (y1 > y) != (y2 > y) and x < x1 + (y - y1) / (y2 - y1) * (x2 - x1):
            inside = not inside
    return inside
