"""Whether a picture lives: its grain is fresh, and no stretch of it was seen before."""

from dataclasses import dataclass, field

from tocsin.perceivers.tamper.echoes import Echo, Echoes
from tocsin.perceivers.tamper.grain import Bits, Grain
from tocsin.perceivers.tamper.usual import Least

SETTLE_S = 5.0
"""How long after its grain was learned anew a picture cannot be said to be frozen."""

GRAIN_MIN = 0.02
"""Least usual freshness by which a frozen picture can be told: an encoder may leave no grain at all."""

FRESH_MIN = 0.9
"""Freshness, as a share of the least usual, below which nothing is learned."""

STIR_MIN = 6.0
"""A change of this many grey levels in a part of the picture is a movement: what moves is not frozen."""


@dataclass(frozen=True, slots=True)
class Alive:
    """`noise` as in PictureState; None where it cannot be told. `replayed_s` is how long ago it was seen before."""

    noise: float | None
    replayed_s: float | None
    freshness: float | None
    echo: Echo | None = None

    @property
    def well(self) -> bool:
        """Whether it may be learned from."""
        return self.replayed_s is None and (self.noise is None or self.noise >= FRESH_MIN)


@dataclass(slots=True)
class Liveness:
    """The grain of one camera, and the memory of it."""

    grain: Grain
    echoes: Echoes
    least: Least = field(default_factory=Least)
    settled_at: float | None = None

    def judged(self, at: float, bits: Bits, every_s: float, stir: float) -> Alive:
        """What the grain of a frame says against the earlier ones; `stir` is how much moves in the picture."""
        if self.settled_at is None or self.grain.strange:
            self.grain.restart()
            self.settled_at = at + SETTLE_S
        fresh = self.echoes.freshness(at, bits)
        noise = self._noise(at, fresh)
        echo = self.echoes.heard(at, bits, every_s, fresh)
        replayed = echo is not None and echo.sure
        if noise is not None and stir >= STIR_MIN:
            noise = max(noise, 1.0)
        return Alive(noise, echo.lag_s if echo is not None and replayed else None, fresh, echo)

    def learn(self, at: float, alive: Alive, every_s: float) -> None:
        """Take it into what is usual, if it lives."""
        if not alive.well:
            return
        self.grain.learn(every_s)
        if alive.freshness is not None and at >= (self.settled_at or at):
            self.least.learn(alive.freshness)

    def _noise(self, at: float, fresh: float | None) -> float | None:
        least = self.least.value
        if fresh is None or least is None or at < (self.settled_at or at) or least < GRAIN_MIN:
            return None
        return fresh / least
