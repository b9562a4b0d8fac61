"""A camera calibrated by people: how high they look where they stand tells its height and its tilt."""

from dataclasses import dataclass
from math import atan2, degrees, radians, tan

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tocsin.model import BadInput
from tocsin.physics.ground import Ground

Floats = NDArray[np.float64]

BOXES_MIN = 8
"""Fewest boxes that are worth a fit."""

SPREAD_MIN = 0.08
"""Feet must lie this share of the picture's height apart (deviation): people in one row tell no distance."""

FIELD_SD_MAX = 0.2
"""A field of view less certain than this (relative) is not believed."""

_STEPS, _HUBER = 40, 1.5
_FIELD_DEG = 60.0
_HEIGHTS_M, _TILTS = np.geomspace(1.5, 40.0, 16), np.radians(np.arange(4.0, 85.0, 5.0))
_OFF_MAX = 0.3  # of a box: beyond, the coarse grid holds no camera


@dataclass(frozen=True, slots=True, eq=False)
class Sized:
    """A ground plane from people's sizes, and how well it is known.

    `height_sd` and `field_sd` are relative; `residual` is the root mean square of the heights of boxes against what
    they should be, as a share. All distances are as wrong as the assumed height of people is.
    """

    ground: Ground
    height_m: float
    tilt_deg: float
    field_deg: float
    height_sd: float
    tilt_sd_deg: float
    field_sd: float
    residual: float


def from_known_sizes(  # noqa: PLR0917  # a picture and what is known of it
    boxes: ArrayLike,
    width: int,
    height: int,
    tall_m: float = 1.72,
    field_deg: float | None = None,
    bearing_deg: float = 0.0,
) -> Sized:
    """The plane under people of height `tall_m` whose boxes (x1, y1, x2, y2) are given: whole ones, standing.

    Robust: those who sit, and false alarms, count little. Without `field_deg` the field of view is fitted too, and
    refused where the boxes do not tell it. Raises BadInput for too few boxes, or feet all at one height.

    >>> from tocsin.physics.ground.upright import Upright
    >>> camera = Upright.of(Ground.from_pose(6.0, 25.0, 70.0, 0.0, 1280, 720), 1280, 720)
    >>> feet = np.array([[east, north, 0.0] for east in (-4, 0, 3) for north in (8.0, 12, 20, 30)])
    >>> heads = camera.to_picture(feet + [0, 0, 1.72])
    >>> boxes = np.hstack([heads - [10, 0], camera.to_picture(feet) + [10, 0]])
    >>> found = from_known_sizes(boxes, 1280, 720, field_deg=70.0)
    >>> round(found.height_m, 1), round(found.tilt_deg, 1)
    (6.0, 25.0)
    """
    rows = _checked(boxes, height)
    focal = width / 2 / tan(radians(field_deg or _FIELD_DEG) / 2)
    start = _start(rows, focal, height, tall_m)
    fitted, spread, residual = _fitted(rows, start, (width, height), tall_m, free=3 if field_deg is None else 2)
    high_m, tilt, focal = float(np.exp(fitted[0])), float(fitted[1]), float(np.exp(fitted[2]))
    if field_deg is None and spread[2] > FIELD_SD_MAX:
        raise BadInput("These boxes do not tell the field of view: give it (the camera's data sheet says it).")
    field = 2 * degrees(atan2(width / 2, focal))
    if not 0 < tilt < np.pi / 2:
        raise BadInput("These boxes fit no camera that looks down at the ground: are they whole, standing people?")
    ground = Ground.from_pose(high_m, degrees(tilt), field, bearing_deg, width, height)
    return Sized(
        ground=ground,
        height_m=high_m,
        tilt_deg=degrees(tilt),
        field_deg=field,
        height_sd=float(spread[0]),
        tilt_sd_deg=degrees(float(spread[1])),
        field_sd=float(spread[2]),
        residual=residual,
    )


def _checked(boxes: ArrayLike, height: int) -> Floats:
    rows = np.asarray(boxes, dtype=np.float64).reshape(-1, 4)
    rows = rows[np.isfinite(rows).all(axis=1)]
    rows = rows[(rows[:, 3] > rows[:, 1]) & (rows[:, 3] < 0.985 * height) & (rows[:, 1] > 0.005 * height)]
    if len(rows) < BOXES_MIN:
        raise BadInput(f"{len(rows)} whole boxes are too few to calibrate by: wait for {BOXES_MIN} or more.")
    if float(rows[:, 3].std()) < SPREAD_MIN * height:
        raise BadInput("All feet lie at one height of the picture: wait for people nearer and farther away.")
    return rows


def _start(rows: Floats, focal: float, height: int, tall_m: float) -> Floats:
    """The best of a coarse grid of camera heights and tilts, by the median of what heads are off."""
    tall = rows[:, 3] - rows[:, 1]
    guesses = [np.array([np.log(high_m), tilt, np.log(focal)]) for high_m in _HEIGHTS_M for tilt in _TILTS]
    off = [float(np.median(np.abs(_tops(one, rows[:, 3], height, tall_m) - rows[:, 1]) / tall)) for one in guesses]
    best = int(np.argmin(off))
    if off[best] > _OFF_MAX:
        raise BadInput("No ground plane fits the sizes of these boxes: are they whole, standing people?")
    return guesses[best]


def _tops(guess: Floats, feet_y: Floats, height: int, tall_m: float) -> Floats:
    """Where heads are seen above feet, for log camera height, tilt, log focal length."""
    high_m, focal = np.exp(guess[0]), np.exp(guess[2])
    cosine, sine = np.cos(guess[1]), np.sin(guess[1])
    down = feet_y - height / 2
    reach = high_m / np.maximum(cosine * down + sine * focal, 1e-3 * focal)
    return np.asarray(height / 2 + focal * (reach * down - tall_m * cosine) / (reach * focal - tall_m * sine))


def _fitted(
    rows: Floats, start: Floats, picture: tuple[int, int], tall_m: float, free: int
) -> tuple[Floats, Floats, float]:
    """Gauss and Newton with damping, on heights as shares; values, their deviations, and the residual."""
    guess, damping = start.copy(), 1e-3

    def off(values: Floats) -> Floats:
        return np.asarray((_tops(values, rows[:, 3], picture[1], tall_m) - rows[:, 1]) / (rows[:, 3] - rows[:, 1]))

    for _ in range(_STEPS):
        now, slope = off(guess), np.empty((len(rows), free))
        for column in range(free):
            step = np.zeros(3)
            step[column] = 1e-5
            slope[:, column] = (off(guess + step) - now) / 1e-5
        sd = max(1.4826 * float(np.median(np.abs(now))), 1e-4)
        weight = np.minimum(1.0, _HUBER * sd / np.maximum(np.abs(now), 1e-12))
        normal = slope.T @ (weight[:, None] * slope)
        change = np.linalg.solve(normal + damping * np.diag(np.diag(normal) + 1e-12), -slope.T @ (weight * now))
        nearer = guess.copy()
        nearer[:free] += np.clip(change, -0.3, 0.3)
        better = float((weight * off(nearer) ** 2).sum()) < float((weight * now**2).sum())
        guess, damping = (nearer, damping / 3) if better else (guess, damping * 5)
    spread = np.zeros(3)
    spread[:free] = np.sqrt(np.diag(np.linalg.pinv(normal)) * float((weight * now**2).sum()) / max(len(rows) - free, 1))
    return guess, spread, float(np.sqrt(np.mean(np.minimum(np.abs(now), 0.5) ** 2)))
