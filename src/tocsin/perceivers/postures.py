"""How people stand, as stick figures: enough to see a fall or a fight, not a person. Off unless somebody wants it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from msgspec.structs import replace

from tocsin.contract.camera_views import Views, views
from tocsin.contract.pictures import Posture, Postures, Scene
from tocsin.contract.protocols import Perceived, Wanted
from tocsin.contract.resources import Resources
from tocsin.model import Body, ConfigError, ContractBroken, Level, Reading, TocsinError

if TYPE_CHECKING:
    from tocsin.inference.detector import Poser

PERSON = "person"


@dataclass(frozen=True, slots=True, kw_only=True)
class StickFigures:
    """Find the joints of people who are followed, on cut-outs, now and then, where the camera's set-up asks for it.

    It runs where `vision.postures` stands among the camera's analytics, and nowhere by default.

    >>> StickFigures(per_s=2.0).kind, StickFigures.on_by_default
    ('vision.postures', False)
    """

    kind: ClassVar[str] = "vision.postures"
    needs: ClassVar[Level] = Level.CLEAR
    accepts: ClassVar[tuple[type[Body], ...]] = (Scene,)
    gives: ClassVar[tuple[type[Body], ...]] = (Postures,)
    on_by_default: ClassVar[bool] = False

    model: str = "movenet-multipose"
    per_s: float = 1.0
    watched_per_s: float = 3.0
    backend: str = "onnxruntime"
    threads: int = 1

    def __post_init__(self) -> None:
        if min(self.per_s, self.watched_per_s) <= 0:
            raise ConfigError("vision.postures needs per_s and watched_per_s above 0.")

    def start(self, resources: Resources) -> "RunningStickFigures":
        """Open the model. Where it is missing it starts all the same, and says so once it is wanted."""
        from tocsin.inference.opening import open_poses

        try:
            poser, problem = open_poses(self.model, threads=self.threads, backend=self.backend), ""
        except TocsinError as error:
            poser, problem = None, f"No stick figures: {error}"
        return RunningStickFigures(self, poser, problem, views(resources))

    def perceive(self, reading: Reading[Scene]) -> Perceived:
        """A declaration sees nothing: start it."""
        raise ContractBroken(f"vision.postures was asked about {reading.source} before it was started: call start().")


class RunningStickFigures:
    """At work. Its memory of a camera is when it last looked."""

    kind: ClassVar[str] = StickFigures.kind
    accepts: ClassVar[tuple[type[Body], ...]] = StickFigures.accepts
    gives: ClassVar[tuple[type[Body], ...]] = StickFigures.gives

    def __init__(self, of: StickFigures, poser: "Poser | None", problem: str, views_: Views) -> None:
        self._of = of
        self._poser = poser
        self._problem = problem
        self._views = views_
        self._wanted: dict[str, Wanted] = {}

    def heed(self, wanted: Wanted) -> None:
        """Look more often while somebody watches."""
        self._wanted[wanted.source] = wanted

    def perceive(self, reading: Reading[Scene]) -> Perceived:
        """The stick figures of one scene, without any memory."""
        return self.look(None, reading)[1]

    def look(self, memory: float | None, reading: Reading[Scene]) -> tuple[float | None, Perceived]:
        """The stick figures of a scene, where they are wanted and due."""
        wished = self._views.of(reading.source).allows(self._of.kind, by_default=StickFigures.on_by_default)
        if not wished or not self._due(memory, reading):
            return memory, Perceived()
        if self._poser is None:
            return reading.at, Perceived(rejected=((b"", self._problem),))
        try:
            postures = _postures(self._poser, reading.body)
        except (TocsinError, ValueError, TypeError, LookupError) as error:
            reason = f"The joints of people could not be looked for ({type(error).__name__})."
            return memory, Perceived(rejected=((b"", reason),))
        every_s = 0.0 if memory is None else max(0.0, reading.at - memory)
        return reading.at, Perceived(readings=(replace(reading, body=Postures(postures, every_s)),))

    def _due(self, memory: float | None, reading: Reading[Scene]) -> bool:
        wanted = self._wanted.get(reading.source)
        watched = wanted is not None and wanted.watched and reading.at <= wanted.until
        rate = max(self._of.per_s, self._of.watched_per_s) if watched else self._of.per_s
        return memory is None or reading.at < memory or reading.at - memory >= 1.0 / rate - 0.001


def _postures(poser: "Poser", scene: Scene) -> tuple[Posture, ...]:
    """One per person who was found in this frame and in whose box a person is seen to stand."""
    from tocsin.inference.figures import figures_of

    rows = [n for n, (label, seen) in enumerate(zip(scene.labels, scene.seen, strict=True)) if label == PERSON and seen]
    if not rows:
        return ()
    picture = scene.frame.array
    height, width = picture.shape[:2]
    boxes = scene.boxes_px.array[rows].astype("float32")
    return tuple(
        Posture(scene.ids[rows[number]], _shares(joints.tolist(), width, height))
        for number, joints in figures_of(poser, picture, boxes)
    )


def _shares(joints: Sequence[Sequence[float]], width: int, height: int) -> tuple[tuple[float, float, float], ...]:
    return tuple((round(x / width, 4), round(y / height, 4), round(sure, 2)) for x, y, sure in joints)
