"""Which parts of a frame are filled: people, seen, held or only claimed, faces, plates, unexplained motion."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tocsin.inference.sessions import needed
from tocsin.inference.suppression import overlaps
from tocsin.perceivers.masking.checking import Checked
from tocsin.perceivers.masking.claims import ALIKE_IOU, OUTWARD, Belief, Claims
from tocsin.perceivers.masking.memory import Memory

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]

HEAD_SHARE = 0.35
"""Heads are seldom cut off: at the top a box grows by this share of what it grows at its sides."""

EXTRA_SHARE_MAX = 0.002
"""A box below the tracker's threshold is filled where it covers no more of the picture; claims judge bigger ones."""

WITHIN = 0.85
"""A box is found again where a claim holds this share of it."""

DRIFT_MAX = 0.6
"""A box that is not found again grows by at most this share of its height: then its track is over anyway."""

SURE = 0.2
"""From this evidence on a claim is drawn as a person, not only filled."""

FACE_GROW = 0.4
FACE_SURE = 0.6
"""From this score on a face that no box holds is given a body; below, only a head."""

BODY = np.array([-1.6, -0.6, 1.6, 7.0], np.float32)
"""A body around a face that no box holds, in widths and heights of the face from its middle."""

VEHICLES = frozenset({"car", "truck", "bus", "motorcycle", "train"})
PLATES = {"car": (1.5, 0.45, 0.9), "motorcycle": (1.2, 0.35, 0.8), "truck": (3.0, 0.65, 0.93), "bus": (3.1, 0.68, 0.94)}
"""How high such vehicles usually are in metres, and between which shares of that (from the top) their plates are."""

FRONTAL, SIDEWAYS = 1.3, 2.3
"""Width by height of a vehicle: below, it is seen from front or back, its plate in the middle; above, from the side."""

MIDDLE = 0.15
"""So much of a frontal vehicle's width is left out at either end."""

BLOB_CELLS_MIN = 6
"""Fewer cells that move together are noise, or too far away to be anybody."""

VEHICLE_SURE = 0.5
"""Motion inside a vehicle of this score is explained by it."""


def grown(boxes: Floats, share: float, more_px: NDArray[np.floating] | float = 0.0) -> Floats:
    """Boxes widened by a share of their width and height (less at the top), one pixel, and `more_px` on all sides.

    >>> grown(np.float32([[10, 10, 20, 30]]), 0.1).tolist()
    [[8.0, 8.300000190734863, 22.0, 33.0]]
    """
    sizes = boxes[:, 2:] - boxes[:, :2]
    reach = np.concatenate([sizes * np.array([1, HEAD_SHARE]), sizes], 1) * share
    widened: Floats = (boxes + OUTWARD * (reach + 1 + np.asarray(more_px).reshape(-1, 1))).astype(np.float32)
    return widened


def tracked(
    scene: Checked, memory: Memory, at: float, claims: Floats | None, *, grow: float, drift_per_s: float
) -> Floats:
    """Boxes of all people that are followed; one not found in this frame grows with time and speed.

    One that is also claimed is as wide as it is: the claim, which reaches as far as boxes disagree, is filled too.
    Without claims (nobody looked at this frame but the scene) all grow with the time since the detector looked.
    """
    persons = np.flatnonzero(scene.persons)
    boxes = scene.boxes[persons]
    known = [memory.sightings[scene.ids[row]] for row in persons.tolist()]
    ages = np.array([max(0.0, at - one.at) for one in known], np.float32)
    if claims is None:
        ages = np.maximum(ages, np.float32(memory.held_s(at)))
    speeds = np.array([one.speed_px_s for one in known], np.float32)
    heights = boxes[:, 3] - boxes[:, 1]
    more_px = np.minimum(ages * (drift_per_s * heights + speeds), DRIFT_MAX * heights)
    found = _found_again(boxes, claims)
    return np.concatenate([boxes[found], grown(boxes[~found], grow, more_px[~found])])


