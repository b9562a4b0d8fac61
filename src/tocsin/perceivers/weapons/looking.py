"""The running form: who is looked at when, what was seen with each, and what follows from k of n looks."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Any, ClassVar, TypeVar

from msgspec.structs import replace

from tocsin.contract.analytics import STATURE_M, Analytics, Density
from tocsin.contract.camera_views import CameraView, foot, views
from tocsin.contract.pictures import Armed, Box, Postures, Scene, WeaponCrop, Weapons
from tocsin.contract.protocols import Perceived
from tocsin.contract.raster import Raster
from tocsin.contract.resources import Resources
from tocsin.inference.detector import Detector
from tocsin.model import Body, ContractBroken, Reading
from tocsin.perceivers.weapons.cropping import crop
from tocsin.perceivers.weapons.hands import CONFIDENCE_MIN, WRISTS, Person
from tocsin.perceivers.weapons.parameters import ANALYTIC, Slot
from tocsin.perceivers.weapons.seeing import Hit, looked

TRACKS_MAX = 256
"""Most people remembered per camera; of more, those looked at longest ago are forgotten."""

SHOWN_SHARE_MAX = 0.3
"""A box that covers more of the person than this is not shown: it would show the person."""

POSTURE_S_MAX = 1.0
"""A posture that is older says nothing of where the hands are now."""


@dataclass(slots=True)
class Held:
    """What was seen with one person in the last looks, the newest last."""

    hits: deque[Hit | None]
    at: float = -inf
    shown_at: float = -inf

    @property
    def frames(self) -> int:
        """In how many of them."""
        return sum(hit is not None for hit in self.hits)


@dataclass(slots=True)
class Watch:
    """What is remembered of one camera; lost with the process and never stored."""

    at: float = -inf
    told_at: float = -inf
    told: bool = False
    held: dict[int, Held] = field(default_factory=dict)
    wrists: dict[int, tuple[tuple[float, float], ...]] = field(default_factory=dict)
    wrists_at: float = -inf


class Looking:
    """Looks at people's hands, camera by camera, where that is switched on."""

    accepts: ClassVar[tuple[type[Body], ...]] = (Scene, Postures)
    gives: ClassVar[tuple[type[Body], ...]] = (Weapons, WeaponCrop)

    def __init__(self, of: Slot, detector: Detector | None, resources: Resources) -> None:
        self._of, self._detector, self._views = of, detector, views(resources)
        self._pixels_per_m = of.pixels_per_m_min or Analytics.load(resources).of(ANALYTIC).least()
        self._densities: dict[str, Density] = {}

    def perceive(self, reading: Reading[Any]) -> Perceived:
        """It compares pictures: ask `look`."""
        raise ContractBroken(f"vision.weapons was asked about {reading.source} without its memory: call look().")

    def look(self, memory: Watch | None, reading: Reading[Any]) -> tuple[Watch | None, Perceived]:
        """Note a posture, or look at the people of a scene where it is time to."""
        view = self._views.of(reading.source)
        if self._detector is None or not view.allows(ANALYTIC, by_default=False):
            return None, Perceived()
        memory = memory if memory is not None else Watch()
        if isinstance(reading.body, Postures):
            _note(memory, reading.body, reading.at)
            return memory, Perceived()
        if reading.at - memory.at < 1.0 / self._of.looks_per_s - 1e-3:
            return memory, Perceived()
        memory.at = reading.at
        seen = self._seen(self._detector, memory, reading, view)
        return memory, Perceived((*self._told(memory, reading), *self._shown(memory, reading, seen)))

    def _seen(
        self, detector: Detector, memory: Watch, reading: Reading[Scene], view: CameraView
    ) -> dict[int, Hit | None]:
        """Look at those whose turn it is; what was seen with each."""
        scene = reading.body
        people = self._turn(memory, self._people(memory, scene, view, reading.at))
        seen = looked(detector, self._of.labels, scene.frame.array, people, self._of.score_min)
        for track, hit in seen.items():
            held = memory.held.setdefault(track, Held(deque(maxlen=self._of.confirm_of)))
            held.hits.append(hit)
            held.at = reading.at
        newest = sorted(memory.held, key=lambda track: memory.held[track].at)[-TRACKS_MAX:]
        here = set(scene.ids)
        memory.held = {track: memory.held[track] for track in newest if track in here}
        return seen

    def _people(self, memory: Watch, scene: Scene, view: CameraView, at: float) -> list[Person]:
        """Who is seen in this very frame, with pixels enough."""
        height, width = scene.frame.array.shape[:2]
        fresh = memory.wrists if at - memory.wrists_at <= POSTURE_S_MAX else {}
        found = []
        for track, label, box, seen in zip(scene.ids, scene.labels, _boxes(scene), scene.seen, strict=True):
            share = (box[0] / width, box[1] / height, box[2] / width, box[3] / height)
            if label == "person" and seen and self._dense(view, share, box, width) >= self._pixels_per_m:
                found.append(Person(track, box, tuple((x * width, y * height) for x, y in fresh.get(track, ()))))
        return found

    def _dense(self, view: CameraView, share: Box, box_px: Box, width: int) -> float:
        """Pixels per metre at somebody's feet: by the ground where the camera is placed on it, else by their height."""
        if view.ground is None:
            return (box_px[3] - box_px[1]) / STATURE_M
        density = self._densities.setdefault(view.source, Density(view)).near(foot(share))
        return 0.0 if density is None else density * width / view.camera.picture[0]

    def _turn(self, memory: Watch, people: Sequence[Person]) -> list[Person]:
        """First those with whom something was seen, then those who were looked at longest ago."""

        def order(person: Person) -> tuple[bool, float, int]:
            held = memory.held.get(person.track)
            return (True, -inf, person.track) if held is None else (held.frames == 0, held.at, person.track)

        return sorted(people, key=order)[: self._of.persons_max]

    def _told(self, memory: Watch, reading: Reading[Scene]) -> tuple[Reading[Weapons], ...]:
        """What was seen in the last looks; that nothing was, now and then, and once where something had been."""
        height, width = reading.body.frame.array.shape[:2]
        found = [self._armed(track, held, width, height) for track, held in memory.held.items() if held.frames]
        if not found and not memory.told and reading.at - memory.told_at < self._of.tell_every_s:
            return ()
        memory.told, memory.told_at = bool(found), reading.at
        return (_made(reading, Weapons(weapons=tuple(found), model=self._of.model)),)

    def _armed(self, track: int, held: Held, width: int, height: int) -> Armed:
        best = max((hit for hit in held.hits if hit is not None), key=lambda hit: hit.score)
        last = next(hit for hit in reversed(held.hits) if hit is not None).box_px
        return Armed(
            track=track,
            label=best.label,
            score=best.score,
            frames=held.frames,
            of=len(held.hits),
            box=(last[0] / width, last[1] / height, last[2] / width, last[3] / height),
            confirmed=self._confirmed(held),
        )

    def _confirmed(self, held: Held) -> bool:
        return held.frames >= self._of.confirm_frames

    def _shown(
        self, memory: Watch, reading: Reading[Scene], seen: dict[int, Hit | None]
    ) -> tuple[Reading[WeaponCrop], ...]:
        """The confirmed weapons of this very frame, each now and then."""
        shown = []
        for track, hit in seen.items():
            held = memory.held.get(track)
            due = held is not None and self._confirmed(held) and reading.at - held.shown_at >= self._of.crop_every_s
            jpeg = _crop(reading.body, track, hit) if held is not None and hit is not None and due else b""
            if held is not None and hit is not None and jpeg:
                held.shown_at = reading.at
                shown.append(_made(reading, WeaponCrop(track=track, label=hit.label, jpeg=jpeg)))
        return tuple(shown)


