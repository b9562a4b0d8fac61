"""What a model says about a picture: boxes or key points, as arrays in pixels of the picture that was given."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Numbers = NDArray[np.int64]
Picture = NDArray[np.uint8]
"""Height × width × 3, blue first, as OpenCV has it; any size."""


@dataclass(frozen=True, slots=True, eq=False)
class Detected:
    """Boxes (x1, y1, x2, y2), their scores and classes, the surest first; `names` are the words for the classes."""

    boxes: Floats
    scores: Floats
    classes: Numbers
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.boxes)

    @classmethod
    def nothing(cls, names: tuple[str, ...]) -> Self:
        """No box at all."""
        return cls(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros(0, np.int64), names)

    def where(self, chosen: NDArray[np.bool_] | Numbers) -> Self:
        """Only some of them, by mask or by number.

        >>> Detected.nothing(("person",)).where(np.array([], bool)).boxes.shape
        (0, 4)
        """
        return type(self)(self.boxes[chosen], self.scores[chosen], self.classes[chosen], self.names)

    def only(self, *names: str) -> Self:
        """Only these classes, by their words."""
        wanted = [number for number, name in enumerate(self.names) if name in names]
        return self.where(np.isin(self.classes, wanted))

    def moved(self, right_px: float, down_px: float) -> Self:
        """As seen from a picture of which this one is a part."""
        shift = np.array([right_px, down_px, right_px, down_px], np.float32)
        return type(self)(self.boxes + shift, self.scores, self.classes, self.names)

    @classmethod
    def of(cls, parts: "Sequence[Detected]", names: tuple[str, ...]) -> Self:
        """All parts together, one after the other."""
        every: list[Detected] = [*parts, cls.nothing(names)]
        return cls(
            np.concatenate([part.boxes for part in every]),
            np.concatenate([part.scores for part in every]),
            np.concatenate([part.classes for part in every]),
            names,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Posed:
    """People as 17 key points each (x, y in pixels, score), with a box and a score; the surest first."""

    points: Floats
    boxes: Floats
    scores: Floats

    def __len__(self) -> int:
        return len(self.points)
