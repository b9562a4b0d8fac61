"""How a box moves: four independent constant-velocity Kalman filters per track, all tracks at once."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(slots=True)
class Motion:
    """Position and velocity of centre x, centre y, width, height; one row per track.

    The covariance of an axis is a 2x2 matrix, kept as its three numbers `pp`, `pv`, `vv`.
    """

    position: Floats
    velocity: Floats
    pp: Floats
    pv: Floats
    vv: Floats

    @classmethod
    def starting(cls, measured: Floats, sd: Floats, speed_sd: Floats) -> "Motion":
        """At what was measured, at rest."""
        zero = np.zeros_like(measured)
        return cls(measured.copy(), zero, sd**2, zero.copy(), speed_sd**2)

    def predict(self, step_s: Floats, jerk: Floats) -> None:
        """Go on for `step_s`; `jerk` is the spectral density of the acceleration, px^2/s^3 per axis."""
        t = step_s[:, None]
        self.position = self.position + t * self.velocity
        self.pp = self.pp + t * (2 * self.pv + t * self.vv) + jerk * t**3 / 3
        self.pv = self.pv + t * self.vv + jerk * t**2 / 2
        self.vv = self.vv + jerk * t

    def update(self, rows: NDArray[np.int64], measured: Floats, variance: Floats) -> None:
        """Bring in what was measured for some rows."""
        pp, pv, vv = self.pp[rows], self.pv[rows], self.vv[rows]
        gain, gain_speed = pp / (pp + variance), pv / (pp + variance)
        off = measured - self.position[rows]
        self.position[rows] += gain * off
        self.velocity[rows] += gain_speed * off
        self.pp[rows], self.pv[rows], self.vv[rows] = (1 - gain) * pp, (1 - gain) * pv, vv - gain_speed * pv

    def kept(self, chosen: NDArray[np.bool_]) -> "Motion":
        """Some rows."""
        return Motion(self.position[chosen], self.velocity[chosen], self.pp[chosen], self.pv[chosen], self.vv[chosen])

    def joined(self, other: "Motion") -> "Motion":
        """These rows and those of another."""
        return Motion(
            np.concatenate([self.position, other.position]),
            np.concatenate([self.velocity, other.velocity]),
            np.concatenate([self.pp, other.pp]),
            np.concatenate([self.pv, other.pv]),
            np.concatenate([self.vv, other.vv]),
        )

    def moved(self, affine: Floats) -> None:
        """Follow a camera: an affine of the whole picture between the last frame and this one."""
        turn = affine[:, :2]
        scale = float(np.sqrt(abs(np.linalg.det(turn))))
        self.position[:, :2] = self.position[:, :2] @ turn.T + affine[:, 2]
        self.velocity[:, :2] = self.velocity[:, :2] @ turn.T
        self.position[:, 2:] *= scale
        self.velocity[:, 2:] *= scale
