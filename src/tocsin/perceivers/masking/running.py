"""The running form of vision.masking: a scene becomes a picture with everybody filled, or a reason why it does not."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from tocsin.contract.camera_views import Views
from tocsin.contract.pictures import MaskedPicture, Scene
from tocsin.contract.protocols import Perceived, Wanted
from tocsin.inference.figures import figures
from tocsin.inference.suppression import overlaps
from tocsin.model import BadInput, Body, Reading, TocsinError
from tocsin.perceivers.masking import regions
from tocsin.perceivers.masking.backdrop import moved
from tocsin.perceivers.masking.checking import Checked, checked
from tocsin.perceivers.masking.claims import Belief, Claims
from tocsin.perceivers.masking.filling import Mask, Picture, encoded, painted
from tocsin.perceivers.masking.looking import Look
from tocsin.perceivers.masking.memory import Memory
from tocsin.perceivers.masking.parameters import Settings

Floats = NDArray[np.float32]

FAULTS: tuple[type[Exception], ...] = (
    TocsinError,
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""What can go wrong on the way to a mask: each means that there is no picture."""

SLACK_S = 0.001
"""A picture may come so much before its time: times of frames are not exact."""

SAME_IOU, SAME_SHARE = 0.4, 0.7
"""A box that overlaps an earlier one more, or of which that one holds more, is the same person."""


@dataclass(frozen=True, slots=True, eq=False)
class Masked:
    """A frame's mask, the picture filled by it, boxes of people that are drawn, and their stick figures."""

    mask: Mask
    picture: Picture
    people: Floats
    figures: tuple[NDArray[np.float32], ...] = ()


