"""What a gas does to an array of metal-oxide sensors, in features that drift little.

Per sensor eight features (Vergara et al.): the change of resistance, the ratio to the resistance in clean air, and
exponential averages of its rise and its fall, each with three time constants. Here their logarithms, against each
sensor's own offset to its replicas while it was calibrated; of replicas the median, so that one broken sensor changes
little; then contrasts between types of sensors, which concentration moves least.

References: A. Vergara et al. (2012), Chemical gas sensor drift compensation using classifier ensembles, Sensors and
Actuators B 166-167, 320-329; M. K. Muezzinoglu et al. (2009), Sensors and Actuators B 137, 507-512 (the averages).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

PER_SENSOR = 8

LEAST_CHANGE = 100.0
"""Changes of resistance below this are noise (the unit is the set's own, ohms)."""

LEAST = 0.02
"""The same for ratios beyond 1 and for the averages."""

MIDDLE = 10.0
"""About the mean logarithm of a change of resistance: what the strength of an exposure is told against."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Which sensors are replicas of each other: one group of numbers (from 0) per type."""

    replicas: tuple[tuple[int, ...], ...]

    @property
    def sensors(self) -> int:
        """How many sensors there are."""
        return sum(map(len, self.replicas))

    def logarithms(self, features: Floats) -> Floats:
        """(N, sensors·8) features as logarithms (N, sensors, 8)."""
        rows = features.reshape(len(features), -1, PER_SENSOR)
        change = np.maximum(rows[:, :, :1], LEAST_CHANGE)
        ratio = np.maximum(rows[:, :, 1:2] - 1.0, LEAST)
        rising = np.maximum(rows[:, :, 2:5], LEAST)
        falling = np.maximum(-rows[:, :, 5:8], LEAST)
        found: Floats = np.log(np.concatenate([change, ratio, rising, falling], axis=2))
        return found

    def middles(self, logarithms: Floats) -> Floats:
        """The median over the replicas of each type (N, types, 8)."""
        return np.stack([np.median(logarithms[:, list(group)], axis=1) for group in self.replicas], axis=1)


@dataclass(frozen=True, slots=True)
class Reference:
    """A layout with each sensor's offset (sensors, 8) to the median of its replicas, from calibration."""

    layout: Layout
    offsets: Floats

    @classmethod
    def of(cls, layout: Layout, features: Floats) -> "Reference":
        """The reference that calibration exposures (N, sensors·8) give."""
        logarithms = layout.logarithms(features)
        middles = layout.middles(logarithms)
        offsets = np.zeros(logarithms.shape[1:])
        for row, group in enumerate(layout.replicas):
            offsets[list(group)] = (logarithms[:, list(group)] - middles[:, row, None]).mean(axis=0)
        return cls(layout, offsets)

    def pattern(self, features: Floats, chosen: tuple[int, ...]) -> tuple[Floats, Floats]:
        """Patterns (N, D) of the chosen features (numbers 0 to 7), and how strong each exposure was (N).

        D is types - 1 contrasts per feature, and the mean over types of each feature but the first.
        """
        middles = self.layout.middles(self.layout.logarithms(features) - self.offsets)
        strength = middles[:, :, 0].mean(axis=1) - MIDDLE
        between = np.einsum("ij,njk->nik", contrasts(len(self.layout.replicas)), middles[:, :, list(chosen)])
        means = middles.mean(axis=1)[:, [one for one in chosen if one > 0]]
        return np.concatenate([between.reshape(len(features), -1), means], axis=1), strength


def contrasts(types: int) -> Floats:
    """Helmert's contrasts: types - 1 orthogonal differences (rows), none of which a common factor moves.

    >>> np.round(contrasts(2), 3).tolist()
    [[-0.707, 0.707]]
    """
    rows = np.zeros((types - 1, types))
    for row in range(1, types):
        rows[row - 1, :row] = -1.0
        rows[row - 1, row] = row
        rows[row - 1] /= np.sqrt(row * (row + 1.0))
    return rows
