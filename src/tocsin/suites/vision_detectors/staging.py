"""A stage: a camera that hangs somewhere, and areas and lines on the ground before it, as drawn in its picture."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import atan2, cos, hypot, radians, sin, tan
from typing import Any

import numpy as np
from msgspec.structs import replace

from tocsin.city.cameras import Area, Camera, Line, Pose
from tocsin.city.context import City
from tocsin.city.registry import Coverage, Sensor
from tocsin.contract.camera_cases import CAMERA, RECORD
from tocsin.contract.camera_views import CameraView, views
from tocsin.contract.examples import SQUARE
from tocsin.contract.resources import Resources
from tocsin.model import SourceState
from tocsin.sim.lookout import Lens
from tocsin.sim.walkers import Spot

KINDS = (
    "vision.zone",
    "vision.line",
    "vision.wrong-way",
    "vision.loitering",
    "vision.running",
    "vision.dispersal",
    "vision.fall",
)
"""What is measured here: all that judges tracks."""

PICTURE = (1280, 720)
FIELD_DEG = (60.0, 90.0)
"""How wide cameras in streets look, degrees."""

REACH_M = 6.0
"""Half the width of a stage."""


@dataclass(frozen=True, slots=True)
class Ground:
    """One area or line as it lies on the ground: its corners in metres, and its entry of the camera's set-up.

    `toward_deg` is the allowed direction as a bearing on the ground, whatever the entry's says of the picture.
    """

    corners_m: tuple[Spot, ...]
    entry: Area | Line
    toward_deg: float | None = None


@dataclass(frozen=True, slots=True)
class Stage:
    """A camera, the middle of what it looks at (metres), and whether it is placed on the ground in its set-up."""

    pose: Pose
    middle: Spot
    calibrated: bool

    @classmethod
    def drawn(
        cls, chance: np.random.Generator, *, calibrated: bool, field_deg: tuple[float, float] = FIELD_DEG
    ) -> "Stage":
        """A camera as they hang in streets: 4 to 8 m high, looking down 20 to 40 degrees."""
        while True:
            pose = Pose(
                height_m=round(float(chance.uniform(4.0, 8.0)), 2),
                tilt_deg=round(float(chance.uniform(20.0, 40.0)), 1),
                field_deg=round(float(chance.uniform(*field_deg)), 1),
                bearing_deg=round(float(chance.uniform(0.0, 360.0)), 1),
            )
            far_m = pose.height_m / tan(radians(pose.tilt_deg))
            if 7.0 <= far_m <= 12.0:
                bearing = radians(pose.bearing_deg)
                return cls(pose, (far_m * sin(bearing), far_m * cos(bearing)), calibrated)

    @property
    def lens(self) -> Lens:
        """Its camera."""
        return Lens(self.pose, *PICTURE)

    def at(self, right_m: float, ahead_m: float) -> Spot:
        """A place so far right of and behind the middle, as the camera sees it."""
        bearing = radians(self.pose.bearing_deg)
        east, north = self.middle
        return (
            east + right_m * cos(bearing) + ahead_m * sin(bearing),
            north - right_m * sin(bearing) + ahead_m * cos(bearing),
        )

    def lane(self, id: str, corners_m: Sequence[Spot], a: Spot, b: Spot) -> Ground:
        """An area in which all go as from a to b: a bearing on the map, or clockwise from up in a picture."""
        on_ground = _bearing_deg(b[0] - a[0], b[1] - a[1])
        (x1, y1), (x2, y2) = self.shares([a, b])
        in_picture = _bearing_deg((x2 - x1) * PICTURE[0], (y1 - y2) * PICTURE[1])
        drawn = self.area(id, corners_m, toward_deg=on_ground if self.calibrated else in_picture)
        return replace_ground(drawn, on_ground)

    def shares(self, spots: Sequence[Spot]) -> list[Spot]:
        """Places on the ground as shares of the picture, cut to it."""
        points = np.array([(*spot, 0.0) for spot in spots])
        px, _ = self.lens.project(points)
        return [(min(1.0, max(0.0, x / PICTURE[0])), min(1.0, max(0.0, y / PICTURE[1]))) for x, y in px.tolist()]

    def area(self, id: str, corners_m: Sequence[Spot], **more: Any) -> Ground:  # noqa: ANN401  # fields of Area
        """An area on the ground; its edges are drawn with points between, since a picture bends nothing but cuts."""
        dense = [_between(a, b, n / 3) for a, b in pairwise((*corners_m, corners_m[0])) for n in range(3)]
        return Ground(tuple(corners_m), Area(id=id, ring=tuple(self.shares(dense)), **more))

    def line(self, id: str, a: Spot, b: Spot, **more: Any) -> Ground:  # noqa: ANN401  # fields of Line
        """A line on the ground."""
        first, second = self.shares([a, b])
        return Ground((a, b), Line(id=id, a=first, b=second, **more))

    def set_up(self, grounds: Sequence[Ground], analytics: Sequence[str]) -> "Set":
        """The camera set up with these."""
        camera = Camera(
            processing=RECORD.id,
            picture=PICTURE,
            pose=self.pose if self.calibrated else None,
            areas=tuple(one.entry for one in grounds if isinstance(one.entry, Area)),
            lines=tuple(one.entry for one in grounds if isinstance(one.entry, Line)),
            analytics=tuple(analytics),
        )
        return Set.of(camera)


@dataclass(frozen=True, slots=True)
class Set:
    """What members start with, and the view of the one camera."""

    resources: Resources
    view: CameraView

    @classmethod
    def of(cls, camera: Camera) -> "Set":
        """A city with this camera alone."""
        sensor = Sensor(
            id=CAMERA,
            family="camera",
            name="Camera 1",
            place=SQUARE,
            coverage=Coverage(range_m=60.0),
            state=SourceState.IN_SERVICE,
            camera=replace(camera, processing=RECORD.id),
        )
        resources = Resources(city=City.empty("Stage", SQUARE).with_processing(RECORD).with_sensor(sensor))
        return cls(resources, views(resources).of(CAMERA))


def replace_ground(ground: Ground, toward_deg: float) -> Ground:
    """The same with its direction on the ground."""
    return Ground(ground.corners_m, ground.entry, toward_deg)


def _bearing_deg(east: float, north: float) -> float:
    return float(np.degrees(atan2(east, north))) % 360.0


def _between(a: Spot, b: Spot, share: float) -> Spot:
    return a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share


def apart_m(a: Spot, b: Spot) -> float:
    """Metres between two places."""
    return hypot(a[0] - b[0], a[1] - b[1])
