"""How a box moves: four independent constant-velocity Kalman filters per track, all tracks at once."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_SMALLEST = np.array([4.0, 8.0])  # a predicted box never vanishes


class Motion:
    """Centre x, centre y, width, height of every track, with their velocities; one row per track.

    The covariance of an axis is a 2x2 matrix, kept as its three numbers `pp`, `pv`, `vv`.

    >>> motion = Motion.starting(np.array([[10.0, 20, 4, 8]]), np.ones((1, 4)), np.ones((1, 4)))
    >>> motion.predict(1.0, np.zeros((1, 4)))
    >>> motion.update(np.array([0]), np.array([[14.0, 20, 4, 8]]), np.full((1, 4), 1.0)).round(1).tolist()
    [[5.3, 0.0, 0.0, 0.0]]
    >>> motion.position.round(2).tolist(), motion.velocity.round(2).tolist()
    ([[12.67, 20.0, 4.0, 8.0]], [[1.33, 0.0, 0.0, 0.0]])
    """

    __slots__ = ("_state",)

    def __init__(self, state: Floats) -> None:
        self._state = state

    @classmethod
    def none(cls) -> "Motion":
        """No tracks."""
        return cls(np.zeros((5, 0, 4)))

    @classmethod
    def starting(cls, measured: Floats, sd: Floats, speed_sd: Floats) -> "Motion":
        """At what was measured, at rest."""
        state = np.zeros((5, len(measured), 4))
        state[0], state[2], state[4] = measured, sd**2, speed_sd**2
        return cls(state)

    @property
    def position(self) -> Floats:
        """Where the boxes are: centre x, centre y, width, height."""
        return np.asarray(self._state[0])

    @property
    def velocity(self) -> Floats:
        """Per second."""
        return np.asarray(self._state[1])

    @property
    def variance(self) -> Floats:
        """Of the position."""
        return np.asarray(self._state[2])

    def predict(self, step_s: float, jerk: Floats) -> None:
        """Go on for `step_s`; `jerk` is the spectral density of the acceleration, px^2/s^3 per axis."""
        position, velocity, pp, pv, vv = self._state
        grown = jerk * step_s
        position += step_s * velocity
        pp += step_s * (2 * pv + step_s * vv) + grown * (step_s**2 / 3)
        pv += step_s * vv + grown * (step_s / 2)
        vv += grown
        np.maximum(position[:, 2:], _SMALLEST, out=position[:, 2:])

    def update(self, rows: Ints, measured: Floats, variance: Floats) -> Floats:
        """Bring in what was measured for some rows; the squared surprise per axis, in deviations."""
        position, velocity, pp, pv, vv = self._state[:, rows]
        off, spread = measured - position, pp + variance
        gain, gain_speed = pp / spread, pv / spread
        after = np.empty((5, len(rows), 4))
        after[0], after[1] = position + gain * off, velocity + gain_speed * off
        after[2], after[3], after[4] = (1 - gain) * pp, (1 - gain) * pv, vv - gain_speed * pv
        self._state[:, rows] = after
        return np.asarray(off**2 / spread)

    def calm_sizes(self, rows: NDArray[np.bool_], share: float) -> None:
        """Widths and heights change less while nobody looks: half-covered boxes were what made them change."""
        self._state[1::2, rows, 2:] *= share

    def keep(self, chosen: NDArray[np.bool_]) -> None:
        """Only some rows."""
        self._state = self._state[:, chosen]

    def join(self, other: "Motion") -> None:
        """Add the rows of another."""
        self._state = np.concatenate([self._state, other._state], axis=1)  # noqa: SLF001  # same class

    def follow(self, affine: Floats) -> None:
        """Follow a camera: an affine of the whole picture between the last frame and this one."""
        turn = affine[:, :2]
        scale = float(np.sqrt(abs(turn[0, 0] * turn[1, 1] - turn[0, 1] * turn[1, 0])))
        position, velocity = self._state[:2]
        position[:, :2] = position[:, :2] @ turn.T + affine[:, 2]
        velocity[:, :2] = velocity[:, :2] @ turn.T
        self._state[:2, :, 2:] *= scale
        self._state[2:] *= scale**2
