"""The running form of vision.people: look at a frame with what is remembered of its camera."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from msgspec.structs import replace

from tocsin.contract.camera_views import Views
from tocsin.contract.pictures import CameraLoad, Frame, Scene, Tracks
from tocsin.contract.protocols import Perceived
from tocsin.inference.detected import Detected
from tocsin.inference.detector import Detector
from tocsin.model import BadInput, Body, Level, Reading
from tocsin.perceivers.people.crews import PERSON, Crew, crews, of_group
from tocsin.perceivers.people.loads import Load
from tocsin.perceivers.people.memory import Watch
from tocsin.perceivers.people.telling import Known, scene, tracks
from tocsin.physics.tracking import Tracking

if TYPE_CHECKING:
    from tocsin.perceivers.people import People


class Looking:
    """Finds and follows; all memory is handed in and out, the model never changes."""

    kind: ClassVar[str] = "vision.people"
    needs: ClassVar[Level] = Level.CLEAR
    accepts: ClassVar[tuple[type[Body], ...]] = (Frame,)
    gives: ClassVar[tuple[type[Body], ...]] = (Scene, Tracks, CameraLoad)

    def __init__(self, of: "People", detector: Detector, views: Views) -> None:
        self._of = of
        self._detector = detector
        self._views = views
        self._tracking = Tracking(
            high=of.score_sure,
            low=of.score_min,
            start=of.score_sure,
            memory_s=of.memory_s,
            confirm_s=of.confirm_s,
        )

    def perceive(self, reading: Reading[Frame]) -> Perceived:
        """What one frame shows, without any memory."""
        return self.look(None, reading)[1]

    def look(self, memory: Watch | None, reading: Reading[Frame]) -> tuple[Watch, Perceived]:
        """What a frame shows, with what is remembered of its camera."""
        frame = reading.body
        size = (frame.picture.shape[0], frame.picture.shape[1])
        watch = memory
        if watch is None:
            watch = Watch(crews(self._tracking), size, reading.at, Load(reading.at))
        elif watch.size != size:
            watch.crews, watch.size = crews(self._tracking, after=watch.crews), size
        try:
            found = self._found(frame)
        except BadInput as error:
            return watch, Perceived(rejected=((b"", str(error)),))
        return watch, self._tell(watch, reading, found)

    def _found(self, frame: Frame) -> Detected:
        of = self._of
        found = self._detector.detect_tiles(
            frame.array,
            tile_px=self._detector.model.card.input.width,
            overlap=of.tile_overlap,
            score_min=of.extra_score_min,
        )
        return found.only(*of.labels)

    def _tell(self, watch: Watch, reading: Reading[Frame], found: Detected) -> Perceived:
        frame, at = reading.body, reading.at
        sure = found.where(found.scores >= self._of.score_min)
        known = tuple(_known(crew, at, of_group(sure, self._of.labels, crew.group)) for crew in watch.crews)
        extra = found.where(found.scores < self._of.score_min).only(PERSON).boxes.astype(np.float64)
        every_s = max(0.0, at - watch.at)
        told, watch.told = tracks(frame, known, self._views.of(reading.source), told=watch.told, every_s=every_s)
        watch.at = at
        watch.load.count(frame, detected=True)
        bodies: Sequence[Body] = (scene(frame, known, extra_px=extra, detected=True), told, *self._load(watch))
        return Perceived(readings=tuple(replace(reading, body=body) for body in bodies))

    def _load(self, watch: Watch) -> tuple[Body, ...]:
        if watch.at - watch.load.since < self._of.load_every_s:
            return ()
        return (watch.load.report(watch.at, watch.size, budget=1.0, problem=""),)


def _known(crew: Crew, at: float, found: Detected) -> Known:
    tracked = crew.follow(at, found, None)
    own = tracked.ids.tolist()
    return Known(tuple(map(crew.id, own)), tuple(map(crew.label, own)), tracked)
