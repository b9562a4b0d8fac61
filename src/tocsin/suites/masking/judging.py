"""The judge: another face detector than the masker's looks at whole pictures and at everybody cut out and enlarged."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tocsin.inference.detected import Detected, Picture
from tocsin.inference.detector import Detector
from tocsin.inference.sessions import needed
from tocsin.inference.suppression import suppressed

Floats = NDArray[np.float64]

ROOM = 0.15
"""How much of a person's longer side is cut out around them."""

SIDE_PX_MIN = 256
"""Smaller cut-outs are enlarged to this, so that the judge sees small faces too."""

SAME_IOU = 0.3


@dataclass(frozen=True, slots=True)
class Judge:
    """One face detector, with the score from which it is believed; `closely`: it sees everybody cut out, too."""

    detector: Detector
    score_min: float
    closely: bool = True

    def faces(self, picture: Picture, people: Floats) -> Floats:
        """Each face whose middle lies inside a person's box, in pixels of the picture."""
        parts = [(picture, 0, 0, 1.0), *(_cut(picture, box) for box in people if self.closely)]
        found = self.detector.detect([part for part, *_ in parts], score_min=self.score_min)
        moved = [
            Detected(one.boxes / scale, one.scores, one.classes, one.names).moved(left, top)
            for one, (_, left, top, scale) in zip(found, parts, strict=True)
        ]
        return _on_people(
            suppressed(Detected.of(moved, self.detector.names), SAME_IOU).boxes.astype(np.float64), people
        )


def _cut(picture: Picture, box: Floats) -> tuple[Picture, int, int, float]:
    """A person with room around, enlarged; its corner in the picture, and how much larger it is."""
    cv2 = needed("cv2")
    room = ROOM * float((box[2:] - box[:2]).max())
    height, width = picture.shape[:2]
    left, top = int(np.clip(box[0] - room, 0, width - 1)), int(np.clip(box[1] - room, 0, height - 1))
    right, bottom = max(left + 1, min(width, int(box[2] + room))), max(top + 1, min(height, int(box[3] + room)))
    part = picture[top:bottom, left:right]
    scale = max(1.0, SIDE_PX_MIN / max(part.shape[:2]))
    size = max(1, round(part.shape[1] * scale)), max(1, round(part.shape[0] * scale))
    return cv2.resize(part, size, interpolation=cv2.INTER_CUBIC) if scale > 1 else part, left, top, scale


def _on_people(faces: Floats, people: Floats) -> Floats:
    x, y = (faces[:, [0]] + faces[:, [2]]) / 2, (faces[:, [1]] + faces[:, [3]]) / 2
    inside = ((people[:, 0] <= x) & (x <= people[:, 2]) & (people[:, 1] <= y) & (y <= people[:, 3])).any(1)
    found: Floats = faces[inside]
    return found


def sides(faces: Floats) -> Floats:
    """The longer side of each."""
    longer: Floats = (faces[:, 2:] - faces[:, :2]).max(1, initial=0.0)
    return longer


def counted(lengths: Sequence[Floats], side_px: float) -> tuple[float, float]:
    """How many faces are at least this large, and how many smaller."""
    every = np.concatenate([np.zeros(0), *lengths])
    return float((every >= side_px).sum()), float((every < side_px).sum())
