"""What a camera and our tracker make of people on a floor: detections with faults, tracks, then reports of the crowd.

The faults are made here, the tracks by the tracker that runs on live cameras: so its switches, its holding
over missed frames and its false tracks are its own, not assumed.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tocsin.city.cameras import Area, Camera, Line, Pair
from tocsin.city.context import City
from tocsin.city.registry import Coverage, Sensor
from tocsin.contract.pictures import CrowdFlow, Frame, Scene
from tocsin.contract.raster import Raster
from tocsin.contract.resources import Resources
from tocsin.model import Origin, Place, Reading, moved
from tocsin.perceivers.crowd import Crowd
from tocsin.physics.tracking import Tracked, Tracker, Tracking
from tocsin.suites.crowd.planning import Plan
from tocsin.suites.crowd.trajectories import Trajectories

Floats = NDArray[np.float64]

PIXELS_PER_M = 60.0
BODY_M = (0.5, 1.7)
"""How wide and tall people are."""

DOWN_DEG = 45.0
"""How steeply the camera looks down: so the floor is foreshortened, and people are too."""

SQUASHED = np.array([1.0, np.sin(np.radians(DOWN_DEG))])

MARGIN_M = 1.0
SOURCE = "laboratory"
PLACE = Place(lon=6.4, lat=50.9)


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """How a detector errs: in place, by people it misses and by things that are none.

    `across_sd_m` and `down_sd_m` are the errors of places along the picture's sides, of which a part `lasting` is
    still there after 0.2 s. A share `missed` of people is missed, and there are `false_share` times as many false
    things as people, all in spells of `spell_s` on average.
    """

    across_sd_m: float
    down_sd_m: float
    lasting: float
    missed: float
    false_share: float
    spell_s: float


@dataclass(slots=True)
class Spells:
    """Who is missed now, who is found how far off, what is there falsely: errors last, as they do in life."""

    faults: Faults
    rng: np.random.Generator
    missed: dict[int, bool] = field(default_factory=dict)
    off: dict[int, Floats] = field(default_factory=dict)
    false: list[Floats] = field(default_factory=list)

    def detected(self, ids: NDArray[np.int64], places: Floats, floor: Floats, step_s: float) -> Floats:
        """The places where a detector finds somebody."""
        of, rng = self.faults, self.rng
        ends = min(1.0, step_s / of.spell_s)
        begins = ends * of.missed / max(1.0 - of.missed, 1e-9)
        self.missed = {one: self._misses(one, begins, ends) for one in ids.tolist()}
        self.off = {one: self._off(one, of.lasting ** (step_s / 0.2)) for one in ids.tolist()}
        seen = [place + self.off[one] for one, place in zip(ids.tolist(), places, strict=True) if not self.missed[one]]
        self.false = [one for one in self.false if rng.random() >= ends]
        for _ in range(rng.poisson(of.false_share * len(ids) * ends)):
            self.false.append(rng.uniform(floor.min(axis=0), floor.max(axis=0)))
        return np.array([*seen, *self.false]).reshape(-1, 2)

    def _off(self, one: int, kept: float) -> Floats:
        """How far off somebody is found now: a part of what it was, the rest new."""
        drawn = self.rng.normal(0.0, (self.faults.across_sd_m, self.faults.down_sd_m))
        before = self.off.get(one)
        return drawn if before is None else kept * before + np.sqrt(1.0 - kept**2) * drawn

    def _misses(self, one: int, begins: float, ends: float) -> bool:
        before = self.missed.get(one)
        if before is None:
            return bool(self.rng.random() < self.faults.missed)
        return bool(self.rng.random() >= ends) if before else bool(self.rng.random() < begins)


@dataclass(frozen=True, slots=True)
class Laboratory:
    """A camera that looks down at a floor from far away: metres of the laboratory to pixels and back."""

    low: Floats
    size_m: Floats

    @classmethod
    def above(cls, floor: Floats) -> "Laboratory":
        """High enough for all of the floor."""
        low, high = floor.min(axis=0) - MARGIN_M, floor.max(axis=0) + MARGIN_M
        return cls(low, high - low)

    @property
    def size_px(self) -> tuple[int, int]:
        """Width and height of its picture."""
        width, height = (int(n) for n in np.ceil(self.size_m * SQUASHED * PIXELS_PER_M))
        return width, height

    def shares(self, places: Floats) -> Floats:
        """Places as shares of the picture, y down."""
        x, y = ((places - self.low) * SQUASHED * PIXELS_PER_M / self.size_px).T
        return np.stack([x, 1.0 - y], axis=1)

    def boxes_px(self, places: Floats) -> Floats:
        """The boxes of people: each stands in the middle of its lower edge."""
        feet = self.shares(places) * self.size_px
        half, tall = BODY_M[0] * PIXELS_PER_M / 2, BODY_M[1] * np.cos(np.radians(DOWN_DEG)) * PIXELS_PER_M
        return np.stack([feet[:, 0] - half, feet[:, 1] - tall, feet[:, 0] + half, feet[:, 1]], axis=1)

    def places(self, boxes_px: Floats) -> Floats:
        """Where the people in boxes stand, in metres."""
        feet = np.stack([(boxes_px[:, 0] + boxes_px[:, 2]) / 2, boxes_px[:, 3]], axis=1) / self.size_px
        up = np.stack([feet[:, 0], 1.0 - feet[:, 1]], axis=1)
        places: Floats = self.low + up * self.size_px / PIXELS_PER_M / SQUASHED
        return places

    def resources(self, plan: Plan) -> Resources:
        """A city whose one camera this is, with the area and the line of the plan."""
        corners = np.array([(0.02, 0.02), (0.98, 0.02), (0.98, 0.98), (0.02, 0.98)])
        metres = self.places(np.concatenate([corners, corners], axis=1) * (*self.size_px, *self.size_px))
        lon_lat = [moved(PLACE, float(x), float(y), 1.0) for x, y in metres - self.low]
        pairs = tuple(
            Pair(x=x, y=y, lon=place.lon, lat=place.lat)
            for (x, y), place in zip(corners.tolist(), lon_lat, strict=True)
        )
        ring = tuple((float(x), float(y)) for x, y in self.shares(plan.area))
        a, b = ((float(x), float(y)) for x, y in self.shares(plan.line))
        area, line = Area(id="area", ring=ring), Line(id="line", a=a, b=b)
        camera = Camera(picture=self.size_px, pairs=pairs, areas=(area,), lines=(line,))
        sensor = Sensor(
            id=SOURCE, family="camera", name="Laboratory", place=PLACE, coverage=Coverage(range_m=50.0), camera=camera
        )
        return Resources(city=City.empty("Laboratory", PLACE).with_sensor(sensor))


@dataclass(frozen=True, slots=True)
class Seen:
    """What came out: reports by time, and by frame the tracks that are confirmed and seen (ids and places)."""

    reports: list[tuple[float, CrowdFlow]]
    tracks: list[tuple[int, NDArray[np.int64], Floats]]

    def trajectories(self, name: str, frame_rate: float) -> Trajectories:
        """The tracks as if they were true ways; frames are counted anew, from the time of the first."""
        every = self.tracks[1][0] - self.tracks[0][0] if len(self.tracks) > 1 else 1
        frames = np.concatenate([np.full(len(ids), frame // every) for frame, ids, _ in self.tracks])
        ids = np.concatenate([ids for _, ids, _ in self.tracks])
        return Trajectories(name, frame_rate, ids, frames, np.concatenate([places for *_, places in self.tracks]))


def watched(of: Trajectories, plan: Plan, faults: Faults, every: int, seed: int) -> Seen:
    """Let the tracker and the perceiver look at every so manyth frame."""
    laboratory = Laboratory.above(plan.floor)
    crowd = Crowd(range_m_max=500.0).start(laboratory.resources(plan))
    spells, tracker = Spells(faults, np.random.default_rng(seed)), _tracker()
    seen = Seen([], [])
    memory = None
    for n, (frame, ids, places) in enumerate(_frames(of, every)):
        at = frame / of.frame_rate
        found = spells.detected(ids, places, plan.floor, every / of.frame_rate)
        tracked = tracker.update(at, laboratory.boxes_px(found), np.full(len(found), 0.9))
        memory, told = crowd.look(memory, _reading(laboratory, tracked, n))
        seen.reports.extend((at, one.body) for one in told.readings)
        sure = tracked.confirmed & tracked.seen
        seen.tracks.append((frame, tracked.ids[sure], laboratory.places(tracked.boxes[sure])))
    return seen


def _frames(of: Trajectories, every: int) -> Iterator[tuple[int, NDArray[np.int64], Floats]]:
    """Every so manyth frame with who is where in it, empty ones included."""
    first = -(-int(of.frames[0]) // every) * every
    for frame in range(first, int(of.frames[-1]) + 1, every):
        low, high = np.searchsorted(of.frames, [frame, frame + 1])
        yield frame, of.ids[low:high], of.places[low:high]


def _tracker() -> Tracker:
    """As vision.people sets it by default."""
    return Tracker(Tracking(high=0.4, low=0.2, start=0.4, memory_s=2.0, confirm_s=0.15))


def _reading(laboratory: Laboratory, tracked: Tracked, seq: int) -> Reading[Scene]:
    width, height = laboratory.size_px
    frame = Frame(picture=Raster((height, width, 3), "|u1", b""), number=seq)
    scene = Scene(
        frame=frame,
        ids=tuple(tracked.ids.tolist()),
        labels=("person",) * len(tracked),
        boxes_px=Raster.of(tracked.boxes),
        scores=tuple(tracked.scores.tolist()),
        seen=tuple(tracked.seen.tolist()),
        confirmed=tuple(tracked.confirmed.tolist()),
    )
    return Reading(at=tracked.at, origin=Origin.SIMULATED, source=SOURCE, seq=seq, body=scene)
