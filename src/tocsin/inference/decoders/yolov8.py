"""YOLOv8 and those that export like it: middle, size and class scores of each candidate, in pixels.

Only the arithmetic of the output is here; the models themselves often carry the AGPL, see `tocsin models add`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tocsin.inference.decoders import Array, Raw, Shape, Size, around


@dataclass(frozen=True, slots=True, kw_only=True)
class Yolov8:
    """One output (4 + classes, candidates), or the same lying on its side."""

    classes: int

    def complaint(self, shapes: Sequence[Shape], _size: Size) -> str:
        """See Decoder."""
        fits = len(shapes) == 1 and len(shapes[0]) == 2 and 4 + self.classes in shapes[0]
        return "" if fits else f"YOLOv8 has one output of shape ({4 + self.classes}, candidates)"

    def decode(self, outputs: Sequence[Array], _size: Size, score_min: float) -> Raw:
        """See Decoder."""
        rows = outputs[0].T if outputs[0].shape[0] == 4 + self.classes else outputs[0]
        places, classes = np.nonzero(rows[:, 4:] >= score_min)
        boxes = around(rows[places, :2], rows[places, 2:4])
        return Raw(boxes, rows[places, 4 + classes].astype(np.float32), classes)
