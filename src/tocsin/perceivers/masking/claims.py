"""Boxes that models only half believe in become claims: where a person may be, how far it reaches, how likely it is.

A mask must hold people whom a detector would not report. So boxes are taken unsuppressed, from a score at which most
are wrong, and asked three things. Do they agree, within a model and between two? How much picture would be lost if
they were wrong (a small box needs less belief than a big one)? How far apart are their edges (an edge is put where
nearly all of them end, not at their mean)?
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Numbers = NDArray[np.int64]

CANDIDATES_MAX = 1_500
"""Most boxes of one picture that are compared with one another; the likeliest ones."""

SCALES = {"nanodet": 0.5, "mb3-centernet": 1.0}
"""What a model's score is worth among others: NanoDet's wrong boxes score higher than CenterNet's."""

OUTWARD = np.array([-1, -1, 1, 1], np.float32)
"""Which way is out of a box, per side."""

ALIKE_IOU = 0.5
"""From this overlap boxes speak of one person."""

VOICE_MIN = 0.4
"""Boxes below this part of the best one's score have no say in where its edges lie."""

REACH = 0.87
"""An edge lies where this share of the boxes (by score) has ended."""


@dataclass(frozen=True, slots=True, eq=False)
class Opinion:
    """Every box that one model gives for people, in pixels of the picture, with its score."""

    boxes: Floats
    scores: Floats
    scale: float = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Claims:
    """Boxes where people may be, and how much speaks for each (0 to 1): the mean over all models."""

    boxes: Floats
    evidence: Floats

    def __len__(self) -> int:
        return len(self.boxes)

    def where(self, chosen: NDArray[np.bool_]) -> "Claims":
        """Only some of them."""
        return Claims(self.boxes[chosen], self.evidence[chosen])


@dataclass(frozen=True, slots=True, kw_only=True)
class Belief:
    """How much must speak for a claim: `at_1_percent` where it covers a hundredth of the picture, more for bigger ones.

    >>> Belief().needed(np.array([0.0001, 0.01, 1.0])).round(3).tolist()
    [0.024, 0.047, 0.27]
    """

    at_1_percent: float = 0.047
    rise: float = 0.38
    least: float = 0.024
    most: float = 0.32

    def needed(self, shares: NDArray[Any]) -> NDArray[Any]:
        """The least evidence for boxes that cover these shares of the picture."""
        risen = self.at_1_percent * (np.maximum(shares, 1e-6) / 0.01) ** self.rise
        needed: NDArray[Any] = np.clip(risen, self.least, self.most)
        return needed


def claims(opinions: Sequence[Opinion]) -> Claims:
    """What the models together claim, the likeliest first.

    >>> boxes = np.float32([[0, 0, 10, 30], [0, 0, 10, 32], [50, 50, 60, 60]])
    >>> found = claims([Opinion(boxes, np.float32([0.4, 0.3, 0.1])), Opinion(boxes[:1], np.float32([0.2]))])
    >>> found.boxes.tolist(), [round(float(one), 2) for one in found.evidence]
    ([[0.0, 0.0, 10.0, 32.0], [50.0, 50.0, 60.0, 60.0]], [0.3, 0.05])
    """
    boxes = np.concatenate([np.zeros((0, 4), np.float32), *(one.boxes for one in opinions)])
    scores = np.concatenate([np.zeros(0, np.float32), *(one.scores * np.float32(one.scale) for one in opinions)])
    model = np.repeat(np.arange(len(opinions)), [len(one.scores) for one in opinions])
    order = np.argsort(-scores, kind="stable")[:CANDIDATES_MAX]
    boxes, scores, model = boxes[order], scores[order], model[order]
    group = _grouped(boxes)
    count = int(group.max(initial=-1)) + 1
    evidence = np.zeros((count, max(1, len(opinions))), np.float32)
    np.maximum.at(evidence, (group, model), scores)
    best = np.zeros(count, np.float32)
    np.maximum.at(best, group, scores)
    heard = scores >= VOICE_MIN * best[group]
    edges = _edges(boxes[heard], scores[heard], group[heard], count)
    return Claims(edges, evidence.sum(1) / np.float32(max(1, len(opinions))))


def _grouped(boxes: Floats) -> Numbers:
    """The group of each box: with the likeliest box that it overlaps enough; groups are numbered by likelihood."""
    areas = np.clip(boxes[:, 2:] - boxes[:, :2], 0, None).prod(1)
    group = np.full(len(boxes), -1, np.int64)
    count, free = 0, np.arange(len(boxes))
    while len(free):
        first, others = free[0], boxes[free]
        shared = np.clip(
            np.minimum(others[:, 2:], boxes[first, 2:]) - np.maximum(others[:, :2], boxes[first, :2]), 0, None
        )
        common = shared[:, 0] * shared[:, 1]
        alike = common >= ALIKE_IOU * (areas[free] + areas[first] - common)
        alike[0] = True
        group[free[alike]] = count
        free, count = free[~alike], count + 1
    return group


def _edges(boxes: Floats, scores: Floats, group: Numbers, count: int) -> Floats:
    """Per group and side, how far outward nearly all of its boxes reach."""
    outward = boxes * OUTWARD
    whole = np.bincount(group, scores, count)
    edges = np.zeros((count, 4), np.float32)
    for side in range(4):
        order = np.lexsort((outward[:, side], group))
        ended = np.cumsum(scores[order], dtype=np.float64)
        before = np.concatenate([[0.0], np.cumsum(whole)])[group[order]]
        enough = (ended - before) >= REACH * whole[group[order]] - 1e-6
        first = order[enough][np.unique(group[order][enough], return_index=True)[1]]
        edges[group[first], side] = outward[first, side]
    found: Floats = edges * OUTWARD
    return found
