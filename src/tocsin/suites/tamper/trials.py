"""Trials: a camera is watched in peace, then something happens before its lens, or to its stream, or nothing does."""

from collections.abc import Iterable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from itertools import chain, islice, repeat
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np

from tocsin.contract.pictures import Frame, PictureState
from tocsin.contract.raster import Raster
from tocsin.contract.resources import Resources
from tocsin.inference.sessions import needed
from tocsin.model import Observation, Origin, Reading
from tocsin.perceivers.tamper import Tamper
from tocsin.perceivers.tamper.watching import Watching
from tocsin.suites.tamper.deeds import Deed, looking
from tocsin.suites.tamper.footage import USUAL, Encoding, Picture, Sensor, encoded, rate_of, recorded, wander
from tocsin.suites.tamper.quiet import Quiet

BEGIN_AT = 1_790_000_000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How long everything lasts, and how the cameras are."""

    seed: int
    frames_per_s: float
    warm_s: float
    deed_s: float
    quiet_s: float
    noise: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Reel:
    """A clip by name, and some pictures of another."""

    name: str
    pictures: Sequence[Picture]
    others: Sequence[Picture]


class Scene:
    """One clip as a camera: what it sees while all is well, and what is remembered of it then.

    `turnable` cameras show the middle of the clip, so that there is something to turn to.
    """

    def __init__(self, reel: Reel, plan: Plan, *, turnable: bool) -> None:
        self.name, self.plan, self._pictures, self._turnable = reel.name, plan, reel.pictures, turnable
        self._others = [_sized(other, reel.pictures[0].shape) for other in reel.others]
        longest_s = plan.warm_s + max(plan.deed_s, plan.quiet_s) + 1.0
        way = wander(len(reel.pictures), plan.frames_per_s, self._chance("way"))
        self._way = list(islice(way, round(longest_s * plan.frames_per_s)))
        self._watching = Tamper().start(Resources())
        self.shape = self._shown(reel.pictures[0]).shape
        self.stream = list(self._encoded(self._noisy(self._live(0.0, plan.warm_s), "warm"), USUAL))
        self.warm, self._memory = self._watched(None, self.stream, 0)

    def done(self, deed: Deed) -> list[Observation[PictureState]]:
        """The states while this is done to the camera."""
        return self._watched(deepcopy(self._memory), self._tampered(deed), len(self.stream))[0]

    def lived(self, quiet: Quiet) -> list[Observation[PictureState]]:
        """The states of an everyday."""
        chance = self._chance(quiet.name)
        day = quiet.make(self.shape, chance, tuple(self._others)) if quiet.make else None
        sensor = Sensor(self.shape, chance)
        pictures = (
            sensor.seen(day(picture, since_s) if day else picture, quiet.noise(self.plan.noise, since_s))
            for picture, since_s in self._live(self.plan.warm_s, self.plan.quiet_s)
        )
        return self._watched(deepcopy(self._memory), self._encoded(pictures, quiet.encoding), len(self.stream))[0]

    def _tampered(self, deed: Deed) -> Iterable[Picture]:
        frames = round(self.plan.deed_s * self.plan.frames_per_s)
        if deed.freeze or deed.loop_s:
            loop = self.stream[-1:] if deed.freeze else self._loop(deed.loop_s)
            sent = islice(chain.from_iterable(repeat(loop)), frames)
            return sent if deed.worse_crf is None else self._encoded(sent, Encoding(crf=USUAL.crf + deed.worse_crf))
        return self._encoded(self._noisy(self._altered(deed), deed.name), USUAL)

    def _loop(self, loop_s: float) -> list[Picture]:
        """A stretch that ended a while ago, cut without regard to the encoder's whole pictures."""
        last = len(self.stream) - round(2.3 * self.plan.frames_per_s)
        return self.stream[max(0, last - round(loop_s * self.plan.frames_per_s)) : last]

    def _altered(self, deed: Deed) -> Iterator[tuple[Picture, float]]:
        live = self._live(self.plan.warm_s, self.plan.deed_s, whole=deed.turns)
        if deed.away:
            return (
                (self._shown(self._others[self._way[-1 - n] % len(self._others)]), at) for n, (_, at) in enumerate(live)
            )
        assert deed.alter is not None  # noqa: S101  # all other deeds are done before the lens
        alter = deed.alter(self.shape, self._chance(deed.name))
        return ((alter(picture, since_s), since_s) for picture, since_s in live)

    def _live(self, since_s: float, lasts_s: float, *, whole: bool = False) -> Iterator[tuple[Picture, float]]:
        """What is before the lens from then on, and the seconds since."""
        first, frames = (round(length_s * self.plan.frames_per_s) for length_s in (since_s, lasts_s))
        for number, index in enumerate(self._way[first : first + frames]):
            picture = self._pictures[index]
            yield picture if whole else self._shown(picture), number / self.plan.frames_per_s

    def _shown(self, picture: Picture) -> Picture:
        return looking(picture, 0.0, 0.0, 0.0, 1.0) if self._turnable else picture

    def _noisy(self, pictures: Iterable[tuple[Picture, float]], name: str) -> Iterator[Picture]:
        sensor = Sensor(self.shape, self._chance(f"noise {name}"))
        return (sensor.seen(picture, self.plan.noise) for picture, _ in pictures)

    def _encoded(self, pictures: Iterable[Picture], encoding: Encoding) -> Iterator[Picture]:
        return encoded(pictures, self.plan.frames_per_s, encoding)

    def _chance(self, purpose: str) -> np.random.Generator:
        """The same chance every time, another for each clip and purpose."""
        return np.random.default_rng([self.plan.seed, crc32(f"{self.name} {purpose}".encode())])

    def _watched(
        self,
        memory: Any,  # noqa: ANN401  # a memory is its perceiver's own
        pictures: Iterable[Picture],
        first: int,
    ) -> tuple[list[Observation[PictureState]], Any]:
        return watched(self._watching, memory, pictures, (self.name, self.plan.frames_per_s, first))


def watched(
    watching: Watching,
    memory: Any,  # noqa: ANN401  # as above
    pictures: Iterable[Picture],
    told: tuple[str, float, int],
) -> tuple[list[Observation[PictureState]], Any]:
    """The states of a camera of that name and rate, from that picture on; and what is remembered of it then."""
    name, frames_per_s, first = told
    states = []
    for number, picture in enumerate(pictures, first):
        at = BEGIN_AT + number / frames_per_s
        frame = Frame(picture=Raster.of(picture), number=number, every_s=1 / frames_per_s)
        reading = Reading(at=at, origin=Origin.SIMULATED, source=name, seq=number, body=frame)
        memory, perceived = watching.look(memory, reading)
        states += [_observed(one) for one in perceived.readings]
    return states, memory


def as_recorded(path: Path) -> list[Observation[PictureState]]:
    """The states of a clip from its beginning to its end, at its own rate and size, with nothing added."""
    return watched(Tamper().start(Resources()), None, recorded(path), (path.stem, rate_of(path), 0))[0]


def _sized(picture: Picture, shape: tuple[int, ...]) -> Picture:
    """A picture of another clip, as large as those of this one."""
    return np.ascontiguousarray(needed("cv2").resize(picture, (shape[1], shape[0])), np.uint8)


def _observed(reading: Reading[PictureState]) -> Observation[PictureState]:
    return Observation(at=reading.at, origin=reading.origin, source=reading.source, seq=reading.seq, body=reading.body)
