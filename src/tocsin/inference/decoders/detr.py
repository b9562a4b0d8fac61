"""DETR and RT-DETR: a fixed number of queries, each with class logits and a box in shares of the picture.

Reference: Carion et al., End-to-End Object Detection with Transformers (2020).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tocsin.inference.decoders import Array, Raw, Shape, Size, around, sigmoid, softmax


@dataclass(frozen=True, slots=True, kw_only=True)
class Detr:
    """Outputs (queries, classes + 1), the last meaning nothing, or (queries, classes); and (queries, 4)."""

    classes: int

    def complaint(self, shapes: Sequence[Shape], _size: Size) -> str:
        """See Decoder."""
        fits = len(shapes) == 2 and all(len(shape) == 2 for shape in shapes) and shapes[0][0] == shapes[1][0]
        widths = [shape[1] for shape in shapes] if fits else []
        logits = [width for width in widths if width in {self.classes, self.classes + 1}]
        return "" if 4 in widths and logits else f"DETR has outputs (queries, {self.classes + 1}) and (queries, 4)"

    def decode(self, outputs: Sequence[Array], size: Size, score_min: float) -> Raw:
        """See Decoder."""
        logits, boxes = outputs if outputs[1].shape[1] == 4 else (outputs[1], outputs[0])
        scores = sigmoid(logits) if logits.shape[1] == self.classes else softmax(logits)[:, :-1]
        queries, classes = np.nonzero(scores >= score_min)
        spans = boxes[queries].reshape(-1, 2, 2) * np.array(size[::-1], np.float32)
        return Raw(around(spans[:, 0], spans[:, 1]), scores[queries, classes], classes)
