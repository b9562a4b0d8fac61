"""The parameters of a tracker in the picture."""

import math
from dataclasses import dataclass
from typing import Any, Self

from tocsin.model.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracking:
    """How detections become tracks; times are seconds, sizes are shares of a box's own height.

    Detections scored `high` or more are associated first, then those down to `low` with tracks that found none; one
    of `start` or more begins a track, one of `sure` or more a confirmed one. A score may be judged before it is
    compared with these: `score_even` is the score at which the detector is as often wrong as right, `score_slope`
    steepens its log-odds (read both off the detector's curve), and how well the box fits the sizes seen at its place
    so far counts with `size_weight` (height against the foot's place) and `shape_weight` (width against height), less
    `doubt`, all in nats. The defaults leave the score as it is; `walking` is tuned for people who stand and walk.

    Association: `overlap_min` is the least overlap of prediction and detection, times the overlap of their heights to
    the power `height_power`. Boxes are widened by `reach_per_s` (at most `reach_max`) for every second unseen. A pair
    farther apart than `gate` (squared deviations, of three numbers) is refused.

    Life: `confirm_s` seconds of detections confirm a track, `memory_s` without one end it. In a picture that never
    moves (`static_camera`) a new track takes up a lost one that would be there by now, up to `memory_static_s` old.
    Each detection adds `evidence_share` of its nats to the belief in a track (at most `belief_max`), each second
    unseen without being hidden takes `missed_per_s`; below `belief_min` it ends.

    Motion: `acceleration` and `resize` say how restless places and sizes are (heights per s^1.5, adapted to what is
    seen at `restless_rate` per detection), `measured_sd` and `measured_size_sd` how exact detections are.
    `camera_from_boxes` takes what all boxes do at once for the camera's motion.

    What is shown: seen tracks, those unseen for `hold_s`, and those hidden behind another by `hidden_min` of their
    area for `hold_hidden_s`. A shown box is `smoothing` parts prediction, the rest detection.

    >>> Tracking(memory_s=2.0).memory_s, Tracking.walking(score_even=0.86).high
    (2.0, 0.3)
    """

    high: float = 0.6
    low: float = 0.1
    start: float = 0.7
    sure: float = 1.0
    score_even: float = 0.5
    score_slope: float = 1.0
    size_weight: float = 0.0
    shape_weight: float = 0.0
    doubt: float = 0.0
    overlap_min: float = 0.2
    overlap_low_min: float = 0.4
    height_power: float = 1.0
    reach_per_s: float = 0.5
    reach_max: float = 0.2
    gate: float = math.inf
    confirm_s: float = 0.1
    memory_s: float = 1.0
    static_camera: bool = False
    memory_static_s: float = 3.0
    evidence_share: float = 0.3
    missed_per_s: float = 0.0
    belief_max: float = 5.0
    belief_min: float = -1.0
    acceleration: float = 0.9
    resize: float = 0.3
    restless_rate: float = 0.02
    measured_sd: float = 0.05
    measured_size_sd: float = 0.1
    camera_from_boxes: bool = False
    hold_s: float = 0.08
    hold_hidden_s: float = 0.3
    hidden_min: float = 0.7
    smoothing: float = 0.7
    jump_s_max: float = 5.0
    tracks_max: int = 1_000
    detections_max: int = 2_000

    @classmethod
    def walking(cls, *, score_even: float, **others: Any) -> Self:  # noqa: ANN401  # fields of this class
        """For people who stand and walk on flat ground, seen by a detector with that `score_even`.

        Chosen on the seven sequences of `evaluate mot`; whoever must follow falls or vehicles starts from the defaults.
        """
        tuned: dict[str, Any] = {
            "score_even": score_even,
            "score_slope": 0.85,
            "size_weight": 0.7,
            "shape_weight": 0.25,
            "doubt": 0.66,
            "high": 0.3,
            "low": 0.05,
            "start": 0.67,
            "sure": 0.88,
            "overlap_low_min": 0.35,
            "gate": 16.0,
            "confirm_s": 0.05,
            "missed_per_s": 4.0,
        }
        return cls(**{**tuned, **others})

    def __post_init__(self) -> None:
        if not 0 <= self.low <= self.high <= self.start <= 1:
            raise ConfigError(
                f"Tracking needs 0 <= low <= high <= start <= 1, not {self.low}, {self.high}, {self.start}."
            )
        if not 0 < self.score_even < 1 or not 0 <= self.smoothing <= 1:
            raise ConfigError("Tracking needs score_even between 0 and 1, and smoothing from 0 to 1.")
        above = (self.memory_s, self.jump_s_max, self.measured_sd, self.measured_size_sd, self.acceleration)
        if min(above) <= 0 or self.tracks_max < 1 or self.detections_max < 1:
            raise ConfigError("Tracking needs times, deviations and limits above zero.")
