"""One clip through one way of looking: what is seen, and what each step costs in CPU time."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tocsin.contract.camera_views import views
from tocsin.contract.pictures import CameraLoad, Frame, MaskedPicture, Scene, Tracks
from tocsin.contract.resources import Resources
from tocsin.contract.walk import member_of, start
from tocsin.inference.detected import Detected, Picture
from tocsin.inference.detector import Detector
from tocsin.inference.opening import open_detector
from tocsin.model import Reading
from tocsin.perceivers.people import People
from tocsin.perceivers.people.looking import Looking
from tocsin.physics.tracking import Tracker, Tracking
from tocsin.suites.video_speed.footage import frames, opened

Floats = NDArray[np.float64]

PERSON = "person"


@dataclass(frozen=True, slots=True)
class Timed(Detector):
    """A detector that counts its runs and their CPU time."""

    spent_s: list[float] = field(default_factory=list)
    runs: list[int] = field(default_factory=list)

    def detect(self, pictures: Sequence[Picture], *, score_min: float) -> list[Detected]:
        """See Detector."""
        began = time.process_time()
        found = super(Timed, self).detect(pictures, score_min=score_min)
        self.spent_s.append(time.process_time() - began)
        self.runs.append(len(pictures))
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """The people told of one frame: their tracks and boxes in pixels."""

    at: float
    ids: tuple[int, ...]
    boxes: Floats


@dataclass(slots=True)
class Ran:
    """One way of looking at one clip: what it told, and CPU seconds by step."""

    size: tuple[int, int] = (0, 0)
    seconds: float = 0.0
    shown: list[Shown] = field(default_factory=list)
    runs: int = 0
    decode_s: float = 0.0
    detect_s: float = 0.0
    track_s: float = 0.0
    mask_s: float = 0.0
    pictures: int = 0

    @property
    def load(self) -> float:
        """CPU seconds per second of one camera, masks apart."""
        return (self.decode_s + self.detect_s + self.track_s) / max(self.seconds, 1e-9)


Way = Callable[[Reading[Frame]], Sequence[Any]]
"""A way of looking: the bodies that it makes of a frame."""


def timed(model: str) -> Timed:
    """A detector of the registry that counts."""
    return Timed(open_detector(model).model)


def scheduled(declared: People, detector: Timed) -> Way:
    """vision.people with what it remembers of one camera."""
    looking, memory = Looking(declared, detector, views(Resources())), None

    def way(reading: Reading[Frame]) -> Sequence[Any]:
        nonlocal memory
        memory, perceived = looking.look(memory, reading)
        return [one.body for one in perceived.readings]

    return way


def whole_picture(detector: Timed, *, sure: float, least: float) -> Way:
    """The plainest way: the whole picture, shrunk, in every frame, and the tracker."""
    tracker = Tracker(Tracking(high=sure, low=least, start=sure, memory_s=1.0, evidence_share=0.0))

    def way(reading: Reading[Frame]) -> Sequence[Any]:
        picture = reading.body.array
        found = detector.detect([picture], score_min=least)[0].only(PERSON)
        tracked = tracker.update(reading.at, found.boxes.astype(np.float64), found.scores.astype(np.float64))
        told = tracked.only(tracked.shown)
        return [Shown(reading.at, tuple(told.ids.tolist()), told.boxes)]

    return way


def run(clip: Path, way: Way, detector: Timed, *, per_s: float, seconds_max: float, masks: bool = False) -> Ran:
    """Look at a clip from its first picture on."""
    ran, source = Ran(), opened(clip, per_s)
    masking: Any = start(member_of("perceivers", "vision.masking")(), Resources()) if masks else None
    memory: Any = None
    try:
        for reading, decode_s in _timed(frames(source, seconds_max)):
            ran.decode_s += decode_s
            ran.size = (reading.body.picture.shape[0], reading.body.picture.shape[1])
            before = sum(detector.spent_s)
            bodies, spent_s = _cpu(lambda one=reading: way(one))  # type: ignore[misc]  # bound at once
            detect_s = sum(detector.spent_s) - before
            ran.detect_s, ran.track_s = ran.detect_s + detect_s, ran.track_s + spent_s - detect_s
            ran.shown += [shown for body in bodies if (shown := _shown(body, reading)) is not None]
            for scene in (body for body in bodies if masks and isinstance(body, Scene)):
                memory = _mask(ran, masking, memory, reading, scene)
    finally:
        source.close()
    ran.runs = sum(detector.runs)
    ran.seconds = len(ran.shown) / per_s
    return ran


def _timed(readings: Iterator[Reading[Frame]]) -> Iterator[tuple[Reading[Frame], float]]:
    """Each reading with the CPU time of getting it: all pictures since the last one are decoded in it."""
    while True:
        began = time.process_time()
        reading = next(readings, None)
        if reading is None:
            return
        yield reading, time.process_time() - began


def _cpu(work: Callable[[], Sequence[Any]]) -> tuple[Sequence[Any], float]:
    began = time.process_time()
    made = work()
    return made, time.process_time() - began


def _shown(body: Any, reading: Reading[Frame]) -> Shown | None:  # noqa: ANN401  # bodies of several classes
    if isinstance(body, Shown):
        return body
    if not isinstance(body, Tracks) or isinstance(body, CameraLoad):
        return None
    height, width = reading.body.picture.shape[:2]
    people = [track for track in body.tracks if track.label == PERSON]
    boxes = np.array([track.box for track in people], np.float64).reshape(-1, 4) * [width, height, width, height]
    return Shown(reading.at, tuple(track.id for track in people), boxes)


def _mask(ran: Ran, masking: Any, memory: Any, reading: Reading[Frame], scene: Scene) -> Any:  # noqa: ANN401
    from msgspec.structs import replace

    began = time.process_time()
    memory, perceived = masking.look(memory, replace(reading, body=scene))
    ran.mask_s += time.process_time() - began
    ran.pictures += sum(isinstance(one.body, MaskedPicture) for one in perceived.readings)
    return memory
