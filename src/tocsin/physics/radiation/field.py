"""The count rate that a point source adds to a counter: inverse square, and attenuation on the way.

References: G. F. Knoll (2010), Radiation Detection and Measurement, 4th ed., ch. 2 and 3; attenuation of air at
662 keV: 0.0771 cm²/g (NIST XCOM) times 1.205 kg/m³.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

AIR_PER_M = 0.0093
"""Linear attenuation of air at 662 keV and 20 °C, 1/m."""


@dataclass(frozen=True, slots=True)
class Counters:
    """Counters on the ground plane: places (N,2) in metres, background rates (N) in counts/s.

    `height_m` is how far above or below the source they hang: what keeps the square of the distance from zero.
    `air_per_m` is what the air takes away.
    """

    places_m: Floats
    background_per_s: Floats
    height_m: float = 2.0
    air_per_m: float = AIR_PER_M

    def chosen(self, rows: NDArray[np.intp]) -> "Counters":
        """The counters of these rows, one per reading."""
        return Counters(self.places_m[rows], self.background_per_s[rows], self.height_m, self.air_per_m)


def rates(counters: Counters, at_m: Floats, strength_per_s: float) -> Floats:
    """Counts/s at each counter (N) from background and a source at `at_m` (N,2 or 2).

    >>> one = Counters(np.array([[3.0, 0.0]]), np.array([50.0]), height_m=0.0, air_per_m=0.0)
    >>> rates(one, np.array([0.0, 0.0]), 900.0).tolist()
    [150.0]
    """
    reached, _, _ = _reach(counters, at_m)
    return counters.background_per_s + strength_per_s * reached


def slopes(counters: Counters, at_m: Floats, strength_per_s: float) -> tuple[Floats, Floats, Floats]:
    """What reaches each counter per strength (N), and how the rate changes with the source's place (N,2)."""
    reached, away, square = _reach(counters, at_m)
    distance = np.sqrt(square)
    by_place = -strength_per_s * (reached * (2.0 / square + counters.air_per_m / distance))[:, None] * away
    return reached, by_place, square


def _reach(counters: Counters, at_m: Floats) -> tuple[Floats, Floats, Floats]:
    away = np.broadcast_to(np.asarray(at_m, np.float64), counters.places_m.shape) - counters.places_m
    square = np.maximum((away * away).sum(axis=1) + counters.height_m**2, 0.01)
    return np.exp(-counters.air_per_m * np.sqrt(square)) / square, away, square
