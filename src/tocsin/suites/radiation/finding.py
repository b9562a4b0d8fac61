"""Where a walking source is, by maximum likelihood, against the Cramér-Rao bound."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tocsin.physics.radiation import Counters, Track, bound, trace
from tocsin.physics.radiation.field import rates
from tocsin.physics.radiation.tracing import Readings

Floats = NDArray[np.float64]

NO_PRIOR_M_S = 1e3
"""So wide a prior of the speed is none: the bound is that of Cramér and Rao."""

CHI_90 = 4.605
"""90 % of a normal distribution of two dimensions lies within this squared distance."""

SECONDS = 30
STRENGTHS = (1e4, 3e4, 1e5)
"""Counts/s at 1 m: some tens of MBq of Cs-137 before a counter of ordinary size."""


def counters_of(chance: np.random.Generator, count: int = 6) -> Counters:
    """Counters on the walls of a hall of 40 m by 25 m."""
    corners = np.array([[0, 0], [20, 0], [40, 0], [0, 25], [20, 25], [40, 25]], np.float64)[:count]
    return Counters(corners + chance.normal(0.0, 1.0, (count, 2)), chance.uniform(60.0, 140.0, count))


def _drawn(counters: Counters, chance: np.random.Generator, strength: float) -> tuple[Track, Readings]:
    """A walk through the hall, and what the counters tell of it each second."""
    place = np.array([chance.uniform(5.0, 35.0), chance.uniform(4.0, 21.0)])
    bearing, speed = chance.uniform(0.0, 2 * np.pi), chance.uniform(0.3, 1.5)
    velocity = speed * np.array([np.sin(bearing), np.cos(bearing)])
    truth = Track(place, velocity, strength, np.eye(5), 0.0)
    at = np.repeat(np.arange(-SECONDS + 1.0, 1.0), len(counters.places_m))
    rows = np.tile(np.arange(len(counters.places_m)), SECONDS)
    expected = rates(counters.chosen(rows), place + at[:, None] * velocity, strength)
    return truth, Readings(rows, at, chance.poisson(expected).astype(np.float64), np.ones(len(at)))


def found(sources: int, chance: np.random.Generator) -> tuple[dict[str, float], dict[str, float], dict[str, Any]]:
    """Efficiency, error and coverage over all drawn walks; the peer's error; both per strength."""
    rows = {strength: [_one(chance, strength) for _ in range(sources // len(STRENGTHS))] for strength in STRENGTHS}
    every = np.concatenate([np.array(some) for some in rows.values()])
    worst = min(_told(np.array(some))["location_efficiency"] for some in rows.values())
    metrics = _told(every) | {"location_efficiency_worst": worst}
    peer = {"location_error_m": float(np.median(np.sqrt(every[:, 3])))}
    return metrics, peer, {f"{strength:g} counts/s at 1 m": _told(np.array(some)) for strength, some in rows.items()}


def _one(chance: np.random.Generator, strength: float) -> tuple[float, float, float, float]:
    """Squared error, its bound, whether the 90 % region holds the truth, and the peer's squared error (m²)."""
    counters = counters_of(chance)
    truth, readings = _drawn(counters, chance, strength)
    track = trace(counters, readings, NO_PRIOR_M_S)
    least = bound(counters, readings, truth, NO_PRIOR_M_S)[:2, :2]
    off = track.place_m - truth.place_m
    inside = float(off @ np.linalg.solve(track.covariance[:2, :2], off)) <= CHI_90
    return float(off @ off), float(np.trace(least)), float(inside), _centroid(counters, readings, truth)


def _centroid(counters: Counters, readings: Readings, truth: Track) -> float:
    """The peer: the middle of the counters, weighted by their net counts of the last five seconds."""
    late = readings.at_s > -5.0
    net = np.bincount(readings.counter[late], readings.counts[late]) / 5.0 - counters.background_per_s
    weights = np.maximum(net, 0.0) + 1e-9
    off = (counters.places_m * weights[:, None]).sum(axis=0) / weights.sum() - truth.place_m
    return float(off @ off)


def _told(rows: Floats) -> dict[str, float]:
    return {
        "location_efficiency": float(rows[:, 1].sum() / rows[:, 0].sum()),
        "location_error_m": float(np.median(np.sqrt(rows[:, 0]))),
        "location_bound_m": float(np.median(np.sqrt(rows[:, 1]))),
        "location_coverage90": float(rows[:, 2].mean()),
    }
