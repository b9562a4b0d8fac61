"""The running form of vision.stills: one scene into the backgrounds, shapes into things that keep their number."""

from dataclasses import dataclass, field
from math import exp
from typing import ClassVar

import numpy as np
from msgspec.structs import replace

from tocsin.contract.camera_views import Views
from tocsin.contract.pictures import Box, Scene, Still, Stills
from tocsin.contract.protocols import Perceived
from tocsin.model import Body, Reading
from tocsin.perceivers.stills.backgrounds import Backgrounds, shrunk
from tocsin.perceivers.stills.company import Called, Company, Present
from tocsin.perceivers.stills.parameters import Standing
from tocsin.perceivers.stills.shapes import Shape, shapes

KIND = "vision.left-object"
"""The analytic that lives on these things: where it may not run, nothing is looked for."""

PAUSE_S_MAX = 10.0
"""After a longer pause everything begins anew."""

SAME_SHARE = 0.5
"""A shape that shares so much with a thing known, of the smaller of the two, is that thing: things appear in parts."""

THERE_S = 5.0
"""How fast it is believed that something is rather gone than left, or the other way round."""


@dataclass(slots=True)
class Thing:
    """One thing that stands still, as it is remembered."""

    id: int
    since: float
    box: Box
    owner: int
    seen_at: float
    there: float
    near_at: float | None = None
    called: Called = field(default_factory=Called)

    def see(self, shape: Shape, box: Box, at: float) -> None:
        """It is still there, or gone."""
        kept = exp(-(at - self.seen_at) / THERE_S)
        self.there = kept * self.there + (1.0 - kept) * shape.there
        self.box, self.seen_at = box, at

    @property
    def removed(self) -> bool:
        """Whether it is something that is gone."""
        return self.there < 0.0


@dataclass(slots=True)
class Memory:
    """What is remembered of one camera."""

    grounds: Backgrounds
    told_at: float
    company: Company = field(default_factory=Company)
    things: list[Thing] = field(default_factory=list)
    next_id: int = 1
    told: bool = False


class StillsWatching:
    """Looks; all that is remembered is handed in and out."""

    accepts: ClassVar[tuple[type[Body], ...]] = (Scene,)
    gives: ClassVar[tuple[type[Body], ...]] = (Stills,)
    kind: ClassVar[str] = "vision.stills"

    def __init__(self, of: Standing, views: Views) -> None:
        self._of = of
        self._views = views

    def perceive(self, reading: Reading[Scene]) -> Perceived:
        """What one scene says without any memory: nothing yet."""
        return self.look(None, reading)[1]

    def look(self, memory: Memory | None, reading: Reading[Scene]) -> tuple[Memory | None, Perceived]:
        """Take one scene; a report where it is time for one and there is something to tell."""
        if not self._views.of(reading.source).allows(KIND, by_default=True):
            return None, Perceived()
        scene, at = reading.body, reading.at
        if memory is not None and at - memory.grounds.at < self._of.sample_s - 1e-6:
            return memory, Perceived()
        small = shrunk(np.asarray(scene.frame.array, dtype=np.uint8), self._of.width_px)
        if memory is None or self._is_another(memory, scene, small, at):
            number = 1 if memory is None else memory.next_id
            return Memory(Backgrounds.of(small, at), at, next_id=number), Perceived()
        memory.company.past.append(Present.of(scene, at))
        if memory.grounds.take(small, at, self._of) > self._of.changed_max:
            return Memory(Backgrounds.of(small, at), at, next_id=memory.next_id), Perceived()
        self._follow(memory, shapes(memory.grounds, self._of), at)
        return memory, self._report(memory, reading)

    def _is_another(
        self, memory: Memory, scene: Scene, small: np.ndarray[tuple[int, ...], np.dtype[np.float32]], at: float
    ) -> bool:
        """Whether what was learned is of another picture: another size, a pause, or a camera that moved."""
        if memory.grounds.slow.shape != small.shape or at - memory.grounds.at > PAUSE_S_MAX:
            return True
        motion = scene.motion.array
        width = scene.frame.picture.shape[1]
        return motion.size == 6 and float(np.hypot(*motion.reshape(2, 3)[:, 2])) > self._of.shift_max * width

    def _follow(self, memory: Memory, found: list[Shape], at: float) -> None:
        """Shapes go on with the things they are, or begin new ones; things long unseen or absorbed end."""
        height, width = memory.grounds.still_s.shape
        for shape in found:
            x1, y1, x2, y2 = shape.box
            box = (x1 / width, y1 / height, x2 / width, y2 / height)
            thing = max(memory.things, key=lambda one: _shared(one.box, box), default=None)
            if thing is None or _shared(thing.box, box)[1] < SAME_SHARE:
                thing = self._begun(memory, shape, box, at, width / height)
            thing.see(shape, box, at)
            if not thing.owner:  # it appears in parts, and the part that was beside somebody may come last
                self._ask_who(memory, thing, width / height)
            if at - thing.since > (self._of.absorb_gone_s if thing.removed else self._of.absorb_s):
                memory.grounds.absorb(shape.places)
        present = memory.company.past[-1]
        for thing in memory.things:
            thing.called.hear(present.name(thing.box), at)
            if present.nearest(thing.box, self._of.near_heights, width / height) is not None:
                thing.near_at = at
        memory.things = [one for one in memory.things if at - one.seen_at <= self._of.hidden_s_max]

    def _begun(self, memory: Memory, shape: Shape, box: Box, at: float, aspect: float) -> Thing:
        thing = Thing(memory.next_id, at - shape.still_s, box, 0, at, shape.there, called=Called(at=at))
        self._ask_who(memory, thing, aspect)
        memory.next_id += 1
        memory.things.append(thing)
        return thing

    def _ask_who(self, memory: Memory, thing: Thing, aspect: float) -> None:
        """Who was beside a thing when it began to stand still, and when somebody was last near."""
        near = self._of.near_heights
        thing.owner = memory.company.owner(thing.box, thing.since, near, aspect)
        last_near = memory.company.last_near(thing.box, near, aspect)
        thing.near_at = thing.near_at if last_near is None else last_near

    def _report(self, memory: Memory, reading: Reading[Scene]) -> Perceived:
        every_s = reading.at - memory.told_at
        if every_s < self._of.report_s - 1e-6:
            return Perceived()
        memory.told_at = reading.at
        stills = tuple(_told(one, reading.at) for one in memory.things if reading.at - one.seen_at < every_s + 1e-6)
        if not stills and not memory.told:
            return Perceived()
        memory.told = bool(stills)
        return Perceived(readings=(replace(reading, body=Stills(stills=stills, every_s=every_s)),))


def _told(thing: Thing, at: float) -> Still:
    x1, y1, x2, y2 = thing.box
    return Still(
        id=thing.id,
        box=thing.box,
        since=thing.since,
        removed=thing.removed,
        label=thing.called.name,
        share=(x2 - x1) * (y2 - y1),
        person_near_s=None if thing.near_at is None else at - thing.near_at,
        owner=thing.owner,
    )


def _shared(a: Box, b: Box) -> tuple[float, float]:
    """What two boxes share, of their union and of the smaller one."""
    wide, high = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    if wide <= 0 or high <= 0:
        return 0.0, 0.0
    sizes = [(one[2] - one[0]) * (one[3] - one[1]) for one in (a, b)]
    return wide * high / (sum(sizes) - wide * high), wide * high / min(sizes)
