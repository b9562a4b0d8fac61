"""How much of what one way of looking tells of people another tells too."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tocsin.physics.tracking.boxes import areas, intersections, overlaps
from tocsin.suites.video_speed.running import Shown

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

SAME = 0.3
"""From this overlap (intersection over union) on, two boxes are of one person."""

LASTS_S = 1.0
"""A person-track is one that is followed so long: what flickers is nobody."""

WITHIN = 0.7
"""A box of which more lies in another one is a part of somebody, or hidden behind somebody: nobody can tell."""

EDGE_PX, LEAST_PX = 3.0, 24.0
"""A box that ends at the picture's edge, or is lower, shows too little of anybody."""


def covered(
    reference: Sequence[Shown], other: Sequence[Shown], chosen: Sequence[Bools] | None = None
) -> tuple[int, int]:
    """Of the boxes of a reference: how many another run covers, and how many there are."""
    by_time = {round(one.at, 3): one.boxes for one in other}
    hits = count = 0
    for number, one in enumerate(reference):
        boxes = one.boxes if chosen is None else one.boxes[chosen[number]]
        others = by_time.get(round(one.at, 3))
        if others is None:
            continue
        count += len(boxes)
        if len(boxes) and len(others):
            hits += int((overlaps(boxes, others).max(axis=1) >= SAME).sum())
    return hits, count


def whole_people(shown: Sequence[Shown], size: tuple[int, int]) -> list[Bools]:
    """Which boxes of each frame show a whole person who is followed for a second at least."""
    first: dict[int, float] = {}
    last: dict[int, float] = {}
    for one in shown:
        for track in one.ids:
            first.setdefault(track, one.at)
            last[track] = one.at
    lasting = {track for track in first if last[track] - first[track] >= LASTS_S - 1e-6}
    return [
        np.array([track in lasting for track in one.ids], np.bool_) & _whole(one.boxes, size) & ~_parts(one.boxes)
        for one in shown
    ]


def tracks(shown: Sequence[Shown]) -> int:
    """How many tracks last a second."""
    frames = Counter(track for one in shown for track in one.ids)
    return sum(count >= 5 for count in frames.values())


def _whole(boxes: Floats, size: tuple[int, int]) -> Bools:
    high, wide = size
    within = (boxes[:, :2] >= EDGE_PX).all(axis=1) & (boxes[:, 2:] <= np.array([wide, high]) - EDGE_PX).all(axis=1)
    return np.asarray(within & (boxes[:, 3] - boxes[:, 1] >= LEAST_PX))


def _parts(boxes: Floats) -> Bools:
    """Which boxes lie in another one for the greater part."""
    if len(boxes) < 2:
        return np.zeros(len(boxes), np.bool_)
    shared = intersections(boxes, boxes)
    np.fill_diagonal(shared, 0.0)
    return np.asarray(shared.max(axis=1) > WITHIN * areas(boxes))
