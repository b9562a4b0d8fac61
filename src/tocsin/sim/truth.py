"""Truth: what really happened in a simulated run, for scoring what was made of it."""

from msgspec import Struct

from tocsin.model import Origin, Place
from tocsin.sim.scenario import Expected


class TruthStage(Struct, frozen=True, kw_only=True):
    """One part of an event: a hazard, since when, on which assets."""

    hazard: str
    at: float
    subjects: tuple[str, ...] = ()


class TruthEvent(Struct, frozen=True, kw_only=True):
    """One real event. `first_reaches` says when it first reached which sensor (seconds UTC).

    A sensor off the air is listed in `silenced` too: it was reached but could not tell. `path` is the way of what
    moves (seconds UTC, lon, lat), `names` what it was (a nuclide).
    """

    id: str
    hazard: str
    at: float
    until: float
    place: Place
    stages: tuple[TruthStage, ...] = ()
    first_reaches: dict[str, float] = {}
    silenced: tuple[str, ...] = ()
    detail: dict[str, float] = {}
    path: tuple[tuple[float, float, float], ...] = ()
    names: tuple[str, ...] = ()

    @property
    def noticeable_at(self) -> float | None:
        """When it first reached a sensor that could tell; None where it never did."""
        return min((at for name, at in self.first_reaches.items() if name not in self.silenced), default=None)


class Truth(Struct, frozen=True, kw_only=True):
    """The truth of one run. `person_seconds` is how long how many people were in public there."""

    scenario: str
    seed: int
    city: str
    start: float
    end: float
    events: tuple[TruthEvent, ...] = ()
    expected: Expected = Expected()
    person_seconds: float = 0.0
    origin: Origin = Origin.SIMULATED

    @property
    def hours(self) -> float:
        """Length of the run in hours."""
        return (self.end - self.start) / 3600.0
