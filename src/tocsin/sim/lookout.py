"""What a camera, its detector and our tracker make of walkers: boxes with faults, then tracks as perceivers tell them.

The faults are made here; the tracks come from the tracker that runs on live cameras, so its switches, its
holding over missed frames and its false tracks are its own.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tocsin.city.cameras import Pose
from tocsin.contract.camera_views import CameraView
from tocsin.contract.pictures import Track, Tracks
from tocsin.model import Observation, Origin
from tocsin.physics.tracking import Tracked, Tracker, Tracking
from tocsin.sim.walkers import SIZES, Moment, Walker

Floats = NDArray[np.float64]

AS_LIVE = Tracking(high=0.39, low=0.2, start=0.4, memory_s=2.0, confirm_s=0.0)
"""The tracker as `vision.people` sets it by default."""

FEET_SD = 0.05
"""How sure perceivers are of where somebody stands: a deviation in shares of the height of the box."""

LYING_M = 0.3
"""How high a person is who lies."""

SMALL_PX = (10.0, 30.0)
"""Boxes lower than the first are never found, from the second on as often as any."""

HIDDEN = (0.3, 0.7)
"""Up to the first share of a box hidden it is found as ever, from the second on hardly at all."""


@dataclass(frozen=True, slots=True)
class Lens:
    """A camera over level ground at east 0, north 0: metres to pixels."""

    pose: Pose
    width: int = 1280
    height: int = 720

    def project(self, points_m: Floats) -> tuple[Floats, Floats]:
        """Pixels of points (east, north, up) and how far in front of the camera each is, metres.

        >>> import numpy as np
        >>> lens = Lens(Pose(height_m=5.0, tilt_deg=45.0, field_deg=90.0))
        >>> lens.project(np.array([[0.0, 5.0, 0.0]]))[0].round(6).tolist()
        [[640.0, 360.0]]
        """
        tilt, bearing = np.radians(self.pose.tilt_deg), np.radians(self.pose.bearing_deg)
        ahead = np.array([np.sin(bearing) * np.cos(tilt), np.cos(bearing) * np.cos(tilt), -np.sin(tilt)])
        right = np.array([np.cos(bearing), -np.sin(bearing), 0.0])
        up = np.array([np.sin(bearing) * np.sin(tilt), np.cos(bearing) * np.sin(tilt), np.cos(tilt)])
        seen = np.asarray(points_m, dtype=np.float64) - (0.0, 0.0, self.pose.height_m)
        depth = seen @ ahead
        focal_px = self.width / 2 / np.tan(np.radians(self.pose.field_deg) / 2)
        scale = focal_px / np.maximum(depth, 1e-3)
        points_px = np.stack([self.width / 2 + scale * (seen @ right), self.height / 2 - scale * (seen @ up)], axis=1)
        return points_px, depth

    def boxes(self, moment: Moment, walkers: Sequence[Walker]) -> tuple[Floats, Floats]:
        """The true boxes (pixels, cut to the picture) of all walkers, and how far away each is."""
        points, depth = self.project(_corners(moment, [walkers[who].label for who in moment.who.tolist()]))
        points, depth = points.reshape(-1, 8, 2), depth.reshape(-1, 8)
        boxes = np.concatenate([points.min(axis=1), points.max(axis=1)], axis=1)
        boxes[depth.min(axis=1) < 0.5] = 0.0
        return np.clip(boxes, 0.0, (self.width, self.height) * 2), depth.mean(axis=1)


_ENDS = np.array([(a, b, c) for a in (-0.5, 0.5) for b in (-0.5, 0.5) for c in (0.0, 1.0)])
"""The corners of a body, in shares of its length, width and height."""


def _corners(moment: Moment, labels: Sequence[str]) -> Floats:
    """The corners of all bodies, eight each: upright, or the further down the longer and lower."""
    sizes = np.array([SIZES[label] for label in labels], dtype=np.float64).reshape(-1, 3)
    down = moment.down[:, None]
    high, wide = sizes[:, :1] * (1 - down) + LYING_M * down, sizes[:, 1:2]
    long = sizes[:, 2:] * (1 - down) + sizes[:, :1] * down
    ahead = moment.headings[:, None]
    aside = np.stack([ahead[..., 1], -ahead[..., 0]], axis=-1)
    flat = moment.places[:, None] + ahead * (long * _ENDS[:, 0])[..., None] + aside * (wide * _ENDS[:, 1])[..., None]
    return np.concatenate([flat, (high * _ENDS[:, 2])[..., None]], axis=-1).reshape(-1, 3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """How a detector errs. Deviations are shares of a box's height.

    As the public detections of the MOT15 training sequences do (matched to their truth at an overlap of 0.4):
    deviations of 0.03-0.055 sideways, 0.057-0.082 at the feet and 0.08-0.11 in height, that forget
    themselves within 0.1 s; 11-38 % missed, in spells of 0.2-0.4 s. False things come in spells, at a few
    spots of the picture.
    """

    missed: float = 0.2
    spell_s: float = 0.3
    lying_missed: float = 0.4
    x_sd: float = 0.04
    feet_sd: float = 0.065
    height_sd: float = 0.1
    memory_s: float = 0.1
    false_per_s: float = 0.05
    false_s: float = 0.6
    false_spots: int = 4

    @classmethod
    def none(cls) -> "Faults":
        """A detector without faults."""
        return cls(missed=0.0, lying_missed=0.0, x_sd=0.0, feet_sd=0.0, height_sd=0.0, false_per_s=0.0)


@dataclass(slots=True)
class _Detector:
    """Boxes as a detector would find them, with errors that last for a moment."""

    faults: Faults
    chance: np.random.Generator
    size: tuple[int, int]
    errors: dict[int, Floats] = field(default_factory=dict)
    misses: dict[int, bool] = field(default_factory=dict)
    false: list[Floats] = field(default_factory=list)
    spots: list[Floats] = field(default_factory=list)

    def found(self, moment: Moment, boxes: Floats, hidden: Floats, every_s: float) -> Floats:
        """The boxes that are found among the true ones (NaN where one is missed), in the same order."""
        found = np.full_like(boxes, np.nan)
        chances = self._chances(boxes[:, 3] - boxes[:, 1], hidden, moment.down)
        for n, number in enumerate(moment.who.tolist()):
            if not self._misses(number, float(chances[n]), every_s):
                found[n] = self._erring(number, boxes[n], every_s)
        return found

    def _chances(self, high_px: Floats, hidden: Floats, down: Floats) -> Floats:
        """How likely each is found: by size, by how much of it is hidden, and by whether it lies."""
        large = np.clip((high_px - SMALL_PX[0]) / (SMALL_PX[1] - SMALL_PX[0]), 0.0, 1.0)
        clear = 1.0 - np.clip((hidden - HIDDEN[0]) / (HIDDEN[1] - HIDDEN[0]), 0.0, 1.0)
        usual: Floats = large * clear * (1.0 - np.where(down > 0.5, self.faults.lying_missed, self.faults.missed))
        return usual

    def _misses(self, number: int, seen: float, every_s: float) -> bool:
        keeps = number in self.misses and self.chance.random() < np.exp(-every_s / self.faults.spell_s)
        if not keeps or seen <= 0.05:
            self.misses[number] = bool(self.chance.random() >= seen)
        return self.misses[number]

    def _erring(self, number: int, box: Floats, every_s: float) -> Floats:
        of, keep = self.faults, float(np.exp(-every_s / self.faults.memory_s))
        fresh = self.chance.normal(0.0, 1.0, 3) * (of.x_sd, of.feet_sd, of.height_sd)
        before = self.errors.get(number)
        error = fresh if before is None else before * keep + fresh * np.sqrt(1 - keep * keep)
        self.errors[number] = error
        high, wide = box[3] - box[1], box[2] - box[0]
        middle, feet = (box[0] + box[2]) / 2 + error[0] * high, box[3] + error[1] * high
        grown = max(0.4, 1.0 + float(error[2]))
        return np.array([middle - wide * grown / 2, feet - high * grown, middle + wide * grown / 2, feet])

    def false_boxes(self, every_s: float) -> Floats:
        """Things that are none: they come and go at a few spots."""
        of, width, height = self.faults, *self.size
        while len(self.spots) < of.false_spots:
            x, y = self.chance.uniform(0.05, 0.95) * width, self.chance.uniform(0.4, 1.0) * height
            high = y * 0.25
            self.spots.append(np.array([x - high / 5, y - high, x + high / 5, y]))
        ends = 1 - np.exp(-every_s / of.false_s)
        self.false = [one for one in self.false if self.chance.random() >= ends]
        for _ in range(self.chance.poisson(of.false_per_s * every_s)):
            self.false.append(self.spots[int(self.chance.integers(len(self.spots)))])
        shaken = [one + self.chance.normal(0.0, 0.03, 4) * (one[3] - one[1]) for one in self.false]
        return np.array(shaken).reshape(-1, 4)


@dataclass(slots=True)
class _Crew:
    """One tracker and what it follows: people, or all that is driven. Its numbers are no other's."""

    driven: bool
    label: str
    tracker: Tracker

    def told(self, tracked: Tracked, view: CameraView, at: float) -> list[Track]:
        """Its confirmed tracks as perceivers tell them, with metres where the camera is placed on the ground."""
        some = tracked.only(tracked.confirmed)
        boxes = np.clip(some.boxes / (view.camera.picture * 2), 0.0, 1.0).tolist()
        stands = _standing(some, view)
        return [
            Track(
                id=2 * int(some.ids[n]) + self.driven,
                label=self.label,
                box=(box[0], box[1], box[2], box[3]),
                since=at + float(some.since[n]),
                score=round(float(some.scores[n]), 3),
                held=not some.seen[n],
                **stands[n],
            )
            for n, box in enumerate(boxes)
            if box[0] < box[2] and box[1] < box[3]
        ]


