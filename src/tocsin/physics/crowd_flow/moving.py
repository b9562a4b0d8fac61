"""How a crowd moves: velocities from noisy places, their spread, the pressure of it, and how much all go one way.

References: D. Helbing, A. Johansson, H. Z. Al-Abideen (2007), Dynamics of crowd disasters: an empirical
study, Physical Review E 75, 046109 (local density, speed and pressure by Gaussian weights).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

RADIUS_M = 1.0
"""Radius of the Gaussian weights, as Helbing chose it."""


@dataclass(frozen=True, slots=True)
class Slopes:
    """Velocities of rows, and how uncertain each is (variance of one component, from what the line leaves over)."""

    velocity: Floats
    variance: Floats

    @property
    def known(self) -> NDArray[np.bool_]:
        """Rows with places enough for a velocity."""
        return np.isfinite(self.velocity[:, 0])


def slopes(places: Floats, times: ArrayLike, *, fewest: int = 3) -> Slopes:
    """The straight line through the places of each row: (N, K, 2) at K times; a missing place is NaN.

    Rows of fewer than `fewest` places have no velocity. Where a row has three or more, what its places
    stray from the line says how uncertain its velocity is, so that noise is not taken for unrest.
    """
    at = np.asarray(times, dtype=np.float64)
    seen = np.isfinite(places[..., 0])
    count = seen.sum(axis=1)
    many = np.maximum(count, 1)
    off = np.where(seen, at - (np.where(seen, at, 0.0).sum(axis=1) / many)[:, None], 0.0)
    spread = (off**2).sum(axis=1)
    filled = np.where(seen[..., None], places, 0.0)
    centre = filled.sum(axis=1) / many[:, None]
    enough = (count >= fewest) & (spread > 0)
    safe = np.where(enough, spread, 1.0)
    velocity = (off[..., None] * filled).sum(axis=1) / safe[:, None]
    left = np.where(seen[..., None], filled - centre[:, None] - off[..., None] * velocity[:, None], 0.0)
    freedom = np.maximum(2 * (count - 2), 1)
    variance = (left**2).sum(axis=(1, 2)) / freedom / safe
    velocity[~enough] = np.nan
    return Slopes(velocity, np.where(enough, variance, np.nan))


def velocity_variance(velocity: ArrayLike, noise: float = 0.0) -> float:
    """How far velocities stray from their mean (m²/s², both components together), less the part that is noise.

    `noise` is the variance of one component of one velocity. Of fewer than two people there is none.
    """
    v = np.asarray(velocity, dtype=np.float64).reshape(-1, 2)
    if len(v) < 2:
        return 0.0
    return max(0.0, float(v.var(axis=0, ddof=1).sum()) - 2.0 * noise)


def local_pressure(
    points: ArrayLike, velocity: ArrayLike, noise: float = 0.0, radius_m: float = RADIUS_M
) -> tuple[Floats, Floats]:
    """Around each person: density (persons/m²), and density times local variance of velocity (1/s²).

    Lanes that pass each other within the radius do spread velocities; so pressure means danger only where
    people stand close (Helbing found it from several persons/m² on).
    """
    where = np.asarray(points, dtype=np.float64).reshape(-1, 2)
    v = np.asarray(velocity, dtype=np.float64).reshape(-1, 2)
    apart = ((where[:, None] - where[None]) ** 2).sum(axis=2)
    weight = np.exp(-apart / radius_m**2)
    density = weight.sum(axis=1) / (np.pi * radius_m**2)
    share = weight / np.maximum(weight.sum(axis=1, keepdims=True), 1e-12)
    mean = share @ v
    strays = (share * ((v[None] - mean[:, None]) ** 2).sum(axis=2)).sum(axis=1)
    freedom = 1.0 - (share**2).sum(axis=1)  # of a person alone nothing can be said
    variance = np.where(freedom > 1e-6, strays / np.maximum(freedom, 1e-6) - 2.0 * noise, 0.0)
    return density, density * np.maximum(variance, 0.0)


def order(velocity: ArrayLike, slowest_m_s: float = 0.1) -> float:
    """How much all go the same way: 1 all, 0 no way in common. Those who stand have no direction.

    >>> order([(1, 0), (2, 0)]), order([(1, 0), (-1, 0)])
    (1.0, 0.0)
    """
    v = np.asarray(velocity, dtype=np.float64).reshape(-1, 2)
    speed = np.linalg.norm(v, axis=1)
    walking = speed > slowest_m_s
    if not walking.any():
        return 0.0
    return float(np.linalg.norm((v[walking] / speed[walking, None]).mean(axis=0)))


def bearing_deg(east: float, north: float) -> float:
    """The bearing of a direction, clockwise from north.

    >>> bearing_deg(1.0, 0.0), bearing_deg(0.0, -1.0)
    (90.0, 180.0)
    """
    return float(np.degrees(np.arctan2(east, north)) % 360.0)
