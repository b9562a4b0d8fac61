"""A frame made small: grey, once for comparing places of people, once smaller for noticing motion."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tocsin.inference.detected import Picture
from tocsin.inference.sessions import needed

Grey = NDArray[np.uint8]

MIDDLE_PX = 480
"""Longest side of the picture in which people are found again; a person of 100 pixels in 720p has 25 there."""

SMALL_PX = 200
"""Longest side of the picture in which motion is noticed."""


@dataclass(frozen=True, slots=True, eq=False)
class Glimpse:
    """Two small grey pictures of one frame, and how many of the frame's pixels go into one of theirs."""

    middle: Grey
    small: Grey
    middle_of: float
    small_of: float

    @classmethod
    def of(cls, picture: Picture) -> "Glimpse":
        """Shrink twice; green stands for grey."""
        cv2: Any = needed("cv2")
        middle = _halved(cv2.extractChannel(picture, 1), MIDDLE_PX)
        small = _halved(middle, SMALL_PX)
        width = picture.shape[1]
        return cls(middle, small, width / middle.shape[1], width / small.shape[1])


def _halved(grey: Grey, side_px_max: int) -> Grey:
    """Halved until it is small enough: four pixels become one, which is the fastest way to shrink well."""
    cv2: Any = needed("cv2")
    while max(grey.shape) > side_px_max and min(grey.shape) >= 2:
        even = grey[: grey.shape[0] // 2 * 2, : grey.shape[1] // 2 * 2]
        grey = cv2.resize(even, (even.shape[1] // 2, even.shape[0] // 2), interpolation=cv2.INTER_AREA)
    return grey
