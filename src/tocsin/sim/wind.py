"""The wind over the simulated city: a mean that wanders, and gusts."""

from math import cos, radians, sin

import numpy as np

from tocsin.sim.chance import Wander, draw
from tocsin.sim.scenario import WindPlan


class Weather:
    """Wind above the roofs, second by second."""

    def __init__(self, chance: np.random.Generator, plan: WindPlan) -> None:
        self._mean = draw(chance, plan.speed_m_s)
        self._from = draw(chance, plan.from_deg)
        self._slow = Wander(chance, 0.2 * self._mean, 90.0)
        self._gust = Wander(chance, 0.15 * self._mean, 6.0)
        self._turn = Wander(chance, 10.0, 120.0)

    def step(self) -> None:
        """Let one second pass."""
        for part in (self._slow, self._gust, self._turn):
            part.step()

    @property
    def speed_m_s(self) -> float:
        """Speed now; never quite calm."""
        return max(0.3, self._mean + float(self._slow.value[0]) + float(self._gust.value[0]))

    @property
    def from_deg(self) -> float:
        """The bearing that it blows from now, degrees."""
        return (self._from + float(self._turn.value[0])) % 360.0

    @property
    def towards(self) -> tuple[float, float]:
        """East and north velocity of the air, m/s."""
        angle = radians(self.from_deg)
        return -self.speed_m_s * sin(angle), -self.speed_m_s * cos(angle)
