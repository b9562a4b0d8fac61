"""Heavy gas after Britter and McQuaid (1988): when it rules, how far it reaches, and as a plume for the rest."""

from dataclasses import dataclass
from math import log10

import numpy as np
from numpy.typing import ArrayLike

from tocsin.physics.dispersion.air import GRAVITY_M_S2, SPEED_M_S_MIN, Floats
from tocsin.physics.dispersion.plume import Plume, axis

AIR_KG_M3 = 1.204
"""At 20 °C and 1013 hPa."""

Segments = tuple[tuple[float, float, float], ...]
"""Up to each alpha: slope and offset of beta."""

CONTINUOUS: tuple[tuple[float, Segments], ...] = (
    (0.10, ((-0.55, 0.0, 1.75), (-0.14, 0.24, 1.88), (1.0, -0.50, 1.78))),
    (0.05, ((-0.68, 0.0, 1.92), (-0.29, 0.36, 2.16), (-0.18, 0.0, 2.06), (1.0, -0.56, 1.96))),
    (0.02, ((-0.69, 0.0, 2.08), (-0.31, 0.45, 2.39), (-0.16, 0.0, 2.25), (1.0, -0.54, 2.16))),
    (0.01, ((-0.70, 0.0, 2.25), (-0.29, 0.49, 2.59), (-0.20, 0.0, 2.45), (1.0, -0.52, 2.35))),
    (0.005, ((-0.67, 0.0, 2.40), (-0.28, 0.59, 2.80), (-0.15, 0.0, 2.63), (1.0, -0.49, 2.56))),
    (0.002, ((-0.69, 0.0, 2.60), (-0.25, 0.39, 2.87), (-0.13, 0.0, 2.77), (1.0, -0.50, 2.71))),
)
"""log10 of distance over (V/U)^(1/2) at each share of the initial concentration, over alpha (CCPS 1999, table 2.5)."""

INSTANTANEOUS: tuple[tuple[float, Segments], ...] = (
    (0.10, ((-0.44, 0.0, 0.70), (0.43, 0.26, 0.81), (1.0, 0.0, 0.93))),
    (0.05, ((-0.56, 0.0, 0.85), (0.31, 0.26, 1.00), (1.0, -0.12, 1.12))),
    (0.02, ((-0.66, 0.0, 0.95), (0.32, 0.36, 1.19), (1.0, -0.26, 1.38))),
    (0.01, ((-0.71, 0.0, 1.15), (0.37, 0.34, 1.39), (1.0, -0.38, 1.66))),
    (0.005, ((-0.52, 0.0, 1.48), (0.24, 0.26, 1.62), (1.0, -0.30, 1.75))),
    (0.002, ((0.27, 0.0, 1.83), (1.0, -0.32, 1.92))),
    (0.001, ((-0.10, 0.0, 2.075), (1.0, -0.27, 2.05))),
)
"""log10 of distance over V^(1/3), the same for a cloud let out at once (CCPS 1999, table 2.6)."""

HEAVY_PLUME = 0.15
HEAVY_CLOUD = 0.20
"""From these values of the criteria on the heavy model rules (Britter and McQuaid 1988)."""

CLOUD_SPEED = 0.4
"""A heavy cloud moves with this share of the wind at 10 m."""

