"""The parameters of a tracker in the picture."""

from dataclasses import dataclass

from tocsin.model.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracking:
    """How detections become tracks; times are seconds, sizes are shares of a box's own height.

    Detections scored `high` or more are associated first, the rest down to `low` after them with tracks that
    found none. A track begins at a detection scored `start` or more, is `confirmed` after `confirm_s` seconds of
    detections, and ends after `memory_s` seconds without one. `overlap_min` is the least overlap (intersection over
    union) of prediction and detection.

    >>> Tracking(memory_s=2.0).memory_s
    2.0
    """

    high: float = 0.6
    low: float = 0.1
    start: float = 0.7
    overlap_min: float = 0.2
    overlap_low_min: float = 0.4
    confirm_s: float = 0.1
    memory_s: float = 1.0
    duplicate_overlap: float = 0.85
    acceleration_per_s2: float = 1.0
    measured_sd: float = 0.05
    jump_s_max: float = 5.0
    tracks_max: int = 1_000

    def __post_init__(self) -> None:
        if not 0 <= self.low <= self.high <= self.start:
            raise ConfigError(f"Tracking needs 0 <= low <= high <= start, not {self.low}, {self.high}, {self.start}.")
        if min(self.memory_s, self.jump_s_max, self.measured_sd, self.acceleration_per_s2) <= 0 or self.tracks_max < 1:
            raise ConfigError("Tracking needs times, deviations and limits above zero.")
