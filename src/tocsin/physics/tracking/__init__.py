"""Tracking in the picture: boxes of each frame become tracks, from their places and times alone.

>>> import numpy as np
>>> tracker = Tracker()
>>> boxes, scores = np.array([[100.0, 50, 140, 150]]), np.array([0.9])
>>> [tracker.update(at / 10, boxes + [at * 2.0, 0, at * 2.0, 0], scores).ids.tolist() for at in range(3)]
[[1], [1], [1]]
"""

from tocsin.physics.tracking.camera_motion import common_shift, shift_of_pictures
from tocsin.physics.tracking.parameters import Tracking
from tocsin.physics.tracking.tracked import Tracked
from tocsin.physics.tracking.tracker import Tracker

__all__ = ["Tracked", "Tracker", "Tracking", "common_shift", "shift_of_pictures"]
