"""The tracker in the picture: predict, associate in two stages, keep, start, end."""

import numpy as np
from numpy.typing import NDArray

from tocsin.model.errors import BadInput
from tocsin.physics.tracking.assignment import best_pairs
from tocsin.physics.tracking.boxes import centred, cornered, overlaps, usable
from tocsin.physics.tracking.motion import Motion
from tocsin.physics.tracking.parameters import Tracking
from tocsin.physics.tracking.tracked import Tracked

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

_NONE = np.zeros(0, dtype=np.int64)


class Tracker:
    """Detections in, tracks out, frame by frame; causal, without pictures and without chance.

    >>> tracker = Tracker(Tracking(confirm_s=0.0))
    >>> tracker.update(0.0, np.array([[10.0, 10, 30, 60]]), np.array([0.9])).ids.tolist()
    [1]
    >>> later = tracker.update(0.1, np.array([[12.0, 10, 32, 60]]), np.array([0.9]))
    >>> later.ids.tolist(), later.seen.tolist()
    ([1], [True])
    """

    def __init__(self, parameters: Tracking | None = None) -> None:
        self.parameters = parameters or Tracking()
        self._at: float | None = None
        self._next = 1
        self._forget_all()

    def update(self, at: float, boxes: Floats, scores: Floats, motion: Floats | None = None) -> Tracked:
        """Take the detections of one frame; `motion` is the affine that carries the last frame onto this one."""
        boxes, scores = np.asarray(boxes, float).reshape(-1, 4), np.asarray(scores, float).reshape(-1)
        if len(boxes) != len(scores):
            raise BadInput(f"{len(boxes)} boxes came with {len(scores)} scores: give one score per box.")
        whole = np.flatnonzero(usable(boxes, scores))
        self._go_to(at, motion)
        self._source = np.full(len(self._ids), -1, dtype=np.int64)
        self._associate(whole, boxes, scores)
        self._start(at, whole, boxes, scores)
        self._end(at)
        return self._tracked(at, dropped=len(boxes) - len(whole))

    def coast(self, at: float) -> Tracked:
        """Where the tracks are when no detector ran: predicted only, and nothing is counted as missed."""
        self._go_to(at, None)
        self._source = np.full(len(self._ids), -1, dtype=np.int64)
        return self._tracked(at)

    def _forget_all(self) -> None:
        nothing = np.zeros((0, 4))
        self._motion = Motion(nothing, nothing, nothing, nothing, nothing)
        self._ids, self._source = _NONE, _NONE
        self._since, self._last, self._scores = np.zeros(0), np.zeros(0), np.zeros(0)
        self._hits = _NONE

    def _go_to(self, at: float, affine: Floats | None) -> None:
        if not np.isfinite(at):
            raise BadInput("The time of a frame must be a finite number of seconds.")
        step = 0.0 if self._at is None else at - self._at
        if not 0 <= step <= self.parameters.jump_s_max:
            self._forget_all()
            step = 0.0
        self._at = at
        if len(self._ids):
            steps = np.full(len(self._ids), step)
            scale = self.parameters.acceleration_per_s2 * self._motion.position[:, 3:4]
            self._motion.predict(steps, scale**2)
            if affine is not None:
                self._motion.moved(np.asarray(affine, float))

    def _associate(self, whole: Ints, boxes: Floats, scores: Floats) -> None:
        of = self.parameters
        high = whole[scores[whole] >= of.high]
        low = whole[(scores[whole] < of.high) & (scores[whole] >= of.low)]
        self._take(np.arange(len(self._ids)), high, boxes, scores, of.overlap_min)
        left = np.flatnonzero(self._source < 0)
        self._take(left, low, boxes, scores, of.overlap_low_min)

    def _take(self, rows: Ints, found: Ints, boxes: Floats, scores: Floats, least: float) -> None:
        if not len(rows) or not len(found):
            return
        gain = overlaps(cornered(self._motion.position[rows]), boxes[found])
        some, which = best_pairs(gain, gain >= least)
        rows, found = rows[some], found[which]
        measured = centred(boxes[found])
        self._motion.update(rows, measured, (self.parameters.measured_sd * measured[:, 3:4]) ** 2)
        self._source[rows], self._scores[rows] = found, scores[found]
        self._last[rows] = self._at or 0.0
        self._hits[rows] += 1

    def _start(self, at: float, whole: Ints, boxes: Floats, scores: Floats) -> None:
        free = np.setdiff1d(whole[scores[whole] >= self.parameters.start], self._source)
        free = free[: max(0, self.parameters.tracks_max - len(self._ids))]
        measured = centred(boxes[free])
        sd = np.repeat(self.parameters.measured_sd * measured[:, 3:4], 4, axis=1)
        self._motion = self._motion.joined(Motion.starting(measured, sd, 10 * sd))
        self._ids = np.concatenate([self._ids, np.arange(self._next, self._next + len(free), dtype=np.int64)])
        self._next += len(free)
        self._source = np.concatenate([self._source, free])
        self._scores = np.concatenate([self._scores, scores[free]])
        self._since = np.concatenate([self._since, np.full(len(free), at)])
        self._last = np.concatenate([self._last, np.full(len(free), at)])
        self._hits = np.concatenate([self._hits, np.ones(len(free), dtype=np.int64)])

    def _end(self, at: float) -> None:
        confirmed = self._last - self._since >= self.parameters.confirm_s
        kept = (self._source >= 0) | (confirmed & (at - self._last <= self.parameters.memory_s))
        self._motion = self._motion.kept(kept)
        self._ids, self._source, self._scores = self._ids[kept], self._source[kept], self._scores[kept]
        self._since, self._last, self._hits = self._since[kept], self._last[kept], self._hits[kept]

    def _tracked(self, at: float, dropped: int = 0) -> Tracked:
        return Tracked(
            at,
            self._ids.copy(),
            cornered(self._motion.position),
            self._scores.copy(),
            self._since.copy(),
            self._source >= 0,
            self._last - self._since >= self.parameters.confirm_s,
            self._motion.velocity[:, :2].copy(),
            self._source.copy(),
            dropped,
        )