EDGE = 2.15
"""Half width over the standard deviation of a Gaussian that has fallen to a tenth there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heavy:
    """A release of gas heavier than air.

    `amount_m3` is its volume (instantaneous) or `flow_m3_s` its volume per second (continuous) as it is let out,
    `density_kg_m3` its density then, `speed_m_s` the wind at 10 m, `warmth` the absolute temperature of the air
    over that of the gas (1: no correction).
    """

    density_kg_m3: float
    speed_m_s: float
    flow_m3_s: float = 0.0
    amount_m3: float = 0.0
    warmth: float = 1.0

    @property
    def gravity_m_s2(self) -> float:
        """Reduced gravity; 0 for what is no heavier than air."""
        return max(0.0, GRAVITY_M_S2 * (self.density_kg_m3 - AIR_KG_M3) / AIR_KG_M3)

    @property
    def wind_m_s(self) -> float:
        """The wind, never calmer than models hold."""
        return max(self.speed_m_s, SPEED_M_S_MIN)

    @property
    def scale_m(self) -> float:
        """The length that distances are measured in."""
        if self.amount_m3:
            return float(self.amount_m3 ** (1.0 / 3.0))
        return float((self.flow_m3_s / self.wind_m_s) ** 0.5)

    @property
    def criterion(self) -> float:
        """How heavy it is against the wind; compare with HEAVY_PLUME or HEAVY_CLOUD."""
        if self.amount_m3:
            return float((self.gravity_m_s2 * self.amount_m3) ** 0.5 / (self.wind_m_s * self.amount_m3 ** (1 / 3)))
        if not self.flow_m3_s:
            return 0.0
        return float((self.gravity_m_s2 * self.flow_m3_s / (self.wind_m_s**3 * self.scale_m)) ** (1.0 / 3.0))

    @property
    def rules(self) -> bool:
        """Whether the heavy model takes over from the passive one."""
        return self.criterion >= (HEAVY_CLOUD if self.amount_m3 else HEAVY_PLUME)

    @property
    def alpha(self) -> float:
        """The abscissa of the nomogram, within its range."""
        if self.amount_m3:
            raw = self.gravity_m_s2 * self.scale_m / self.wind_m_s**2
            return float(np.clip(0.5 * log10(max(raw, 1e-9)), -1.0, 1.0))
        raw = self.gravity_m_s2**2 * self.flow_m3_s / self.wind_m_s**5
        return float(np.clip(0.2 * log10(max(raw, 1e-9)), -1.0, 1.0))

    def share(self, x_m: ArrayLike) -> Floats:
        """Highest concentration at distances downwind, as a share by volume of the gas let out.

        Between the curves straight in the logarithms; nearer and farther it falls with the square of distance.
        """
        curves = INSTANTANEOUS if self.amount_m3 else CONTINUOUS
        shares = np.log([share for share, _ in curves])
        betas = np.array([_beta(segments, self.alpha) for _, segments in curves]) * np.log(10.0)
        away = np.log(np.maximum(np.asarray(x_m, float), 1e-3) / self.scale_m)
        between = np.interp(away, betas, shares)
        near = _near(np.exp(away), float(np.exp(betas[0])), float(np.exp(shares[0])))
        far = np.exp(shares[-1]) * np.exp(-2.0 * (away - betas[-1]))
        cold = np.where(away < betas[0], near, np.where(away > betas[-1], far, np.exp(between)))
        return np.asarray(cold / (cold + (1.0 - cold) / self.warmth))

    def half_width_m(self, x_m: ArrayLike) -> Floats:
        """Half the width of a continuous plume (Britter and McQuaid): it also spreads against the wind."""
        length = self.flow_m3_s * self.gravity_m_s2 / self.wind_m_s**3
        return np.asarray(
            self.scale_m + 8.0 * length + 2.5 * length ** (1 / 3) * np.maximum(np.asarray(x_m, float), 0.0) ** (2 / 3)
        )

    @property
    def upwind_m(self) -> float:
        """How far a continuous plume creeps against the wind."""
        return 0.5 * self.scale_m + 2.0 * self.flow_m3_s * self.gravity_m_s2 / self.wind_m_s**3

    def plume(self, rate_kg_s: float) -> Plume:
        """The same as a table per kg/s, so that footprints are drawn alike: it holds at this rate alone."""
        x = axis()
        peak = self.share(x) * self.density_kg_m3 / rate_kg_s
        sigma = self.half_width_m(x) / EDGE
        travel = x / (CLOUD_SPEED * self.wind_m_s)
        return Plume(x_m=x, integral_s_m2=peak * sigma * np.sqrt(2.0 * np.pi), sigma_y_m=sigma, travel_s=travel)


def _beta(segments: Segments, alpha: float) -> float:
    return next(slope * alpha + offset for limit, slope, offset in segments if alpha <= limit)


def _near(away: Floats, first: float, share: float) -> Floats:
    """From 1 at the source to the first curve: 1 / (1 + c x²)."""
    return np.asarray(1.0 / (1.0 + (1.0 / share - 1.0) * (away / first) ** 2))


def is_continuous(lasts_s: float, speed_m_s: float, x_m: float) -> bool:
    """Whether a release that lasts so long counts as a plume at a distance (U T / x above 2.5), not as a cloud.

    >>> is_continuous(600.0, 3.0, 500.0), is_continuous(10.0, 3.0, 500.0)
    (True, False)
    """
    return max(speed_m_s, SPEED_M_S_MIN) * lasts_s >= 2.5 * x_m
