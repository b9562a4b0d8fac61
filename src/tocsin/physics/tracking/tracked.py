"""What a tracker says of one frame: one row per track, in arrays."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Tracked:
    """All tracks at one moment, row by row.

    `ids` are never used twice by one tracker. `boxes` are x1, y1, x2, y2 in pixels; `scores` those of the latest
    detection; `since` the time of the first. `seen`: detected in this very frame, else predicted over missed
    frames. `confirmed`: seen often enough to be counted. `source` is the row of the detection, or -1. `dropped`
    is how many detections were refused because they are no boxes (not finite, empty, absurdly large).
    """

    at: float
    ids: Ints
    boxes: Floats
    scores: Floats
    since: Floats
    seen: Bools
    confirmed: Bools
    velocities_px_s: Floats
    source: Ints
    dropped: int = 0

    def __len__(self) -> int:
        return len(self.ids)

    def only(self, chosen: Bools) -> "Tracked":
        """The rows that are chosen."""
        return Tracked(
            self.at,
            self.ids[chosen],
            self.boxes[chosen],
            self.scores[chosen],
            self.since[chosen],
            self.seen[chosen],
            self.confirmed[chosen],
            self.velocities_px_s[chosen],
            self.source[chosen],
            self.dropped,
        )
