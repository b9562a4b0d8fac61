"""A frame made small: its grey, and its edges at three sizes, all that tampering but the freezing kinds needs."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tocsin.inference.sessions import needed

Floats = NDArray[np.floating[Any]]

WIDTH_PX = 320
"""Width of the small picture: a blur of 0.3 % of the picture's width is one of its pixels."""

CELLS = (16, 9)
"""Columns and rows into which the picture is divided, whatever its shape."""

SIDE_PX_MIN = 48
"""A picture with a shorter side cannot be judged."""


STEEP = 3.0
"""Slope at which an edge counts in full, grey levels per pixel: a person's outline no more than a line of the floor."""


@dataclass(frozen=True, slots=True)
class View:
    """One frame: `grey` 320 wide, and its edges (right, down; rows, columns): `fine` of it, `coarse` of a quarter.

    `middle` (of half its size) and `outline` (as `coarse`) are edges whose steepness is limited; `small` is the grey
    of which `coarse` was made.
    """

    grey: Floats
    fine: Floats
    middle: Floats
    coarse: Floats
    outline: Floats
    small: Floats


def view(picture: NDArray[Any]) -> View:
    """Make a picture (BGR) small."""
    cv2 = needed("cv2")
    small = picture
    while small.shape[1] >= 2 * WIDTH_PX:
        small = cv2.resize(small, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    height, width = small.shape[:2]
    columns = min(WIDTH_PX, width)
    size = (columns, max(1, round(columns * height / width)))
    small = cv2.resize(small, size, interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY).astype(np.float32)
    return view_of(grey)


def view_of(grey: Floats) -> View:
    """The edges of a small picture."""
    cv2 = needed("cv2")
    half = cv2.pyrDown(grey)
    small = cv2.pyrDown(half)
    coarse = edges(small)
    return View(grey, edges(grey), limited(edges(half)), coarse, limited(coarse), small)


def limited(slopes: Floats) -> Floats:
    """Edges no steeper than STEEP."""
    return slopes * (STEEP / np.maximum(np.sqrt(product(slopes, slopes)), STEEP))


def edges(grey: Floats) -> Floats:
    """Slope of brightness along the rows and down the columns (Sobel), grey levels per pixel."""
    cv2 = needed("cv2")
    found = np.empty((2, *grey.shape), np.float32)
    cv2.Sobel(grey, cv2.CV_32F, 1, 0, dst=found[0], scale=0.125)
    cv2.Sobel(grey, cv2.CV_32F, 0, 1, dst=found[1], scale=0.125)
    return found


def cells(values: Floats) -> Floats:
    """The mean of each cell."""
    cv2 = needed("cv2")
    found: Floats = cv2.resize(values, CELLS, interpolation=cv2.INTER_AREA)
    return found


def product(slopes: Floats, others: Floats) -> Floats:
    """The product of two fields of edges at each pixel: positive where light rises the same way."""
    found: Floats = slopes[0] * others[0]
    found += slopes[1] * others[1]
    return found


def energy(slopes: Floats) -> Floats:
    """The mean square of the edges in each cell."""
    return cells(product(slopes, slopes))


def agreement(slopes: Floats, others: Floats) -> Floats:
    """The mean product of two fields of edges in each cell."""
    return cells(product(slopes, others))
