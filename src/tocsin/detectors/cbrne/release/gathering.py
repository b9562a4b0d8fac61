"""Takes readings and wind into the memory, and gathers from it what the inference reads."""

from collections.abc import Iterator
from math import atan2, cos, hypot, pi, radians, sin
from typing import NamedTuple

import numpy as np

from tocsin.contract.agents import Agent, level_ppm
from tocsin.contract.bodies import Concentration, Wind
from tocsin.detectors.cbrne.release.state import BIN_S, BINS_MAX, SENSORS_MAX, WINDS_MAX, Gust, Memory, Trace
from tocsin.model import Observation, Place, distance_m, offset_m
from tocsin.physics.source_term.readings import Readings

EVIDENCE_MAX = 12
SENSORS_READ_MAX = 18
"""Most sensors that one inference reads: those that saw something, then the nearest."""

HIGH_STEPS = 2
"""How many readings in a row make a sensor a witness."""

ALONE_STEPS = 3
"""How many it takes where no other sensor is one: two may be a disturbance."""


class Blowing(NamedTuple):
    """The wind of a while: mean speed, bearing that it blows towards, how much it swung, and how old the news is."""

    speed_m_s: float
    towards_rad: float
    swing_rad: float
    age_s: float


def took_wind(memory: Memory, fact: Observation[Wind], keep_s: float) -> None:
    """Add one wind; what is older than `keep_s`, or impossible, is left out."""
    body = fact.body
    if not (0.0 <= body.speed_m_s < 100.0 and -360.0 <= body.from_deg <= 720.0):
        return
    towards = radians(body.from_deg + 180.0)
    gust = Gust(fact.at, fact.source, body.speed_m_s * sin(towards), body.speed_m_s * cos(towards))
    if memory.winds and gust.at < memory.winds[-1].at - keep_s:
        return
    memory.winds.append(gust)
    memory.winds.sort(key=lambda one: (one.at, one.source))
    newest = memory.winds[-1].at
    memory.winds = [one for one in memory.winds if one.at >= newest - keep_s][-WINDS_MAX:]


def blowing(memory: Memory, since: float, until: float) -> Blowing | None:
    """The mean wind of a time, or the last before its end; None where none is known."""
    own = [one for one in memory.winds if since <= one.at <= until] or [one for one in memory.winds if one.at <= until][
        -1:
    ]
    if not own:
        return None
    east, north = (sum(values) / len(own) for values in ([g.east_m_s for g in own], [g.north_m_s for g in own]))
    towards = atan2(east, north)
    turns = [_turned(atan2(one.east_m_s, one.north_m_s) - towards) for one in own]
    swing = (sum(turn * turn for turn in turns) / len(turns)) ** 0.5
    return Blowing(max(hypot(east, north), 0.1), towards, swing, max(0.0, until - own[-1].at))


def _turned(angle: float) -> float:
    return (angle + pi) % (2.0 * pi) - pi


def took_reading(memory: Memory, fact: Observation[Concentration], place: Place, high_ppm: float) -> Trace | None:
    """Add one reading to the trace of its sensor; None for one that is late, doubled or impossible."""
    ppm = level_ppm(fact.body)
    key = f"{fact.source}\t{fact.body.substance}"
    trace = memory.traces.get(key)
    if ppm is None or (trace is not None and fact.at <= trace.last_at):
        return None
    if trace is None:
        _make_room(memory)
        trace = memory.traces[key] = Trace(place=place, last_at=fact.at)
    trace.last_at, trace.place = fact.at, place
    trace.full_ppm = fact.body.range_ppm
    _binned(trace, fact.at, ppm)
    trace.high = trace.high + 1 if ppm >= high_ppm else 0
    if ppm >= high_ppm:
        trace.evidence = [*trace.evidence, fact.id][-EVIDENCE_MAX:]
        trace.high_at = fact.at if trace.high >= HIGH_STEPS else trace.high_at
    return trace


def _make_room(memory: Memory) -> None:
    """The trace that was silent longest gives way."""
    if len(memory.traces) >= SENSORS_MAX:
        del memory.traces[min(memory.traces, key=lambda name: (memory.traces[name].last_at, name))]


def _binned(trace: Trace, at: float, ppm: float) -> None:
    middle = (at // BIN_S + 0.5) * BIN_S
    if trace.bins and trace.bins[-1][0] == middle:
        _, mean, count = trace.bins[-1]
        trace.bins[-1] = (middle, mean + (ppm - mean) / (count + 1), count + 1)
    else:
        trace.bins = [*trace.bins, (middle, ppm, 1)][-BINS_MAX:]


def witnesses(memory: Memory, substance: str, since: float) -> list[tuple[str, Trace]]:
    """Sensors that measured it twice in a row since then, the earliest first."""
    own = ((key.partition("\t")[0], trace) for key, trace in memory.traces.items() if key.endswith(f"\t{substance}"))
    seen = [(name, trace) for name, trace in own if trace.high_at is not None and trace.high_at >= since]
    if len(seen) == 1 and seen[0][1].high < ALONE_STEPS:
        return []
    return sorted(seen, key=lambda pair: (pair[1].high_at or 0.0, pair[0]))


def readers(memory: Memory, substance: str, origin: Place, reach_m: float) -> list[tuple[str, Trace]]:
    """The sensors of a substance around a place that the inference reads, nearest first."""
    rows = []
    for key, trace in memory.traces.items():
        name, _, what = key.partition("\t")
        if what == substance and trace.bins:
            rows.append((distance_m(origin, trace.place), name, trace))
    near = sorted((row for row in rows if row[0] <= reach_m), key=lambda row: row[:2])
    return [(name, trace) for _, name, trace in near[:SENSORS_READ_MAX]]


class Scale(NamedTuple):
    """How readings are meant: the agent, the least that is told from nothing, the sensors' lag, the wind's memory.

    Only bins after `after` that are complete by `until` count.
    """

    agent: Agent
    floor_ppm: float
    lag_s: float
    wind_s: float
    after: float
    until: float


def gathered(memory: Memory, named: list[tuple[str, Trace]], origin: Place, since: float, scale: Scale) -> Readings:
    """All bins of these sensors since a moment, in order of time; seconds count from `since`."""
    rows = sorted(_rows(memory, named, origin, since, scale))
    columns = np.array(rows, float).reshape(-1, 7).T
    at, sensor, east, north, ppm, full, towards = columns
    kilo, ones = scale.agent.kg_m3(1.0), np.ones(len(rows))
    return Readings(
        east_m=east,
        north_m=north,
        at_s=at,
        kg_m3=np.where(ppm < scale.floor_ppm, 0.0, ppm) * kilo,
        floor_kg_m3=scale.floor_ppm * kilo * ones,
        full_kg_m3=0.98 * full * kilo,
        sensor=sensor.astype(np.int64),
        towards_rad=towards,
        lag_s=scale.lag_s * ones,
    )


def _rows(
    memory: Memory, named: list[tuple[str, Trace]], origin: Place, since: float, scale: Scale
) -> Iterator[tuple[float, ...]]:
    winds: dict[float, Blowing | None] = {}
    for number, (_, trace) in enumerate(named):
        east, north = offset_m(origin, trace.place)
        full = trace.full_ppm or float("inf")
        for middle, ppm, _ in trace.bins:
            if middle not in winds:
                winds[middle] = blowing(memory, middle - scale.wind_s, middle)
            wind = winds[middle]
            if wind is not None and scale.after <= middle <= scale.until - 0.5 * BIN_S:
                yield middle - since, number, east, north, ppm, full, wind.towards_rad
