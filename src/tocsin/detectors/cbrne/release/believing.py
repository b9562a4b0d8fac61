"""The inference of one release: what is believed beforehand, and what after the readings so far."""

from math import exp, hypot, log
from typing import NamedTuple

import numpy as np

from tocsin.detectors.cbrne.release.gathering import Blowing
from tocsin.detectors.cbrne.release.state import Belief
from tocsin.model import digest
from tocsin.physics.dispersion.air import Floats, Stability, from_wind
from tocsin.physics.dispersion.briggs import briggs_plume
from tocsin.physics.dispersion.plume import Plume
from tocsin.physics.dispersion.similarity import similarity_plume
from tocsin.physics.source_term.hypotheses import PARTS, Part, Prior, Span, normal
from tocsin.physics.source_term.readings import Errors, Readings, log_likelihoods
from tocsin.physics.source_term.sampler import updated

BEFORE_S = 300.0
"""A release may have begun so long before the first sensor noticed."""

NEAR_M = (80.0, 400.0)
"""How far the source lies from the first sensor that noticed (standard deviation): about as far as sensors are apart,
at least and at most so much."""

ERRORS = Errors(model=1.0, edge=0.2, bias=0.5, quiet=0.5, alike=1_000_000, share=0.35, edge_max=1.2, freedom=30.0)
"""Among houses models and sensors are wronger than in the open."""

LOG_RATES = Span(log(1e-3), log(50.0))
LOG_LASTS = Span(log(30.0), log(3600.0))
STREET_SD = 0.4
TURN_SD_RAD = 0.25
TURN_SD_MAX = 0.6
PACE_SD_MAX = 0.8
STREET_M = 8.0
"""Among houses gas mixes at once over about half the width of a street."""

OPEN_ROUGHNESS_M = 0.1
STATION_M = 10.0


class Setting(NamedTuple):
    """What a plume is made of: the wind, the stability, whether houses stand around, their share of the wind.

    `apart_m` is how far sensors stand apart around the first witness; `from_sd_rad` and `speed_sd_m_s` how unsure the
    station is of its wind.
    """

    wind: Blowing
    stability: Stability
    town: bool
    street_wind: float
    apart_m: float = NEAR_M[0]
    from_sd_rad: float = 0.0
    speed_sd_m_s: float = 0.0


def plume_in(setting: Setting) -> Plume:
    """The plume in the wind as measured: among houses after Briggs, in the open after similarity theory."""
    if setting.town:
        return briggs_plume(setting.wind.speed_m_s, setting.stability, urban=True, near_m=STREET_M)
    air = from_wind(setting.wind.speed_m_s, STATION_M, OPEN_ROUGHNESS_M, setting.stability)
    return similarity_plume(air)


def prior_in(setting: Setting) -> Prior:
    """Around the first sensor, at any rate, begun within five minutes before it noticed."""
    turn = min(TURN_SD_MAX, hypot(TURN_SD_RAD, 0.5 * setting.wind.swing_rad, setting.from_sd_rad))
    pace = min(PACE_SD_MAX, hypot(STREET_SD, setting.speed_sd_m_s / setting.wind.speed_m_s))
    share = setting.street_wind if setting.town else 1.0
    near = min(max(setting.apart_m, NEAR_M[0]), NEAR_M[1])
    spans: dict[Part, Span] = {
        Part.EAST: normal(0.0, near),
        Part.NORTH: normal(0.0, near),
        Part.LOG_RATE: LOG_RATES,
        Part.BEGIN: Span(0.0, BEFORE_S),
        Part.LOG_LASTS: LOG_LASTS,
        Part.TURN: normal(0.0, turn),
        Part.LOG_PACE: normal(log(share), pace),
    }
    return Prior([spans[part] for part in Part])


def believed(belief: Belief, readings: Readings, setting: Setting, counts: tuple[int, int, int]) -> Floats:
    """Hypotheses after these readings; `counts`: how many hypotheses, how many moves, how many readings are old.

    Chance comes from a seed made of the substance, the begin and the number of the update: a replay draws the same.
    """
    hypotheses, moves, before = counts
    seed = int(digest(f"{belief.substance} {belief.since} {belief.updates}".encode())[:12], 16)
    chance = np.random.Generator(np.random.PCG64(seed))
    prior, plume = prior_in(setting), plume_in(setting)
    rows = unpacked(belief) if belief.rows else prior.drawn(chance, hypotheses)
    known = before if belief.rows else 0

    def likelihoods(rows: Floats) -> tuple[Floats, Floats]:
        return log_likelihoods(rows, plume, readings, ERRORS, before=known)

    return updated(rows, prior, likelihoods, chance, moves=moves)


def unpacked(belief: Belief) -> Floats:
    """The hypotheses of a belief."""
    return np.frombuffer(belief.rows, np.float64).reshape(-1, PARTS).copy()


def amount_kg(rows: Floats, now_s: float) -> Floats:
    """What each hypothesis has let out by now."""
    lasted = np.clip(now_s - rows[:, Part.BEGIN], 0.0, np.exp(rows[:, Part.LOG_LASTS]))
    return np.asarray(np.exp(rows[:, Part.LOG_RATE]) * lasted)


def rate_kg_s(rows: Floats) -> float:
    """The middle rate."""
    return exp(float(np.median(rows[:, Part.LOG_RATE])))
