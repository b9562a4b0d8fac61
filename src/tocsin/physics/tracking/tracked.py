"""What a tracker says of one frame: one row per track, in arrays."""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Tracked:
    """All tracks at one moment, row by row.

    `ids` are never used twice by one tracker. `boxes` are x1, y1, x2, y2 in pixels; `scores` those of the latest
    detection; `since` the time of the first. `seen`: detected in this very frame, else predicted over missed
    frames (since `unseen_s`). `hidden` is the share of the box that lies behind another track. `confirmed`: enough
    was seen to count it; `shown`: confirmed, and seen or missed only briefly. `source` is the row of the detection,
    or -1. `belief` is how sure the tracker is that this is no false alarm, in nats. `dropped` is how many detections
    were refused because they are no boxes (not finite, empty, absurdly large) or beyond the limit.
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
    unseen_s: Floats
    hidden: Floats
    shown: Bools
    belief: Floats
    dropped: int = 0

    def __len__(self) -> int:
        return len(self.ids)

    def only(self, chosen: Bools) -> "Tracked":
        """The rows that are chosen."""
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        rows = {name: value[chosen] for name, value in values.items() if isinstance(value, np.ndarray)}
        return Tracked(**{**values, **rows})
