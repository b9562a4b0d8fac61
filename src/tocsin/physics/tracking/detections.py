"""The detections of one frame, those that are boxes, each with what it is worth."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tocsin.model.errors import BadInput
from tocsin.physics.tracking.boxes import centred, usable

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Detections:
    """Rows in an order of their own, so that the order in which they came changes nothing.

    `order` is where each row came from, `nats` what it is worth for a person against a false alarm, `chances` the
    same from 0 to 1.
    """

    order: Ints
    boxes: Floats
    scores: Floats
    centres: Floats
    nats: Floats
    chances: Floats


def ordered(boxes: Floats, scores: Floats, limit: int) -> tuple[Ints, Floats, Floats]:
    """The rows that are boxes, the best `limit` of them, by score and place; where each came from goes first."""
    boxes, scores = np.asarray(boxes, float).reshape(-1, 4), np.asarray(scores, float).reshape(-1)
    if len(boxes) != len(scores):
        raise BadInput(f"{len(boxes)} boxes came with {len(scores)} scores: give one score per box.")
    order = np.lexsort((*boxes.T, -scores))
    order = order[usable(boxes[order], scores[order])][:limit]
    return order, boxes[order], scores[order]


def judged(order: Ints, boxes: Floats, scores: Floats, nats: Floats) -> Detections:
    """Detections with what they are worth."""
    return Detections(order, boxes, scores, centred(boxes), nats, 1 / (1 + np.exp(-nats)))


def nothing() -> Detections:
    """A frame without detections."""
    none = np.zeros(0)
    return judged(np.zeros(0, dtype=np.int64), np.zeros((0, 4)), none, none)
