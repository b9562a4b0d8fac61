"""What detectors make of people: noise as measured on MOT15, misses, who hides whom; and cameras put around a place."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tocsin.physics.ground import Ground
from tocsin.physics.ground.upright import Upright
from tocsin.physics.tracking.boxes import hidden_shares
from tocsin.suites.ground_plane.worlds import Seen

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ACROSS_SD, FEET_SD, HEAD_SD, WIDTH_SD = 0.04, 0.065, 0.065, 0.06
"""Of the middle of a box, its lower and upper edge, and its width, as shares of its height (detections of MOT15)."""

LASTING_SHARE, LASTING_S = 0.6, 0.4
"""How much of that variance is an error that lasts, and how long (the same sequences)."""

MISSED_SHARE = 0.1
HIDDEN_SHARE = 0.6
_TALL_M, _WIDE = 1.75, 0.38


class Noise:
    """Errors of boxes (middle, feet, head, width) in shares of their height: one part fresh, one part that lasts."""

    def __init__(self, chance: np.random.Generator) -> None:
        self._chance = chance
        self._lasting: dict[int, tuple[float, Floats]] = {}

    def of(self, at: float, person: Ints) -> Floats:
        """The four errors of each person."""
        fresh = self._chance.normal(size=(len(person), 4)) * np.sqrt(1 - LASTING_SHARE)
        for row, one in enumerate(person.tolist()):
            before, value = self._lasting.get(one, (-np.inf, np.zeros(4)))
            fade = float(np.exp(-(at - before) / LASTING_S))
            value = fade * value + np.sqrt(1 - fade**2) * self._chance.normal(size=4)
            self._lasting[one] = (at, value)
            fresh[row] += np.sqrt(LASTING_SHARE) * value
        return np.asarray(fresh * (ACROSS_SD, FEET_SD, HEAD_SD, WIDTH_SD))


def sd_px(tall_px: Floats) -> Floats:
    """What is stated of a measurement, for boxes of such heights."""
    return np.column_stack([ACROSS_SD * tall_px, FEET_SD * tall_px])


@dataclass(frozen=True, slots=True, eq=False)
class Camera:
    """A camera somewhere in a world: its ground plane is about its own foot, `place` is where that is."""

    ground: Ground
    upright: Upright
    place: Floats

    @classmethod
    def looking(cls, place: Floats, at: Floats, high_m: float, field_deg: float = 65.0) -> "Camera":
        """From a place, on a mast, towards a point on the ground."""
        east, north = at - place
        tilt = np.degrees(np.arctan2(high_m, np.hypot(east, north)))
        ground = Ground.from_pose(high_m, float(tilt), field_deg, float(np.degrees(np.arctan2(east, north))), 1280, 720)
        return cls(ground, Upright.of(ground, 1280, 720), place)

    def sees(self, places: Floats) -> tuple[Ints, Floats]:
        """Which people are in the picture and not hidden, and their boxes."""
        standing = np.column_stack([places - self.place, np.zeros(len(places))])
        feet, heads = self.upright.to_picture(standing), self.upright.to_picture(standing + np.array([0, 0, _TALL_M]))
        tall = feet[:, 1] - heads[:, 1]
        inside = (feet >= 0).all(axis=1) & (feet <= (1280, 720)).all(axis=1) & (heads[:, 1] >= 0) & (tall > 20)
        some = np.flatnonzero(inside)
        half = _WIDE * tall[some] / 2
        boxes = np.column_stack([feet[some, 0] - half, heads[some, 1], feet[some, 0] + half, feet[some, 1]])
        clear = hidden_shares(boxes, np.ones(len(some), dtype=bool)) < HIDDEN_SHARE
        return some[clear], boxes[clear]

    def measured(self, boxes: Floats) -> tuple[Floats, Floats]:
        """The feet of boxes as points of the world, with their covariances."""
        feet = np.column_stack([(boxes[:, 0] + boxes[:, 2]) / 2, boxes[:, 3]])
        metres, spread = self.ground.to_ground(feet, sd_px(boxes[:, 3] - boxes[:, 1]))
        return metres + self.place, spread


def shaken(boxes: Floats, off: Floats) -> Floats:
    """Boxes with their errors."""
    tall = boxes[:, 3] - boxes[:, 1]
    across, feet, head, wide = (off * tall[:, None]).T
    moved = boxes + np.column_stack([across - wide / 2, head, across + wide / 2, feet])
    return np.asarray(moved)


def around(seen: Seen, count: int) -> list[Camera]:
    """Cameras on masts around where most people walk, all looking at the middle."""
    low, high = np.quantile(seen.place_m, [0.05, 0.95], axis=0)
    middle, reach = (low + high) / 2, float(np.hypot(*(high - low))) / 2 + 4
    turns = np.radians(40 + 360 / count * np.arange(count)) if count > 2 else np.radians([40, 150])
    masts = [middle + reach * np.array([np.cos(turn), np.sin(turn)]) for turn in turns]
    return [Camera.looking(mast, middle, 6.0 + number) for number, mast in enumerate(masts)]


def replayed(seen: Seen, rate_hz: float, span_s: float) -> Iterator[tuple[float, Ints, Floats]]:
    """The true ways at a steady rate: time, persons, places; between labels a straight line."""
    start = float(seen.at.min())
    ways = {int(one): np.flatnonzero(seen.person == one) for one in np.unique(seen.person)}
    tracks = {one: rows[np.argsort(seen.at[rows])] for one, rows in ways.items()}
    for at in start + np.arange(0, min(span_s, float(np.ptp(seen.at))), 1 / rate_hz):
        here = [one for one, rows in tracks.items() if seen.at[rows[0]] <= at <= seen.at[rows[-1]]]
        places = [
            [np.interp(at, seen.at[tracks[one]], seen.place_m[tracks[one], axis]) for axis in (0, 1)] for one in here
        ]
        yield float(at), np.array(here, dtype=np.int64), np.array(places).reshape(-1, 2)
