"""CenterNet's family, as CenterFace: a map of middles, with size and offset at each place.

Reference: Xu et al., CenterFace: Joint Face Detection and Alignment Using Face as Point (2020).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tocsin.inference.decoders import Array, Raw, Shape, Size, around, grid


@dataclass(frozen=True, slots=True, kw_only=True)
class Centernet:
    """Outputs: map (classes, rows, columns), log size (2, …) as height and width, offset (2, …) as y and x."""

    classes: int
    stride: int

    def complaint(self, shapes: Sequence[Shape], size: Size) -> str:
        """See Decoder."""
        rows, columns = grid(size, self.stride)
        wanted = [(self.classes, rows, columns), (2, rows, columns), (2, rows, columns)]
        return "" if list(shapes[:3]) == wanted else f"its first outputs should have the shapes {wanted}"

    def decode(self, outputs: Sequence[Array], _size: Size, score_min: float) -> Raw:
        """See Decoder."""
        heat, sizes, offsets = outputs[:3]
        classes, rows, columns = np.nonzero(heat >= score_min)
        places = np.stack([columns, rows], 1).astype(np.float32)
        middles = (places + offsets[::-1, rows, columns].T + np.float32(0.5)) * np.float32(self.stride)
        spans = np.exp(np.clip(sizes[::-1, rows, columns].T, -10, 10)) * np.float32(self.stride)
        return Raw(around(middles, spans), heat[classes, rows, columns].astype(np.float32), classes)
