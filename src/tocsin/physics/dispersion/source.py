"""What becomes airborne: liquefied gas that flashes, and pools that evaporate."""

from math import exp

GAS_J_MOL_K = 8.314462618
SCHMIDT = 0.8


def flashed_share(heat_j_kg_k: float, warmer_k: float, latent_j_kg: float) -> float:
    """Share of a liquefied gas that boils off at once when it is let out `warmer_k` above its boiling point.

    Adiabatic: 1 - exp(-c dT / L) (CCPS 1999).

    >>> round(flashed_share(950.0, 54.0, 288_000.0), 2)
    0.16
    """
    return 1.0 - exp(-heat_j_kg_k * max(0.0, warmer_k) / latent_j_kg)


def evaporation_kg_s(
    area_m2: float, speed_m_s: float, vapour_pa: float, molar_kg: float, kelvin: float = 293.15
) -> float:
    """Rate at which a pool evaporates into the wind at 10 m (Mackay and Matsugu 1973).

    `vapour_pa` is the vapour pressure at the pool's temperature; the pool is taken as round.
    """
    across_m = (4.0 * area_m2 / 3.141592653589793) ** 0.5
    transfer = 0.0048 * max(speed_m_s, 0.1) ** (7 / 9) * max(across_m, 0.1) ** (-1 / 9) * SCHMIDT ** (-2 / 3)
    return float(transfer * area_m2 * molar_kg * vapour_pa / (GAS_J_MOL_K * kelvin))
