"""Radiation counters: a background of their own, warmth, rain, and the chance of single counts."""

from math import exp2

import numpy as np

from tocsin.sim.chance import Wander, draw
from tocsin.sim.scenario import Blip, Rain

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

    def counts_per_s(self, second: float, rain: float) -> float:
        """Counts of the last interval per second; `rain` is the share that rain adds now."""
        drift = float(self._drift.step(INTERVAL_S)[0])
        passing = sum(share for since, until, share in self._blips if since <= second < until)
        rate = self._background * (1.0 + drift + rain + passing)
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
