"""How the camera moved between two frames: an affine of the whole picture, from pictures or from boxes alone."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tocsin.model.errors import ConfigError
from tocsin.physics.tracking.assignment import best_pairs
from tocsin.physics.tracking.boxes import centred, reaching_overlaps

Floats = NDArray[np.float64]

_REACH = 0.3
_OVERLAP_MIN = 0.3
_HUBER = 1.5  # deviations beyond which a pair counts less
_SD = 0.07  # of one pair, in box heights: detection and prediction together
_TURNED = 5  # pairs from which turn and scale are believed, not only a shift
_SIDE_PX = 640  # pictures are shrunk to this width: motion needs no detail
_CORNERS, _CORNERS_MIN, _REPROJECTION_PX = 300, 12, 2.0


def standing() -> Floats:
    """The affine of a camera that did not move."""
    return np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])


def common_shift(predicted: Floats, detected: Floats, prior_px: float = 20.0) -> Floats:
    """The shift that predicted and detected boxes have in common, robustly; with many pairs also turn and scale.

    Without pictures, people are all there is to see of the scene: what all of them do at once is the camera. One
    pair alone says nothing (the person may have moved), and few pairs pull the shift only part of the way:
    `prior_px` is how large a shift is to be expected.

    >>> people = np.array([[10.0, 10, 30, 60], [100, 20, 125, 80], [200, 15, 220, 70]])
    >>> common_shift(people, people + [8.0, 3.0, 8.0, 3.0])[:, 2].round(0).tolist()
    [8.0, 3.0]
    """
    affine, moved = standing(), predicted
    for _ in range(2):  # the second time, pairs are found where the first put them
        alike = reaching_overlaps(moved, detected, np.full(len(moved), _REACH))
        rows, columns = best_pairs(alike, alike >= _OVERLAP_MIN)
        if len(rows) < 2:
            return standing()
        before, after = centred(predicted[rows]), centred(detected[columns])
        affine = _fit(before[:, :2], after[:, :2], _SD * before[:, 3], prior_px)
        moved = np.hstack([_carried(affine, predicted[:, :2]), _carried(affine, predicted[:, 2:])])
    return affine


def _carried(affine: Floats, points: Floats) -> Floats:
    return np.asarray(points @ affine[:, :2].T + affine[:, 2])


def _fit(before: Floats, after: Floats, sd: Floats, prior_px: float) -> Floats:
    """A similarity by weighted least squares, reweighted so that those who walk their own way count less."""
    away = np.median(after - before, axis=0) if len(before) > 2 else np.zeros(2)
    affine = standing()
    affine[:, 2] = away
    for _ in range(3):
        off = np.abs(after - _carried(affine, before)).max(axis=1) / sd
        weight = np.minimum(1.0, _HUBER / np.maximum(off, 1e-9)) / sd**2
        affine = _shift(before, after, weight, prior_px) if len(before) < _TURNED else _turn(before, after, weight)
    return affine


def _shift(before: Floats, after: Floats, weight: Floats, prior_px: float) -> Floats:
    affine = standing()
    affine[:, 2] = (weight[:, None] * (after - before)).sum(axis=0) / (weight.sum() + 1 / prior_px**2)
    return affine


def _turn(before: Floats, after: Floats, weight: Floats) -> Floats:
    """Shift, turn and scale in closed form; turn and scale are drawn towards none, for people spread little."""
    share = weight / weight.sum()
    middle, middle_after = share @ before, share @ after
    a, b = before - middle, after - middle_after
    spread = float((weight * (a**2).sum(axis=1)).sum()) + 1e4  # a prior of a hundredth
    cosine = 1 + float((weight * ((a * b).sum(axis=1) - (a**2).sum(axis=1))).sum()) / spread
    sine = float((weight * (a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0])).sum()) / spread
    turn = np.array([[cosine, -sine], [sine, cosine]])
    return np.column_stack([turn, middle_after - turn @ middle])


def shift_of_pictures(before: NDArray[np.uint8], after: NDArray[np.uint8], boxes: Floats | None = None) -> Floats:
    """The affine between two grey pictures of one size, from corners outside the boxes (people walk by themselves).

    Corners are followed by Lucas and Kanade's optical flow, then fitted by RANSAC; with too few, the camera is said
    to stand.
    """
    cv2 = _cv2()
    scale = min(1.0, _SIDE_PX / before.shape[1])
    size = (max(1, round(before.shape[1] * scale)), max(1, round(before.shape[0] * scale)))
    small, small_after = (cv2.resize(one, size, interpolation=cv2.INTER_AREA) for one in (before, after))
    mask = np.full(small.shape, 255, dtype=np.uint8)
    for x1, y1, x2, y2 in np.clip(np.zeros((0, 4)) if boxes is None else boxes * scale, 0, max(size)).astype(int):
        mask[y1:y2, x1:x2] = 0
    corners = cv2.goodFeaturesToTrack(small, _CORNERS, 0.01, 7, mask=mask)
    if corners is None or len(corners) < _CORNERS_MIN:
        return standing()
    moved, found, _ = cv2.calcOpticalFlowPyrLK(small, small_after, corners, None)
    kept = found.ravel() == 1
    if kept.sum() < _CORNERS_MIN:
        return standing()
    affine, _ = cv2.estimateAffinePartial2D(
        corners[kept], moved[kept], method=cv2.RANSAC, ransacReprojThreshold=_REPROJECTION_PX
    )
    if affine is None:
        return standing()
    return np.column_stack([affine[:, :2], affine[:, 2] / scale])


def _cv2() -> Any:  # noqa: ANN401  # a module
    try:
        import cv2
    except ImportError:
        raise ConfigError("Motion from pictures needs OpenCV: pip install 'tocsin[vision]'.") from None
    return cv2
