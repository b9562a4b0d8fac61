"""Whether the camera itself moved between two frames, and how."""

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tocsin.inference.sessions import needed
from tocsin.perceivers.people.glimpse import Glimpse, Grey
from tocsin.physics.tracking import shift_of_pictures

Floats = NDArray[np.float64]

SHIFT_PX = 0.7
"""Least shift (in the small picture) for which it is worth to look how the camera moved."""

CHANGED_SHARE, STRANGE = 0.35, 16
"""If more of the picture changed at once (by so many grey levels), the camera may have turned or zoomed."""

SIDE_MIN = 32
"""A picture that is smaller says nothing about the camera."""

SURE = 0.05
"""Least response of the correlation: below it the two pictures have nothing in common."""

BETTER = 0.6
"""A motion of the camera leaves less than this part of the difference between two pictures; else it is none."""

APART_MAX = 40
"""A place that differs more, in grey levels, counts no more: people who walk by are not the camera."""


def motion_of_camera(before: Glimpse, after: Glimpse, boxes: Floats) -> Floats | None:
    """The affine (2, 3) in pixels of the frame that carries the last one onto this one; None where it stands.

    A correlation of the pictures tells at once whether to look more closely; people, in `boxes`, walk by
    themselves and are left out then.
    """
    if before.grey.shape != after.grey.shape or min(after.grey.shape) < SIDE_MIN or not _stirs(before, after):
        return None
    affine = shift_of_pictures(before.grey, after.grey, boxes / after.of)
    affine[:, 2] *= after.of
    return affine if _explains(affine, before, after) else None


def _explains(affine: Floats, before: Glimpse, after: Glimpse) -> bool:
    """Whether the last picture, moved so, is much more like this one than as it was."""
    cv2: Any = needed("cv2")
    small = affine.copy()
    small[:, 2] /= after.of
    size = (after.grey.shape[1], after.grey.shape[0])
    moved = cv2.warpAffine(before.grey, small, size, borderMode=cv2.BORDER_REPLICATE)
    return _apart(moved, after.grey) < BETTER * _apart(before.grey, after.grey)


def _apart(one: Grey, other: Grey) -> float:
    return float(np.minimum(np.abs(one.astype(np.int16) - other), APART_MAX).mean())


def _stirs(before: Glimpse, after: Glimpse) -> bool:
    """Whether it is worth to look more closely; every second pixel tells."""
    cv2: Any = needed("cv2")
    one, other = (made.grey[::2, ::2].astype(np.float32) for made in (before, after))
    if float((np.abs(one - other) > STRANGE).mean()) > CHANGED_SHARE:
        return True
    (across, down), response = cv2.phaseCorrelate(one, other, _faded(one.shape))
    return bool(response > SURE and 2 * max(abs(across), abs(down)) > SHIFT_PX)


@cache
def _faded(shape: tuple[int, ...]) -> NDArray[np.float32]:
    """A window that fades to the edges, so that they do not count as something that stands still."""
    cv2: Any = needed("cv2")
    faded: NDArray[np.float32] = cv2.createHanningWindow((shape[1], shape[0]), cv2.CV_32F)
    return faded
