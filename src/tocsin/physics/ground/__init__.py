"""The plane on which people stand, as one camera sees it: between picture (px) and ground (metres east, north)."""

from dataclasses import dataclass
from math import cos, radians, sin, tan
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tocsin.model import BadInput

Floats = NDArray[np.float64]

PAIRS_MIN = 4
"""Fewest points that place a plane (a homography has eight degrees of freedom)."""

SPREAD_MIN = 1e-3
"""Points that lie closer to one line than this share of their spread do not place a plane."""


@dataclass(frozen=True, slots=True)
class Ground:
    """A homography from the picture to the ground. `sign` is that of the third coordinate below the horizon.

    `residual_m` and `residual_px` are root mean squares over the points that it was fitted to (0 without).

    >>> seen = Ground.from_pose(height_m=5.0, tilt_deg=30.0, field_deg=60.0, bearing_deg=0.0, width=1280, height=720)
    >>> [round(float(metres), 2) for metres in seen.to_ground([[640.0, 360.0]], 0.0)[0][0]]
    [0.0, 8.66]
    """

    matrix: Floats
    sign: float = 1.0
    residual_m: float = 0.0
    residual_px: float = 0.0

    @classmethod
    def fit(cls, picture_px: ArrayLike, ground_m: ArrayLike) -> Self:
        """The plane through pairs of points, by the normalised direct linear transform (Hartley and Zisserman, 4.4).

        Raises BadInput for fewer than four, points that are no numbers, or points on one line.
        """
        seen, placed = _points(picture_px), _points(ground_m)
        _check(seen, placed)
        to_unit, from_unit = _normaliser(seen), _normaliser(placed)
        unit = _solved(_mapped(to_unit, seen), _mapped(from_unit, placed))
        matrix = np.linalg.inv(from_unit) @ unit @ to_unit
        matrix /= np.abs(matrix).max()
        third = seen @ matrix[2, :2] + matrix[2, 2]
        if not (np.all(third > 0) or np.all(third < 0)):
            raise BadInput("These points lie on no one plane in front of a camera: check which belongs to which.")
        sign = float(np.sign(third[0]))
        back = np.asarray(np.linalg.inv(matrix), dtype=np.float64)
        return cls(matrix, sign, _rms(_mapped(matrix, seen) - placed), _rms(_mapped(back, placed) - seen))

    @classmethod
    def from_pose(  # noqa: PLR0917  # how a camera hangs, in one breath
        cls, height_m: float, tilt_deg: float, field_deg: float, bearing_deg: float, width: int, height: int
    ) -> Self:
        """The flat ground under a camera: height above it, tilt below the horizon, horizontal field, bearing.

        A pinhole with square pixels and its centre in the middle of the picture.
        """
        focal = width / 2 / tan(radians(field_deg) / 2)
        tilt, bearing = radians(tilt_deg), radians(bearing_deg)
        right = np.array([cos(bearing), -sin(bearing), 0.0])
        ahead = np.array([sin(bearing) * cos(tilt), cos(bearing) * cos(tilt), -sin(tilt)])
        turned = np.stack([right, np.cross(ahead, right), ahead])
        lens = np.array([[focal, 0.0, width / 2], [0.0, focal, height / 2], [0.0, 0.0, 1.0]])
        seen = lens @ np.column_stack([turned[:, 0], turned[:, 1], -turned @ np.array([0.0, 0.0, height_m])])
        matrix = np.linalg.inv(seen)
        matrix /= np.abs(matrix).max()
        below = matrix[2] @ np.array([width / 2, float(10 * height), 1.0])
        return cls(matrix, float(np.sign(below)))

    def to_ground(self, points_px: ArrayLike, sd_px: ArrayLike) -> tuple[Floats, Floats]:
        """Points (N, 2) in metres, and their covariances (N, 2, 2) for a standard deviation in the picture.

        `sd_px` is one for all, one per point (N), or one across and one along the picture's columns (N, 2). What
        lies on or above the horizon is NaN.
        """
        points = _points(points_px)
        jacobian, metres = self._derived(points)
        given = np.asarray(sd_px, dtype=np.float64)
        spread = np.broadcast_to(given if given.ndim == 2 else given[..., None], (len(points), 2))
        covariance = (jacobian * spread[:, None, :] ** 2) @ np.swapaxes(jacobian, 1, 2)
        return metres, covariance

    def to_picture(self, points_m: ArrayLike) -> Floats:
        """Points on the ground (N, 2) as they are seen, in px; NaN for what lies behind the camera."""
        points = _points(points_m)
        whole = np.column_stack([points, np.ones(len(points))]) @ np.linalg.inv(self.matrix).T
        with np.errstate(divide="ignore", invalid="ignore"):
            found: Floats = whole[:, :2] / whole[:, 2:]
        found[~self._below(found)] = np.nan
        return found

    def pixels_per_m(self, points_px: ArrayLike) -> Floats:
        """How many pixels a metre across the line of sight has at points of the ground (N,); NaN above the horizon."""
        jacobian, _ = self._derived(_points(points_px))
        good = np.isfinite(jacobian).all(axis=(1, 2))
        found = np.full(len(jacobian), np.nan)
        if good.any():
            found[good] = 1.0 / np.linalg.svd(jacobian[good], compute_uv=False)[:, -1]
        return found

    def _below(self, points: Floats) -> NDArray[np.bool_]:
        """Whether points of the picture lie below the horizon."""
        with np.errstate(invalid="ignore"):
            found: NDArray[np.bool_] = (points @ self.matrix[2, :2] + self.matrix[2, 2]) * self.sign > 0
        return found

    def _derived(self, points: Floats) -> tuple[Floats, Floats]:
        """Per point the derivative of metres by pixels (N, 2, 2), and the metres themselves (N, 2)."""
        whole = np.column_stack([points, np.ones(len(points))]) @ self.matrix.T
        third = np.where(self._below(points), whole[:, 2], np.nan)
        metres: Floats = whole[:, :2] / third[:, None]
        jacobian: Floats = (self.matrix[None, :2, :2] - metres[:, :, None] * self.matrix[None, 2:, :2]) / third[
            :, None, None
        ]
        return jacobian, metres


