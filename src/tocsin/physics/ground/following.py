"""Tracking in metres: where somebody walks on the ground, how fast, and how well that is known."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tocsin.model import BadInput, ConfigError
from tocsin.physics.tracking.assignment import best_pairs

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

ELLIPSE_90 = 4.605170185988092
"""Squared deviations within which a point of the plane lies nine times out of ten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Following:
    """How people walk, and how their feet are measured.

    `acceleration` is how restless a walk is (m/s^1.5), `speed_sd` what is thought of a speed at first (m/s).
    Detectors err in the same direction for a while: `lasting_share` of the variance of a measurement is an offset
    that fades in `lasting_s`; left out, a track would claim to know what it cannot. `floor_m` is the least deviation
    of a measurement (soles, shadows, the plane itself). Without ids of its own a measurement belongs to the track
    within `gate` squared deviations. A track ends after `memory_s` without any.
    """

    acceleration: float = 0.5
    speed_sd: float = 1.2
    lasting_share: float = 0.6
    lasting_s: float = 0.6
    floor_m: float = 0.03
    gate: float = 11.0
    memory_s: float = 2.0
    jump_s_max: float = 5.0
    tracks_max: int = 1_000

    def __post_init__(self) -> None:
        if not 0 <= self.lasting_share < 1:
            raise ConfigError("Following needs a lasting_share from 0 to below 1.")
        if min(self.acceleration, self.speed_sd, self.lasting_s, self.gate, self.memory_s, self.jump_s_max) <= 0:
            raise ConfigError("Following needs speeds, times and limits above zero.")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Followed:
    """All tracks on the ground at one moment: places and speeds in metres east and north, covariances (M, 2, 2)."""

    at: float
    ids: Ints
    points_m: Floats
    velocities_m_s: Floats
    covariances: Floats
    speed_covariances: Floats
    seen: Bools
    dropped: int = 0

    def __len__(self) -> int:
        return len(self.ids)


