"""What the release detector remembers of a city: recent readings per sensor, wind, air, and each episode."""

from msgspec import Struct, field

from tocsin.model import Place

BIN_S = 15.0
"""Readings of a sensor within this time count as one, their mean."""

BINS_MAX = 16
SENSORS_MAX = 300
WINDS_MAX = 240
RELEASES_MAX = 6


class Trace(Struct):
    """One substance at one sensor: where it stands, and bins of (middle, mean ppm, how many), the oldest first.

    `high` counts readings in a row that were high; `evidence` are ids of readings not yet cited; `full_ppm` is the
    end of its range.
    """

    place: Place
    last_at: float
    bins: list[tuple[float, float, int]] = []
    high: int = 0
    high_at: float | None = None
    evidence: list[str] = []
    full_ppm: float | None = None


class Gust(Struct, frozen=True):
    """The wind at one moment and station: speed in m/s, and east and north of where it blows to."""

    at: float
    source: str
    east_m_s: float
    north_m_s: float


class Known(Struct):
    """What was last told of the air."""

    at: float
    stability: str = ""
    cloud_share: float | None = None
    obukhov_m: float | None = None
    from_sd_deg: float | None = None
    speed_sd_m_s: float | None = None


class Belief(Struct):
    """One release: its substance, origin of the local plane, the hypotheses (rows of float64), and how far it is.

    `source` is the sensor that noticed first, whose place is the origin.
    """

    substance: str
    origin: Place
    since: float
    rows: bytes = b""
    updates: int = 0
    told_at: float = 0.0
    last_high: float = 0.0
    grade: str = ""
    source: str = ""


class Memory(Struct):
    """All of it. `traces` is by sensor and substance, joined by a tab."""

    traces: dict[str, Trace] = field(default_factory=dict)
    winds: list[Gust] = field(default_factory=list)
    air: Known | None = None
    releases: dict[str, Belief] = field(default_factory=dict)
