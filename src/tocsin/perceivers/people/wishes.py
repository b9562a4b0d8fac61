"""What it is time to look at in a frame: tracks, motion that no track explains, and places not looked at for long."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tocsin.inference.tiling import Tile
from tocsin.perceivers.people.cells import PER_WINDOW, Cells
from tocsin.perceivers.people.sights import AGAIN, SURE, Sight
from tocsin.perceivers.people.windows import TALL, Places

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

LOW_SHARE = 0.35
"""Motion so much lower than people here is a part of one."""

WIDER = 1.5
"""After a look in vain, the next one is so many times as wide: somebody near may be seen better from farther away."""

CUT_SHARE = 0.5
"""A track that the picture's edge cuts off is looked at as if it were at least so much of a person's height."""

EDGE_PX = 2.0
"""A box that ends so near to the picture's edge goes on beyond it."""

ROOM = 0.25
"""Around motion that no track explains so much of a person's height is looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often is often enough, in seconds, where computing is not short."""

    track_s: float
    still_s: float
    doubt_s: float
    motion_s: float
    sweep_s: float

    def slower(self, times: float) -> "Pace":
        """Everything so many times as seldom."""
        return Pace(
            track_s=self.track_s * times,
            still_s=self.still_s * times,
            doubt_s=self.doubt_s * times,
            motion_s=self.motion_s * times,
            sweep_s=self.sweep_s * times,
        )


def of_tracks(
    at: float, boxes: Floats, sights: Sequence[Sight], cells: Cells, *, pace: Pace, person_px: float
) -> Places:
    """The tracks, each with how urgent it is that the detector looks at it."""
    heights, cut = boxes[:, 3] - boxes[:, 1], _cut(boxes, cells.size)
    often = [
        max(_often(one, pace), pace.motion_s * (at_edge and one.confirmed))
        for one, at_edge in zip(sights, cut.tolist(), strict=True)
    ]
    urgency = np.array(
        [0.0 if one.given_up else (at - one.looked) / s for one, s in zip(sights, often, strict=True)], np.float64
    )
    urgency[_beyond(boxes, cells.size)] = 0.0
    return Places(boxes, np.where(cut, np.maximum(heights, CUT_SHARE * person_px), heights), urgency)


def of_motions(at: float, boxes: Floats, cells: Cells, *, pace: Pace, person_px: float) -> Places:
    """Motion that no track explains: the longer nobody looked there, the more urgent; less where it was in vain."""
    urgency = (at - cells.examined) / (pace.motion_s * 2.0 ** np.maximum(cells.vain - 1, 0))
    most = np.array([urgency[cells.part(box)].max() for box in boxes], np.float64)
    heights = boxes[:, 3] - boxes[:, 1]
    low = (heights < LOW_SHARE * person_px) & ~_cut(boxes, cells.size)
    heights = np.where(low, person_px, heights)
    vain = np.array([cells.vain[cells.part(box)].max() for box in boxes], np.int64)
    heights = np.where(vain % 2 == 1, np.maximum(heights, WIDER * cells.px[0] * PER_WINDOW / TALL), heights)
    room = ROOM * person_px * np.array([-1.0, -1.0, 1.0, 1.0])
    ends = np.array([cells.size[1], cells.size[0]] * 2, np.float64)
    return Places(np.clip(boxes + room, 0.0, ends), heights, most)


def overdue(at: float, tiles: Sequence[Tile], cells: Cells, pace: Pace, *, tall: bool) -> list[Tile]:
    """Tiles not looked at for `sweep_s`, the longest first; the whole picture sooner where something tall moves."""
    ages = [
        (float((at - cells.swept[cells.within(one)]).max(initial=0.0)), number)
        for number, one in enumerate(tiles[1:], 1)
    ]
    due = [tiles[number] for age, number in sorted(ages, key=lambda pair: (-pair[0], pair[1])) if age >= pace.sweep_s]
    return [*tiles[:1], *due] if at - cells.whole_at >= (pace.track_s if tall else pace.sweep_s) else due


def together(*parts: Places) -> Places:
    """All places as one."""
    return Places(
        np.concatenate([one.boxes for one in parts]),
        np.concatenate([one.heights for one in parts]),
        np.concatenate([one.urgency for one in parts]),
    )


def _often(sight: Sight, pace: Pace) -> float:
    """The surer a track was found again, the longer the detector may wait."""
    if not sight.confirmed:
        return pace.motion_s / 2
    if sight.match < AGAIN:
        return pace.doubt_s * 2.0**sight.misses
    if not sight.stirred and not sight.misses:
        return pace.still_s
    return max(pace.doubt_s, pace.track_s * min(1.0, (sight.match - AGAIN) / (SURE - AGAIN)))


def _cut(boxes: Floats, size: tuple[int, int]) -> Bools:
    """Which boxes the picture's edge cuts off: whoever is in them is bigger than they are."""
    room = np.column_stack([boxes[:, :2], np.array([size[1], size[0]]) - boxes[:, 2:]])
    return np.asarray((room < EDGE_PX).any(axis=1))


def _beyond(boxes: Floats, size: tuple[int, int]) -> Bools:
    """Which boxes have left the picture for the greater part."""
    middles = (boxes[:, :2] + boxes[:, 2:]) / 2
    return np.asarray(((middles < 0) | (middles > np.array([size[1], size[0]]))).any(axis=1))
