"""The air near the ground: wind and turbulence after Monin-Obukhov, and what to assume where they are not known."""

from dataclasses import dataclass
from math import inf, isfinite
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tocsin.model import ConfigError

Floats = NDArray[np.float64]
Stability = Literal["A", "B", "C", "D", "E", "F"]
"""Pasquill's classes, from very unstable to stable."""

KARMAN = 0.4
GRAVITY_M_S2 = 9.81
STABLE_SLOPE = 5.0
UNSTABLE_SLOPE = 16.0
"""Dyer's (1974) constants of the flux-profile relations."""

GOLDER: dict[Stability, tuple[float, float]] = {
    "A": (-0.096, 0.029),
    "B": (-0.037, 0.029),
    "C": (-0.002, 0.018),
    "D": (0.0, 0.0),
    "E": (0.004, -0.018),
    "F": (0.035, -0.036),
}
"""1/L = a + b log10(z0), 1/m: Golder (1972) as fitted by Seinfeld and Pandis for Pasquill's classes."""

SIGMA_AZIMUTH_DEG: dict[str, float] = {"A": 25.0, "B": 20.0, "C": 15.0, "D": 10.0, "E": 5.0, "F": 2.5}
"""Standard deviation of the wind direction per class over an hour (US NRC, Regulatory Guide 1.23)."""

