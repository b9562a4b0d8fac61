"""How well tracks and detections go together."""

import numpy as np
from numpy.typing import NDArray

from tocsin.physics.tracking.boxes import centred, cornered, height_overlaps, reaching_overlaps
from tocsin.physics.tracking.motion import Motion
from tocsin.physics.tracking.parameters import Tracking

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_GATED = [0, 1, 3]  # widths swing with every step: they take no part


def likeness(of: Tracking, motion: Motion, tracks: Ints, unseen_s: Floats, boxes: Floats) -> Floats:
    """How well each track (row) and each box (column) go together, from 0 to 1; 0 beyond the gate."""
    predicted = motion.position[tracks]
    corners = cornered(predicted)
    alike = reaching_overlaps(corners, boxes, np.minimum(of.reach_max, of.reach_per_s * unseen_s))
    if of.height_power:
        heights = height_overlaps(corners, boxes)
        alike *= heights if of.height_power == 1 else heights**of.height_power
    return np.where(_distance(of, motion.variance[tracks], predicted, centred(boxes)) > of.gate, 0.0, alike)


def _distance(of: Tracking, variance: Floats, predicted: Floats, measured: Floats) -> Floats:
    """Squared distance of every pair in deviations, over places and heights."""
    height = (predicted[:, None, 3] + measured[None, :, 3]) / 2
    sd = np.array([of.measured_sd, of.measured_sd, of.measured_size_sd])
    away = measured[None, :, _GATED] - predicted[:, None, _GATED]
    return np.asarray((away**2 / (variance[:, None, _GATED] + (height[..., None] * sd) ** 2)).sum(axis=2))
