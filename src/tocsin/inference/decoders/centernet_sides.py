"""CenterNet that measures to all four sides: a map of middles per class, and from each the distances in pixels.

Reference: Liu et al., Training-Time-Friendly Network for Real-Time Object Detection (2020), after Zhou et al.,
Objects as Points (2019).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tocsin.inference.decoders import Array, Raw, Shape, Size, grid


@dataclass(frozen=True, slots=True, kw_only=True)
class CenternetSides:
    """Outputs: distances (rows, columns, 4) to left, top, right and bottom, and scores (rows, columns, classes)."""

    classes: int
    stride: int

    def complaint(self, shapes: Sequence[Shape], size: Size) -> str:
        """See Decoder."""
        rows, columns = grid(size, self.stride)
        wanted = [(rows, columns, 4), (rows, columns, self.classes)]
        return "" if list(shapes) == wanted else f"its outputs should have the shapes {wanted}"

    def decode(self, outputs: Sequence[Array], _size: Size, score_min: float) -> Raw:
        """See Decoder."""
        sides, scores = outputs
        rows, columns, classes = np.nonzero(scores >= score_min)
        middles = np.stack([columns, rows], 1).astype(np.float32) * np.float32(self.stride)
        reach = sides[rows, columns].astype(np.float32)
        boxes = np.concatenate([middles - reach[:, :2], middles + reach[:, 2:]], 1)
        return Raw(boxes, scores[rows, columns, classes].astype(np.float32), classes.astype(np.int64))
