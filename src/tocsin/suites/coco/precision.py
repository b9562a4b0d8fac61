"""Average precision, as COCO counts it.

Reference: Lin et al., Microsoft COCO: Common Objects in Context (2014), and the definition that its site publishes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

OVERLAPS = np.linspace(0.5, 0.95, 10)
RECALLS = np.linspace(0, 1, 101)
BOXES_MAX = 100
"""Most boxes of one class that count on one photo, the surest first."""


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """What is on a photo, and what was found on it."""

    truth: Array
    truth_classes: NDArray[np.int64]
    boxes: Array
    scores: NDArray[np.float32]
    classes: NDArray[np.int64]


def means(photos: Sequence[Scored], person: int | None) -> dict[str, float]:
    """`map` over classes and overlaps, `map50` at overlap .50, `person_ap50` of one class; 0 without any truth."""
    present = sorted({int(one) for photo in photos for one in photo.truth_classes})
    table = {one: precisions(photos, one) for one in present}
    values = np.array(list(table.values())) if table else np.zeros((1, len(OVERLAPS)))
    whole = {"map": float(values.mean()), "map50": float(values[:, 0].mean())}
    if person is None:
        return whole
    return {**whole, "person_ap50": float(table[person][0]) if person in table else 0.0}


def precisions(photos: Sequence[Scored], which: int) -> Array:
    """Average precision of a class at each of the overlaps."""
    parts = list(_parts(photos, which))
    scores = np.concatenate([scores for scores, _ in parts])
    hits = np.concatenate([hits for _, hits in parts], axis=1)[:, np.argsort(-scores, kind="stable")]
    total = sum(int((photo.truth_classes == which).sum()) for photo in photos)
    return np.array([average(row, total) for row in hits])


def _parts(photos: Sequence[Scored], which: int) -> Iterator[tuple[NDArray[np.float32], NDArray[np.bool_]]]:
    """Per photo: scores, and for each overlap which boxes hit."""
    for photo in photos:
        chosen = np.flatnonzero(photo.classes == which)
        chosen = chosen[np.argsort(-photo.scores[chosen], kind="stable")][:BOXES_MAX]
        overlap = _overlap(photo.boxes[chosen], photo.truth[photo.truth_classes == which])
        yield photo.scores[chosen], np.array([_hits(overlap, least) for least in OVERLAPS])


def _overlap(boxes: Array, truth: Array) -> Array:
    corner = np.maximum(boxes[:, None, :2], truth[None, :, :2])
    opposite = np.minimum(boxes[:, None, 2:], truth[None, :, 2:])
    shared = np.clip(opposite - corner, 0, None).prod(2)
    areas = [(one[:, 2:] - one[:, :2]).prod(1) for one in (boxes, truth)]
    united: Array = shared / np.maximum(areas[0][:, None] + areas[1][None] - shared, 1e-12)
    return united


def _hits(overlap: Array, least: float) -> NDArray[np.bool_]:
    """Each box in turn takes the thing that it covers best and that nobody took."""
    hits = np.zeros(len(overlap), np.bool_)
    left = overlap.copy()
    for number in range(len(left) if left.shape[1] else 0):
        best = int(left[number].argmax())
        if left[number, best] >= least:
            hits[number] = True
            left[:, best] = -1
    return hits


def average(hits: NDArray[np.bool_], total: int) -> float:
    """Precision at 101 recalls, each the best at that recall or more.

    >>> round(average(np.array([True, False, True]), 2), 6)
    0.834983
    """
    found = np.cumsum(hits)
    precision = np.maximum.accumulate((found / np.arange(1, len(hits) + 1))[::-1])[::-1]
    places = np.searchsorted(found / max(total, 1), RECALLS, side="left")
    return float(np.append(precision, 0.0)[places].mean())