class GroundTracker:
    """A constant-velocity Kalman filter per person, all at once; the state is place, speed and the lasting error.

    >>> tracker = GroundTracker()
    >>> for step in range(20):
    ...     followed = tracker.update(step / 10, [[1.0 + step * 0.13, 5.0]], np.eye(2)[None] * 0.04)
    >>> followed.ids.tolist(), followed.velocities_m_s.round(1).tolist()
    ([1], [[1.3, 0.0]])
    """

    def __init__(self, parameters: Following | None = None) -> None:
        self.parameters = parameters or Following()
        self._at: float | None = None
        self._next = 1
        self._forget_all()

    def update(self, at: float, points_m: ArrayLike, covariances: ArrayLike, ids: ArrayLike | None = None) -> Followed:
        """Take the measured points of one moment; `ids` are those of a tracker in the picture, where there is one.

        What is no finite point with a covariance is dropped and counted.
        """
        points, spreads = np.asarray(points_m, float).reshape(-1, 2), np.asarray(covariances, float).reshape(-1, 2, 2)
        given = None if ids is None else np.asarray(ids, dtype=np.int64).reshape(-1)
        if len(points) != len(spreads) or (given is not None and len(given) != len(points)):
            raise BadInput("Give one covariance (and one id, where there are any) per point.")
        good = _usable(points, spreads)
        points, spreads = points[good], spreads[good] + np.eye(2) * self.parameters.floor_m**2
        self._go_to(at)
        rows, found = self._paired(points, spreads, None if given is None else given[good])
        self._correct(rows, points[found], spreads[found])
        self._seen = np.zeros(len(self._ids), dtype=bool)
        self._seen[rows], self._last[rows] = True, at
        left = np.setdiff1d(np.arange(len(points)), found)
        self._begin(at, points[left], spreads[left], None if given is None else given[good][left])
        self._keep(at - self._last <= self.parameters.memory_s + 1e-9)
        return self._told(at, int((~good).sum()))

    def coast(self, at: float) -> Followed:
        """Where everybody is when nothing was measured."""
        self._go_to(at)
        self._seen = np.zeros(len(self._ids), dtype=bool)
        return self._told(at, 0)

    def _forget_all(self) -> None:
        self._ids, self._seen, self._last = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=bool), np.zeros(0)
        self._state, self._spread, self._lasting = np.zeros((0, 6)), np.zeros((0, 6, 6)), np.zeros((0, 2, 2))

    def _go_to(self, at: float) -> None:
        if not np.isfinite(at):
            raise BadInput("The time of a measurement must be a finite number of seconds.")
        step = 0.0 if self._at is None else at - self._at
        if not 0 <= step <= self.parameters.jump_s_max:
            self._forget_all()
            step = 0.0
        self._at = at
        if step and len(self._ids):
            self._predict(step)

    def _predict(self, step: float) -> None:
        of, one = self.parameters, np.eye(2)
        fade = float(np.exp(-step / of.lasting_s))
        move = np.eye(6)
        move[:2, 2:4], move[4:, 4:] = step * one, fade * one
        swing = of.acceleration**2
        noise = np.zeros((len(self._ids), 6, 6))
        noise[:, :2, :2], noise[:, 2:4, 2:4] = swing * step**3 / 3 * one, swing * step * one
        noise[:, :2, 2:4] = noise[:, 2:4, :2] = swing * step**2 / 2 * one
        noise[:, 4:, 4:] = self._lasting * (1 - fade**2)
        self._state = self._state @ move.T
        self._spread = move @ self._spread @ move.T + noise

    def _paired(self, points: Floats, spreads: Floats, given: Ints | None) -> tuple[Ints, Ints]:
        if given is not None:
            _, rows, found = np.intersect1d(self._ids, given, return_indices=True)
            return rows, found
        if not len(points) or not len(self._ids):
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
        own = self._expected()[:, None] + (1 - self.parameters.lasting_share) * spreads[None]
        away = points[None] - (self._state[:, None, :2] + self._state[:, None, 4:])
        far = np.einsum("nmi,nmij,nmj->nm", away, np.linalg.inv(own), away)
        return best_pairs(self.parameters.gate - far, far < self.parameters.gate)

    def _expected(self) -> Floats:
        """The spread of where a measurement is expected, without its own noise: place and lasting error together."""
        p = self._spread
        return np.asarray(p[:, :2, :2] + p[:, :2, 4:] + p[:, 4:, :2] + p[:, 4:, 4:])

    def _correct(self, rows: Ints, points: Floats, spreads: Floats) -> None:
        if not len(rows):
            return
        share = self.parameters.lasting_share
        self._lasting[rows] = share * spreads
        spread = self._spread[rows]
        inverse = np.linalg.inv(self._expected()[rows] + (1 - share) * spreads)
        cross = spread[:, :, :2] + spread[:, :, 4:]
        gain = cross @ inverse
        away = points - self._state[rows, :2] - self._state[rows, 4:]
        self._state[rows] += np.einsum("nij,nj->ni", gain, away)
        after = spread - gain @ np.swapaxes(cross, 1, 2)
        self._spread[rows] = (after + np.swapaxes(after, 1, 2)) / 2

    def _begin(self, at: float, points: Floats, spreads: Floats, given: Ints | None) -> None:
        count = min(len(points), self.parameters.tracks_max - len(self._ids))
        if count <= 0:
            return
        points, spreads, share = points[:count], spreads[:count], self.parameters.lasting_share
        spread = np.zeros((count, 6, 6))
        spread[:, :2, :2], spread[:, 2:4, 2:4] = spreads, np.eye(2) * self.parameters.speed_sd**2
        spread[:, 4:, 4:] = share * spreads
        spread[:, :2, 4:] = spread[:, 4:, :2] = -share * spreads
        ids = np.arange(self._next, self._next + count) if given is None else given[:count]
        self._next += count
        self._ids = np.concatenate([self._ids, ids])
        self._state = np.concatenate([self._state, np.hstack([points, np.zeros((count, 4))])])
        self._spread = np.concatenate([self._spread, spread])
        self._lasting = np.concatenate([self._lasting, share * spreads])
        self._last = np.concatenate([self._last, np.full(count, at)])
        self._seen = np.concatenate([self._seen, np.ones(count, dtype=bool)])

    def _keep(self, kept: Bools) -> None:
        if not kept.all():
            for name in ("_ids", "_seen", "_last", "_state", "_spread", "_lasting"):
                setattr(self, name, getattr(self, name)[kept])

    def _told(self, at: float, dropped: int) -> Followed:
        return Followed(
            at=at,
            ids=self._ids.copy(),
            points_m=self._state[:, :2].copy(),
            velocities_m_s=self._state[:, 2:4].copy(),
            covariances=self._spread[:, :2, :2].copy(),
            speed_covariances=self._spread[:, 2:4, 2:4].copy(),
            seen=self._seen.copy(),
            dropped=dropped,
        )


def _usable(points: Floats, spreads: Floats) -> Bools:
    """Finite points with a covariance that is one."""
    with np.errstate(invalid="ignore", over="ignore"):
        sound = (spreads[:, 0, 0] >= 0) & (spreads[:, 1, 1] >= 0) & (np.linalg.det(spreads) >= 0)
        near = (np.abs(points) < 1e6).all(axis=1) & (np.abs(spreads) < 1e8).all(axis=(1, 2))
    return np.asarray(np.isfinite(points).all(axis=1) & np.isfinite(spreads).all(axis=(1, 2)) & sound & near)


def inside_90(points_m: Floats, covariances: Floats, truth_m: Floats) -> Bools:
    """Which true places lie in the stated 90 % ellipse of their track."""
    away = truth_m - points_m
    far = np.einsum("ni,nij,nj->n", away, np.linalg.inv(covariances), away)
    return np.asarray(far <= ELLIPSE_90)
