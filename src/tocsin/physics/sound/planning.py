"""How well a place can be heard at best: the Cramér-Rao bound of a microphone layout."""

import numpy as np

from tocsin.physics.sound.air import speed_per_kelvin
from tocsin.physics.sound.arrivals import Floats, Locating, Weather

HEARING_M = 900.0
"""How far a microphone in a street is counted on to hear a shot."""

ELLIPSE_90 = 2.146
"""Radius of the 90 % circle of a round normal distribution, in standard deviations."""

MICROPHONES_MIN = 4
"""Fewest microphones within hearing that place a sound and leave something to check it by."""


def least_covariance_m2(
    spots_m: Floats, source_m: Floats, rule: Locating | None = None, weather: Weather | None = None
) -> Floats:
    """The least covariance (2, 2), m², with which any unbiased estimate places a sound at `source_m`.

    Microphones at `spots_m` (M, 2). Moment and weather are unknown as `rule` says; an arrival that may be an echo is
    worth only the share of those that are none.

    Reference: Kay, Fundamentals of Statistical Signal Processing I, ch. 3 (with a Gaussian prior: van Trees bound).
    """
    rule, weather = rule or Locating(), weather or Weather()
    way = np.asarray(spots_m, float) - np.asarray(source_m, float)
    far = np.maximum(np.hypot(way[:, 0], way[:, 1]), 1.0)
    unit, speed = way / far[:, None], weather.speed_m_s
    slope = np.column_stack([-unit / speed, np.ones(len(far)), -far / speed**2, -far[:, None] * unit / speed**2])
    worth = (1.0 - rule.late_share - rule.wild_share) / (rule.clock_sd_s**2 + (rule.gust_sd_m_s * far / speed**2) ** 2)
    speed_sd = speed_per_kelvin(weather.temperature_c) * rule.temperature_sd_k
    prior = np.array([1e-12, 1e-12, 1e-12, speed_sd**-2, rule.wind_sd_m_s**-2, rule.wind_sd_m_s**-2])
    spread: Floats = np.linalg.inv((slope * worth[:, None]).T @ slope + np.diag(prior))[:2, :2]
    return spread


def error_m(
    spots_m: Floats,
    sources_m: Floats,
    rule: Locating | None = None,
    weather: Weather | None = None,
    *,
    hearing_m: float = HEARING_M,
) -> Floats:
    """Radius (m) around each source (S, 2) within which nine in ten locations lie at best; infinite where too few hear.

    The radius is that of a circle with the larger spread of the bound, so it is never too small.
    """
    spots = np.asarray(spots_m, float)
    found = np.full(len(sources_m), np.inf)
    for index, source in enumerate(np.asarray(sources_m, float)):
        near = spots[np.hypot(*(spots - source).T) <= hearing_m]
        if len(near) >= MICROPHONES_MIN:
            covariance = least_covariance_m2(near, source, rule, weather)
            found[index] = ELLIPSE_90 * float(np.sqrt(max(np.linalg.eigvalsh(covariance)[-1], 0.0)))
    return found
