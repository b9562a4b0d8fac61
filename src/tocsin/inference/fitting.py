"""A picture of any size becomes the tensor that a model takes, and boxes find their way back."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tocsin.inference.cards import Input
from tocsin.inference.detected import Floats, Picture
from tocsin.model import BadInput

SIDE_PX_MAX = 32_768
"""Longest side of a picture that is looked at."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """The tensor (channel, height, width), and where the picture lies in it."""

    tensor: Floats
    scale: tuple[float, float]
    shift: tuple[float, float]
    size: tuple[int, int]

    def back(self, points: Floats) -> Floats:
        """Pairs of x and y in the last axis, from pixels of the tensor to pixels of the picture."""
        pairs = points.reshape(*points.shape[:-1], points.shape[-1] // 2, 2)
        moved: Floats = np.subtract(pairs, np.array(self.shift, np.float32), dtype=np.float32)
        moved /= np.array(self.scale, np.float32)
        return moved.reshape(points.shape)

    def inside(self, boxes: Floats) -> Floats:
        """Boxes cut at the picture's edges."""
        height, width = self.size
        cut: Floats = np.clip(boxes, 0, np.array([width, height, width, height], np.float32))
        return cut


def checked(picture: Picture) -> Picture:
    """The picture, if it is one; raises BadInput otherwise."""
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3:
        raise BadInput(f"A picture is height × width × 3 bytes, not {picture.shape} of {picture.dtype}.")
    if min(picture.shape) < 1 or max(picture.shape) > SIDE_PX_MAX:
        raise BadInput(f"A picture has 1 to {SIDE_PX_MAX} pixels a side, not {picture.shape[1]} × {picture.shape[0]}.")
    return picture


def fitted(picture: Picture, entry: Input) -> Fitted:
    """Resize, lay in place, put the colours in order and on the model's scale."""
    height, width = checked(picture).shape[:2]
    size, inner, shift = _placed(height, width, entry)
    small = _resized(picture, inner)
    if small.shape[:2] != size:
        canvas = np.full((*size, 3), entry.fill, np.uint8)
        canvas[shift[1] : shift[1] + inner[0], shift[0] : shift[0] + inner[1]] = small
        small = canvas
    scale = inner[1] / width, inner[0] / height
    return Fitted(prepared(small, entry), scale, (float(shift[0]), float(shift[1])), (height, width))


def prepared(picture: Picture, entry: Input) -> Floats:
    """Colours in the model's order and on its scale, channel first."""
    ordered = picture if entry.colour == "bgr" else picture[:, :, ::-1]
    scaled = ordered.transpose(2, 0, 1).astype(np.float32)
    scaled -= np.array(entry.mean, np.float32)[:, None, None]
    scaled *= (1 / np.array(entry.std, np.float32))[:, None, None]
    return np.ascontiguousarray(scaled)


def _placed(height: int, width: int, entry: Input) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int]]:
    """Size of the tensor, size of the picture in it, and its left upper corner (right, down)."""
    if entry.fit == "stretch":
        return (entry.height, entry.width), (entry.height, entry.width), (0, 0)
    scale = min(entry.width / width, entry.height / height)
    if entry.fit == "flexible":
        size = _stepped(height * scale, entry.step), _stepped(width * scale, entry.step)
        return size, size, (0, 0)
    inner = max(1, round(height * scale)), max(1, round(width * scale))
    margin = (entry.width - inner[1]) // 2, (entry.height - inner[0]) // 2
    return (entry.height, entry.width), inner, margin if entry.fit == "centre" else (0, 0)


def _stepped(length: float, step: int) -> int:
    return max(step, round(length / step) * step)


def _resized(picture: Picture, size: tuple[int, int]) -> Picture:
    if picture.shape[:2] == size:
        return picture
    from tocsin.inference.sessions import needed

    cv2 = needed("cv2")
    shrinks = size[0] * size[1] < picture.shape[0] * picture.shape[1]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    small: NDArray[np.uint8] = cv2.resize(picture, (size[1], size[0]), interpolation=how)
    return small
