"""What a camera sees when nobody is there, learned slowly; what differs from it, or from a moment ago, moves."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tocsin.inference.sessions import needed
from tocsin.perceivers.people.glimpse import Grey

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]

DIFFERS, DIFFERS_SHARE = 8.0, 0.08
"""Least difference in grey levels that is not noise, and its part that grows with brightness: shadows are soft."""

DIFFERS_SD = 4.5
"""Least difference in standard deviations of the place itself: leaves and water are usual there."""

LEARN_S, FORGET_S, SETTLE_S = 20.0, 6.0, 2.0
"""How slowly what is usual is learned; what stands still and is nobody; and at the beginning, seconds."""

YOUNG_S, FORGET_YOUNG_S = 20.0, 1.5
"""So long what is usual may still show people of the first frames, whose ghosts are forgotten fast."""

SHAKEN_SHARE = 0.6
"""A picture of which more differs at once shows another place, or another light: all is learned anew."""


@dataclass(slots=True)
class Backdrop:
    """Mean and deviation of each place of the small picture, and the last picture."""

    mean: Floats
    variance: Floats
    last: Grey
    at: float
    since: float
    moving: Bools = field(default_factory=lambda: np.zeros((0, 0), np.bool_))
    changed: Bools = field(default_factory=lambda: np.zeros((0, 0), np.bool_))

    @classmethod
    def of(cls, small: Grey, at: float) -> "Backdrop":
        """One picture is all that is known; at first only what changes moves."""
        nothing = np.zeros(small.shape, np.bool_)
        return cls(small.astype(np.float32), np.full(small.shape, 16.0, np.float32), small, at, at, nothing, nothing)

    def take(self, small: Grey, at: float, busy: Bools) -> None:
        """Compare a picture with what is usual and with the last one, then learn, but not where it is `busy`."""
        step_s = max(at - self.at, 1e-3)
        light = float(np.median(small[::2, ::2].astype(np.float32) - self.mean[::2, ::2]))
        off = small - self.mean - np.float32(light)
        foreign = np.abs(off) > np.maximum(_least(self.mean), DIFFERS_SD * np.sqrt(self.variance))
        changed = np.abs(small.astype(np.float32) - self.last) > _least(self.mean)
        if foreign.mean() > SHAKEN_SHARE:
            self.forget(small, at)
            foreign = np.zeros_like(foreign)
        self._learn(small, off, foreign, changed | busy, step_s)
        self.moving, self.changed = _without_specks(foreign | changed), changed
        self.last, self.at = small, at

    def forget(self, small: Grey, at: float) -> None:
        """The camera moved, or the light is another: this picture is all that is known."""
        fresh = Backdrop.of(small, at)
        self.mean, self.variance, self.since, self.last = fresh.mean, fresh.variance, at, small

    def _learn(self, small: Grey, off: Floats, foreign: Bools, busy: Bools, step_s: float) -> None:
        """Slowly where it is as usual, soon where a stranger stands still and is nobody, never where it is `busy`."""
        age_s = self.at - self.since
        rate = np.full(small.shape, min(1.0, step_s / (SETTLE_S / 2 if age_s < SETTLE_S else LEARN_S)), np.float32)
        rate[foreign] = min(1.0, step_s / (FORGET_YOUNG_S if age_s < YOUNG_S else FORGET_S))
        rate[busy] = 0.0
        self.mean += rate * (small - self.mean)
        spread = rate * (~foreign)
        self.variance += spread * (np.minimum(off * off, 400.0) - self.variance)


def _least(mean: Floats) -> Floats:
    least: Floats = np.float32(DIFFERS) + np.float32(DIFFERS_SHARE) * mean
    return least


def _without_specks(mask: Bools) -> Bools:
    """Without single places, and closed where a person's middle is as bright as the ground."""
    cv2 = needed("cv2")
    kept = cv2.medianBlur(mask.astype(np.uint8), 3)
    closed: NDArray[np.uint8] = cv2.morphologyEx(kept, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    return closed > 0