def _points(given: ArrayLike) -> Floats:
    return np.asarray(given, dtype=np.float64).reshape(-1, 2)


def _check(seen: Floats, placed: Floats) -> None:
    if len(seen) != len(placed) or len(seen) < PAIRS_MIN:
        raise BadInput(f"{len(seen)} points do not place a picture on the ground: give {PAIRS_MIN} or more, in pairs.")
    if not (np.isfinite(seen).all() and np.isfinite(placed).all()):
        raise BadInput("A point is no number: correct it.")
    for points, where in ((seen, "picture"), (placed, "map")):
        spread = np.linalg.svd(points - points.mean(axis=0), compute_uv=False)
        if spread[1] <= SPREAD_MIN * max(spread[0], 1e-12):
            raise BadInput(f"The points lie on one line in the {where}: add some beside it.")


def _normaliser(points: Floats) -> Floats:
    """Moves points to the origin, at a mean distance of the square root of two."""
    middle = points.mean(axis=0)
    scale = np.sqrt(2) / max(float(np.hypot(*(points - middle).T).mean()), 1e-12)
    return np.array([[scale, 0, -scale * middle[0]], [0, scale, -scale * middle[1]], [0, 0, 1.0]])


def _solved(seen: Floats, placed: Floats) -> Floats:
    """The homography that takes the one to the other, least squares of the algebraic error."""
    ones, none = np.ones(len(seen)), np.zeros((len(seen), 3))
    whole = np.column_stack([seen, ones])
    upper = np.hstack([whole, none, -placed[:, :1] * whole])
    lower = np.hstack([none, whole, -placed[:, 1:] * whole])
    _, sizes, rows = np.linalg.svd(np.vstack([upper, lower]))
    if len(sizes) > 7 and sizes[7] < 1e-9 * sizes[0]:
        raise BadInput("Three of these points lie on one line: spread them out.")
    found: Floats = rows[-1].reshape(3, 3)
    return found


def _mapped(matrix: Floats, points: Floats) -> Floats:
    whole = np.column_stack([points, np.ones(len(points))]) @ matrix.T
    found: Floats = whole[:, :2] / whole[:, 2:]
    return found


def _rms(errors: Floats) -> float:
    return float(np.sqrt((errors**2).sum(axis=1).mean()))
