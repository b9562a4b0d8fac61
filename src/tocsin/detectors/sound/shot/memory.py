"""What the detector of shots remembers: bangs that nobody explained yet, and bursts that it told of. All bounded."""

from msgspec import Struct

from tocsin.contract.sounds import Impulse
from tocsin.model import Observation, Place, offset_m

BANGS_MAX = 60
"""Most unexplained bangs; the oldest give way."""

BURSTS_MAX = 16
KNOWN_MAX = 512
FIRED_MAX = 12
EVIDENCE_MAX = 64
FRESH_S = 900.0
"""How old weather may be, and after which a burst is forgotten."""


class Bang(Struct):
    """One impulse at one microphone: who, when, where it hangs (metres), and what it was like.

    `score` is that of a gunshot or an explosion, `blast` that of an explosion alone.
    """

    id: str
    source: str
    at: float
    east_m: float
    north_m: float
    sd_s: float
    score: float | None
    blast: float
    lead_ms: float | None
    whistle: float
    model: str


class Fired(Struct):
    """One located bang: when, where, with which spread (ee, en, nn; m²), and who heard it directly.

    `airborne_nats` is how much better a source in the air explains it than one on the ground.
    """

    at: float
    east_m: float
    north_m: float
    spread_m2: tuple[float, float, float]
    speed_m_s: float
    airborne_nats: float
    bangs: list[Bang] = []


class Burst(Struct):
    """One or more bangs from about one place: since when, all that cite it, how many arrivals were echoes."""

    id: str
    since: float
    until: float
    fired: list[Fired]
    count: int = 1
    evidence: list[str] = []
    echoes: int = 0
    told: str = ""

    @property
    def best(self) -> Fired:
        """The bang with the smallest spread: it says best where they came from."""
        return min(self.fired, key=lambda one: one.spread_m2[0] + one.spread_m2[2])

    @property
    def bangs(self) -> list[Bang]:
        """What all microphones heard of it directly."""
        return [bang for one in self.fired for bang in one.bangs]


class Listening(Struct):
    """All of a city: the zero of its metres, what was heard lately, the weather."""

    zero: tuple[float, float] | None = None
    newest: float = 0.0
    bangs: list[Bang] = []
    bursts: list[Burst] = []
    known: list[str] = []
    heard: dict[str, float] = {}
    wind: tuple[float, float, float] | None = None
    temperature: tuple[float, float] | None = None
    searches: tuple[float, int] = (0.0, 0)
    shed: int = 0


def _score(scores: dict[str, float]) -> float | None:
    """How likely it is a gunshot or an explosion: at a distance they are taken for one another, and both matter."""
    known = [scores[name] for name in ("gunshot", "explosion") if name in scores]
    return min(1.0, sum(known)) if known else None


def bang_of(fact: Observation[Impulse], place: Place, zero: tuple[float, float]) -> Bang:
    """What is remembered of one impulse."""
    east, north = offset_m(Place(lon=zero[0], lat=zero[1]), place)
    body = fact.body
    return Bang(
        id=fact.id,
        source=fact.source,
        at=fact.at,
        east_m=east,
        north_m=north,
        sd_s=body.onset_sd_s,
        score=_score(body.scores),
        blast=body.scores.get("explosion", 0.0),
        lead_ms=body.lead_ms,
        whistle=body.whistle or 0.0,
        model=body.model,
    )
