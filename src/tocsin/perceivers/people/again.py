"""Finding a track again without the detector: its picture of a moment ago, looked for where it should be now."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tocsin.inference.sessions import needed
from tocsin.perceivers.people.glimpse import Glimpse, Grey

Floats = NDArray[np.float64]

SIDE_PX_MIN = 5
"""Smaller looks (in pixels of the small picture) look like everything."""

FLAT = 3.0
"""A picture whose grey levels deviate less looks like nothing in particular."""

FAR = 0.12
"""What the farthest place of the search is worth less than the nearest, in correlation."""


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """What a track looked like in the small picture; it lives as long as the track's memory, never longer."""

    picture: Grey
    inset: tuple[float, float]


def remembered(glimpse: Glimpse, box: Floats) -> Look | None:
    """The inner part of a box; None where it is too small, or has nothing to be known by."""
    x1, y1, x2, y2 = (box / glimpse.of).tolist()
    width, height = x2 - x1, y2 - y1
    left, top = round(x1 + 0.12 * width), round(y1 + 0.04 * height)
    right, bottom = round(x2 - 0.12 * width), round(y2 - 0.04 * height)
    rows, columns = glimpse.grey.shape
    left, top, right, bottom = max(0, left), max(0, top), min(columns, right), min(rows, bottom)
    if right - left < SIDE_PX_MIN or bottom - top < SIDE_PX_MIN:
        return None
    picture = glimpse.grey[top:bottom, left:right].copy()
    return Look(picture, (left - x1, top - y1)) if float(picture.std()) >= FLAT else None


def found_again(glimpse: Glimpse, look: Look, box: Floats, reach_px: float) -> tuple[Floats, float]:
    """Where it is now, with the correlation (-1 to 1); `box` is where it should be, to within `reach_px`."""
    cv2: Any = needed("cv2")
    of, (rows, columns) = glimpse.of, glimpse.grey.shape
    left, top = box[0] / of + look.inset[0], box[1] / of + look.inset[1]
    part, (right, down) = _within(look.picture, (round(left), round(top)), (rows, columns))
    left, top = left + right, top + down
    high, wide = part.shape
    reach = max(2, round(reach_px / of))
    x0, y0 = max(0, round(left) - reach), max(0, round(top) - reach)
    x1, y1 = min(columns, round(left) + wide + reach), min(rows, round(top) + high + reach)
    if min(high, wide) < SIDE_PX_MIN or x1 - x0 < wide or y1 - y0 < high:
        return box, -1.0
    fits = cv2.matchTemplate(glimpse.grey[y0:y1, x0:x1], part, cv2.TM_CCOEFF_NORMED)
    across = (np.arange(fits.shape[1]) + x0 - left) / reach
    below = (np.arange(fits.shape[0]) + y0 - top) / reach
    judged = fits - FAR * (across[None, :] ** 2 + below[:, None] ** 2)
    row, column = divmod(int(judged.argmax()), fits.shape[1])
    finer = _between(fits[row], column), _between(fits[:, column], row)
    shift = np.array([x0 + column + finer[0] - left, y0 + row + finer[1] - top]) * of
    return box + np.concatenate([shift, shift]), float(fits[row, column])


def _between(line: NDArray[np.float32], best: int) -> float:
    """How far from the best of a row of places the true one lies, by the parabola through it and its neighbours."""
    if not 0 < best < len(line) - 1:
        return 0.0
    before, here, after = line[best - 1 : best + 2].tolist()
    bend = before - 2 * here + after
    return float(np.clip((before - after) / (2 * bend), -0.5, 0.5)) if bend < 0 else 0.0


def _within(picture: Grey, corner: tuple[int, int], size: tuple[int, int]) -> tuple[Grey, tuple[int, int]]:
    """The part of a look that lies in the picture when its corner is there, and how far from it the part begins."""
    left, top = max(0, -corner[0]), max(0, -corner[1])
    return picture[top : max(top, size[0] - corner[1]), left : max(left, size[1] - corner[0])], (left, top)