def _standing(some: Tracked, view: CameraView) -> list[dict[str, Any]]:
    """Metres from the camera with covariance; nothing where it is not placed on the ground."""
    ground = view.ground
    if ground is None or not len(some):
        return [{}] * len(some)
    feet = np.column_stack([some.boxes[:, [0, 2]].mean(axis=1), some.boxes[:, 3]])
    places, covariance = ground.to_ground(feet, FEET_SD * (some.boxes[:, 3] - some.boxes[:, 1]))
    return [
        {"east_m": east, "north_m": north, "covariance_m2": (of[0][0], of[0][1], of[1][1])}
        if isfinite(east + north)
        else {}
        for (east, north), of in zip(places.tolist(), covariance.tolist(), strict=True)
    ]


@dataclass
class Lookout:
    """One camera that looks at walkers: moments in, observations of tracks out.

    All vehicles of a run are told as the first of them: what a detector confuses among vehicles is not made here.
    """

    view: CameraView
    lens: Lens
    chance: np.random.Generator
    faults: Faults = field(default_factory=Faults)
    tracking: Tracking = AS_LIVE

    @cached_property
    def _detector(self) -> _Detector:
        return _Detector(self.faults, self.chance, (self.lens.width, self.lens.height))

    def watch(self, moments: Iterable[Moment], walkers: Sequence[Walker], at: float) -> list[Observation[Tracks]]:
        """What is told of each moment; `at` is when the run begins, seconds UTC."""
        vehicle = next((one.label for one in walkers if one.label != "person"), "car")
        crews = [_Crew(False, "person", Tracker(self.tracking)), _Crew(True, vehicle, Tracker(self.tracking))]
        seen: list[Observation[Tracks]] = []
        before_s, ids = 0.0, frozenset[int]()
        for number, moment in enumerate(moments):
            every_s, before_s = moment.at_s - before_s, moment.at_s
            told = tuple(self._told(moment, walkers, crews, every_s or 0.2, at))
            known, ids = ids, frozenset(one.id for one in told)
            ended = tuple(sorted(known - ids))
            calibrated = self.view.ground is not None
            body = Tracks(tracks=told, ended=ended, every_s=every_s, calibrated=calibrated, number=number)
            seen.append(self._observation(body, at + moment.at_s, number))
        return seen

    def _told(
        self, moment: Moment, walkers: Sequence[Walker], crews: Sequence[_Crew], every_s: float, at: float
    ) -> Iterator[Track]:
        """What the detector finds in a frame, followed by each crew."""
        boxes, depth = self.lens.boxes(moment, walkers)
        found = self._detector.found(moment, boxes, hidden_shares(boxes, depth), every_s)
        driven = np.array([walkers[who].label != "person" for who in moment.who.tolist()], dtype=bool)
        false = self._detector.false_boxes(every_s)
        for crew in crews:
            some = found[(driven == crew.driven) & ~np.isnan(found[:, 0])]
            some = some if crew.driven else np.concatenate([some, false])
            tracked = crew.tracker.update(moment.at_s, some, self.chance.uniform(0.45, 0.9, len(some)))
            yield from crew.told(tracked, self.view, at)

    def _observation(self, body: Tracks, at: float, number: int) -> Observation[Tracks]:
        return Observation(
            at=at,
            origin=Origin.SIMULATED,
            source=self.view.source,
            seq=number,
            body=body,
            place=self.view.place,
            level=Tracks.level,
        )


def hidden_shares(boxes: Floats, depth: Floats) -> Floats:
    """Which share of each box the box of somebody nearer hides (the largest one)."""
    if not len(boxes):
        return np.zeros(0)
    low, high = np.maximum(boxes[:, None, :2], boxes[None, :, :2]), np.minimum(boxes[:, None, 2:], boxes[None, :, 2:])
    both = np.clip(high - low, 0.0, None).prod(axis=2)
    area = np.maximum(1e-9, (boxes[:, 2:] - boxes[:, :2]).prod(axis=1))
    both[depth[:, None] <= depth[None]] = 0.0
    hidden: Floats = (both / area[:, None]).max(axis=1)
    return hidden
