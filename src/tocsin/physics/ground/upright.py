"""What stands upright on the ground, as one camera sees it: the camera's own place and lens out of its ground plane."""

from dataclasses import dataclass
from math import degrees, hypot, isfinite, sqrt, tan
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tocsin.model import BadInput
from tocsin.physics.ground import Ground

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Upright:
    """A pinhole camera over a ground plane: `turn` (3, 3) from world to camera, `place` (east, north, up) in metres.

    >>> ground = Ground.from_pose(5.0, 30.0, 60.0, 0.0, 1280, 720)
    >>> camera = Upright.of(ground, 1280, 720)
    >>> round(float(camera.place[2]), 2), round(camera.tilt_deg, 1), round(camera.field_deg, 1)
    (5.0, 30.0, 60.0)
    """

    focal_px: float
    width: int
    height: int
    turn: Floats
    place: Floats

    @classmethod
    def of(cls, ground: Ground, width: int, height: int, field_deg: float | None = None) -> Self:
        """The camera that sees the ground so: square pixels, centre in the middle of the picture.

        The field of view follows from the plane where its lines converge; a camera that looks straight down gives
        none, and then `field_deg` is needed. Raises BadInput where no such camera exists.
        """
        plane = np.linalg.inv(ground.matrix)
        plane = np.array([[1, 0, -width / 2], [0, 1, -height / 2], [0, 0, 1.0]]) @ plane
        focal = _focal(plane) if field_deg is None else width / 2 / tan(np.radians(field_deg) / 2)
        rays = plane / np.array([[focal], [focal], [1.0]])
        rays *= 2 * _facing(ground, plane, width, height) / (np.linalg.norm(rays[:, 0]) + np.linalg.norm(rays[:, 1]))
        rough = np.column_stack([rays[:, 0], rays[:, 1], np.cross(rays[:, 0], rays[:, 1])])
        left, _, right = np.linalg.svd(rough)
        turn = left @ np.diag([1.0, 1.0, np.sign(np.linalg.det(left @ right))]) @ right
        place = -turn.T @ rays[:, 2]
        if place[2] <= 0:
            raise BadInput("This plane lies above its camera: check that the points on the map are not mirrored.")
        return cls(float(focal), width, height, turn, np.asarray(place, dtype=np.float64))

    @property
    def tilt_deg(self) -> float:
        """How far the camera looks below the horizon."""
        return degrees(-np.arcsin(np.clip(self.turn[2, 2], -1, 1)))

    @property
    def field_deg(self) -> float:
        """The horizontal field of view."""
        return 2 * degrees(np.arctan(self.width / 2 / self.focal_px))

    def to_picture(self, points_m: ArrayLike) -> Floats:
        """Points in the world (N, 3: east, north, up) as they are seen, in px; NaN behind the camera."""
        seen = (np.asarray(points_m, dtype=np.float64).reshape(-1, 3) - self.place) @ self.turn.T
        depth = np.where(seen[:, 2:] > 1e-9, seen[:, 2:], np.nan)
        return np.asarray(self.focal_px * seen[:, :2] / depth + (self.width / 2, self.height / 2))

    def pixels_per_m(self, ground: Ground, points_px: ArrayLike, tall_m: float = 1.75) -> Floats:
        """How many pixels a metre of a person has that stands at these points of the picture; NaN above the horizon."""
        feet = np.asarray(points_px, dtype=np.float64).reshape(-1, 2)
        metres, _ = ground.to_ground(feet, 0.0)
        heads = self.to_picture(np.column_stack([metres, np.full(len(metres), tall_m)]))
        return np.asarray(np.linalg.norm(heads - feet, axis=1) / tall_m)


def _focal(plane: Floats) -> float:
    """East and north are square to each other and of one length: two equations for one focal length."""
    (ax, bx, _), (ay, by, _), (az, bz, _) = plane / np.abs(plane[:, :2]).max()
    square, length = (ax * bx + ay * by, az * bz), (ax**2 + ay**2 - bx**2 - by**2, az**2 - bz**2)
    weight = square[0] ** 2 + length[0] ** 2
    found = -(square[0] * square[1] + length[0] * length[1]) / weight if weight > 0 else 0.0
    if not isfinite(found) or found <= 0 or 1 / sqrt(found) > 1e6:
        raise BadInput("This plane does not tell the field of view (does the camera look straight down?): give it.")
    return 1 / sqrt(found)


def _facing(ground: Ground, plane: Floats, width: int, height: int) -> float:
    """The sign that puts visible ground in front of the camera."""
    pixels = np.array([[width * east, height * north] for east in (0.25, 0.5, 0.75) for north in (0.5, 0.75, 0.98)])
    metres, _ = ground.to_ground(pixels, 0.0)
    metres = metres[np.isfinite(metres).all(axis=1)]
    if not len(metres):
        raise BadInput("No ground is seen in this picture: check the calibration.")
    nearest = metres[np.argmin([hypot(*one) for one in metres - metres.mean(axis=0)])]
    return 1.0 if plane[2] @ np.array([*nearest, 1.0]) > 0 else -1.0
