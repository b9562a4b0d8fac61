"""Where a source moves, from the counts of several counters: maximum likelihood, and how well anybody could know.

The source goes straight at a steady speed over the readings that are given: for people who turn, give the last minute.
Counts are Poisson. The likelihood is climbed by Fisher scoring (damped) from several starts; the covariance is the
inverse of the information, which is the Cramér-Rao bound where it is taken at the truth.

References: M. R. Morelande, B. Ristic (2009), Radiological source detection and localisation using Bayesian
techniques, IEEE Trans. Signal Process. 57; S. M. Kay (1993), Fundamentals of Statistical Signal Processing, ch. 3.
"""

from dataclasses import dataclass
from math import exp, log

import numpy as np
from numpy.typing import NDArray

from tocsin.physics.radiation.field import Counters, slopes

Floats = NDArray[np.float64]

ROUNDS_MAX = 40
SPEED_SD_M_S = 1.5
"""How fast people walk: a normal prior of each component of the velocity, so that few readings do not run away."""

_DAMPING = 1e-2
_STARTS = 6


@dataclass(frozen=True, slots=True)
class Readings:
    """What the counters told: row of the counter, seconds from the moment asked for, counts, seconds counted."""

    counter: NDArray[np.intp]
    at_s: Floats
    counts: Floats
    counted_s: Floats


@dataclass(frozen=True, slots=True)
class Track:
    """A source as fitted: place (m) and velocity (m/s) at the moment 0, strength (counts/s at 1 m), covariance.

    The covariance (5,5) is of east, north, east speed, north speed and the logarithm of the strength. `nats` is how
    much likelier the readings are with this source than with none.
    """

    place_m: Floats
    velocity_m_s: Floats
    strength_per_s: float
    covariance: Floats
    nats: float

    def at(self, seconds: float) -> Floats:
        """Where it is so many seconds after the moment 0 (before it, for negative ones)."""
        return self.place_m + seconds * self.velocity_m_s

    def place_covariance(self, seconds: float) -> Floats:
        """The covariance (2,2) of that place, m²."""
        to_place = np.hstack([np.eye(2), seconds * np.eye(2), np.zeros((2, 1))])
        found: Floats = to_place @ self.covariance @ to_place.T
        return found


def trace(counters: Counters, readings: Readings, speed_sd_m_s: float = SPEED_SD_M_S) -> Track:
    """The likeliest straight way of one source through these readings."""
    fits = [_climbed(start, counters, readings, speed_sd_m_s) for start in _starts(counters, readings)]
    best = max(fits, key=lambda fit: fit[1])[0]
    return _track(best, counters, readings, speed_sd_m_s)


def bound(counters: Counters, readings: Readings, truth: Track, speed_sd_m_s: float = SPEED_SD_M_S) -> Floats:
    """The least covariance (5,5) that any unbiased estimate has if this is the truth; the counts are not looked at."""
    information, _ = _scored(_parameters(truth), counters, readings, speed_sd_m_s)
    return _inverse(information)


def _inverse(matrix: Floats) -> Floats:
    found: Floats = np.asarray(np.linalg.inv(matrix), np.float64)
    return found


def _parameters(track: Track) -> Floats:
    return np.array([*track.place_m, *track.velocity_m_s, log(track.strength_per_s)])


def _starts(counters: Counters, readings: Readings) -> list[Floats]:
    """Standing near each of the counters with the greatest excess, and between them."""
    net = readings.counts / readings.counted_s - counters.background_per_s[readings.counter]
    excess = np.bincount(readings.counter, np.maximum(net, 0.0), minlength=len(counters.places_m))
    order = np.argsort(-excess, kind="stable")[:_STARTS]
    weights = np.maximum(excess[order], 1e-9)
    middle = (counters.places_m[order] * weights[:, None]).sum(axis=0) / weights.sum()
    strength = log(max(float(net.max()), 1.0) * (25.0 + counters.height_m**2))
    beside = [counters.places_m[row] + side for row in order[:3] for side in ([4.0, 3.0], [-4.0, -3.0])]
    velocity = _drift(counters, readings, net)
    return [np.array([*place, *speed, strength]) for place in (middle, *beside) for speed in (velocity, (0.0, 0.0))]


