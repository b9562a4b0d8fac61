"""One person as all cameras together see them: a constant-velocity filter, and who of which camera it is."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tocsin.physics.joining.walks import Walk

Floats = NDArray[np.float64]

_SPEED_SD = 1.2
_ONE = np.eye(2)


@dataclass(slots=True, eq=False)
class Person:
    """Place and speed at `at` (reference time). `members` holds, per camera, its track's id and when it was seen."""

    id: int
    at: float
    state: Floats
    spread: Floats
    members: dict[str, tuple[int, float]] = field(default_factory=dict)
    walk: Walk = field(default_factory=Walk)

    @classmethod
    def starting(cls, id: int, at: float, place: Floats, covariance: Floats) -> "Person":
        """Somebody new."""
        spread = np.zeros((4, 4))
        spread[:2, :2], spread[2:, 2:] = covariance, _ONE * _SPEED_SD**2
        person = cls(id, at, np.array([*place, 0.0, 0.0]), spread)
        person.walk.add(at, place, covariance)
        return person

    def place(self, at: float, acceleration: float) -> tuple[Floats, Floats]:
        """Where, and how well known, at a time after (or a little before) the last."""
        state, spread = self._moved(at - self.at, acceleration)
        return state[:2], spread[:2, :2]

    def take(self, at: float, place: Floats, covariance: Floats, acceleration: float) -> None:
        """Bring in what a camera measured, also a moment late."""
        if at > self.at:
            self.state, self.spread = self._moved(at - self.at, acceleration)
            self.at = at
        sees = np.hstack([_ONE, (at - self.at) * _ONE])
        cross = self.spread @ sees.T
        gain = cross @ np.linalg.inv(sees @ cross + covariance)
        self.state = self.state + gain @ (place - sees @ self.state)
        after = self.spread - gain @ cross.T
        self.spread = (after + after.T) / 2
        self.walk.add(self.at, self.state[:2], self.spread[:2, :2])

    def seen_by(self, camera: str, since: float) -> bool:
        """Whether a camera has had a track of this person since then."""
        return camera in self.members and self.members[camera][1] >= since

    @property
    def last(self) -> float:
        """When any camera saw this person last."""
        return max((at for _, at in self.members.values()), default=-np.inf)

    def _moved(self, step: float, acceleration: float) -> tuple[Floats, Floats]:
        move = np.eye(4)
        move[:2, 2:] = step * _ONE
        swing, late = acceleration**2, abs(step)
        noise = np.zeros((4, 4))
        noise[:2, :2], noise[2:, 2:] = swing * late**3 / 3 * _ONE, swing * late * _ONE
        noise[:2, 2:] = noise[2:, :2] = swing * late**2 / 2 * _ONE
        return move @ self.state, move @ self.spread @ move.T + noise
