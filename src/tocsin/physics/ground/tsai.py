"""The camera model of Roger Tsai (1987), in which PETS and many laboratories give their calibrations."""

from dataclasses import dataclass
from math import cos, sin

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

_STEPS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Tsai:
    """A lens with radial distortion over level ground; lengths in millimetres as in the calibration, ground in metres.

    >>> lens = Tsai(focal=5.0, kappa1=0.005, cx=320.0, cy=240.0, sx=1.0, dpx=0.005, dpy=0.005,
    ...             tx=0.0, ty=0.0, tz=20_000.0, rx=2.0, ry=0.0, rz=0.0)
    >>> lens.to_picture(lens.to_ground([[300.0, 260.0]])).round(3).tolist()
    [[300.0, 260.0]]
    """

    focal: float
    kappa1: float
    cx: float
    cy: float
    sx: float
    dpx: float
    dpy: float
    tx: float
    ty: float
    tz: float
    rx: float
    ry: float
    rz: float

    def to_ground(self, points_px: ArrayLike) -> Floats:
        """Points of the picture (N, 2) on the ground, metres; NaN where the line of sight goes up or the lens folds."""
        points = np.asarray(points_px, dtype=np.float64).reshape(-1, 2)
        sensor = (points - (self.cx, self.cy)) * (self.dpx / self.sx, self.dpy)
        bent = (sensor**2).sum(axis=1)
        straight = sensor * np.where(bent < self._fold(), 1 + self.kappa1 * bent, np.nan)[:, None]
        turn = self._turn()
        rays = np.column_stack([straight, np.full(len(points), self.focal)]) @ turn
        camera = -turn.T @ np.array([self.tx, self.ty, self.tz])
        with np.errstate(divide="ignore", invalid="ignore"):
            far = -camera[2] / rays[:, 2]
        far = np.where(far > 0, far, np.nan)
        return np.asarray((camera[:2] + far[:, None] * rays[:, :2]) / 1000)

    def to_picture(self, points_m: ArrayLike) -> Floats:
        """Points on the ground (N, 2) as they are seen, px; NaN behind the camera."""
        metres = np.asarray(points_m, dtype=np.float64).reshape(-1, 2)
        world = np.column_stack([metres * 1000, np.zeros(len(metres))])
        seen = world @ self._turn().T + (self.tx, self.ty, self.tz)
        straight = self.focal * seen[:, :2] / np.where(seen[:, 2:] > 0, seen[:, 2:], np.nan)
        reach = np.linalg.norm(straight, axis=1)
        edge = float(np.sqrt(self._fold()))
        reach = np.where(reach < edge * (1 + self.kappa1 * edge**2), reach, np.nan) if np.isfinite(edge) else reach
        bent = np.minimum(reach, 0.9 * edge)
        for _ in range(_STEPS):  # Newton on bent * (1 + kappa1 * bent^2) = reach
            bent = bent - (bent * (1 + self.kappa1 * bent**2) - reach) / (1 + 3 * self.kappa1 * bent**2)
        sensor = straight * (bent / np.maximum(reach, 1e-12))[:, None]
        return np.asarray(sensor * (self.sx / self.dpx, 1 / self.dpy) + (self.cx, self.cy))

    @property
    def height_m(self) -> float:
        """How high the camera hangs."""
        return float(abs((self._turn().T @ np.array([self.tx, self.ty, self.tz]))[2])) / 1000

    def _fold(self) -> float:
        """The squared radius on the sensor beyond which a barrel-shaped model turns back on itself."""
        return -1 / (3 * self.kappa1) if self.kappa1 < 0 else float("inf")

    def _turn(self) -> Floats:
        (cx, sx), (cy, sy), (cz, sz) = ((cos(one), sin(one)) for one in (self.rx, self.ry, self.rz))
        return np.array(
            [
                [cy * cz, cz * sx * sy - cx * sz, sx * sz + cx * cz * sy],
                [cy * sz, sx * sy * sz + cx * cz, cx * sy * sz - cz * sx],
                [-sy, cy * sx, cx * cy],
            ]
        )
