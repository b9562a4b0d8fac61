"""Two backgrounds of one small picture, and for how long each place has stood still before the slow one."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tocsin.inference.sessions import needed
from tocsin.perceivers.stills.parameters import Standing

Colours = NDArray[np.float32]
Seconds = NDArray[np.float32]
Bools = NDArray[np.bool_]

DIFFERS_SHARE = 0.06
"""What is bright may differ by so much more: shadows and lamps take a share."""

CALM = 0.6
"""A place stands still while it differs from the fast background by less than this part of the usual threshold."""

FIRST_MAX = 9
"""Most pictures of which the first background is the median."""

FADES = 4.0
"""So many times faster than it came, what stood still is forgotten where the background is back."""


@dataclass(slots=True)
class Backgrounds:
    """`slow` is what is usual, `fast` what was seen lately; `still_s` since when a place stands still, foreign.

    `hidden_s` is for how long something has been in front of it. `first` are the pictures of the beginning,
    whose median is the first background: who walks through it does not stay in it.
    """

    slow: Colours
    fast: Colours
    still_s: Seconds
    hidden_s: Seconds
    at: float
    since: float
    first: list[Colours] = field(default_factory=list)

    @classmethod
    def of(cls, small: Colours, at: float) -> "Backgrounds":
        """One picture is all that is known."""
        nothing = np.zeros(small.shape[:2], np.float32)
        return cls(small.copy(), small.copy(), nothing, nothing.copy(), at, at)

    def take(self, small: Colours, at: float, what: Standing) -> float:
        """Learn one picture; gives the share of places that are foreign, moving or still."""
        step_s = at - self.at
        self.at = at
        small = self._relit(small)
        threshold = what.differs + DIFFERS_SHARE * self.slow.max(axis=2)
        moving = np.abs(small - self.fast).max(axis=2) > CALM * threshold
        foreign = np.abs(self.fast - self.slow).max(axis=2) > threshold
        self.fast += min(1.0, step_s / what.fast_s) * (small - self.fast)
        still = foreign & ~moving
        back = ~foreign & ~moving
        self.still_s[still] += step_s
        self.still_s[back] = np.maximum(0.0, self.still_s[back] - FADES * step_s)
        self.hidden_s = np.where(moving, self.hidden_s + step_s, 0.0).astype(np.float32)
        self.still_s[self.hidden_s > what.hidden_s_max] = 0.0
        self._learn(small, foreign | moving, step_s, what)
        return float(np.mean(np.abs(small - self.slow).max(axis=2) > threshold))

    def absorb(self, places: Bools) -> None:
        """What stands at these places belongs to the background from now on."""
        self.slow[places] = self.fast[places]
        self.still_s[places] = 0.0

    def _learn(self, small: Colours, other: Bools, step_s: float, what: Standing) -> None:
        """The slow background: everything while it settles, then only where it is as usual."""
        if self.at - self.since <= what.settle_s:
            self._settle(small, what.settle_s)
            return
        self.first = []
        rate = np.where(other, 0.0, min(1.0, step_s / what.slow_s)).astype(np.float32)
        self.slow += rate[:, :, None] * (small - self.slow)

    def _settle(self, small: Colours, settle_s: float) -> None:
        if self.at - self.since >= settle_s * len(self.first) / FIRST_MAX:
            self.first.append(small)
            self.slow = np.median(self.first, axis=0).astype(np.float32)
        self.still_s[:] = 0.0

    def _relit(self, small: Colours) -> Colours:
        """The picture in the light of the slow background, as far as one gain per colour tells."""
        some, usual = small[::4, ::4].reshape(-1, 3), self.slow[::4, ::4].reshape(-1, 3)
        gain = np.median((usual + 8.0) / (some + 8.0), axis=0)
        relit: Colours = (small * np.clip(gain, 0.5, 2.0)).astype(np.float32)
        return relit


def shrunk(picture: NDArray[np.uint8], width_px: int) -> Colours:
    """A picture made small, as numbers that can be averaged."""
    cv2: Any = needed("cv2")
    height, width = picture.shape[:2]
    if width <= width_px:
        return picture.astype(np.float32)
    size = (width_px, max(1, round(height * width_px / width)))
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA).astype(np.float32)  # type: ignore[no-any-return]
