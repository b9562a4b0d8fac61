"""BlazeFace and MediaPipe's full-range detector: anchors on grids, boxes as offsets from them in pixels.

Reference: Bazarevsky et al., BlazeFace: Sub-millisecond Neural Face Detection on Mobile GPUs (2019).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tocsin.inference.decoders import Array, Raw, Shape, Size, around, centres, grid, sigmoid


@dataclass(frozen=True, slots=True, kw_only=True)
class Blazeface:
    """Per stride, `anchors` per cell; outputs scores (n, 1) and boxes (n, 16), or both joined as (n, 17).

    Further outputs of the same shapes (such as one for whole people) are left alone: the first counts.
    """

    strides: tuple[int, ...]
    anchors: tuple[int, ...]

    def _counts(self, size: Size) -> list[int]:
        cells = [rows * columns for rows, columns in (grid(size, stride) for stride in self.strides)]
        return [count * per_cell for count, per_cell in zip(cells, self.anchors, strict=True)]

    def complaint(self, shapes: Sequence[Shape], size: Size) -> str:
        """See Decoder."""
        counts = self._counts(size)
        joined = (sum(counts), 17) in shapes
        apart = all({(count, 1), (count, 16)} <= set(shapes) for count in counts)
        return "" if joined or apart else f"it should score {' and '.join(map(str, counts))} anchors"

    def decode(self, outputs: Sequence[Array], size: Size, score_min: float) -> Raw:
        """See Decoder."""
        rows = np.concatenate([self._rows(outputs, count) for count in self._joints(outputs, size)])
        pairs = zip(self.strides, self.anchors, strict=True)
        middles = np.concatenate([centres(size, stride, per_cell) for stride, per_cell in pairs])
        scores = sigmoid(rows[:, 0])
        chosen = np.flatnonzero(scores >= score_min)
        boxes = around(middles[chosen] + rows[chosen, 1:3], rows[chosen, 3:5])
        return Raw(boxes, scores[chosen], np.zeros(len(chosen), np.int64))

    def _joints(self, outputs: Sequence[Array], size: Size) -> list[int]:
        counts = self._counts(size)
        return [sum(counts)] if any(one.shape == (sum(counts), 17) for one in outputs) else counts

    def _rows(self, outputs: Sequence[Array], count: int) -> Array:
        joined = [one for one in outputs if one.shape == (count, 17)]
        if joined:
            return joined[0]
        scores = next(one for one in outputs if one.shape == (count, 1))
        return np.concatenate([scores, next(one for one in outputs if one.shape == (count, 16))], 1)
