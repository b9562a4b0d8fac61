"""NanoDet: per cell, a score for each class, and for each side of the box a distribution over distances.

Reference: R. Lyu, NanoDet (2020); the distributions are those of Li et al., Generalized Focal Loss (2020).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from tocsin.inference.decoders import Array, Raw, Shape, Size, centres, grid, softmax


@dataclass(frozen=True, slots=True, kw_only=True)
class Nanodet:
    """Two outputs per stride, in any order: (cells, classes) and (cells, 4 × bins)."""

    classes: int
    strides: tuple[int, ...]

    def complaint(self, shapes: Sequence[Shape], size: Size) -> str:
        """See Decoder."""
        if len(shapes) != 2 * len(self.strides):
            return f"NanoDet has {2 * len(self.strides)} outputs, this model {len(shapes)}"
        for stride in self.strides:
            rows, columns = grid(size, stride)
            widths = sorted(shape[1] for shape in shapes if len(shape) == 2 and shape[0] == rows * columns)
            sides = [width for width in widths if width % 4 == 0 and width >= 8]
            if len(widths) != 2 or self.classes not in widths or not sides:
                return f"stride {stride} needs {rows * columns} cells with {self.classes} classes and 4 distributions"
        return ""

    def decode(self, outputs: Sequence[Array], size: Size, score_min: float) -> Raw:
        """See Decoder."""
        parts = [self._level(*pair, size, score_min) for pair in self._pairs(outputs, size)]
        return Raw(
            np.concatenate([part.boxes for part in parts]),
            np.concatenate([part.scores for part in parts]),
            np.concatenate([part.classes for part in parts]),
        )

    def _pairs(self, outputs: Sequence[Array], size: Size) -> Iterator[tuple[int, Array, Array]]:
        for stride in self.strides:
            rows, columns = grid(size, stride)
            first, second = (one for one in outputs if one.shape[0] == rows * columns)
            yield (stride, first, second) if first.shape[1] == self.classes else (stride, second, first)

    def _level(self, stride: int, scores: Array, sides: Array, size: Size, score_min: float) -> Raw:
        cells, classes = np.nonzero(scores >= score_min)
        shares = softmax(sides[cells].reshape(len(cells), 4, sides.shape[1] // 4))
        reach = shares @ np.arange(shares.shape[-1], dtype=np.float32) * stride
        middles = centres(size, stride)[cells]
        boxes = np.concatenate([middles - reach[:, :2], middles + reach[:, 2:]], 1)
        return Raw(boxes.astype(np.float32), scores[cells, classes].astype(np.float32), classes)
