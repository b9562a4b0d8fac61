"""The running form of vision.people: look at a frame with what is remembered of its camera."""

from collections.abc import Sequence
from typing import ClassVar

from msgspec.structs import replace

from tocsin.contract.camera_views import Views
from tocsin.contract.pictures import CameraLoad, Frame, Scene, Tracks
from tocsin.contract.protocols import Perceived, Wanted
from tocsin.inference.detected import Detected
from tocsin.inference.detector import Detector
from tocsin.inference.fitting import checked
from tocsin.model import BadInput, Body, Reading
from tocsin.perceivers.people.backdrop import Backdrop
from tocsin.perceivers.people.budget import Budget
from tocsin.perceivers.people.cells import Cells
from tocsin.perceivers.people.crews import crews
from tocsin.perceivers.people.glimpse import Glimpse
from tocsin.perceivers.people.loads import Load
from tocsin.perceivers.people.memory import Watch
from tocsin.perceivers.people.parameters import Settings
from tocsin.perceivers.people.turn import Turn
from tocsin.perceivers.people.wishes import Pace
from tocsin.physics.tracking import Tracking

GAP_S = 30.0
"""After so long without a frame, or where time goes back, a camera begins anew."""

SHORT = 0.9
"""Below this share of the wished runs, a camera says that it is short of computing."""


class Looking:
    """Finds and follows; what is remembered of a camera is handed in and out, the model never changes."""

    kind: ClassVar[str] = "vision.people"
    accepts: ClassVar[tuple[type[Body], ...]] = (Frame,)
    gives: ClassVar[tuple[type[Body], ...]] = (Scene, Tracks, CameraLoad)

    def __init__(self, of: Settings, detector: Detector, views: Views) -> None:
        self._of = of
        self._detector = detector
        self._side_px = detector.model.card.input.width
        self._views = views
        self._wanted: dict[str, Wanted] = {}
        self._budget = Budget(of.runs_per_s_max)
        self._tracking = Tracking(
            high=of.score_sure - 0.01,
            low=of.score_min,
            start=of.score_sure,
            memory_s=of.memory_s,
            confirm_s=0.0,  # it is told by what the detector saw of it, see `sights`
            evidence_share=0.0,
        )
        self._pace = Pace(
            track_s=1.0 / of.detections_per_s,
            still_s=of.still_s,
            doubt_s=0.5 / of.analysed_per_s,
            motion_s=of.motion_s,
            sweep_s=of.sweep_s,
        )

    def heed(self, wanted: Wanted) -> None:
        """Look more often where more is hoped for, until its time is over."""
        self._wanted[wanted.source] = wanted

    def pace(self, share: float) -> None:
        """So much of the declared runs per second can this process really make; told by whoever runs it."""
        self._budget.pace = min(max(share, 0.01), 100.0)

    def perceive(self, reading: Reading[Frame]) -> Perceived:
        """What one frame shows, without any memory."""
        return self.look(None, reading)[1]

    def look(self, memory: Watch | None, reading: Reading[Frame]) -> tuple[Watch | None, Perceived]:
        """What a frame shows, with what is remembered of its camera."""
        return self.look_at([(memory, reading)])[0]

    def look_at(self, seen: Sequence[tuple[Watch | None, Reading[Frame]]]) -> Sequence[tuple[Watch | None, Perceived]]:
        """Frames of several cameras; the detector looks at all their windows in one run."""
        turns = [self._turn(memory, reading) for memory, reading in seen]
        crops = [crop for turn in turns if isinstance(turn, Turn) for crop in turn.crops()]
        found = iter(self._detector.detect(crops, score_min=self._of.extra_score_min) if crops else ())
        return [
            self._tell(turn, [next(found) for _ in turn.tiles]) if isinstance(turn, Turn) else turn for turn in turns
        ]

    def _turn(self, memory: Watch | None, reading: Reading[Frame]) -> "Turn | tuple[Watch | None, Perceived]":
        """Where the detector shall look in a frame; or at once what comes of it, where that is nothing."""
        frame, at = reading.body, reading.at
        try:
            picture = checked(frame.array)
        except BadInput as error:
            return memory, Perceived(rejected=((b"", str(error)),))
        watch = memory
        if watch is None or watch.size != picture.shape[:2] or not 0 <= at - watch.at <= GAP_S:
            watch = self._begun(watch, reading, Glimpse.made(picture))
        elif at < watch.due - frame.every_s / 2:
            watch.load.dropped += 1 + frame.dropped
            return watch, Perceived()
        turn = Turn(self._of, watch, reading, picture, Glimpse.made(picture), self._side_px)
        share = self._budget.share()
        turn.plan(self._pace.slower(1.0 / (share * self._weight(reading))))
        self._budget.spent(reading.source, len(turn.tiles), share, turn.step_s)
        return turn

    def _begun(self, before: Watch | None, reading: Reading[Frame], glimpse: Glimpse) -> Watch:
        """Nothing is known of this camera, in this size, after this gap; ids go on."""
        rows, columns, _ = reading.body.picture.shape
        if before is None:
            self._budget.begin(reading.source)
        return Watch(
            size=(rows, columns),
            crews=crews(self._tracking, (rows, columns), after=() if before is None else before.crews),
            glimpse=glimpse,
            backdrop=Backdrop.of(glimpse.grey, reading.at),
            cells=Cells.of((rows, columns), self._side_px),
            load=Load(reading.at) if before is None else before.load,
            at=reading.at,
            due=reading.at,
            told=frozenset() if before is None else before.told,
        )

    def _weight(self, reading: Reading[Frame]) -> float:
        """How much more often than usual this camera is looked at: by its risk, and by what is hoped for."""
        wanted = self._wanted.get(reading.source)
        interest = wanted.interest if wanted is not None and reading.at <= wanted.until else 0.0
        return (0.5 + self._views.of(reading.source).camera.risk) * (1.0 + interest)

    def _tell(self, turn: Turn, found: Sequence[Detected]) -> tuple[Watch, Perceived]:
        watch, reading = turn.watch, turn.reading
        scene, told = turn.take(found, self._detector.names, self._views.of(reading.source))
        watch.load.count(reading.body, len(turn.tiles))
        watch.due = max(watch.due + 1.0 / self._of.analysed_per_s, reading.at)
        bodies: Sequence[Body] = (scene, told, *self._load(watch))
        return watch, Perceived(readings=tuple(replace(reading, body=body) for body in bodies))

    def _load(self, watch: Watch) -> tuple[Body, ...]:
        if watch.at - watch.load.since < self._of.load_every_s:
            return ()
        share = self._budget.share()
        cameras = len(self._budget.wishes)
        runs_per_s = self._of.runs_per_s_max * self._budget.pace
        problem = (
            f"{cameras} cameras share {runs_per_s:.0f} runs of the detector per second: each gets {share:.0%} of what "
            "it needs. Add a process or a machine, or lower `analysed_per_s`."
        )
        return (watch.load.report(watch.at, watch.size, budget=share, problem=problem if share < SHORT else ""),)
