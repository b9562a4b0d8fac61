"""What an arrival time can be: about when sound was due, late by way of an echo, or something else altogether."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tocsin.model import BadInput
from tocsin.physics.sound.air import sound_speed_m_s

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_ROOT_TAU = float(np.sqrt(2.0 * np.pi))


@dataclass(frozen=True, slots=True, kw_only=True)
class Locating:
    """How a source is located, and what is believed of clocks, weather and echoes before any sound is heard.

    `clock_sd_s` is the error of one microphone's time; `temperature_sd_k`, `wind_sd_m_s` (per direction) what is not
    known of the weather, the same for all; `gust_sd_m_s` what differs from way to way. An echo (`late_share` of all)
    comes later by `late_mean_s` on average, never earlier; `wild_share` has nothing to do with the sound, anywhere
    within `wild_s`. The search looks at cells of `cell_m` up to `margin_m` outside the microphones, follows the best
    `starts` of them, and weighs `draws` places around those that remain.
    """

    clock_sd_s: float = 0.010
    temperature_sd_k: float = 5.0
    wind_sd_m_s: float = 3.0
    gust_sd_m_s: float = 0.7
    late_share: float = 0.2
    late_mean_s: float = 0.12
    wild_share: float = 0.015
    wild_s: float = 2.0
    cell_m: float = 30.0
    margin_m: float = 300.0
    starts: int = 16
    steps: int = 14
    draws: int = 1_024


@dataclass(frozen=True, slots=True)
class Weather:
    """What is known of the air: temperature, and the wind's velocity towards east and north."""

    temperature_c: float = 15.0
    east_m_s: float = 0.0
    north_m_s: float = 0.0

    @property
    def speed_m_s(self) -> float:
        """Speed of sound in it, without wind."""
        return sound_speed_m_s(self.temperature_c)


@dataclass(frozen=True, slots=True)
class Heard:
    """Arrivals at microphones: which one (index into `spots_m`), when (s, from any zero), sorted by microphone.

    `spots_m` (M, 2) are east and north of the microphones, metres. A microphone may have several arrivals.
    """

    spots_m: Floats
    microphone: Ints
    at_s: Floats

    @classmethod
    def of(cls, spots_m: Floats, microphone: Ints, at_s: Floats) -> "Heard":
        """Sorted by microphone and time; raises BadInput for numbers that are none, or indices of no microphone."""
        spots, which, at = np.asarray(spots_m, float), np.asarray(microphone, np.int64), np.asarray(at_s, float)
        if spots.ndim != 2 or spots.shape[1] != 2 or which.shape != at.shape:
            raise BadInput("Arrivals need one microphone and one time each, and microphones east and north in metres.")
        if not (np.isfinite(spots).all() and np.isfinite(at).all()) or not ((which >= 0) & (which < len(spots))).all():
            raise BadInput("A microphone's place or an arrival's time is no number, or names no microphone.")
        order = np.lexsort((at, which))
        return cls(spots, which[order], at[order])

    @property
    def heads(self) -> Ints:
        """Where each microphone's arrivals begin."""
        if not len(self.microphone):
            return np.zeros(0, np.int64)
        return np.flatnonzero(np.r_[True, np.diff(self.microphone) != 0])

    @property
    def places_m(self) -> Floats:
        """The place of each arrival's microphone (N, 2)."""
        found: Floats = self.spots_m[self.microphone]
        return found

    @property
    def count(self) -> int:
        """How many microphones heard anything."""
        return len(self.heads)


def _parts(residual_s: Floats, sd_s: Floats, rule: Locating) -> tuple[Floats, Floats, Floats, Floats]:
    """Densities of the three explanations (1/s), and the switch that lets no echo come early."""
    share = 1.0 - rule.late_share - rule.wild_share
    due = share / (_ROOT_TAU * sd_s) * np.exp(-0.5 * (residual_s / sd_s) ** 2)
    switch = 1.0 / (1.0 + np.exp(-np.clip(residual_s / (0.6 * sd_s), -40.0, 40.0)))
    late = rule.late_share / rule.late_mean_s * np.exp(-np.maximum(residual_s, 0.0) / rule.late_mean_s) * switch
    return due, late, np.full_like(due, rule.wild_share / rule.wild_s), switch


def log_density(residual_s: Floats, sd_s: Floats, rule: Locating) -> Floats:
    """Log density of how much later than due a sound came."""
    due, late, wild, _ = _parts(residual_s, sd_s, rule)
    found: Floats = np.log(due + late + wild)
    return found


def due_share(residual_s: Floats, sd_s: Floats, rule: Locating) -> Floats:
    """How likely it is that a sound came by the direct way (0 to 1)."""
    due, late, wild, _ = _parts(residual_s, sd_s, rule)
    found: Floats = due / (due + late + wild)
    return found


def pull(residual_s: Floats, sd_s: Floats, rule: Locating) -> Floats:
    """The weight of a residual in a least-squares step (1/s²): that of Gauss near zero, nearly none far away.

    Of an echo only what draws towards an earlier source is taken: it bends the density next to zero, and a weight
    that follows that bend would jump there.
    """
    due, late, wild, switch = _parts(residual_s, sd_s, rule)
    echo = late * np.maximum(1.0 / rule.late_mean_s - (1.0 - switch) / (0.6 * sd_s), 0.0)
    weight = (due / sd_s**2 + echo / np.maximum(residual_s, sd_s)) / (due + late + wild)
    found: Floats = weight
    return found