def _found_again(boxes: Floats, claims: Floats | None) -> Bools:
    """Which boxes are where somebody is claimed to be."""
    if claims is None or not len(claims):
        return np.zeros(len(boxes), np.bool_)
    alike, within = overlaps(claims, boxes)
    found: Bools = np.any((alike >= ALIKE_IOU) | (within >= WITHIN), axis=0)
    return found


def claimed(found: Claims, size: tuple[int, int], grow: float, belief: Belief) -> tuple[Floats, Floats]:
    """Boxes of claims for which enough speaks, and of those that are surely people."""
    shares = (found.boxes[:, 2:] - found.boxes[:, :2]).prod(1) / float(size[0] * size[1])
    kept = found.where(found.evidence >= belief.needed(shares))
    return grown(kept.boxes, grow), kept.boxes[kept.evidence >= SURE]


def doubtful(scene: Checked, grow: float, *, trusted: bool) -> Floats:
    """Boxes below the tracker's threshold: all where nothing else is known (`trusted`), else the small ones."""
    size = scene.picture.shape[0] * scene.picture.shape[1]
    areas = (scene.extra[:, 2] - scene.extra[:, 0]) * (scene.extra[:, 3] - scene.extra[:, 1])
    return grown(scene.extra[(areas <= EXTRA_SHARE_MAX * size) | trusted], grow)


def faced(faces: Floats, scores: Floats, people: Floats) -> Floats:
    """Heads around faces; the whole body where no box of a person holds a face that is surely one."""
    if not len(faces):
        return faces
    middles, sizes = (faces[:, :2] + faces[:, 2:]) / 2, faces[:, 2:] - faces[:, :2]
    heads = faces + OUTWARD * np.concatenate([sizes, sizes], 1) * FACE_GROW
    x, y = middles[:, :1], middles[:, 1:]
    held = ((people[:, 0] <= x) & (x <= people[:, 2]) & (people[:, 1] <= y) & (y <= people[:, 3])).any(1)
    bodies = np.concatenate([middles, middles], 1) + np.concatenate([sizes, sizes], 1) * BODY
    found: Floats = np.concatenate([heads, bodies[~held & (scores >= FACE_SURE)]]).astype(np.float32)
    return found


def plates(scene: Checked, pixels_per_m: float) -> Floats:
    """Bands of vehicles in which their number plates are, where so many pixels go into a metre that one may be read."""
    rows = []
    for label, (left, top, right, bottom) in zip(scene.labels, scene.boxes.tolist(), strict=True):
        height_m, first, last = PLATES.get(label, (0.0, 0.0, 0.0))
        width, height = right - left, bottom - top
        if height_m and height >= pixels_per_m * height_m and width < SIDEWAYS * height:
            less = MIDDLE * width if width < FRONTAL * height else 0.0
            rows.append((left + less, top + first * height, right - less, top + last * height))
    return np.array(rows, np.float32).reshape(-1, 4)


def unexplained(scene: Checked, scores: tuple[float, ...], *, looked: bool) -> Bools:
    """Cells that move, less those inside a vehicle that is surely one and was found in this frame.

    Where nobody looked for people in this frame, a vehicle explains nothing.
    """
    cells = _together(scene.moving)
    if not cells.any() or not looked:
        return cells
    left = cells.copy()
    rows, columns = cells.shape
    height, width = scene.picture.shape[:2]
    scale = np.array([columns / width, rows / height] * 2)
    for label, box, score, seen in zip(scene.labels, scene.boxes * scale, scores, scene.seen.tolist(), strict=True):
        if label in VEHICLES and score >= VEHICLE_SURE and seen:
            x1, y1, x2, y2 = np.round(box).astype(int).tolist()
            left[max(0, y1) : max(0, y2), max(0, x1) : max(0, x2)] = False
    return left


def _together(cells: Bools) -> Bools:
    """Cells without blobs too small to be anybody."""
    if not cells.any():
        return cells
    cv2: Any = needed("cv2")
    _, blobs, stats, _ = cv2.connectedComponentsWithStats(cells.astype(np.uint8), connectivity=8)
    large = stats[:, cv2.CC_STAT_AREA] >= BLOB_CELLS_MIN
    found: Bools = cells & large[blobs]
    return found
