"""One look at some people of one picture: the surest weapon-like thing with each of them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tocsin.inference.detected import Picture
from tocsin.inference.detector import Detector
from tocsin.perceivers.weapons.hands import Person, parts

SIDE_SHARE_MAX = 0.9
"""Longest that a weapon may be, in heights of the person: what is longer is something else."""


@dataclass(frozen=True, slots=True)
class Hit:
    """What the model calls a thing, how sure it is, and where (pixels of the picture)."""

    label: str
    score: float
    box_px: tuple[float, float, float, float]


def looked(
    detector: Detector, labels: Sequence[str], picture: Picture, people: Sequence[Person], score_min: float
) -> dict[int, Hit | None]:
    """Per track the surest thing of these classes (all where none are named), or nothing."""
    names = tuple(labels) or detector.names
    side_px = detector.model.card.input.width
    regions = [(person, part) for person in people for part in parts(person, picture.shape[:2], side_px)]
    cut = [np.ascontiguousarray(picture[top:bottom, left:right]) for _, (left, top, right, bottom) in regions]
    best: dict[int, Hit | None] = {person.track: None for person in people}
    for (person, part), found in zip(regions, detector.detect(cut, score_min=score_min), strict=True):
        moved = found.only(*names).moved(part[0], part[1])
        for box, score, number in zip(moved.boxes, moved.scores, moved.classes, strict=True):
            hit = Hit(
                moved.names[int(number)], float(score), (float(box[0]), float(box[1]), float(box[2]), float(box[3]))
            )
            known = best[person.track]
            if _held_by(person, hit) and (known is None or hit.score > known.score):
                best[person.track] = hit
    return best


def _held_by(person: Person, hit: Hit) -> bool:
    """Whether somebody could hold a thing of that size."""
    x1, y1, x2, y2 = hit.box_px
    return max(x2 - x1, y2 - y1) <= SIDE_SHARE_MAX * person.height_px
