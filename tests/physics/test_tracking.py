"""Laws of the tracker in the picture."""

import numpy as np

from tocsin.physics.tracking import Tracker, Tracking

WALKER = np.array([10.0, 10.0, 30.0, 60.0])


def test_a_walker_keeps_its_id_over_missed_frames():
    tracker = Tracker(Tracking(confirm_s=0.05))
    shift = np.array([2.0, 0.0, 2.0, 0.0])
    for step in range(10):
        tracker.update(step / 10, (WALKER + step * shift)[None], np.array([0.9]))
    held = tracker.coast(1.0)
    assert held.ids.tolist() == [1]
    assert not held.seen[0]
    back = tracker.update(1.3, (WALKER + 13 * shift)[None], np.array([0.9]))
    assert (back.ids.tolist(), back.seen.tolist()) == ([1], [True])


def test_what_is_no_box_is_dropped_and_counted():
    boxes = np.array([WALKER, [np.nan, 0, 1, 1], [0, 0, np.inf, 1], [5, 5, 5, 5], [0, 0, 1e9, 1e9]])
    tracked = Tracker().update(0.0, boxes, np.full(5, 0.9))
    assert (len(tracked), tracked.dropped) == (1, 4)
