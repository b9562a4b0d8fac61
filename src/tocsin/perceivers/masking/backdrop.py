"""The last clean background: per pixel what was there most of the time, learned only where nothing was masked."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tocsin.inference.sessions import needed
from tocsin.perceivers.masking.filling import Colour, Picture

Votes = NDArray[np.uint8]

EVERY_S = 2.0
"""Pictures closer together than this teach nothing new: whoever stands there still stands there."""

VOTES_MIN, VOTES_MAX = 4, 12
"""A value counts once it has so many more votes than all others; more than the most it cannot have."""

ALIKE = 24
"""Grey levels within which two values of a pixel are the same thing in other light."""

MARGIN_SHARE = 0.02
"""How far around a mask nothing is learned, as a share of the picture's height."""

MOVED_SHARE = 0.005
"""A picture that moved by this share of its width shows another background."""


@dataclass(slots=True)
class Backdrop:
    """A majority vote per pixel (Boyer and Moore 1981): one value and how far it leads.

    A pixel that was masked does not vote. A person whom a mask once missed is outvoted; one missed for
    longer than `VOTES_MIN` votes in one place is not: no background can be better than its masks.
    """

    picture: Picture
    votes: Votes
    at: float = field(default=-np.inf)

    @classmethod
    def of(cls, size: tuple[int, ...]) -> "Backdrop":
        """Nothing is known yet."""
        return cls(np.zeros((size[0], size[1], 3), np.uint8), np.zeros((size[0], size[1]), np.uint8))

    def learn(self, picture: Picture, filled: NDArray[np.uint8], at: float) -> None:
        """Let every pixel vote that is not under the mask or near it."""
        if at - self.at < EVERY_S:
            return
        self.at = at
        cv2: Any = needed("cv2")
        margin_px = max(2, round(MARGIN_SHARE * len(filled)))
        free = cv2.dilate(filled, np.ones((2 * margin_px + 1,) * 2, np.uint8)) == 0
        blue, green, red = cv2.split(cv2.absdiff(picture, self.picture))
        apart = cv2.max(cv2.max(blue, green), red)
        agree = free & (apart <= ALIKE) & (self.votes > 0)
        self.votes[agree & (self.votes < VOTES_MAX)] += 1
        fresh = free & (self.votes == 0)
        self.votes[free & ~agree & ~fresh] -= 1
        self.votes[fresh] = 1
        self.picture[fresh] = picture[fresh]
        lit = agree & (apart > 2)
        self.picture[lit] = (self.picture[lit].astype(np.uint16) + picture[lit] + 1) // 2

    def forget(self) -> None:
        """The camera looks elsewhere."""
        self.votes[:] = 0

    def shown(self, colour: Colour) -> Picture:
        """The background, with the colour of masks wherever nothing is sure."""
        return np.where((self.votes >= VOTES_MIN)[:, :, None], self.picture, np.array(colour, np.uint8))


def moved(motion: NDArray[np.float32], width: int) -> bool:
    """Whether the whole picture moved, turned or grew since the last frame."""
    shift, turn = np.abs(motion[:, 2]).max(), np.abs(motion[:, :2] - np.eye(2)).max()
    return bool(shift > MOVED_SHARE * width or turn > MOVED_SHARE)
