"""Radiation counters: a background of their own, warmth, rain, sources carried past, the chance of single counts."""

from collections import deque
from collections.abc import Iterator, Sequence
from math import exp2
from typing import Any

import numpy as np

from tocsin.city.context import City
from tocsin.city.registry import Sensor
from tocsin.sim.carried import Carrying
from tocsin.sim.chance import Floats, Wander, draw, stream
from tocsin.sim.scenario import Blip, Rain, Scenario
from tocsin.sim.truth import TruthEvent

INTERVAL_S = 5.0


class RadiationCounter:
    """One counter; rain is the same for all, background and blips are its own."""

    def __init__(self, chance: np.random.Generator) -> None:
        self._chance = chance
        self._background = draw(chance, (60.0, 140.0))
        self._drift = Wander(chance, 0.012, 5400.0)
        self._blips: list[tuple[float, float, float]] = []

    def blip(self, plan: Blip) -> None:
        """Draw when a harmless source passes here."""
        since = draw(self._chance, plan.at_s)
        self._blips.append((since, since + plan.duration_s, draw(self._chance, plan.share)))

    def counts_per_s(self, second: float, rain: float, source_per_s: float = 0.0) -> float:
        """Counts of the last interval per second; `rain` is the share that rain adds now, the rest a source."""
        drift = float(self._drift.step(INTERVAL_S)[0])
        passing = sum(share for since, until, share in self._blips if since <= second < until)
        rate = self._background * (1.0 + drift + rain + passing) + source_per_s
        return round(float(self._chance.poisson(rate * INTERVAL_S)) / INTERVAL_S, 1)


class Sky:
    """Rain as the share that it adds to every background."""

    def __init__(self, chance: np.random.Generator, plans: tuple[Rain, ...]) -> None:
        self._showers = [(draw(chance, plan.at_s), draw(chance, plan.share), plan) for plan in plans]

    def rain(self, second: float) -> float:
        """Share of background that rain adds at a moment."""
        return sum(_washed_out(second - since, share, plan) for since, share, plan in self._showers)


def _washed_out(age: float, share: float, plan: Rain) -> float:
    if age <= 0:
        return 0.0
    after = max(0.0, age - plan.duration_s)
    return share * min(1.0, age / plan.build_s) * exp2(-after / plan.half_life_s)


SPECTRUM_EVERY_S = 20
"""How often a spectrometer tells what it gathered since."""

CHANNELS, CHANNEL_KEV = 256, 12.0

LINES: dict[str, tuple[tuple[float, float], ...]] = {
    "Cs-137": ((661.7, 1.0),),
    "Co-60": ((1173.2, 1.0), (1332.5, 0.9)),
    "I-131": ((364.5, 1.0), (637.0, 0.06)),
    "Tc-99m": ((140.5, 1.0),),
}
"""Per nuclide its lines with their relative heights in a counter of sodium iodide."""

BACKGROUND_CPS = 100.0
"""Counts per second of nature in a spectrometer."""

PEAK_SHARE = 0.3
"""Share of the counts of a source that is in its peaks; the rest is scattered below them."""


class RadiationField:
    """All counters of the city, the rain, and the sources that are carried past them."""

    def __init__(self, seed: int, sensors: Sequence[Sensor], city: City, scenario: Scenario) -> None:
        self._counters = {one.id: RadiationCounter(stream(seed, one.id)) for one in sensors}
        self._sky = Sky(stream(seed, "rain"), scenario.rain)
        places = {one.id: one.place for one in sensors}
        self._carried = [Carrying(stream(seed, f"carried {c.id}"), c, city, places) for c in scenario.carried]
        self._lately: deque[dict[str, float]] = deque(maxlen=SPECTRUM_EVERY_S)
        self._spectra = {one.id: stream(seed, f"spectrum {one.id}") for one in sensors if one.id.startswith("spec-")}
        for blip in scenario.blips:
            self._counters[blip.sensor].blip(blip)

    def step(self, second: int) -> None:
        """Let one second pass."""
        added: dict[str, float] = {}
        for one in self._carried:
            for name, rate in one.step(second).items():
                added[name] = added.get(name, 0.0) + rate
        self._lately.append(added)

    def values(self, name: str, second: int) -> dict[str, float]:
        """What a counter sends: counts per second over its interval."""
        lately = list(self._lately)[-int(INTERVAL_S) :]
        source = sum(one.get(name, 0.0) for one in lately) / INTERVAL_S
        return {"cps": self._counters[name].counts_per_s(second, self._sky.rain(second), source)}

    def spectra(self, second: int) -> Iterator[tuple[str, dict[str, Any]]]:
        """What spectrometers tell at this second: (sensor, body)."""
        if second % SPECTRUM_EVERY_S == 0 and second:
            for name, chance in self._spectra.items():
                yield name, self._spectrum(name, chance)

    def _spectrum(self, name: str, chance: np.random.Generator) -> dict[str, Any]:
        energies: Floats = np.asarray((np.arange(CHANNELS) + 0.5) * CHANNEL_KEV, np.float64)
        natural = np.exp(-energies / 350.0) + 0.01
        expected = natural / natural.sum() * BACKGROUND_CPS * SPECTRUM_EVERY_S
        expected += _peak(energies, 1460.8) * 0.02 * BACKGROUND_CPS * SPECTRUM_EVERY_S
        counted = sum(one.get(name, 0.0) for one in self._lately)
        for nuclide in {one.plan.nuclide for one in self._carried if counted}:
            expected += counted * _shape(energies, LINES[nuclide])
        counts = chance.poisson(expected).astype(float).tolist()
        head = {"is": "radiation.spectrum/1", "counts": counts, "live_s": float(SPECTRUM_EVERY_S)}
        return {**head, "coefficients_kev": [0.0, CHANNEL_KEV], "material": "NaI"}

    def truths(self, start_at: float) -> Iterator[TruthEvent]:
        """What was carried where."""
        return (one.truth(start_at) for one in self._carried)


def _peak(energies: Floats, energy: float) -> Floats:
    deviation = 0.035 * energy * (661.7 / energy) ** 0.5
    peak: Floats = np.exp(-0.5 * ((energies - energy) / deviation) ** 2)
    return np.asarray(peak / peak.sum(), np.float64)


def _shape(energies: Floats, lines: tuple[tuple[float, float], ...]) -> Floats:
    """The shape of a source's spectrum: its peaks, and what is scattered below them."""
    total = sum(height for _, height in lines)
    found = np.zeros(len(energies))
    for energy, height in lines:
        edge = energy / (1.0 + 511.0 / (2.0 * energy))
        below = np.where(energies < edge, 1.0 + 0.5 * (energies / edge) ** 2, 0.0)
        found += height / total * (PEAK_SHARE * _peak(energies, energy) + (1.0 - PEAK_SHARE) * below / below.sum())
    return found
