"""Whether the camera itself moved between two frames, and how."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tocsin.inference.sessions import needed
from tocsin.perceivers.people.glimpse import Glimpse, Grey
from tocsin.physics.tracking import shift_of_pictures

Floats = NDArray[np.float64]

SHIFT_PX = 0.35
"""Least shift (in the smallest picture) for which it is worth to look how the camera moved."""

CHANGED_SHARE = 0.35
"""If more of the picture changed at once, it may have turned or zoomed."""

SIDE_MIN = 16
"""A picture that is smaller says nothing about the camera."""

SURE = 0.05
"""Least response of the correlation: below it the two pictures have nothing in common."""

BETTER = 0.6
"""A motion of the camera leaves less than this part of the difference between two pictures; else it is none."""

APART_MAX = 40
"""A place that differs more, in grey levels, counts no more: people who walk by are not the camera."""


def motion_of_camera(before: Glimpse, after: Glimpse, boxes: Floats) -> Floats | None:
    """The affine (2, 3) in pixels of the frame that carries the last one onto this one; None where it stands.

    A correlation of the smallest pictures tells at once whether to look more closely; people, in `boxes`, walk by
    themselves and are left out then.
    """
    if before.small.shape != after.small.shape or min(after.small.shape) < SIDE_MIN or not _stirs(before, after):
        return None
    affine = shift_of_pictures(before.middle, after.middle, boxes / after.middle_of)
    affine[:, 2] *= after.middle_of
    return affine if _explains(affine, before, after) else None


def _explains(affine: Floats, before: Glimpse, after: Glimpse) -> bool:
    """Whether the last picture, moved so, is much more like this one than as it was."""
    cv2: Any = needed("cv2")
    small = affine.copy()
    small[:, 2] /= after.small_of
    size = (after.small.shape[1], after.small.shape[0])
    moved = cv2.warpAffine(before.small, small, size, borderMode=cv2.BORDER_REPLICATE)
    return _apart(moved, after.small) < BETTER * _apart(before.small, after.small)


def _apart(one: Grey, other: Grey) -> float:
    return float(np.minimum(np.abs(one.astype(np.int16) - other), APART_MAX).mean())


def _stirs(before: Glimpse, after: Glimpse) -> bool:
    cv2: Any = needed("cv2")
    one, other = before.small.astype(np.float32), after.small.astype(np.float32)
    if float((np.abs(one - other) > 16).mean()) > CHANGED_SHARE:
        return True
    (across, down), response = cv2.phaseCorrelate(one, other, _faded(one.shape))
    return bool(response > SURE and max(abs(across), abs(down)) > SHIFT_PX)


def _faded(shape: tuple[int, ...]) -> NDArray[np.float32]:
    """A window that fades to the edges, so that they do not count as something that stands still."""
    cv2: Any = needed("cv2")
    faded: NDArray[np.float32] = cv2.createHanningWindow((shape[1], shape[0]), cv2.CV_32F)
    return faded
