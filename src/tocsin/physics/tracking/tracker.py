"""The tracker in the picture: predict, associate in two stages, keep, start, end."""

import math

import numpy as np
from numpy.typing import NDArray

from tocsin.model.errors import BadInput
from tocsin.physics.tracking.assignment import best_pairs
from tocsin.physics.tracking.association import likeness
from tocsin.physics.tracking.boxes import centred, cornered, hidden_shares
from tocsin.physics.tracking.camera_motion import common_shift
from tocsin.physics.tracking.detections import Detections, judged, nothing, ordered
from tocsin.physics.tracking.motion import Motion
from tocsin.physics.tracking.parameters import Tracking
from tocsin.physics.tracking.plausible import Plausible
from tocsin.physics.tracking.relinking import PACE_S, successors, worth_waiting
from tocsin.physics.tracking.rows import Rows
from tocsin.physics.tracking.tracked import Tracked

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

_CALMED = 0.5  # of the speed at which a size changes, kept when nobody looks
_LOST_MAX, _ZOOM_MAX = 200, 4.0
_SURPRISE_MAX, _SETTLED = 9.0, 3
_START_SPEED = np.array([1.0, 0.3, 0.2, 0.2])  # deviations of the first speeds, heights per second


class Tracker:
    """Detections in, tracks out, frame by frame; causal, without pictures and without chance.

    `width_px` and `height_px` are those of the picture: tracks that leave it end, and boxes cut off by its lower
    edge are not judged by their size. Left out, the picture has no edges.

    >>> tracker = Tracker()
    >>> tracker.update(0.0, np.array([[10.0, 10, 30, 60]]), np.array([0.9])).ids.tolist()
    [1]
    >>> later = tracker.update(0.1, np.array([[12.0, 10, 32, 60]]), np.array([0.9]))
    >>> later.ids.tolist(), later.seen.tolist()
    ([1], [True])
    """

    def __init__(
        self, parameters: Tracking | None = None, width_px: float | None = None, height_px: float | None = None
    ) -> None:
        self.parameters = of = parameters or Tracking()
        self._edge = None if width_px is None or height_px is None else np.array([width_px, height_px])
        self._sizes = None if height_px is None else Plausible(height_px)
        self._noise = np.array([of.measured_sd, of.measured_sd, of.measured_size_sd, of.measured_size_sd])
        self._restless = np.array([of.acceleration, of.acceleration, of.resize, of.resize])
        self._confirming = math.inf if of.sure >= 1 else of.evidence_share * _logit(np.array([of.sure]))[0]
        self._at: float | None = None
        self._updated = 0.0
        self._next = 1
        self._surprise = 1.0
        self._forget_tracks()

    def update(self, at: float, boxes: Floats, scores: Floats, motion: Floats | None = None) -> Tracked:
        """Take the detections of one frame; `motion` is the affine that carries the last frame onto this one."""
        found = self._judge(*ordered(boxes, scores, self.parameters.detections_max), at, motion)
        self._dropped = np.size(scores) - len(found.order)
        missed_s, self._updated = at - self._updated, at
        if self.parameters.camera_from_boxes and len(self._rows):
            likely = found.boxes[found.chances >= self.parameters.high]
            self._motion.follow(common_shift(self._steady_boxes(), likely))
        self._rows.source = np.full(len(self._rows), -1)
        self._associate(found)
        self._doubt_missed(missed_s)
        self._start(at, found)
        self._confirm(at)
        self._end(at)
        self._learn_sizes(found)
        return self._tracked(at, found)

    def coast(self, at: float, motion: Floats | None = None) -> Tracked:
        """Where the tracks are when no detector ran: predicted only, and nothing is counted as missed."""
        self._go_to(at, motion)
        self._rows.source = np.full(len(self._rows), -1)
        self._dropped = 0
        return self._tracked(at, nothing())

    def follow(self, rows: Ints, boxes: Floats) -> None:
        """Tracks (rows of the latest `coast`) that were found again by other means than a detector: they live on there.

        >>> tracker = Tracker()
        >>> begun = tracker.update(0.0, np.array([[10.0, 10, 30, 60]]), np.array([0.9]))
        >>> predicted = tracker.coast(0.2)
        >>> tracker.follow(np.array([0]), np.array([[40.0, 10, 60, 60]]))
        >>> tracker.update(0.2, np.array([[40.0, 10, 60, 60]]), np.array([0.9])).ids.tolist()
        [1]
        """
        if len(rows):
            measured = centred(np.asarray(boxes, float))
            height = (measured[:, 3:] + self._motion.position[rows, 3:]) / 2
            self._motion.update(rows, measured, (height * self._noise) ** 2)
            self._rows.latest[rows], self._rows.last[rows], self._rows.missed[rows] = measured, self._at, False

    def _forget_tracks(self) -> None:
        self._motion, self._rows, self._lost = Motion.none(), Rows.none(), Rows.none()
        self._dropped = 0

    def _go_to(self, at: float, affine: Floats | None) -> None:
        if not math.isfinite(at):
            raise BadInput("The time of a frame must be a finite number of seconds.")
        step = 0.0 if self._at is None else at - self._at
        if not 0 <= step <= self.parameters.jump_s_max:
            self._forget_tracks()
            step = 0.0
        self._at = at
        if not len(self._rows):
            return
        swing = self._restless * self._motion.position[:, 3:]
        swing[:, :2] *= min(5.0, max(0.2, self._surprise))
        self._motion.predict(step, swing**2)
        if affine is not None:
            self._motion.follow(_affine(affine))

    def _judge(self, order: Ints, boxes: Floats, scores: Floats, at: float, motion: Floats | None) -> Detections:
        """Go to the frame, and say what each detection is worth: its score, and how its size fits its place."""
        of = self.parameters
        self._go_to(at, motion)
        nats = of.score_slope * (_logit(scores) - _logit(np.array([of.score_even]))[0]) - of.doubt
        if len(boxes) and (of.size_weight or of.shape_weight):
            if self._sizes is None:
                self._sizes = Plausible(float(boxes[:, 3].max() - min(0.0, float(boxes[:, 1].min()))))
            height, shape = self._sizes.evidence(boxes)
            nats += of.size_weight * height + of.shape_weight * shape
        return judged(order, boxes, scores, nats)

    def _learn_sizes(self, found: Detections) -> None:
        if self._sizes is not None:
            sure = self._rows.source[self._rows.confirmed & (self._rows.source >= 0)]
            self._sizes.learn(found.boxes[sure], found.chances[sure])

    def _steady_boxes(self) -> Floats:
        return cornered(self._motion.position[self._rows.confirmed & ~self._rows.missed])

    def _associate(self, found: Detections) -> None:
        of, chances = self.parameters, found.chances
        stages = ((chances >= of.high, of.overlap_min), ((chances < of.high) & (chances >= of.low), of.overlap_low_min))
        for within, least in stages:
            tracks, some = np.flatnonzero(self._rows.source < 0), np.flatnonzero(within)
            if len(tracks) and len(some):
                unseen_s = (self._at or 0.0) - self._rows.last[tracks]
                alike = likeness(of, self._motion, tracks, unseen_s, found.boxes[some])
                rows, columns = best_pairs(alike, alike >= least)
                if len(rows):
                    self._take(tracks[rows], some[columns], found)

    def _take(self, tracks: Ints, some: Ints, found: Detections) -> None:
        of, known, at, measured = self.parameters, self._rows, self._at or 0.0, found.centres[some]
        height = (measured[:, 3:] + self._motion.position[tracks, 3:]) / 2
        surprise = self._motion.update(tracks, measured, (height * self._noise) ** 2)
        self._learn_restlessness(surprise[known.hits[tracks] > _SETTLED])
        known.hits[tracks] += 1
        if of.static_camera:
            self._learn_pace(tracks, measured, at)
        known.source[tracks], known.scores[tracks], known.latest[tracks] = some, found.scores[some], measured
        known.missed[tracks], known.last[tracks] = False, at
        known.belief[tracks] = np.minimum(of.belief_max, known.belief[tracks] + of.evidence_share * found.nats[some])

    def _learn_restlessness(self, surprise: Floats) -> None:
        """Places jump more (or less) than expected: a camera that moves, or a street that stands still."""
        if len(surprise):
            mean = float(np.minimum(surprise[:, :2].mean(axis=1), _SURPRISE_MAX).mean())
            self._surprise += (1 - (1 - self.parameters.restless_rate) ** len(surprise)) * (mean - self._surprise)

    def _learn_pace(self, rows: Ints, measured: Floats, at: float) -> None:
        known = self._rows
        step = np.maximum(at - known.last[rows], 1e-6)
        share = np.maximum(1 - np.exp(-step / PACE_S), 1 / (known.hits[rows] - 1))[:, None]
        speed = (measured[:, :2] - known.latest[rows, :2]) / step[:, None]
        known.pace[rows] += share * (speed - known.pace[rows])

    def _doubt_missed(self, missed_s: float) -> None:
        """Tracks without a detection: how far they are hidden, and how much belief that costs."""
        known = self._rows
        if not len(known):
            return
        seen = known.source >= 0
        known.hidden = hidden_shares(cornered(self._motion.position), seen)
        visible = 1 - np.minimum(1.0, known.hidden / max(self.parameters.hidden_min, 0.01))
        known.belief -= np.where(seen, 0.0, self.parameters.missed_per_s * missed_s * visible)
        fresh = ~seen & ~known.missed
        if fresh.any():
            self._motion.calm_sizes(fresh, _CALMED)
            known.missed |= fresh

    def _start(self, at: float, found: Detections) -> None:
        free = found.chances >= self.parameters.start
        free[self._rows.source[self._rows.source >= 0]] = False
        some = np.flatnonzero(free)[: max(0, self.parameters.tracks_max - len(self._rows))]
        if not len(some):
            return
        measured = found.centres[some]
        self._motion.join(Motion.starting(measured, measured[:, 3:] * self._noise, measured[:, 3:] * _START_SPEED))
        ids = np.arange(self._next, self._next + len(some))
        self._next += len(some)
        self._rows = self._rows.joined(Rows.starting(at, ids, measured))
        new = slice(len(self._rows) - len(some), None)
        self._rows.source[new], self._rows.scores[new] = some, found.scores[some]
        self._rows.belief[new] = self.parameters.evidence_share * found.nats[some]

    def _confirm(self, at: float) -> None:
        known = self._rows
        often = (known.last - known.since >= self.parameters.confirm_s - 1e-9) & (
            (known.hits >= 2) | (self.parameters.confirm_s <= 0)
        )
        new = ~known.confirmed & (often | (known.belief >= self._confirming))
        known.confirmed |= new
        if self.parameters.static_camera and new.any():
            self._relink(at, np.flatnonzero(new))

    def _relink(self, at: float, new: Ints) -> None:
        """New tracks go on with lost ones: they take their ids, and the lost are no more."""
        waiting = np.flatnonzero(worth_waiting(self._rows, at))
        lost = self._rows.only(waiting).joined(self._lost)
        if not len(lost):
            return
        some, which = successors(self._rows.only(new), lost)
        self._rows.ids[new[some]], self._rows.since[new[some]] = lost.ids[which], lost.since[which]
        left = np.ones(len(lost), dtype=bool)
        left[which] = False
        kept = np.ones(len(self._rows), dtype=bool)
        kept[waiting[~left[: len(waiting)]]] = False
        self._lost = self._lost.only(left[len(waiting) :])
        self._keep(kept)

    def _end(self, at: float) -> None:
        of, known = self.parameters, self._rows
        seen, inside = known.source >= 0, self._inside()
        held = known.confirmed & (at - known.last <= of.memory_s + 1e-9) & (known.belief >= of.belief_min) & inside
        kept = seen | held
        if of.static_camera:
            lost = self._lost.joined(known.only(~kept & known.confirmed & inside))
            self._lost = lost.only(at - lost.last <= of.memory_static_s).only(slice(-_LOST_MAX, None))
        self._keep(kept)

    def _inside(self) -> Bools:
        """Which boxes still lie in the picture with a quarter or more."""
        if self._edge is None:
            return np.ones(len(self._rows), dtype=bool)
        middle, reach = self._motion.position[:, :2], self._motion.position[:, 2:] / 4
        return np.asarray(((middle + reach >= 0) & (middle - reach <= self._edge)).all(axis=1))

    def _keep(self, kept: Bools) -> None:
        if not kept.all():
            self._motion.keep(kept)
            self._rows = self._rows.only(kept)

    def _tracked(self, at: float, found: Detections) -> Tracked:
        of, known = self.parameters, self._rows
        seen, unseen_s = known.source >= 0, at - known.last
        shown = cornered(self._motion.position)
        rows = known.source[seen]
        shown[seen] = of.smoothing * shown[seen] + (1 - of.smoothing) * found.boxes[rows]
        source = np.full(len(known), -1, dtype=np.int64)
        source[seen] = found.order[rows]
        held_s = np.where(known.hidden >= of.hidden_min, max(of.hold_s, of.hold_hidden_s), of.hold_s)
        return Tracked(
            at=at,
            ids=known.ids.copy(),
            boxes=shown,
            scores=known.scores.copy(),
            since=known.since.copy(),
            seen=seen,
            confirmed=known.confirmed.copy(),
            velocities_px_s=self._motion.velocity[:, :2].copy(),
            source=source,
            unseen_s=unseen_s,
            hidden=known.hidden.copy(),
            shown=known.confirmed & (seen | (unseen_s <= held_s + 1e-9)),
            belief=known.belief.copy(),
            dropped=self._dropped,
        )


def _logit(chance: Floats) -> Floats:
    bounded = np.minimum(np.maximum(chance, 1e-3), 1 - 1e-3)
    return np.asarray(np.log(bounded / (1 - bounded)))


def _affine(motion: Floats) -> Floats:
    affine = np.asarray(motion, float)
    if affine.shape != (2, 3) or not np.isfinite(affine).all():
        raise BadInput("The motion of a camera is an affine of 2 by 3 finite numbers.")
    scale = abs(affine[0, 0] * affine[1, 1] - affine[0, 1] * affine[1, 0])
    if not _ZOOM_MAX**-2 <= scale <= _ZOOM_MAX**2:
        raise BadInput(f"No camera zooms more than {_ZOOM_MAX:.0f} times from frame to frame: check its motion.")
    return affine
