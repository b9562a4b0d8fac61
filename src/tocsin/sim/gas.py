"""Gas sensors: the air at each of them, and what their cells make of it (lag, noise, drift, cross-talk)."""

from collections.abc import Sequence
from math import exp

import numpy as np
from msgspec import Struct

from tocsin.city.registry import Sensor
from tocsin.model import Place, offset_m
from tocsin.sim.chance import Floats, Wander, draw
from tocsin.sim.scenario import Pulse, Spike

CELLS: tuple[tuple[str, str], ...] = (
    ("cl2_ppm", "chlorine"),
    ("nh3_ppm", "ammonia"),
    ("h2s_ppm", "hydrogen sulphide"),
    ("co_ppm", "carbon monoxide"),
    ("so2_ppm", "sulphur dioxide"),
    ("pm10", "pm10"),
)
"""Fields of a gas message and what they measure, in this order everywhere."""

CLEAN = np.array([0.0, 0.4, 0.0, 0.3, 0.005, 14.0])
LAG_S = np.array([13.0, 20.0, 10.0, 10.0, 8.0, 3.0])
NOISE = np.array([0.02, 0.4, 0.02, 0.25, 0.012, 1.5])
DRIFT = np.array([0.02, 0.8, 0.02, 0.4, 0.015, 1.0])
STEP = np.array([0.05, 0.5, 0.05, 0.1, 0.01, 0.1])
FULL_SCALE = np.array([100.0, 1000.0, 200.0, 1000.0, 100.0, 5000.0])
"""Clean air, response time, noise, zero drift, resolution and full scale per cell (ppm; pm10 in µg/m³)."""

CROSS_TALK = np.eye(6)
CROSS_TALK[0, 1] = -0.3  # chlorine pulls the ammonia cell down
CROSS_TALK[0, 4] = -0.2  # and that of sulphur dioxide
CROSS_TALK[2, 3] = 0.05  # hydrogen sulphide shows as carbon monoxide
CROSS_TALK[4, 2] = 0.1  # sulphur dioxide shows as hydrogen sulphide
"""How much of each gas (row) shows in each cell (column); typical of electrochemical cells."""

REACHED_PPM = 0.5
"""True concentration from which a release counts as having reached a sensor."""


class Whiff(Struct, frozen=True):
    """A drawn pulse: at which sensor and cell, when, how high, how fast up and down."""

    sensor: int
    cell: int
    at: float
    peak: float
    rise_s: float
    fall_s: float

    def level(self, second: float) -> float:
        """Its concentration at a moment."""
        age = second - self.at
        if age <= 0 or age > self.rise_s + 8 * self.fall_s:
            return 0.0
        share = age / self.rise_s if age < self.rise_s else exp((self.rise_s - age) / self.fall_s)
        return self.peak * share


class GasField:
    """All gas sensors of the city, second by second."""

    def __init__(self, chance: np.random.Generator, sensors: Sequence[Sensor], centre: Place) -> None:
        self.names = [sensor.id for sensor in sensors]
        self.spots: Floats = np.array([offset_m(centre, s.place) for s in sensors]).reshape(-1, 2)
        self.reached: dict[str, dict[str, float]] = {}
        self._chance = chance
        self._drift = [Wander(chance, DRIFT, 3600.0, len(CELLS)) for _ in sensors]
        self._town = Wander(chance, np.array([0.0, 0.1, 0.0, 0.15, 0.002, 3.0]), 600.0, len(CELLS))
        self._cells: Floats = np.tile(CLEAN, (len(sensors), 1))
        self._whiffs: list[Whiff] = []
        self._spikes: list[tuple[int, int, float, float, float]] = []

    def plan(self, pulses: Sequence[Pulse], spikes: Sequence[Spike], duration_s: float) -> None:
        """Draw when and how strong the short disturbances of a scenario are."""
        for pulse in pulses:
            self._whiffs += [self._whiff(pulse, name, at) for name, at in self._times(pulse, duration_s)]
        for spike in spikes:
            since = draw(self._chance, spike.at_s)
            where = self.names.index(spike.sensor), _cell(spike.substance)
            self._spikes.append((*where, since, since + spike.duration_s, draw(self._chance, spike.ppm)))

    def _times(self, pulse: Pulse, duration_s: float) -> list[tuple[str, float]]:
        names = pulse.sensors or tuple(self.names)
        if pulse.at_s is not None:
            return [(name, draw(self._chance, pulse.at_s)) for name in names]
        counts = self._chance.poisson(pulse.per_hour * duration_s / 3600.0, len(names))
        often = [name for name, count in zip(names, counts, strict=True) for _ in range(count)]
        return [(name, draw(self._chance, (0.0, duration_s))) for name in often]

    def _whiff(self, pulse: Pulse, name: str, at: float) -> Whiff:
        sizes = (draw(self._chance, span) for span in (pulse.peak, pulse.rise_s, pulse.fall_s))
        return Whiff(self.names.index(name), _cell(pulse.substance), at, *sizes)

    def step(self, second: int, released: dict[str, tuple[str, Floats]]) -> None:
        """Let one second pass; `released` gives per release its substance and ppm at each sensor."""
        self._town.step()
        air = np.tile(np.maximum(0.0, CLEAN + self._town.value), (len(self.names), 1))
        for whiff in self._whiffs:
            if 0 <= second - whiff.at < 600:
                air[whiff.sensor, whiff.cell] += whiff.level(second)
        for name, (substance, ppm) in released.items():
            air[:, _cell(substance)] += ppm
            self._note(name, ppm, second)
        seen = air @ CROSS_TALK
        self._cells += (seen - self._cells) * (1.0 - np.exp(-1.0 / LAG_S))

    def _note(self, release: str, ppm: Floats, second: int) -> None:
        reached = self.reached.setdefault(release, {})
        for index in np.flatnonzero(ppm > REACHED_PPM):
            reached.setdefault(self.names[index], float(second))

    def values(self, name: str, second: float) -> dict[str, float]:
        """What the sensor reports now: never below zero, never above full scale, in steps."""
        index = self.names.index(name)
        shown = self._cells[index] + self._drift[index].step(5.0) + self._chance.normal(0.0, 1.0, len(CELLS)) * NOISE
        for sensor, cell, since, until, ppm in self._spikes:
            if sensor == index and since <= second < until:
                shown[cell] += ppm
        steps = np.round(np.clip(shown, 0.0, FULL_SCALE) / STEP) * STEP
        return {field: round(float(value), 3) for (field, _), value in zip(CELLS, steps, strict=True)}


def _cell(substance: str) -> int:
    return [name for _, name in CELLS].index(substance)
