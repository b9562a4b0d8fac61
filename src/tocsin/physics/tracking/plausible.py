"""Which boxes can be people where they stand: sizes by place, learned from the tracks of this very camera.

On flat ground the height of a person in the picture is close to a straight line over the height of the foot.
The line is a Bayesian regression that forgets slowly, so it follows a camera that tilts, and it says how unsure it
is: at the start nearly every size will do.
"""

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_FALSE_DENSITY = 0.3  # of the log size of false alarms, anywhere in their range
_FALSE_SHARE = 0.02  # of boxes that are true and yet of any size: sitting, cut off, on a wall
_CUT_SHARE = 0.985  # of the picture's height: a foot below is cut off, its size says nothing
_FORGET_WEIGHT = 300.0  # detections after which the old ones weigh 1/e
_ROUGH = math.sqrt(2 * math.pi)


class Plausible:
    """Heights over feet, and widths over heights, of one camera's people.

    `height_px` is the height of the picture, the unit in which places are kept.

    >>> sizes = Plausible(400.0)
    >>> feet = np.linspace(200, 380, 60)
    >>> people = np.column_stack([feet * 0, feet - 0.5 * (feet - 100), feet * 0 + 0.2 * (feet - 100), feet])
    >>> for _ in range(5):
    ...     sizes.learn(people, np.ones(60))
    >>> small, right = np.array([[0.0, 270, 12, 300]]), np.array([[0.0, 200, 40, 300]])
    >>> float(sizes.evidence(small)[0][0]) < -1 < 1 < float(sizes.evidence(right)[0][0])
    True
    """

    __slots__ = ("_count", "_information", "_projection", "_shape", "_shape_weight", "_unit", "_variance")

    def __init__(self, height_px: float, sd: float = 0.15) -> None:
        self._unit = height_px
        self._information = [1.0, 0.0, 1.0]  # of slope, both, offset
        self._projection = [1.0, -0.3]  # a person is as high as the foot lies below three tenths of the picture
        self._variance, self._count = sd**2, 0.0
        self._shape, self._shape_weight = [math.log(0.38), 0.25**2], 10.0

    def evidence(self, boxes: Floats) -> tuple[Floats, Floats]:
        """Of each box, for its height and for its shape: nats for a person against a false alarm."""
        away, sd = self._height_off(boxes)
        cut = (boxes[:, 3] > _CUT_SHARE * self._unit) & (away < 0)
        height = np.where(cut, 0.5 * _nats(np.zeros(1), sd), _nats(away, sd))
        return height, _nats(_log_shape(boxes) - self._shape[0], np.full(1, math.sqrt(self._shape[1])))

    def learn(self, boxes: Floats, weights: Floats) -> None:
        """Take in boxes that are believed to be people, each with its weight from 0 to 1."""
        whole = boxes[:, 3] <= _CUT_SHARE * self._unit
        if not whole.all():
            boxes, weights = boxes[whole], weights[whole]
        if not len(boxes):
            return
        away, sd = self._height_off(boxes)
        trusted = weights * 4 / (3 + (away / sd) ** 2)  # as of Student's t: what lies far off teaches little
        total = float(trusted.sum())
        kept = math.exp(-total / _FORGET_WEIGHT)
        self._learn_height(boxes, trusted, kept)
        self._count = self._count * kept + total
        squares = float((trusted * np.minimum(np.abs(away), 0.5) ** 2).sum())
        self._variance += total / (50 + self._count) * (max(squares / total, 0.06**2) - self._variance)
        self._learn_shape(_log_shape(boxes), weights, kept)

    def _line(self) -> tuple[float, float, float]:
        slope_slope, both, offset_offset = self._information
        space = slope_slope * offset_offset - both * both
        slope = (offset_offset * self._projection[0] - both * self._projection[1]) / space
        return slope, (slope_slope * self._projection[1] - both * self._projection[0]) / space, space

    def _height_off(self, boxes: Floats) -> tuple[Floats, Floats]:
        """By how much each height is off the line (log), and the deviation that was to be expected."""
        slope, offset, space = self._line()
        slope_slope, both, offset_offset = self._information
        foot = boxes[:, 3] / self._unit
        expected = np.maximum(slope * foot + offset, 0.02)
        unsure = (offset_offset * foot**2 - 2 * both * foot + slope_slope) * (self._variance / space)
        away = np.log((boxes[:, 3] - boxes[:, 1]) / (self._unit * expected))
        return away, np.sqrt(self._variance + unsure / expected**2)

    def _learn_height(self, boxes: Floats, trusted: Floats, kept: float) -> None:
        slope, offset, _ = self._line()
        foot, height = boxes[:, 3] / self._unit, (boxes[:, 3] - boxes[:, 1]) / self._unit
        heavy = trusted / np.maximum(slope * foot + offset, 0.02) ** 2
        sums = (float((heavy * foot**2).sum()), float((heavy * foot).sum()), float(heavy.sum()))
        self._information = [kept * old + new for old, new in zip(self._information, sums, strict=True)]
        seen = (float((heavy * height * foot).sum()), float((heavy * height).sum()))
        self._projection = [kept * old + new for old, new in zip(self._projection, seen, strict=True)]

    def _learn_shape(self, shapes: Floats, weights: Floats, kept: float) -> None:
        middle, variance = self._shape
        trusted = weights * 4 / (3 + (shapes - middle) ** 2 / variance)
        total = float(trusted.sum())
        self._shape_weight = self._shape_weight * kept + total
        middle += float((trusted * (shapes - middle)).sum()) / (self._shape_weight + 20)
        squares = float((trusted * np.minimum((shapes - middle) ** 2, 0.5)).sum())
        self._shape = [middle, variance + (squares - total * variance) / (self._shape_weight + 20)]


def _log_shape(boxes: Floats) -> Floats:
    return np.log((boxes[:, 2] - boxes[:, 0]) / (boxes[:, 3] - boxes[:, 1]))


def _nats(away: Floats, sd: Floats) -> Floats:
    true = (1 - _FALSE_SHARE) * np.exp(-0.5 * (away / sd) ** 2) / (sd * _ROUGH) + _FALSE_SHARE * _FALSE_DENSITY
    return np.asarray(np.log(true / _FALSE_DENSITY))
