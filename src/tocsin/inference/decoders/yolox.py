"""YOLOX: per cell a box relative to the cell, a score for anything at all, and scores of the classes.

Reference: Ge et al., YOLOX: Exceeding YOLO Series in 2021.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tocsin.inference.decoders import Array, Raw, Shape, Size, around, centres, grid


@dataclass(frozen=True, slots=True, kw_only=True)
class Yolox:
    """One output (cells of all strides, 5 + classes), as exported without decoding in the graph."""

    classes: int
    strides: tuple[int, ...]

    def complaint(self, shapes: Sequence[Shape], size: Size) -> str:
        """See Decoder."""
        cells = sum(rows * columns for rows, columns in (grid(size, stride) for stride in self.strides))
        wanted = (cells, 5 + self.classes)
        return "" if list(shapes) == [wanted] else f"YOLOX has one output of shape {wanted}"

    def decode(self, outputs: Sequence[Array], size: Size, score_min: float) -> Raw:
        """See Decoder."""
        rows = outputs[0]
        scores = rows[:, 4:5] * rows[:, 5:]
        cells, classes = np.nonzero(scores >= score_min)
        steps = np.concatenate([np.full(len(centres(size, one)), one, np.float32) for one in self.strides])[cells, None]
        corners = np.concatenate([centres(size, one) - one / 2 for one in self.strides])[cells]
        middles = corners + rows[cells, :2] * steps
        spans = np.exp(np.clip(rows[cells, 2:4], -10, 10)) * steps
        return Raw(around(middles, spans), scores[cells, classes].astype(np.float32), classes)
