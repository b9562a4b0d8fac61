"""People at the crowd counters: the daily course of a zone, trains that arrive, crowds that gather."""

from collections.abc import Sequence

import numpy as np

from tocsin.city.context import City
from tocsin.city.registry import Sensor
from tocsin.city.zones import area_m2
from tocsin.model import distance_m
from tocsin.sim.chance import Wander, draw
from tocsin.sim.scenario import Crowding

COUNTED_M2 = 250.0
"""Area that one counter looks at."""

GATHER = 8.0
"""People keep to the paths: so much denser than the mean of the zone is it where they are counted."""

USUAL_MAX = 1.9
"""Usual crowds do not get denser (persons/m²): people go round."""

TRAIN_EVERY_S = 240.0
TRAIN_REACH_M = 250.0
UNKNOWN_DENSITY = 0.05


class Counter:
    """One crowd counter and the people before it."""

    def __init__(self, chance: np.random.Generator, sensor: Sensor, city: City, start_at: float) -> None:
        self._chance = chance
        self._swing = Wander(chance, 0.3, 150.0)
        self._usual = _usual_density(sensor, city, start_at)
        station = city.zones.get("station")
        self._trains = station is not None and distance_m(sensor.place, station.centre()) <= TRAIN_REACH_M
        self._crowd = 0.0
        self._gathered: list[tuple[float, float, float, float]] = []

    def gather(self, plan: Crowding) -> None:
        """Draw when a crowd gathers here and how dense."""
        since = draw(self._chance, plan.at_s)
        until = since + draw(self._chance, plan.duration_s)
        self._gathered.append((since, until, draw(self._chance, plan.density), plan.build_s))

    def step(self) -> None:
        """Let one second pass: the last train's crowd thins out, perhaps the next train comes."""
        self._swing.step()
        self._crowd *= float(np.exp(-1.0 / 75.0))
        if self._trains and self._chance.random() < 1.0 / TRAIN_EVERY_S:
            self._crowd += draw(self._chance, (0.1, 0.45))

    def people(self, second: float) -> tuple[float, int]:
        """Persons per square metre and persons counted now."""
        usual = self._usual * float(np.exp(self._swing.value[0])) + self._crowd
        density = USUAL_MAX * float(np.tanh(usual / USUAL_MAX))
        for since, until, peak, build_s in self._gathered:
            density = max(density, peak * min(1.0, max(0.0, min(second - since, until - second) / build_s)))
        miscounted = self._chance.normal(0.0, 0.03 * density * COUNTED_M2 + 0.5)
        persons = max(0, round(density * COUNTED_M2 + miscounted))
        return round(persons / COUNTED_M2, 3), persons


def counters(chance: np.random.Generator, sensors: Sequence[Sensor], city: City, at: float) -> dict[str, Counter]:
    """A counter for every crowd sensor, by id."""
    return {sensor.id: Counter(chance, sensor, city, at) for sensor in sensors}


def _usual_density(sensor: Sensor, city: City, at: float) -> float:
    zone = city.zone_of(sensor.place)
    people = None if zone is None else zone.people(city.local_hour(at))
    if zone is None or people is None:
        return UNKNOWN_DENSITY
    return people / area_m2(zone.ring) * GATHER
