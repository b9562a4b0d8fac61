"""A plume as a table along its axis, and its concentrations anywhere, at any time."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from tocsin.physics.dispersion.air import Floats

X_M_MIN = 1.0
X_M_MAX = 20_000.0
STEPS = 160
TIME_SPREAD = 0.3
"""Standard deviation of arrival as a share of the travel time: along-wind eddies and shear (Wilson 1981: .2 to .35)."""

TIME_SPREAD_S_MIN = 0.3


def axis() -> Floats:
    """Distances at which plumes are tabulated, metres, evenly in their logarithm."""
    return np.geomspace(X_M_MIN, X_M_MAX, STEPS)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plume:
    """What a steady source of 1 kg/s does downwind at the height of the receptor, per distance `x_m`.

    `integral_s_m2` is the concentration integrated across the wind (s/m²), `sigma_y_m` the standard deviation
    across it, `travel_s` how long the air takes to get there. Rows of one value per `x_m` each.
    """

    x_m: Floats
    integral_s_m2: Floats
    sigma_y_m: Floats
    travel_s: Floats

    def steady(self, downwind_m: ArrayLike, across_m: ArrayLike) -> Floats:
        """Concentration of a steady source, kg/m³ per kg/s, at places relative to it; 0 upwind of it."""
        x = np.asarray(downwind_m, float)
        integral, sigma, _ = self.row(x)
        y = np.asarray(across_m, float) / sigma
        return np.where(x > 0.0, integral / (np.sqrt(2.0 * np.pi) * sigma) * np.exp(-0.5 * y * y), 0.0)

    def finite(self, downwind_m: ArrayLike, across_m: ArrayLike, age_s: ArrayLike, lasts_s: ArrayLike) -> Floats:
        """Concentration per kg/s `age_s` after the begin of a release that `lasts_s` seconds.

        The steady plume times the share of the release that passes just now: arrivals are normal about the travel
        time, so a short release becomes a puff.
        """
        x = np.maximum(np.asarray(downwind_m, float), X_M_MIN)
        _, _, travel = self.row(x)
        spread = TIME_SPREAD * travel + TIME_SPREAD_S_MIN
        age = np.asarray(age_s, float) - travel
        passing = normal_share(age / spread) - normal_share((age - np.asarray(lasts_s, float)) / spread)
        return self.steady(downwind_m, across_m) * np.maximum(passing, 0.0)

    def puff(self, downwind_m: ArrayLike, across_m: ArrayLike, age_s: ArrayLike) -> Floats:
        """Concentration per kg, `age_s` after it was let out all at once, 1/m³."""
        x = np.maximum(np.asarray(downwind_m, float), X_M_MIN)
        _, _, travel = self.row(x)
        spread = TIME_SPREAD * travel + TIME_SPREAD_S_MIN
        late = (np.asarray(age_s, float) - travel) / spread
        passing = np.exp(-0.5 * late * late) / (np.sqrt(2.0 * np.pi) * spread)
        return np.asarray(self.steady(downwind_m, across_m) * passing)

    def row(self, downwind_m: Floats) -> tuple[Floats, Floats, Floats]:
        """Crosswind integral, width and travel time at distances, by straight lines in the logarithms."""
        step = np.log(X_M_MAX / X_M_MIN) / (STEPS - 1)
        place = np.clip(np.log(np.maximum(downwind_m, X_M_MIN)) / step, 0.0, STEPS - 1.000001)
        low = place.astype(int)
        part = place - low
        parts = (np.log(self.integral_s_m2), np.log(self.sigma_y_m), np.log(self.travel_s))
        integral, sigma, travel = (np.exp(p[low] + part * (p[low + 1] - p[low])) for p in parts)
        return integral, sigma, travel


def normal_share(z: Floats) -> Floats:
    """The normal distribution function, within 2e-4: the logistic form of Bowling et al. (2009), fast on arrays."""
    z = np.clip(z, -8.0, 8.0)
    return np.asarray(1.0 / (1.0 + np.exp(-z * (1.5976 + 0.07056 * z * z))))
