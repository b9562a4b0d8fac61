"""A scene read without trust: only one whose arrays are all there, whole and finite may become a picture."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tocsin.contract.pictures import Scene
from tocsin.contract.raster import Raster
from tocsin.model import BadInput

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]
Picture = NDArray[np.uint8]

PERSON = "person"
SIDE_PX = (16, 8_192)
"""Shortest and longest side of a picture that is masked."""

BOXES_MAX = 5_000
"""Most boxes of one scene; more are a fault, not a crowd."""


@dataclass(frozen=True, slots=True, eq=False)
class Checked:
    """The parts of a scene as arrays: `boxes` of tracks in the order of `ids`, `extra` boxes of people."""

    number: int
    picture: Picture
    ids: tuple[int, ...]
    labels: tuple[str, ...]
    boxes: Floats
    seen: Bools
    extra: Floats
    moving: Bools
    motion: Floats
    detected: bool

    @property
    def persons(self) -> Bools:
        """Which tracks are people."""
        return np.array([label == PERSON for label in self.labels], np.bool_)


def checked(scene: Scene) -> Checked:
    """The scene; raises BadInput saying what of it does not fit together."""
    boxes = _boxes(scene.boxes_px, "tracks")
    lengths = {len(boxes), len(scene.ids), len(scene.labels), len(scene.scores), len(scene.seen), len(scene.confirmed)}
    if len(lengths) != 1:
        raise BadInput(f"The scene has {sorted(lengths)} ids, labels, boxes and scores: as many of each are needed.")
    return Checked(
        number=scene.frame.number,
        picture=_picture(scene.frame.picture),
        ids=scene.ids,
        labels=scene.labels,
        boxes=boxes,
        seen=np.array(scene.seen, np.bool_),
        extra=_boxes(scene.extra_px, "further boxes"),
        moving=_moving(scene.moving),
        motion=_motion(scene.motion),
        detected=scene.detected,
    )


def _picture(raster: Raster) -> Picture:
    array = raster.array
    if array.dtype != np.uint8 or array.ndim != 3 or array.shape[2] != 3:
        raise BadInput(f"A picture is height × width × 3 bytes, not {array.shape} of {array.dtype}.")
    if min(array.shape[:2]) < SIDE_PX[0] or max(array.shape[:2]) > SIDE_PX[1]:
        raise BadInput(f"A picture has {SIDE_PX[0]} to {SIDE_PX[1]} pixels a side, not {array.shape[:2]}.")
    return array.astype(np.uint8, copy=False)


def _boxes(raster: Raster, name: str) -> Floats:
    array = raster.array
    if array.size == 0:
        return np.zeros((0, 4), np.float32)
    if array.ndim != 2 or array.shape[1] != 4 or len(array) > BOXES_MAX or array.dtype.kind not in "fiu":
        raise BadInput(f"The {name} are {array.shape} of {array.dtype}: rows of x1, y1, x2, y2 are needed.")
    boxes = array.astype(np.float64)
    if not np.isfinite(boxes).all() or np.abs(boxes).max() > 1e6 or (boxes[:, 2:] < boxes[:, :2]).any():
        raise BadInput(f"The {name} hold numbers that are no boxes.")
    return boxes.astype(np.float32)


def _moving(raster: Raster) -> Bools:
    array = raster.array
    if array.size and (array.ndim != 2 or array.dtype != np.uint8):
        raise BadInput(f"What moves is {array.shape} of {array.dtype}: rows and columns of bytes are needed.")
    if not array.size:
        return np.zeros((0, 0), np.bool_)
    return array.astype(np.bool_)


def _motion(raster: Raster) -> Floats:
    array = raster.array
    if array.size and (array.shape != (2, 3) or array.dtype.kind != "f" or not np.isfinite(array).all()):
        raise BadInput(f"The motion of the picture is {array.shape} of {array.dtype}: two rows of three are needed.")
    return array.astype(np.float32) if array.size else np.eye(2, 3, dtype=np.float32)
