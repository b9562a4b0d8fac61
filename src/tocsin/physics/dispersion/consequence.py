"""What breathing it does: toxic load, and the steady concentration that would do the same."""

import numpy as np

from tocsin.physics.dispersion.air import Floats


def toxic_load(at_s: Floats, ppm: Floats, n: float) -> float:
    """The load C^n t of what was breathed, ppm^n min (ten Berge et al. 1986, J. Hazard. Mater. 13).

    `at_s` are increasing times, `ppm` the concentrations at them; between them straight lines are taken.

    >>> toxic_load(np.array([0.0, 600.0]), np.array([3.0, 3.0]), 2.0)
    90.0
    """
    return float(np.trapezoid(np.maximum(ppm, 0.0) ** n, at_s) / 60.0)


def equivalent_ppm(load: float, n: float, minutes: float) -> float:
    """The steady concentration that gives the same load in so many minutes: compare it with their AEGL.

    >>> equivalent_ppm(90.0, 2.0, 10.0)
    3.0
    """
    return float((load / minutes) ** (1.0 / n))
