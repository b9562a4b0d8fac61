"""What is known of toxic agents: levels and durations, properties, and the distances to keep at first."""

from math import exp, isfinite, log
from typing import Any

import msgspec
from msgspec import Struct

from tocsin.contract.bodies import Concentration
from tocsin.contract.resources import Resources
from tocsin.model import ConfigError

AEGL = "agents/aegl.yaml"
PROPERTIES = "agents/properties.yaml"
DISTANCES = "agents/isolation.yaml"
GRADES = ("aegl-1", "aegl-2", "aegl-3")
PPM_MAX = 1e6
MOLAR_VOLUME_M3_KMOL = 24.055
"""Of an ideal gas at 20 °C and 1013.25 hPa."""

AIR_KG_KMOL = 28.96


class Limits(Struct, frozen=True, kw_only=True):
    """The values of one agent: ppm per grade at each of `minutes`, and what to say while nobody has verified them.

    `onset_ppm` is the lowest value of all: below it nothing is exceeded at any duration.
    """

    minutes: tuple[float, ...]
    ppm: dict[str, tuple[float, ...]]
    doubt: str
    onset_ppm: float

    def at(self, grade: str, minutes: float) -> float | None:
        """The value for an exposure of so many minutes: a straight line in log-log between the tabulated.

        Between two points that is ten Berge's C^n·t = constant, with the n of that interval;
        outside the table its ends hold. None where the level is not recommended.
        """
        values = self.ppm.get(grade)
        if values is None:
            return None
        for k in range(1, len(values)):
            if minutes < self.minutes[k]:
                low, high = self.minutes[k - 1], self.minutes[k]
                part = max(0.0, log(minutes / low) / log(high / low)) if minutes > low else 0.0
                return exp(log(values[k - 1]) + part * log(values[k] / values[k - 1]))
        return values[-1]


def limits_from(table: dict[str, Any]) -> dict[str, Limits]:
    """The limits per substance from the document; raises ConfigError naming what is wrong in it."""
    try:
        if table["unit"] != "ppm":
            raise ConfigError(f"{AEGL}: the unit must be ppm.")
        return {name: _limits(name, row, table) for name, row in table["agents"].items()}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ConfigError(f"{AEGL}: {error!r} is missing or no number. Compare with the table that ships.") from error


def _are_whole(ppm: dict[str, tuple[float, ...]], count: int) -> bool:
    return bool(ppm) and all(len(values) == count and min(values) > 0 for values in ppm.values())


def _limits(name: str, row: dict[str, Any], table: dict[str, Any]) -> Limits:
    minutes = tuple(map(float, table["durations_min"]))
    ppm = {grade: tuple(map(float, row[grade])) for grade in GRADES if row[grade] != "not recommended"}
    if not _are_whole(ppm, len(minutes)):
        raise ConfigError(f"{AEGL}: {name} needs one value above 0 per duration, or `not recommended`.")
    status = str(row.get("status", table["status"]))
    doubt = "" if status.startswith("read ") else f"; value {status}"
    return Limits(minutes=minutes, ppm=ppm, doubt=doubt, onset_ppm=min(map(min, ppm.values())))


def _is_possible(ppm: float) -> bool:
    return isfinite(ppm) and ppm <= PPM_MAX


def level_ppm(body: Concentration) -> float | None:
    """What a reading says at least, in ppm; None where it cannot be (no number, more than all air).

    A saturated sensor, or a value beyond its range, says no more than its range.

    >>> level_ppm(Concentration(substance="chlorine", ppm=0.0, range_ppm=10.0, flags=("saturated",)))
    10.0
    """
    if not _is_possible(body.ppm):
        return None
    if body.range_ppm is not None and (body.ppm > body.range_ppm or "saturated" in body.flags):
        return body.range_ppm
    return max(0.0, body.ppm)


class Agent(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Physical properties of one agent, its toxic load and its planning levels; None where not known.

    `molar_kg_kmol`; `boils_c` at 1013 hPa; `liquid_kg_m3` at the boiling point; `latent_kj_kg` of boiling;
    `heat_kj_kg_k` of the liquid; `vapour_kpa` at 20 °C; `load_n` the exponent of ten Berge's toxic load C^n t;
    `erpg_ppm` the three Emergency Response Planning Guidelines, each for an hour. `source` says where each is from,
    `status` whether somebody read it there.
    """

    cas: str
    molar_kg_kmol: float
    source: str
    status: str
    boils_c: float | None = None
    liquid_kg_m3: float | None = None
    latent_kj_kg: float | None = None
    heat_kj_kg_k: float | None = None
    vapour_kpa: float | None = None
    load_n: float | None = None
    erpg_ppm: tuple[float | None, float | None, float | None] | None = None

    @property
    def gas_kg_m3(self) -> float:
        """Density of the pure gas at 20 °C."""
        return self.molar_kg_kmol / MOLAR_VOLUME_M3_KMOL

    def kg_m3(self, ppm: float) -> float:
        """Mass concentration of so many parts per million by volume at 20 °C.

        >>> chlorine = Agent(cas="7782-50-5", molar_kg_kmol=70.906, source="", status="")
        >>> round(chlorine.kg_m3(1.0) * 1e6, 2)
        2.95
        """
        return ppm * 1e-6 * self.gas_kg_m3


class Distances(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to keep clear at first: a circle, and a square downwind by day and by night (metres)."""

    un: str
    small_isolation_m: float
    small_day_m: float
    small_night_m: float
    large_isolation_m: float
    large_day_m: float
    large_night_m: float


class DistanceTable(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Distances by agent, those for an agent that is not in the table, and where they are from."""

    source: str
    status: str
    unknown: Distances
    agents: dict[str, Distances]

    @property
    def doubt(self) -> str:
        """What to say while nobody has read the values against their source."""
        return "" if self.status.startswith("read ") else f"; distances {self.status}"


class Agents(Struct, frozen=True, kw_only=True):
    """The three tables together."""

    limits: dict[str, Limits]
    properties: dict[str, Agent]
    distances: DistanceTable


def agents_of(resources: Resources) -> Agents:
    """Read all tables; raises ConfigError naming the file and what is wrong in it."""
    properties = resources.document(PROPERTIES)
    try:
        known = msgspec.convert(properties["agents"], dict[str, Agent])
        table = msgspec.convert(resources.document(DISTANCES), DistanceTable)
    except (KeyError, msgspec.ValidationError) as error:
        raise ConfigError(f"{PROPERTIES} or {DISTANCES}: {error}. Compare with the tables that ship.") from error
    return Agents(limits=limits_from(resources.document(AEGL)), properties=known, distances=table)
