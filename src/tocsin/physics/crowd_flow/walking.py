"""How people walk on from where they were seen: constant velocity with unrest, one row per person (Kalman)."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(slots=True)
class Walking:
    """Places and velocities (N, 2); `pp`, `pv`, `vv` (N,) are the covariance of one component, alike in both.

    >>> walking = Walking.starting(np.array([[0.0, 0.0]]), sd=0.1, speed_sd=1.0)
    >>> walking.go_on(1.0, unrest=0.1)
    >>> walking.seen(np.array([0]), np.array([[1.0, 0.0]]), sd=0.1)
    >>> [round(float(speed), 2) for speed in walking.velocity[0]]
    [1.0, 0.0]
    """

    place: Floats
    velocity: Floats
    pp: Floats
    pv: Floats
    vv: Floats

    @classmethod
    def starting(cls, places: Floats, sd: float, speed_sd: float) -> Self:
        """Seen for the first time, at rest as far as is known."""
        n = len(places)
        return cls(places.copy(), np.zeros((n, 2)), np.full(n, sd**2), np.zeros(n), np.full(n, speed_sd**2))

    def go_on(self, step_s: float, unrest: float) -> None:
        """Walk on for a while; `unrest` is the spectral density of changes of speed, m²/s³."""
        self.place = self.place + step_s * self.velocity
        self.pp = self.pp + step_s * (2 * self.pv + step_s * self.vv) + unrest * step_s**3 / 3
        self.pv = self.pv + step_s * self.vv + unrest * step_s**2 / 2
        self.vv = self.vv + unrest * step_s

    def seen(self, rows: NDArray[np.int64], places: Floats, sd: float) -> None:
        """Bring in where some rows were seen."""
        pp, pv = self.pp[rows], self.pv[rows]
        gain, gain_speed = pp / (pp + sd**2), pv / (pp + sd**2)
        off = places - self.place[rows]
        self.place[rows] += gain[:, None] * off
        self.velocity[rows] += gain_speed[:, None] * off
        self.pp[rows], self.pv[rows], self.vv[rows] = (1 - gain) * pp, (1 - gain) * pv, self.vv[rows] - gain_speed * pv

    def kept(self, chosen: NDArray[np.bool_]) -> Self:
        """Some rows."""
        return type(self)(*(getattr(self, name)[chosen] for name in self.__slots__))

    def joined(self, other: Self) -> Self:
        """These rows and those of another."""
        return type(self)(*(np.concatenate([getattr(one, name) for one in (self, other)]) for name in self.__slots__))
