"""A ground-level plume after similarity theory: mean height from u* and L, width from the wind's own swing."""

from dataclasses import dataclass
from math import inf
from typing import NamedTuple

import numpy as np

from tocsin.physics.dispersion.air import KARMAN, STABLE_SLOPE, UNSTABLE_SLOPE, Air, Floats, phi_h, phi_m, psi_m
from tocsin.physics.dispersion.plume import Plume, axis

HEIGHT_M_MAX = 3_000.0
HEIGHTS = 320
CENTRE = 0.6
"""The plume moves with the wind at this share of its mean height (van Ulden 1978)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """The constants of the model, chosen on the even-numbered runs of Project Prairie Grass alone.

    `diffusivity_unstable` and `_stable`: the height, as a multiple of the plume's mean height, at which diffusion
    is taken. `convective`: constant of the free-convection limit (Nieuwstadt 1980 has .9, for the mixed layer);
    `blend`: how sharply it takes over. `lateral_unstable_s` and `_stable_s`: time scale of Draxler's (1976)
    lateral spread. `sigma_v_m_s_min`: swing that is left in the calmest air.
    """

    diffusivity_unstable: float = 1.059
    diffusivity_stable: float = 1.276
    convective: float = 1.409
    blend: float = 4.257
    lateral_unstable_s: float = 196.0
    lateral_stable_s: float = 112.0
    sigma_v_m_s_min: float = 0.134


@dataclass(frozen=True, slots=True, kw_only=True)
class Losses:
    """What takes gas out of the plume.

    `surface_s_m`: resistance of the ground to deposition, s/m (inf: nothing is deposited). `half_life_s`: decay
    in the air, such as hydrolysis.
    """

    surface_s_m: float = inf
    half_life_s: float = inf


NO_LOSSES = Losses()
SPREAD = Spread()


def similarity_plume(
    air: Air,
    *,
    source_m: float = 0.5,
    receptor_m: float = 1.5,
    losses: Losses = NO_LOSSES,
    spread: Spread = SPREAD,
) -> Plume:
    """The plume of a source `source_m` above ground as seen `receptor_m` above ground.

    Mean height and shape after van Ulden (1978, Atmos. Environ. 12) and Gryning, van Ulden and Larsen (1983, QJRMS
    109), which solve dz/dx = K(z)/(z U(z)) for a surface source; in unstable air growth beyond that of free
    convection (Nieuwstadt 1980, J. Appl. Meteorol. 19). Width after Taylor and Draxler (1976) from the standard
    deviation of the wind direction.
    """
    path = _path(air, spread)
    ground = _at_ground(air, path, spread, source_m)
    integral = _at_height(ground, path, receptor_m)
    return _tabulated(air, path, integral * _kept(air, path, integral, losses), spread)


class _Path(NamedTuple):
    """Along the way of a plume: mean height, distance, time, wind that carries it, shape of its profile."""

    mean_m: Floats
    x_m: Floats
    travel_s: Floats
    speed_m_s: Floats
    shape: Floats


def _path(air: Air, spread: Spread) -> _Path:
    """Distance and time after which each mean height is reached."""
    z = np.geomspace(2.0 * air.roughness_m, HEIGHT_M_MAX, HEIGHTS)
    speed = air.speed_m_s(CENTRE * z)
    higher = spread.diffusivity_stable if air.stable else spread.diffusivity_unstable
    growth = KARMAN * air.ustar_m_s / (speed * phi_h(higher * z * air.inverse_m))
    travel = np.maximum(_summed(1.0 / (growth * speed), z), 1e-3)
    return _Path(z, _summed(1.0 / growth, z), travel, speed, _shape(air, z))


def _summed(rate: Floats, along: Floats) -> Floats:
    """Running integral by trapezoids, from 0."""
    return np.concatenate([[0.0], np.cumsum(0.5 * (rate[1:] + rate[:-1]) * np.diff(along))])


def _shape(air: Air, z: Floats) -> Floats:
    """Exponent s of the vertical profile exp(-(Bz)^s) (Gryning et al. 1983): 2 is a Gaussian."""
    zeta = CENTRE * z * air.inverse_m
    wind = phi_m(zeta) / np.maximum(np.log(CENTRE * z / air.roughness_m) - psi_m(zeta), 0.1)
    stable = 1.0 / (1.0 + STABLE_SLOPE * np.maximum(zeta, 0.0))
    steep = UNSTABLE_SLOPE * np.minimum(zeta, 0.0)
    diffusion = stable if air.stable else (1.0 - 1.5 * steep) / (1.0 - steep)
    return np.clip(2.0 + wind - diffusion, 0.5, 3.0)


def _norm(shape: Floats) -> tuple[Floats, Floats]:
    """A = s G(2/s)/G(1/s)^2 and B = G(2/s)/G(1/s) of a profile with unit mean height (G: gamma function)."""
    from scipy.special import gamma  # type: ignore[import-untyped]

    one, two = gamma(1.0 / shape), gamma(2.0 / shape)
    return shape * two / one**2, two / one


def _at_ground(air: Air, path: _Path, spread: Spread, source_m: float) -> Floats:
    """Crosswind integral at the ground, s/m²: similarity, and no more than free convection leaves."""
    ground = _norm(path.shape)[0] / (np.hypot(path.mean_m, source_m) * path.speed_m_s)
    if air.buoyancy_m2_s3 > 0.0:
        away = np.maximum(path.x_m, 1.0) ** 1.5
        left = spread.convective * np.sqrt(path.speed_m_s / air.buoyancy_m2_s3) / away
        ground = (ground**-spread.blend + left**-spread.blend) ** (-1.0 / spread.blend)
    return np.maximum(ground, 1.0 / (path.speed_m_s * air.mixing_m)) if air.mixing_m else ground


def _at_height(ground: Floats, path: _Path, receptor_m: float) -> Floats:
    """The integral at the receptor's height, from that at the ground and the profile's shape."""
    a, b = _norm(path.shape)
    mean = a / (ground * path.speed_m_s)
    return np.asarray(ground * np.exp(-np.minimum((b * receptor_m / mean) ** path.shape, 600.0)))


def deposition_m_s(air: Air, surface_s_m: float, height_m: float = 1.5) -> float:
    """Deposition velocity at a height: one over the resistances of air, skin and surface (Wesely and Hicks 1977)."""
    y = (1.0 - UNSTABLE_SLOPE * min(height_m * air.inverse_m, 0.0)) ** 0.5
    psi = -STABLE_SLOPE * height_m * air.inverse_m if air.stable else 2.0 * float(np.log((1.0 + y) / 2.0))
    through_air = (float(np.log(height_m / air.roughness_m)) - psi) / (KARMAN * air.ustar_m_s)
    skin = 2.0 / (KARMAN * air.ustar_m_s)
    return 1.0 / (max(through_air, 0.0) + skin + surface_s_m)


def _kept(air: Air, path: _Path, integral: Floats, losses: Losses) -> Floats:
    """Share that is still in the air: source depletion by deposition (Horst 1977), and decay."""
    kept = np.exp2(-path.travel_s / losses.half_life_s)
    if losses.surface_s_m == inf:
        return kept
    return np.asarray(kept * np.exp(-deposition_m_s(air, losses.surface_s_m) * _summed(integral, path.x_m)))


def _tabulated(air: Air, path: _Path, integral: Floats, spread: Spread) -> Plume:
    """All of it at the distances of the table; beyond the highest plume it falls with distance."""
    at = axis()
    log_x = np.log(np.maximum(path.x_m[1:], 1e-6))
    rows = (integral, path.speed_m_s, path.travel_s)
    values, winds, times = (np.exp(np.interp(np.log(at), log_x, np.log(np.maximum(row[1:], 1e-30)))) for row in rows)
    scale = spread.lateral_stable_s if air.stable else spread.lateral_unstable_s
    swing = np.maximum(air.sigma_azimuth_rad * winds, spread.sigma_v_m_s_min)
    sigma = swing * at / winds / (1.0 + 0.9 * np.sqrt(times / scale))
    far = np.minimum(path.x_m[-1] / at, 1.0)
    return Plume(x_m=at, integral_s_m2=values * far, sigma_y_m=np.maximum(sigma, 0.05), travel_s=times)
