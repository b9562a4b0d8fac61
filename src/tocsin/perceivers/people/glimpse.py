"""A frame made small and grey: in it people are found again, and motion is noticed."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tocsin.inference.detected import Picture
from tocsin.inference.sessions import needed

Grey = NDArray[np.uint8]

SIDE_PX_MAX = 480
"""Longest side; a person of 100 pixels in 720p has 25 there, a whole body is enough to be known again by."""


@dataclass(frozen=True, slots=True, eq=False)
class Glimpse:
    """The small grey picture of one frame, and how many of the frame's pixels make one of its own, each way."""

    grey: Grey
    of: float

    @classmethod
    def made(cls, picture: Picture) -> "Glimpse":
        """Shrink; green stands for grey."""
        cv2: Any = needed("cv2")
        grey = _halved(cv2.extractChannel(picture, 1))
        return cls(grey, picture.shape[1] / grey.shape[1])


def _halved(grey: Grey) -> Grey:
    """Halved until it is small enough: four pixels become one, which is the fastest way to shrink well."""
    cv2: Any = needed("cv2")
    while max(grey.shape) > SIDE_PX_MAX and min(grey.shape) >= 2:
        even = grey[: grey.shape[0] // 2 * 2, : grey.shape[1] // 2 * 2]
        grey = cv2.resize(even, (even.shape[1] // 2, even.shape[0] // 2), interpolation=cv2.INTER_AREA)
    return grey