B = TypeVar("B", bound=Body)


def _made(reading: Reading[Scene], body: B) -> Reading[B]:
    """A reading made from a scene: same moment, same source."""
    made: Reading[Any] = reading
    return replace(made, body=body)


def _crop(scene: Scene, track: int, hit: Hit) -> bytes:
    """The picture of a weapon alone; nothing where its box would show a good part of the person."""
    boxes = _boxes(scene)
    x1, y1, x2, y2 = boxes[scene.ids.index(track)]
    left, top, right, bottom = hit.box_px
    if (right - left) * (bottom - top) > SHOWN_SHARE_MAX * (x2 - x1) * (y2 - y1):
        return b""
    persons = [box for box, label in zip(boxes, scene.labels, strict=True) if label == "person"]
    return crop(scene.frame.array, hit.box_px, [*persons, *_rows(scene.extra_px)])


def _boxes(scene: Scene) -> list[Box]:
    return _rows(scene.boxes_px)


def _rows(boxes: Raster) -> list[Box]:
    return [(float(x1), float(y1), float(x2), float(y2)) for x1, y1, x2, y2 in boxes.array.reshape(-1, 4)]


def _note(memory: Watch, body: Postures, at: float) -> None:
    """Keep the wrists of those whose posture is known."""
    memory.wrists_at = at
    memory.wrists = {
        posture.track: tuple(posture.joints[n][:2] for n in WRISTS if posture.joints[n][2] >= CONFIDENCE_MIN)
        for posture in body.postures
    }
