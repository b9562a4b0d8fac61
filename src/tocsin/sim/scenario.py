"""Scenario: what happens in the simulated city, as data with ranges from which the seed draws."""

from datetime import datetime
from pathlib import Path

import msgspec
from msgspec import Struct

from tocsin.city.citymap import Position
from tocsin.model import ConfigError
from tocsin.sim.chance import Range


class WindPlan(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Mean wind above the roofs: speed in m/s and the bearing that it blows from."""

    speed_m_s: Range = (2.0, 4.0)
    from_deg: Range = (0.0, 360.0)


class Release(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A gas let out: at a place within `spread_m` of `near`, at a rate, for a while.

    With `after`, `at_s` counts from the moment when that attack has silenced its sensors.
    """

    id: str
    substance: str
    near: Position
    at_s: Range
    kg_s: Range
    duration_s: Range
    spread_m: float = 0.0
    after: str = ""


class Attack(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody on the network: scan, guessing of passwords, exploit of a gateway, sensors silenced.

    Silenced are `silenced` of the `among` sensors behind `gateway` that are nearest to `near`.
    """

    id: str
    at_s: Range
    gateway: str
    near: Position
    silenced: int = 2
    among: int = 4
    network: str = "203.0.113"


class Pulse(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A short whiff at single sensors: a passing diesel, a cleaning machine, smoke.

    It happens once at `at_s`, or so many times per hour and sensor at random. `peak` is in
    ppm (µg/m³ for pm10); it rises in `rise_s` and fades with `fall_s`.
    """

    substance: str
    peak: Range
    sensors: tuple[str, ...] = ()
    at_s: Range | None = None
    per_hour: float = 0.0
    rise_s: Range = (3.0, 8.0)
    fall_s: Range = (5.0, 15.0)


class Spike(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A reading without any gas behind it: cross-sensitivity or interference at one sensor."""

    sensor: str
    substance: str
    at_s: Range
    ppm: Range
    duration_s: float = 10.0


class Crowding(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """People gather at one counter up to a density (persons per square metre), then leave."""

    sensor: str
    at_s: Range
    duration_s: Range
    density: Range
    build_s: float = 120.0


class Rain(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rain washes radon daughters out: all counters rise by a share, then fall by half-life."""

    at_s: Range
    share: Range = (0.15, 0.2)
    build_s: float = 900.0
    duration_s: float = 1200.0
    half_life_s: float = 1800.0


class Blip(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A short harmless rise at one radiation counter, such as a lorry with tiles."""

    sensor: str
    at_s: Range
    share: Range = (0.1, 0.15)
    duration_s: float = 20.0


class Carried(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A radiation source that somebody carries along a path of places.

    `strength_per_s` is what a counter would count at 1 m of it, unshielded; `nuclide` what a spectrum shows.
    """

    id: str
    nuclide: str
    strength_per_s: Range
    path: tuple[Position, ...]
    at_s: Range
    speed_m_s: Range = (0.9, 1.4)


class Checkpoint(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Screening lanes that are open: bags per minute and lane, and how long a second look takes."""

    lanes: tuple[str, ...]
    per_minute: Range = (4.0, 8.0)
    second_look_s: Range = (15.0, 40.0)


class Bag(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A bag with explosives that is put through a lane of the checkpoint."""

    id: str
    lane: str
    at_s: Range


class Gunfire(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Shots from one place within `spread_m` of `near`: so many `rounds`, so far apart."""

    id: str
    near: Position
    at_s: Range
    rounds: Range = (1.0, 4.0)
    every_s: Range = (0.6, 3.0)
    spread_m: float = 0.0


class Fireworks(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rockets that burst `height_m` above places within `spread_m` of `near`."""

    near: Position
    at_s: Range
    bursts: Range = (4.0, 12.0)
    every_s: Range = (1.0, 5.0)
    height_m: Range = (50.0, 130.0)
    spread_m: float = 40.0


class Outage(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A sensor that restarts: silent for a while, then back with a new boot and sequence."""

    sensor: str
    at_s: Range
    duration_s: Range


class Noise(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is ordinary on the wires: EVE lines, alerts about nothing, doubled and broken messages."""

    eve_lines_per_s: float = 3.0
    alerts_per_hour: float = 4.0
    doubled_share: float = 0.001
    broken_share: float = 0.0001


class Expected(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a right answer looks like: how many incidents, and none more urgent than `priority_min`."""

    incidents_min: int = 0
    incidents_max: int = 0
    priority_min: int = 3


class Scenario(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A stretch of the life of a city; times `at_s` are seconds after its start.

    A demonstration begins `shown_from_s` seconds into it: shortly before something happens.
    """

    name: str
    summary: str
    start: str
    duration_s: float
    shown_from_s: float = 0.0
    city: str = "helsinki"
    wind: WindPlan = WindPlan()
    noise: Noise = Noise()
    releases: tuple[Release, ...] = ()
    attacks: tuple[Attack, ...] = ()
    pulses: tuple[Pulse, ...] = ()
    spikes: tuple[Spike, ...] = ()
    crowding: tuple[Crowding, ...] = ()
    rain: tuple[Rain, ...] = ()
    blips: tuple[Blip, ...] = ()
    carried: tuple[Carried, ...] = ()
    checkpoint: Checkpoint | None = None
    bags: tuple[Bag, ...] = ()
    outages: tuple[Outage, ...] = ()
    gunfire: tuple[Gunfire, ...] = ()
    fireworks: tuple[Fireworks, ...] = ()
    expected: Expected = Expected()

    @property
    def start_at(self) -> float:
        """The stated start in seconds UTC; raises ConfigError where it has no offset."""
        try:
            moment = datetime.fromisoformat(self.start)
        except ValueError as error:
            raise ConfigError(f"Scenario {self.name}: start {self.start!r} is no ISO 8601 time.") from error
        if moment.tzinfo is None:
            raise ConfigError(f"Scenario {self.name}: start {self.start!r} needs an offset such as +03:00.")
        return moment.timestamp()


def load_scenario(path: Path) -> Scenario:
    """Read a scenario file; raises ConfigError naming the file and what is wrong in it."""
    try:
        return msgspec.yaml.decode(path.read_bytes(), type=Scenario)
    except OSError as error:
        raise ConfigError(f"Scenario {path} cannot be read: {error.strerror}.") from error
    except msgspec.MsgspecError as error:
        raise ConfigError(f"Scenario {path} is not right: {error}.") from error
