"""Bodies that several members share. A body of one member alone lives in that member's file."""

from typing import Any, ClassVar

from tocsin.model import Body, Level


class Concentration(Body, frozen=True, tag="gas.concentration/1"):
    """A gas in air: `ppm` by volume; `flags` say what admission noticed (out-of-range, converted)."""

    level: ClassVar[Level] = Level.AMBIENT
    substance: str
    ppm: float
    range_ppm: float | None = None
    flags: tuple[str, ...] = ()


class Counts(Body, frozen=True, tag="radiation.counts/1"):
    """A gross count rate of a radiation counter; `live_s` is how long was counted for it, where that is told."""

    level: ClassVar[Level] = Level.AMBIENT
    counts_per_s: float
    live_s: float | None = None
    flags: tuple[str, ...] = ()


class Density(Body, frozen=True, tag="crowd.density/1"):
    """How crowded an area is: persons per square metre, and the number behind it."""

    level: ClassVar[Level] = Level.AGGREGATE
    persons_per_m2: float
    persons: float | None = None
    area_m2: float | None = None
    flags: tuple[str, ...] = ()


class Wind(Body, frozen=True, tag="weather.wind/1"):
    """Wind at a station: mean speed and the bearing that it blows from (degrees, 0 is north)."""

    level: ClassVar[Level] = Level.AMBIENT
    speed_m_s: float
    from_deg: float
    flags: tuple[str, ...] = ()


class Quantity(Body, frozen=True, tag="sensor.quantity/1"):
    """Any other measured quantity with its unit (UCUM code), such as a temperature or a voltage."""

    level: ClassVar[Level] = Level.AMBIENT
    name: str
    value: float
    unit: str
    flags: tuple[str, ...] = ()


class Contact(Body, frozen=True, tag="sensor.contact/1"):
    """A two-state sensor: a door, a tamper switch, a smoke alarm (`active` is the alarm side)."""

    level: ClassVar[Level] = Level.AMBIENT
    name: str
    active: bool
    flags: tuple[str, ...] = ()


class Alive(Body, frozen=True, tag="sensor.alive/1"):
    """A sign of life without a measurement (heartbeat, availability topic).

    `within_s` is how soon the next will come at the latest, where the sensor has promised that: then signs of
    life alone are awaited, since all else comes only when there is something to tell.
    """

    level: ClassVar[Level] = Level.AMBIENT
    online: bool = True
    text: str = ""
    within_s: float | None = None


class Introduction(Body, frozen=True, tag="sensor.introduction/1"):
    """What a sensor says of itself when it connects; the place of its reading is where it says it is.

    `family` is one of the city's classes of sensors, `range_m`, `bearing_deg` and `field_deg` are its coverage as
    far as it told them, `about` says in words what it is and detects. It is taken for no more than its own word.
    """

    level: ClassVar[Level] = Level.AMBIENT
    name: str
    family: str = "other"
    about: str = ""
    range_m: float | None = None
    bearing_deg: float | None = None
    field_deg: float = 360.0


class Sighting(Body, frozen=True, tag="vision.sighting/1"):
    """A camera with analytics on board says that a class of thing is in a zone; no picture."""

    level: ClassVar[Level] = Level.ANONYMOUS
    label: str
    zone: str = ""
    count: int = 1
    score: float | None = None
    track: str = ""


class LogBatch(Body, frozen=True, tag="log.batch/1"):
    """Up to 1,000 raw lines of one file. May hold personal data: it never leaves admission.

    `format` is eve, zeek-tsv, zeek-json …; `offsets` are byte offsets of the lines;
    `header` is what a format needs to read them (Zeek's #fields).
    """

    level: ClassVar[Level] = Level.CLEAR
    format: str
    lines: tuple[bytes, ...]
    offsets: tuple[int, ...]
    header: str = ""


class LogEvents(Body, frozen=True, tag="log.events/1"):
    """Parsed rows of one batch of lines, payload dropped and person-naming fields tokenised.

    `offsets[i]` identifies `rows[i]`; its evidence id is `<observation id>+<offset>`. `at` of
    a row is in its field `at` (seconds UTC); other fields keep the names of their format.
    """

    level: ClassVar[Level] = Level.ANONYMOUS
    format: str
    offsets: tuple[int, ...]
    rows: tuple[dict[str, Any], ...]
