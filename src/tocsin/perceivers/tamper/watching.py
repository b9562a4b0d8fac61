"""The running form: what is remembered of each camera, and the state that each judged frame gives."""

from dataclasses import dataclass
from math import inf
from typing import Any, ClassVar, Self

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from tocsin.contract.camera_views import Views
from tocsin.contract.pictures import Frame, PictureState
from tocsin.contract.protocols import Perceived
from tocsin.model import Body, ContractBroken, Reading
from tocsin.perceivers.tamper.echoes import Echoes
from tocsin.perceivers.tamper.grain import Grain
from tocsin.perceivers.tamper.liveness import Alive, Liveness
from tocsin.perceivers.tamper.parameters import ANALYTIC, Learning
from tocsin.perceivers.tamper.scenery import Scenery
from tocsin.perceivers.tamper.sight import Seen, Sight
from tocsin.perceivers.tamper.small import SIDE_PX_MIN, View, view

YOUNG_S = 20.0
"""So long after its first frame a view is still learned quickly, and with less demands."""

REST_S = 60.0
"""How long it takes until a picture that lies elsewhere is said to rest there."""

AGAIN = "again"
"""The flag of a recording that its source was told to show over and over: what came before it is no replay."""

GAP_S = 5.0
"""Longest time that counts between two states: what happened in a longer gap is not known."""


BACK_S_MAX = 10.0
"""A frame from further back is no late one: the clock was set."""


@dataclass(slots=True)
class Watch:
    """What is remembered of one camera; lost with the process and never stored."""

    sight: Sight
    liveness: Liveness
    boot: str
    began: float
    at: float = -inf
    judged_at: float = -inf
    well_at: float = -inf
    states: int = 0
    every_s: float = 0.0

    @classmethod
    def of(cls, picture: NDArray[np.uint8], reading: Reading[Frame], memory_s: float) -> Self:
        """Begin with a first frame."""
        liveness = Liveness(Grain(*picture.shape[:2]), Echoes(memory_s))
        return cls(Sight(Scenery(view(picture))), liveness, reading.boot, began=reading.at, well_at=reading.at)

    def goes_on(self, reading: Reading[Frame], size: tuple[int, ...]) -> bool:
        """Whether a frame belongs to what is remembered: the same run and size, and not from long before."""
        same = reading.boot == self.boot and size == self.liveness.grain.size
        return same and reading.at > self.at - BACK_S_MAX


@dataclass(frozen=True, slots=True)
class Refused:
    """A camera whose pictures cannot be judged: said once, not at every frame."""

    shape: tuple[int, ...]


Memory = Watch | Refused | None


class Watching:
    """Looks at frames, camera by camera."""

    kind: ClassVar[str] = "vision.state"
    accepts: ClassVar[tuple[type[Body], ...]] = (Frame,)
    gives: ClassVar[tuple[type[Body], ...]] = (PictureState,)

    def __init__(self, declared: Learning, views: Views) -> None:
        self._declared, self._views = declared, views

    def perceive(self, reading: Reading[Frame]) -> Perceived:
        """It compares frames: ask `look`."""
        raise ContractBroken(f"vision.state was asked about {reading.source} without its memory: call look().")

    def look(self, memory: Memory, reading: Reading[Frame]) -> tuple[Memory, Perceived]:
        """Remember the frame's grain; judge it where the last judged one is long enough ago."""
        if not self._views.of(reading.source).allows(ANALYTIC, by_default=True):
            return None, Perceived()
        picture = reading.body.array
        if picture.ndim != 3 or picture.shape[2] != 3 or min(picture.shape[:2]) < SIDE_PX_MIN:
            return _refused(memory, picture.shape)
        if not isinstance(memory, Watch) or not memory.goes_on(reading, picture.shape[:2]):
            memory = Watch.of(picture, reading, self._declared.memory_s)
        return memory, Perceived(self._seen(memory, reading) if reading.at > memory.at else ())

    def _seen(self, watch: Watch, reading: Reading[Frame]) -> tuple[Reading[PictureState], ...]:
        """Take one more frame in; gives its state where one is due."""
        if AGAIN in reading.body.flags:
            watch.liveness.echoes = Echoes(self._declared.memory_s)
        bits = watch.liveness.grain.of(reading.body.array)
        watch.every_s = reading.at - watch.at if watch.at > -inf else 0.0
        due = reading.at - watch.judged_at >= 1.0 / self._declared.states_per_s - 1e-3
        made: Reading[Any] = reading
        states = (replace(made, body=self._state(watch, reading, bits)),) if due else ()
        watch.liveness.echoes.remember(reading.at, bits)
        watch.at = reading.at
        return states

    def _state(self, watch: Watch, reading: Reading[Frame], bits: NDArray[np.uint32]) -> PictureState:
        """Judge one frame, learn from it where all is well, and say what it is like."""
        every_s = min(GAP_S, reading.at - watch.judged_at) if watch.states else 0.0
        now = view(reading.body.array)
        seen = watch.sight.seen(reading.at, now, every_s)
        alive = watch.liveness.judged(reading.at, bits, watch.every_s, seen.stir)
        self._learn(watch, seen, alive, reading.at, every_s)
        watch.judged_at, watch.states = reading.at, watch.states + 1
        return _told(reading.body, now, seen, alive, watch, learned=self._learned(watch, reading.at))

    def _learned(self, watch: Watch, at: float) -> bool:
        return at - watch.began >= self._declared.warmup_s and watch.states >= 4

    def _learn(self, watch: Watch, seen: Seen, alive: Alive, at: float, every_s: float) -> None:
        """Learn slowly, in the first seconds quickly, and never while something is wrong."""
        watch.liveness.learn(at, alive, every_s)
        young = at - watch.began < YOUNG_S
        if not self._learned(watch, at) or (alive.well and seen.well(young=young)):
            part = 1.0 / (watch.states + 2) if young else every_s / self._declared.learn_s
            watch.sight.learn(seen, part, max(1.0 / (watch.states + 2), every_s / REST_S))
            watch.well_at = at
        elif at - watch.well_at > self._declared.relearn_s:
            watch.sight = Sight(Scenery(seen.view))
            watch.began, watch.well_at, watch.states = at, at, 0


def _refused(memory: Memory, shape: tuple[int, ...]) -> tuple[Memory, Perceived]:
    refused = Refused(shape)
    reason = f"A picture of {shape} cannot be judged for tampering: it is too small, or not in colour."
    return refused, Perceived() if memory == refused else Perceived(rejected=((b"", reason),))


def _told(body: Frame, now: View, seen: Seen, alive: Alive, watch: Watch, *, learned: bool) -> PictureState:
    width = body.array.shape[1]
    return PictureState(
        number=body.number,
        edges=seen.judged.edges,
        focus=seen.judged.focus,
        brightness=float(now.grey.mean()),
        contrast=seen.judged.contrast,
        histogram=seen.judged.histogram,
        shift_px=seen.beyond.shift * width,
        turn_deg=seen.beyond.turn_deg,
        size=seen.beyond.size,
        agreement=seen.judged.agreement,
        hidden=seen.hidden,
        noise=1.0 if alive.noise is None else alive.noise,
        repeats=watch.liveness.grain.repeats,
        replayed_s=alive.replayed_s,
        learned=learned,
        width=width,
        flags=_flags(body, seen, alive),
    )


def _flags(body: Frame, seen: Seen, alive: Alive) -> tuple[str, ...]:
    words = {"other-view": seen.other, "no-grain": alive.noise is None}
    return (*body.flags, *(word for word, holds in words.items() if holds))
