"""MoveNet multi-pose: middles of people, from each a guess of every joint, put right by the joints' own maps.

The graph is cut at its six maps and read here, so that many pictures run at once and more than six people are found.
Reference: R. Votel and N. Li, Next-Generation Pose Detection with MoveNet and TensorFlow.js (2021).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tocsin.inference.decoders import Array, Raw, Shape, Size, grid, sigmoid

JOINTS = 17
PEOPLE_MAX = 64
SPREAD = 0.3
"""How far a joint may lie from its guess: squared distance in cells, per cell of the shorter side."""

SURE = 0.127
"""A joint's score from which it counts for the person's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Movenet:
    """Outputs (rows, columns, …): middles 1, box sizes 2, box offsets 2, joints 17, guesses 34, joint offsets 34."""

    stride: int

    def complaint(self, shapes: Sequence[Shape], size: Size) -> str:
        """See Decoder."""
        wanted = [(*grid(size, self.stride), depth) for depth in (1, 2, 2, JOINTS, 2 * JOINTS, 2 * JOINTS)]
        return "" if list(shapes) == wanted else f"MoveNet's six maps should have the shapes {wanted}"

    def decode(self, outputs: Sequence[Array], _size: Size, score_min: float) -> Raw:
        """See Decoder."""
        middles, sizes, offsets, joints, guesses, joint_offsets = outputs
        heat = sigmoid(middles[:, :, 0])
        rows, columns = _peaks(heat, score_min)
        places = np.stack([rows, columns], 1).astype(np.float32)
        boxes = _boxes(places + offsets[rows, columns], np.maximum(sizes[rows, columns], 0), self.stride)
        guessed = guesses[rows, columns].reshape(-1, JOINTS, 2) + places[:, None]
        points = _joints(guessed, boxes / self.stride, sigmoid(joints), joint_offsets) * (self.stride, self.stride, 1)
        scores = heat[rows, columns] * _sureness(points[:, :, 2])
        chosen = np.flatnonzero(scores >= score_min)
        classes = np.zeros(len(chosen), np.int64)
        return Raw(boxes[chosen], scores[chosen].astype(np.float32), classes, points[chosen].astype(np.float32))


def _peaks(heat: Array, score_min: float) -> tuple[Array, Array]:
    """Places that are highest among their 5 × 5 neighbours, the highest first."""
    padded = np.pad(heat, 2)
    around = np.lib.stride_tricks.sliding_window_view(padded, (5, 5)).max((2, 3))
    rows, columns = np.nonzero((heat >= around) & (heat >= score_min))
    order = np.argsort(-heat[rows, columns], kind="stable")[:PEOPLE_MAX]
    return rows[order], columns[order]


def _boxes(middles: Array, sizes: Array, stride: int) -> Array:
    """Height and width, y and x, in cells, to corners in pixels."""
    corners = np.concatenate([middles - sizes / 2, middles + sizes / 2], 1)[:, [1, 0, 3, 2]]
    return (corners * stride).astype(np.float32)


def _joints(guessed: Array, boxes: Array, joints: Array, offsets: Array) -> Array:
    """For each guess (person, joint) the place in the person's box whose score, weighed by nearness, is best."""
    rows, columns = joints.shape[:2]
    y, x = np.arange(rows, dtype=np.float32), np.arange(columns, dtype=np.float32)
    spread = np.float32(SPREAD * min(rows, columns))
    down = np.exp(-((y[None, :, None] - guessed[:, None, :, 0]) ** 2) / spread)
    right = np.exp(-((x[None, :, None] - guessed[:, None, :, 1]) ** 2) / spread)
    down *= ((y >= boxes[:, 1:2]) & (y < boxes[:, 3:4]))[:, :, None]
    right *= ((x >= boxes[:, 0:1]) & (x < boxes[:, 2:3]))[:, :, None]
    near = down[:, :, None] * right[:, None] * joints[None]
    best = near.reshape(len(guessed), rows * columns, JOINTS)
    row, column = np.divmod(best.argmax(1), columns)
    shift = offsets.reshape(rows, columns, JOINTS, 2)[row, column, np.arange(JOINTS)[None]]
    return np.stack([column + shift[..., 1], row + shift[..., 0], best.max(1)], -1)


def _sureness(scores: Array) -> Array:
    """The mean of the joints that are sure."""
    sure = scores > SURE
    mean: Array = (scores * sure).sum(1) / np.maximum(sure.sum(1), 1)
    return mean
