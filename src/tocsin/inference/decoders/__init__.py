"""One file per family of models: how its outputs become boxes in pixels of the model's input."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tocsin.inference.detected import Floats, Numbers

Array = NDArray[Any]
Shape = tuple[int, ...]
Size = tuple[int, int]


@dataclass(frozen=True, slots=True, eq=False)
class Raw:
    """Boxes before suppression, in pixels of the tensor; `points` (N, 17, 3) where the model has them."""

    boxes: Floats
    scores: Floats
    classes: Numbers
    points: Floats | None = None


class Decoder(Protocol):
    """Reads the outputs of one model."""

    def complaint(self, shapes: Sequence[Shape], size: Size, /) -> str:
        """What is wrong with outputs of these shapes (without the batch) for an input of this size; '' if nothing."""
        ...

    def decode(self, outputs: Sequence[Array], size: Size, score_min: float, /) -> Raw:
        """The boxes of one picture whose score is at least `score_min`."""
        ...


def sigmoid(values: Array) -> Floats:
    """1 / (1 + e^-x), without overflow.

    >>> sigmoid(np.float32([0, -1000])).tolist()
    [0.5, 0.0]
    """
    made: Floats = (0.5 * (1 + np.tanh(0.5 * np.asarray(values, np.float32)))).astype(np.float32)
    return made


def softmax(values: Array) -> Floats:
    """Over the last axis."""
    powers = np.exp(values - values.max(-1, keepdims=True))
    made: Floats = (powers / powers.sum(-1, keepdims=True)).astype(np.float32)
    return made


def centres(size: Size, stride: int, per_cell: int = 1) -> Floats:
    """Middle (x, y) in pixels of each cell of a grid, row by row, `per_cell` times each.

    >>> centres((16, 32), 16).tolist()
    [[8.0, 8.0], [24.0, 8.0]]
    """
    rows, columns = grid(size, stride)
    y, x = np.mgrid[:rows, :columns].astype(np.float32)
    points = (np.stack([x.reshape(-1), y.reshape(-1)], 1) + np.float32(0.5)) * np.float32(stride)
    return np.repeat(points, per_cell, axis=0)


def grid(size: Size, stride: int) -> Size:
    """Rows and columns of cells."""
    return -(-size[0] // stride), -(-size[1] // stride)


def around(middles: Array, sizes: Array) -> Floats:
    """Boxes from their middle and size."""
    half = np.asarray(sizes, np.float32) / 2
    return np.concatenate([middles - half, middles + half], -1).astype(np.float32)