class RunningMasking:
    """Makes masked pictures; the models never change, what is remembered of a camera is handed in and out."""

    kind: ClassVar[str] = "vision.masking"
    accepts: ClassVar[tuple[type[Body], ...]] = (Scene,)
    gives: ClassVar[tuple[type[Body], ...]] = (MaskedPicture,)

    def __init__(self, of: Settings, look: Look, views: Views) -> None:
        self._of = of
        self._look = look
        self._views = views
        self._belief = Belief()
        self._faults = (*FAULTS, *look.faults)
        self._wanted: dict[str, Wanted] = {}
        self._share = 1.0

    @property
    def problem(self) -> str:
        """Why no picture can be made; empty where one can."""
        return self._look.problem

    def heed(self, wanted: Wanted) -> None:
        """Make more pictures while somebody watches."""
        self._wanted[wanted.source] = wanted

    def pace(self, share: float) -> None:
        """Make pictures at this share of their rate; told by whoever runs it. What is filled in one stays the same."""
        self._share = min(max(share, 0.01), 1.0)

    def perceive(self, reading: Reading[Scene]) -> Perceived:
        """The picture of one scene, without any memory."""
        return self.look(None, reading)[1]

    def look(self, memory: Memory | None, reading: Reading[Scene]) -> tuple[Memory, Perceived]:
        """The picture of a scene, where one is due; anything wrong with it is a reason, and no picture."""
        kept = memory or Memory.of((0, 0))
        due = self._due(kept, reading)
        if due:
            kept.tried_at = reading.at
        try:
            kept, scene = self.remembered(kept, reading)
            body = self._body(kept, reading, self.masked(kept, reading, scene), scene) if due else None
        except self._faults as error:
            return kept, _rejected(reading, error) if due else Perceived()
        if body is None:
            return kept, Perceived()
        kept.made_at = reading.at
        return kept, Perceived(readings=(replace(reading, body=body),))

    def remembered(self, memory: Memory | None, reading: Reading[Scene]) -> tuple[Memory, Checked]:
        """The scene, checked, and the memory with it; a new one where the picture has another size."""
        scene = checked(reading.body)
        size = (scene.picture.shape[0], scene.picture.shape[1])
        if memory is None or memory.size != size:
            memory = Memory.of(size, memory)
        if moved(scene.motion, size[1]):
            memory.backdrop.forget()
        memory.take(reading.at, scene)
        return memory, scene

    def masked(self, memory: Memory, reading: Reading[Scene], scene: Checked) -> Masked:
        """The mask of a frame and the filled picture; raises BadInput where a mask cannot be had."""
        self._refuse_blind(memory, reading, scene)
        of, view = self._of, self._views.of(reading.source)
        found = self._look.people(scene.picture)
        people, sure = self._people(memory, reading.at, scene, found)
        mask = Mask.empty(scene.number, scene.picture.shape)
        mask.add_boxes(people)
        faces = self._look.faces_of(scene.picture)
        mask.add_boxes(regions.faced(faces.boxes, faces.scores, people))
        mask.add_boxes(regions.plates(scene, of.plate_pixels_per_m))
        if view.camera.people_expected:
            looked = scene.detected or self._look.looks
            mask.add_cells(regions.unexplained(scene, reading.body.scores, looked=looked))
        mask.add_rings(view.camera.private)
        mask.close_holes()
        drawn = _once(sure)
        poses = figures(self._look.poser, scene.picture, drawn) if self._look.poser is not None else ()
        picture = painted(scene.picture, scene.number, mask, colour=of.colour, outlined=drawn, figures=poses)
        return Masked(mask, picture, drawn, tuple(poses))

    def _refuse_blind(self, memory: Memory, reading: Reading[Scene], scene: Checked) -> None:
        """Raise BadInput where nobody looked at this frame, or not lately enough."""
        if self._look.problem:
            raise BadInput(self._look.problem)
        if not self._look.looks and memory.held_s(reading.at) > self._of.held_s_max:
            raise BadInput(f"The detector has not looked for more than {self._of.held_s_max:g} s: no picture is made.")
        if not self._look.looks and not scene.detected and not scene.moving.size:
            raise BadInput("The detector did not look at this frame, and nobody says what moves: no picture is made.")

    def _people(self, memory: Memory, at: float, scene: Checked, found: Claims) -> tuple[Floats, Floats]:
        """All boxes of people that are filled, and those that are drawn."""
        of, size = self._of, (scene.picture.shape[0], scene.picture.shape[1])
        claims, sure = regions.claimed(found, size, of.grow, self._belief)
        looked = claims if self._look.looks else None
        followed = regions.tracked(scene, memory, at, looked, grow=of.grow, drift_per_s=of.drift_per_s)
        doubtful = regions.doubtful(scene, of.grow, trusted=looked is None)
        people = scene.boxes[scene.persons]
        return np.concatenate([followed, claims, doubtful]), np.concatenate([people, sure])

    def _body(self, memory: Memory, reading: Reading[Scene], made: Masked, scene: Checked) -> MaskedPicture:
        of = self._of
        share = made.mask.share
        memory.backdrop.learn(scene.picture, made.mask.filled, reading.at)
        full = share > of.full_share
        picture = self._background(memory, reading) if full else made.picture
        height, width = scene.picture.shape[:2]
        return MaskedPicture(
            jpeg=encoded(picture, of.quality),
            width=width,
            height=height,
            of=scene.number,
            filled=share,
            count=len(made.people),
            every_s=0.0 if memory.made_at is None else max(0.0, reading.at - memory.made_at),
            kind="background" if full else "masked",
            outlines=() if full else tuple(_shares(one, width, height) for one in made.figures),
        )

    def _background(self, memory: Memory, reading: Reading[Scene]) -> Picture:
        """The last clean background, private areas filled in it as everywhere."""
        shown = memory.backdrop.shown(self._of.colour)
        private = Mask.empty(reading.body.frame.number, memory.size)
        private.add_rings(self._views.of(reading.source).camera.private)
        return np.where(private.filled[:, :, None] > 0, np.array(self._of.colour, np.uint8), shown)

    def _due(self, memory: Memory, reading: Reading[Scene]) -> bool:
        if memory.tried_at is None:
            return True
        wanted = self._wanted.get(reading.source)
        watched = wanted is not None and wanted.watched and reading.at <= wanted.until
        of = self._of
        rate = max(of.pictures_per_s, of.watched_pictures_per_s) if watched else of.pictures_per_s
        since_s = reading.at - memory.tried_at
        return since_s >= 1.0 / (rate * self._share) - SLACK_S or since_s < 0


def _rejected(reading: Reading[Scene], error: Exception) -> Perceived:
    """The frame's number and the reason; never anything of the picture."""
    said = str(error) if isinstance(error, TocsinError) else f"A mask could not be computed ({type(error).__name__})."
    return Perceived(rejected=((f"frame {reading.body.frame.number}".encode(), said),))


def _once(boxes: Floats) -> Floats:
    """Each person once, the tracked ones first."""
    alike, within = overlaps(boxes, boxes)
    same = np.tril((alike >= SAME_IOU) | (within >= SAME_SHARE).T, -1)
    chosen: list[int] = []
    for number in range(len(boxes)):
        if not same[number, chosen].any():
            chosen.append(number)
    return boxes[chosen]


def _shares(figure: NDArray[np.float32], width: int, height: int) -> tuple[tuple[float, float, float], ...]:
    return tuple((round(x / width, 4), round(y / height, 4), round(sure, 2)) for x, y, sure in figure.tolist())