def _drift(counters: Counters, readings: Readings, net: Floats) -> tuple[float, float]:
    """How the middle of the excess moves with time: a rough velocity to start from."""
    weights = np.maximum(net, 0.0) + 1e-9
    at = readings.at_s - np.average(readings.at_s, weights=weights)
    places = counters.places_m[readings.counter]
    spread = float(np.average(at * at, weights=weights)) + 1e-9
    moved = np.average(places * at[:, None], axis=0, weights=weights) / spread
    east, north = (float(np.clip(one, -2.0, 2.0)) for one in moved)
    return east, north


def _expected(parameters: Floats, counters: Counters, readings: Readings) -> tuple[Floats, Floats]:
    """Counts expected (N) and their slopes by the five parameters (N,5)."""
    own = counters.chosen(readings.counter)
    strength = exp(float(np.clip(parameters[4], -5.0, 30.0)))
    at = parameters[None, :2] + readings.at_s[:, None] * parameters[None, 2:4]
    reached, by_place, _ = slopes(own, at, strength)
    expected = (own.background_per_s + strength * reached) * readings.counted_s
    by = np.hstack([by_place, by_place * readings.at_s[:, None], (strength * reached)[:, None]])
    return np.maximum(expected, 1e-9), by * readings.counted_s[:, None]


def _scored(parameters: Floats, counters: Counters, readings: Readings, speed_sd_m_s: float) -> tuple[Floats, Floats]:
    """Fisher information (5,5) and gradient (5) of the log-likelihood with the prior of the speed."""
    expected, by = _expected(parameters, counters, readings)
    prior = np.diag([1e-6, 1e-6, speed_sd_m_s**-2, speed_sd_m_s**-2, 1e-4])
    information = (by / expected[:, None]).T @ by + prior
    gradient = ((readings.counts / expected - 1.0)[:, None] * by).sum(axis=0)
    gradient[2:4] -= parameters[2:4] / speed_sd_m_s**2
    return information, gradient


def _likelihood(parameters: Floats, counters: Counters, readings: Readings, speed_sd_m_s: float) -> float:
    expected, _ = _expected(parameters, counters, readings)
    prior = 0.5 * float((parameters[2:4] ** 2).sum()) / speed_sd_m_s**2
    return float((readings.counts * np.log(expected) - expected).sum()) - prior


def _climbed(start: Floats, counters: Counters, readings: Readings, speed_sd_m_s: float) -> tuple[Floats, float]:
    """Fisher scoring, damped until each step climbs."""
    parameters, damping = start, _DAMPING
    value = _likelihood(parameters, counters, readings, speed_sd_m_s)
    for _ in range(ROUNDS_MAX):
        information, gradient = _scored(parameters, counters, readings, speed_sd_m_s)
        step = np.linalg.solve(information + damping * np.diag(np.diag(information)), gradient)
        tried = parameters + np.clip(step, -20.0, 20.0)
        reached = _likelihood(tried, counters, readings, speed_sd_m_s)
        if reached > value:
            settled = reached - value < 1e-7
            parameters, value, damping = tried, reached, max(damping / 5.0, 1e-9)
            if settled:
                break
        else:
            damping *= 5.0
            if damping > 1e8:
                break
    return parameters, value


def _track(parameters: Floats, counters: Counters, readings: Readings, speed_sd_m_s: float) -> Track:
    information, _ = _scored(parameters, counters, readings, speed_sd_m_s)
    none = np.maximum(counters.background_per_s[readings.counter] * readings.counted_s, 1e-9)
    alone = float((readings.counts * np.log(none) - none).sum())
    return Track(
        place_m=parameters[:2].copy(),
        velocity_m_s=parameters[2:4].copy(),
        strength_per_s=exp(float(parameters[4])),
        covariance=_inverse(information),
        nats=_likelihood(parameters, counters, readings, speed_sd_m_s) - alone,
    )
