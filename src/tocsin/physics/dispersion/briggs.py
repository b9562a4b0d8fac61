"""The fallback where only the wind is known: Pasquill's classes with Briggs' spread, in the open and among houses."""

import numpy as np

from tocsin.physics.dispersion.air import SPEED_M_S_MIN, Floats, Stability
from tocsin.physics.dispersion.plume import Plume, axis

OPEN_Y = {"A": 0.22, "B": 0.16, "C": 0.11, "D": 0.08, "E": 0.06, "F": 0.04}
"""sigma_y = a x (1 + .0001 x)^-1/2 (Briggs 1973, ATDL 79)."""

OPEN_Z: dict[str, tuple[float, float, float]] = {
    "A": (0.20, 0.0, 0.0),
    "B": (0.12, 0.0, 0.0),
    "C": (0.08, 0.0002, -0.5),
    "D": (0.06, 0.0015, -0.5),
    "E": (0.03, 0.0003, -1.0),
    "F": (0.016, 0.0003, -1.0),
}
"""sigma_z = a x (1 + b x)^c."""

URBAN_Y = {"A": 0.32, "B": 0.32, "C": 0.22, "D": 0.16, "E": 0.11, "F": 0.11}
"""sigma_y = a x (1 + .0004 x)^-1/2."""

URBAN_Z: dict[str, tuple[float, float, float]] = {
    "A": (0.24, 0.001, 0.5),
    "B": (0.24, 0.001, 0.5),
    "C": (0.20, 0.0, 0.0),
    "D": (0.14, 0.0003, -0.5),
    "E": (0.08, 0.0015, -0.5),
    "F": (0.08, 0.0015, -0.5),
}


def sigmas(x_m: Floats, stability: Stability, *, urban: bool) -> tuple[Floats, Floats]:
    """Standard deviations across the wind and upwards, metres, at distances downwind.

    >>> [round(float(s), 1) for s in sigmas(np.array(1000.0), "D", urban=False)]
    [76.3, 37.9]
    """
    across, bend = (URBAN_Y[stability], 0.0004) if urban else (OPEN_Y[stability], 0.0001)
    a, b, c = (URBAN_Z if urban else OPEN_Z)[stability]
    return across * x_m / np.sqrt(1.0 + bend * x_m), np.asarray(a * x_m * (1.0 + b * x_m) ** c)


def briggs_plume(
    speed_m_s: float,
    stability: Stability,
    *,
    urban: bool,
    source_m: float = 0.0,
    receptor_m: float = 1.5,
    mixing_m: float | None = None,
    near_m: float = 0.0,
) -> Plume:
    """A Gaussian plume that the ground reflects, in a wind of `speed_m_s`.

    `near_m` widens it by what the source itself is wide (a virtual source), metres.
    """
    x = axis()
    across, up = sigmas(x, stability, urban=urban)
    across, up = np.hypot(across, near_m), np.maximum(np.hypot(up, near_m / 2.0), 0.05)
    wind = max(speed_m_s, SPEED_M_S_MIN)
    below, above = ((receptor_m - source_m) / up) ** 2, ((receptor_m + source_m) / up) ** 2
    profile = np.exp(-0.5 * np.minimum(below, 1200.0)) + np.exp(-0.5 * np.minimum(above, 1200.0))
    integral = profile / (np.sqrt(2.0 * np.pi) * up * wind)
    if mixing_m is not None:
        integral = np.where(up > 0.8 * mixing_m, np.maximum(integral, 1.0 / (wind * mixing_m)), integral)
    return Plume(
        x_m=x, integral_s_m2=np.maximum(integral, 1e-300), sigma_y_m=np.maximum(across, 0.05), travel_s=x / wind
    )
