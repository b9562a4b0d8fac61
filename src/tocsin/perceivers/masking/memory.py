"""What masking remembers of one camera between two frames; it is lost with the process and never stored."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tocsin.perceivers.masking.backdrop import Backdrop
from tocsin.perceivers.masking.checking import Checked

Floats = NDArray[np.float32]

SPEED_OVER_S = 1.0
"""Speeds are taken between sightings at most so far apart."""


@dataclass(frozen=True, slots=True, eq=False)
class Sighting:
    """When and where a track was last found, and how fast it then moved, in pixels per second."""

    at: float
    box: Floats
    speed_px_s: float = 0.0

    def again(self, at: float, box: Floats) -> "Sighting":
        """Found once more."""
        step_s = at - self.at
        if not 0 < step_s <= SPEED_OVER_S:
            return Sighting(at, box, self.speed_px_s if step_s <= 0 else 0.0)
        return Sighting(at, box, float(np.abs(box - self.box).max()) / step_s)


@dataclass(slots=True)
class Memory:
    """One camera in one size: when the detector last looked, when a picture was made, or tried, tracks, background."""

    size: tuple[int, int]
    backdrop: Backdrop
    detected_at: float | None = None
    made_at: float | None = None
    tried_at: float | None = None
    sightings: dict[int, Sighting] = field(default_factory=dict)

    @classmethod
    def of(cls, size: Sequence[int], before: "Memory | None" = None) -> "Memory":
        """Nothing is known yet in this size; when pictures were made goes on from another."""
        fresh = cls((size[0], size[1]), Backdrop.of((size[0], size[1])))
        if before is not None:
            fresh.made_at, fresh.tried_at = before.made_at, before.tried_at
        return fresh

    def take(self, at: float, scene: Checked) -> None:
        """Note which tracks were found in this frame; those that are gone are forgotten."""
        if scene.detected:
            self.detected_at = at if self.detected_at is None else max(at, self.detected_at)
        kept: dict[int, Sighting] = {}
        for track, box, seen in zip(scene.ids, scene.boxes, scene.seen.tolist(), strict=True):
            known = self.sightings.get(track)
            if known is None:
                known = Sighting(at, box)
            elif seen:
                known = known.again(at, box)
            kept[track] = known
        self.sightings = kept

    def held_s(self, at: float) -> float:
        """How long ago the detector looked; for ever where it never did."""
        return float("inf") if self.detected_at is None else max(0.0, at - self.detected_at)