SPEED_M_S_MIN = 0.5
"""No plume model holds in calmer air: slower winds count as this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Air:
    """Wind and turbulence of the surface layer.

    `ustar_m_s` friction velocity, `obukhov_m` Monin-Obukhov length (negative: unstable, `inf`: neutral),
    `roughness_m` of the ground, `sigma_azimuth_rad` standard deviation of the wind direction over the averaging
    time, `mixing_m` depth of the mixed layer (None: not known).
    """

    ustar_m_s: float
    obukhov_m: float
    roughness_m: float
    sigma_azimuth_rad: float
    mixing_m: float | None = None

    def __post_init__(self) -> None:
        """Refuse what is not air; the message names the field."""
        if not (0.0 < self.ustar_m_s < 5.0):
            raise ConfigError(f"The friction velocity must lie between 0 and 5 m/s, not {self.ustar_m_s}.")
        if not (1e-5 <= self.roughness_m <= 3.0):
            raise ConfigError(f"The roughness length must lie between 0.01 mm and 3 m, not {self.roughness_m} m.")
        if self.obukhov_m == 0.0 or self.obukhov_m != self.obukhov_m:
            raise ConfigError("The Obukhov length is never 0: take inf for neutral air.")

    @property
    def inverse_m(self) -> float:
        """1/L, 1/m; 0 in neutral air."""
        return 1.0 / self.obukhov_m if isfinite(self.obukhov_m) else 0.0

    @property
    def stable(self) -> bool:
        """Whether the ground cools the air; neutral air counts as stable, with no effect."""
        return self.inverse_m >= 0.0

    @property
    def buoyancy_m2_s3(self) -> float:
        """Flux of buoyancy at the ground, m²/s³; 0 unless it is unstable."""
        return max(0.0, -(self.ustar_m_s**3) * self.inverse_m / KARMAN)

    def speed_m_s(self, height_m: ArrayLike) -> Floats:
        """Mean wind at heights in metres, never below twice the roughness length."""
        z = np.maximum(np.asarray(height_m, float), 2.0 * self.roughness_m)
        profile = np.log(z / self.roughness_m) - psi_m(z * self.inverse_m)
        return np.asarray(self.ustar_m_s / KARMAN * np.maximum(profile, 0.3))


def psi_m(zeta: Floats) -> Floats:
    """Integral of the dimensionless wind shear over z/L (Paulson 1970; Dyer 1974)."""
    x = (1.0 - UNSTABLE_SLOPE * np.minimum(zeta, 0.0)) ** 0.25
    unstable = 2.0 * np.log((1.0 + x) / 2.0) + np.log((1.0 + x * x) / 2.0) - 2.0 * np.arctan(x) + np.pi / 2.0
    return np.where(zeta > 0.0, -STABLE_SLOPE * zeta, unstable)


def phi_h(zeta: Floats) -> Floats:
    """Dimensionless gradient of a scalar at z/L (Dyer 1974)."""
    unstable = (1.0 - UNSTABLE_SLOPE * np.minimum(zeta, 0.0)) ** -0.5
    return np.where(zeta > 0.0, 1.0 + STABLE_SLOPE * zeta, unstable)


def phi_m(zeta: Floats) -> Floats:
    """Dimensionless wind shear at z/L (Dyer 1974)."""
    unstable = (1.0 - UNSTABLE_SLOPE * np.minimum(zeta, 0.0)) ** -0.25
    return np.where(zeta > 0.0, 1.0 + STABLE_SLOPE * zeta, unstable)


def from_wind(speed_m_s: float, height_m: float, roughness_m: float, stability: Stability = "D") -> Air:
    """Air of which only the wind and a stability class are known.

    >>> round(from_wind(5.0, 10.0, 0.03, "D").ustar_m_s, 2)
    0.34
    """
    a, b = GOLDER[stability]
    inverse = a + b * float(np.log10(roughness_m))
    inverse = max(inverse, 0.0) if stability in "EF" else min(inverse, 0.0)
    unit = Air(
        ustar_m_s=1.0,
        obukhov_m=1.0 / inverse if inverse else inf,
        roughness_m=roughness_m,
        sigma_azimuth_rad=float(np.radians(SIGMA_AZIMUTH_DEG[stability])),
    )
    ustar = max(speed_m_s, SPEED_M_S_MIN) / float(unit.speed_m_s(height_m))
    return Air(
        ustar_m_s=min(ustar, 4.9),
        obukhov_m=unit.obukhov_m,
        roughness_m=roughness_m,
        sigma_azimuth_rad=unit.sigma_azimuth_rad,
    )


def class_of(obukhov_m: float, roughness_m: float) -> Stability:
    """Pasquill's class that is nearest to an Obukhov length after Golder.

    >>> class_of(-5.0, 0.006), class_of(float("inf"), 0.006), class_of(8.0, 0.006)
    ('A', 'D', 'F')
    """
    inverse = 1.0 / obukhov_m if isfinite(obukhov_m) else 0.0
    log_z0 = float(np.log10(roughness_m))
    return min(GOLDER, key=lambda name: abs(inverse - GOLDER[name][0] - GOLDER[name][1] * log_z0))


def class_from_sky(speed_m_s: float, sun_deg: float, cloud_share: float) -> Stability:
    """Pasquill's class from wind at 10 m, height of the sun and cloud cover (Turner 1964, simplified by Pasquill).

    `sun_deg` is the elevation of the sun (below 0 at night), `cloud_share` the share of sky covered, 0 to 1.

    >>> class_from_sky(1.5, 65.0, 0.1), class_from_sky(6.0, 65.0, 1.0), class_from_sky(2.0, -10.0, 0.0)
    ('A', 'D', 'F')
    """
    if cloud_share >= 0.95:
        return "D"
    if sun_deg <= 0.0:
        return _at_night(speed_m_s, cloud_share)
    strength = 2 if sun_deg > 60.0 else 1 if sun_deg > 35.0 else 0
    strength = max(0, strength - (1 if cloud_share > 0.5 else 0))
    return next(row[strength] for limit, row in DAY if speed_m_s < limit)


DAY: tuple[tuple[float, tuple[Stability, Stability, Stability]], ...] = (
    (2.0, ("B", "A", "A")),
    (3.0, ("C", "B", "A")),
    (5.0, ("C", "C", "B")),
    (inf, ("D", "D", "C")),
)
"""Class by wind below so many m/s, for a weak, a moderate and a strong sun."""


def _at_night(speed_m_s: float, cloud_share: float) -> Stability:
    if speed_m_s >= 5.0:
        return "D"
    if speed_m_s >= 3.0:
        return "D" if cloud_share > 0.5 else "E"
    return "E" if cloud_share > 0.5 else "F"
